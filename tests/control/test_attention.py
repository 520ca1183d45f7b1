"""What an operator is told to see to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.config.model import Config
from empath.control.attention import RECENT, SHOWN, Remembered, needs_attention
from empath.control.link import AttentionItem
from empath.envelope import MessageId, Priority, State
from empath.events import (
    AttemptEnded,
    EngineStopping,
    MessageAccepted,
    MessageEvent,
    RecipientResult,
    SpoolFault,
    TaskFailed,
)
from empath.spool.face import DestinationRow

NOW = 1_790_000_000.0
CONFIG = Config()
PLENTY = 10**12
ID = MessageId("0197a8c0f3e41b2c")


def row(name: str, deferred: int, age: float = 60.0, reply: str = "") -> DestinationRow:
    """A destination with deferred mail."""
    counts = {State.DEFERRED: deferred, State.QUEUED: 5}
    return DestinationRow(Domain(name), counts, NOW - age, NOW + 60, reply, NOW - age)


def items(
    *rows: DestinationRow,
    free: int = PLENTY,
    lag: float = 0.0,
    remembered: Remembered | None = None,
    damaged: Mapping[MessageId, str] = MappingProxyType({}),
) -> tuple[AttentionItem, ...]:
    """The list for these facts."""
    return needs_attention(
        now=NOW,
        config=CONFIG,
        free_octets=free,
        loop_lag=lag,
        destinations=rows,
        remembered=remembered or Remembered(),
        damaged=damaged,
    )


def test_nothing_needs_attention_on_a_quiet_day() -> None:
    """A few deferrals, a free disk and a quick loop are nothing to report."""
    assert items(row("x.org", 9)) == ()


def test_a_full_disk_is_an_error_and_a_filling_one_a_warning() -> None:
    """Below `spool.min_free` mail is refused; below twice that the operator is warned."""
    (full,) = items(free=99_000_000)
    assert (full.severity, "452" in full.sentence) == ("error", True)
    (filling,) = items(free=150_000_000)
    assert (filling.severity, "150 MB" in filling.sentence) == ("warning", True)


def test_a_backlog_shows_its_last_reply_and_a_filter() -> None:
    """A destination with many deferrals names the reply that caused them."""
    (item,) = items(row("x.org", 1204, reply="421 4.7.0 rate"))
    assert item.subject == "x.org"
    assert item.sentence == "1,204 deferred; last reply: 421 4.7.0 rate"
    assert item.query == "state:deferred dest:x.org"
    assert item.severity == "warning"


def test_mail_that_is_soon_given_up_is_an_error() -> None:
    """One old message is worth more attention than many young ones."""
    old = row("old.org", 1, age=0.9 * CONFIG.delivery.retry.expiry)
    first, second = items(row("x.org", 500), old)
    assert (first.subject, first.severity) == ("old.org", "error")
    assert "given up in 12 h" in first.sentence
    assert second.subject == "x.org"


def test_old_mail_that_is_held_is_not_given_up() -> None:
    """What an operator holds has no end by its age: no alarm speaks of one."""
    age = 2 * CONFIG.delivery.retry.expiry
    old = dataclasses.replace(row("old.org", 1, age=age), oldest_tried_at=NOW - 60)
    assert items(old) == ()


def test_only_the_worst_backlogs_are_named() -> None:
    """The list stays short however many destinations are behind."""
    listed = items(*(row(f"d{number}.org", 10 + number) for number in range(50)))
    assert [item.subject for item in listed][:2] == ["d49.org", "d48.org"]
    assert len(listed) == SHOWN


def test_damaged_bodies_lead_to_the_held_mail() -> None:
    """One damaged body is named; of many the first is."""
    damaged = {ID: "its SHA-256 differs"}
    (one,) = items(damaged=damaged)
    assert (one.severity, one.query) == ("error", f"id:{ID}")
    assert "SHA-256" in one.sentence
    (two,) = items(damaged={**damaged, MessageId.compose(1, 1): "missing"})
    assert two.query == "state:held"
    assert two.sentence.startswith("2 stored bodies")


def test_faults_and_bugs_are_reported() -> None:
    """A fault of the spool is shown for a while, a bug until the restart."""
    remembered = Remembered()
    remembered(SpoolFault(at=NOW, sentence="The disk is full."))
    remembered(TaskFailed(at=NOW - 2 * RECENT, task="delivery", error="KeyError: 1"))
    remembered(EngineStopping(at=NOW, reason="x"))
    fault, bug = items(remembered=remembered)
    assert fault.sentence == "The disk is full."
    assert "delivery" in bug.sentence
    remembered(SpoolFault(at=NOW - RECENT, sentence="The disk is full."))
    assert len(items(remembered=remembered)) == 1


def test_a_common_cause_stands_for_the_backlogs_it_explains() -> None:
    """Destinations that wait for the DNS are named once, by the cause."""
    remembered = Remembered()
    reply = "451 4.4.3 The mail servers of x.org could not be looked up: no answer."
    failed = RecipientResult(0, EmailAddress("a@x.org"), "deferred", reply)
    remembered(msgspec.structs.replace(ENDED, stage="DNS", results=(failed,)))
    (item,) = items(row("x.org", 500, reply=reply), remembered=remembered)
    assert item.subject == "DNS"
    remembered(ENDED)
    (item,) = items(row("x.org", 500, reply=reply), remembered=remembered)
    assert item.subject == "x.org"


ACCEPTED = MessageAccepted(
    at=NOW,
    id=ID,
    reverse_path=None,
    recipients=(),
    size=1,
    client="192.0.2.1",
    helo="x",
    protocol="ESMTP",
    priority=Priority.NORMAL,
    subject="",
)
ENDED = AttemptEnded(
    at=NOW,
    id=ID,
    destination=Domain("x.org"),
    server="",
    stage="DONE",
    seconds=0.1,
    size=1,
    latency=0.1,
    results=(),
)


@pytest.mark.parametrize("written", [ACCEPTED, ENDED])
def test_a_good_write_ends_the_alarm(written: MessageEvent) -> None:
    """Once mail is accepted or a result recorded the disk takes writes: the fault is over."""
    remembered = Remembered()
    remembered(SpoolFault(at=NOW, sentence="The disk is full."))
    assert [item.subject for item in items(remembered=remembered)] == ["spool"]
    remembered(written)
    assert items(remembered=remembered) == ()
    remembered(SpoolFault(at=NOW, sentence="The disk is full again."))
    assert [item.subject for item in items(remembered=remembered)] == ["spool"]


def test_a_late_loop_is_a_warning() -> None:
    """An engine that is late says by how much."""
    (item,) = items(lag=0.25)
    assert "250 ms" in item.sentence


@given(st.lists(st.integers(0, 10**6), max_size=20), st.integers(0, PLENTY), st.floats(0, 10))
def test_errors_come_first(deferred: list[int], free: int, lag: float) -> None:
    """Whatever the facts, the list is bounded and its errors stand before its warnings."""
    listed = items(*(row(f"d{n}.org", count) for n, count in enumerate(deferred)), free=free)
    severities = [item.severity for item in listed]
    assert severities == sorted(severities)
    assert len(listed) <= SHOWN + 6
