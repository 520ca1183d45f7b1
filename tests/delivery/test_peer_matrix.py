"""What comes of each of two recipients, for a fault at each stage and each way of pipelining.

SMTP-RULES 3.4: the rows about rejecting, delaying and hanging up, beside what smtp-sink can do
(test_sink_matrix.py): PIPELINING offered where something is refused, offered and broken,
CHUNKING, and a fault that meets one recipient of two.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from empath.config.units import Duration
from empath.policy.blame import Word, word_on
from tests.delivery.test_sink_matrix import words
from tests.fakes.faulty_mx import CUT, HANG, FaultyMx, Manner
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.sender import Sender

FAULTS = {
    "rejects": "550 5.7.1 never",
    "defers": "450 4.7.1 not now",
    "421": "421 4.3.2 closing",
    "hangs up": CUT,
    "is silent": HANG,
}
TAKEN, FAILED, DEFERRED, UNSURE = "Delivered", "Failed", "Deferred", "Deferred?"
ALL = dict.fromkeys

TABLE: dict[str, dict[str, tuple[str, str]]] = {
    # No word about mail was said: a refusal is not the answer for anybody.
    "CONNECT": ALL(FAULTS, (DEFERRED, DEFERRED)),
    "EHLO": ALL(FAULTS, (DEFERRED, DEFERRED)),
    "MAIL": {**ALL(FAULTS, (DEFERRED, DEFERRED)), "rejects": (FAILED, FAILED)},
    "RCPT": {
        **ALL(FAULTS, (DEFERRED, DEFERRED)),
        "rejects": (TAKEN, FAILED),
        "defers": (TAKEN, DEFERRED),
    },
    "DATA": {**ALL(FAULTS, (DEFERRED, DEFERRED)), "rejects": (FAILED, FAILED)},
    ".": {
        "rejects": (FAILED, FAILED),
        "defers": (DEFERRED, DEFERRED),
        "421": (DEFERRED, DEFERRED),
        "hangs up": (UNSURE, UNSURE),
        "is silent": (UNSURE, UNSURE),
    },
    "QUIT": ALL(FAULTS, (TAKEN, TAKEN)),
}
"""The outcome of the first and of the second recipient, by stage and fault."""

CHUNKED = {
    # The content was with the envelope: it may have been taken before the connection ended.
    ("MAIL", "hangs up"): (UNSURE, UNSURE),
    ("MAIL", "is silent"): (UNSURE, UNSURE),
    ("RCPT", "hangs up"): (UNSURE, UNSURE),
    ("RCPT", "is silent"): (UNSURE, UNSURE),
}
"""What differs where the server takes CHUNKING."""


def cells() -> Iterator[object]:
    """Every cell of the table in every manner; BDAT has no DATA."""
    for manner in Manner:
        for stage, row in TABLE.items():
            if manner is Manner.CHUNKED and stage == "DATA":
                continue
            for fault, outcomes in row.items():
                if manner is Manner.CHUNKED:
                    outcomes = CHUNKED.get((stage, fault), outcomes)  # noqa: PLW2901
                name = f"{manner}: {fault} at {stage}"
                yield pytest.param(manner, stage, fault, outcomes, id=name)


@pytest.mark.parametrize(("manner", "stage", "fault", "outcomes"), cells())
async def test_outcome_of_each_recipient(
    manner: Manner, stage: str, fault: str, outcomes: tuple[str, str]
) -> None:
    """3.4-2b, 3.4-6a, 3.4-6b, 3.4-11a, 3.4-16: one fault at one stage, two recipients."""
    # Where nothing is waited for in vain the deadlines are those of any test.
    waits = ("connect_timeout", "command_timeout", "content_timeout", "final_timeout")
    in_vain = fault == "is silent" or manner is Manner.BROKEN
    short: dict[str, object] = dict.fromkeys(waits, Duration(0.3)) if in_vain else {}
    async with FaultyMx(manner, stage, FAULTS[fault]) as mx:
        sender = Sender(routed(mx.port, **short))
        report = await sender.one(lot("b@there.test", "c@there.test"))
        assert words(report) == [*outcomes]
        assert mx.messages == (TAKEN in outcomes)
        if fault in {"421", "hangs up", "is silent"} and stage != "QUIT":
            assert report.connection is None
            assert word_on(report.stage, report.outcomes) is Word.FAILED
        if stage != "QUIT":
            await mx.closed.wait()
