"""What comes of each recipient when Postfix's smtp-sink rejects, delays or hangs up at a stage.

Every row is played with PIPELINING and without (SMTP-RULES 3.4): the outcome is the same.
"""

from __future__ import annotations

import pytest

from empath.config.units import Duration
from empath.delivery.attempt import Report
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.programs import SmtpSink
from tests.fakes.sender import Sender

HARD, SOFT = ("-B", "550 5.7.1 never"), ("-b", "450 4.7.1 not now")
BOTH_DELIVERED = ["Delivered", "Delivered"]
BOTH_DEFERRED, BOTH_FAILED = ["Deferred", "Deferred"], ["Failed", "Failed"]

MATRIX = [
    # what it does, smtp-sink's options, the outcome of either recipient, the stage
    ("takes it", (), BOTH_DELIVERED, "DONE"),
    ("delays the reply to DATA", ("-w", "1"), BOTH_DELIVERED, "DONE"),
    ("delays the reply to the dot", ("-W", ".:1"), BOTH_DELIVERED, "DONE"),
    ("rejects EHLO, takes HELO", ("-f", "EHLO", *HARD), BOTH_DELIVERED, "DONE"),
    ("rejects EHLO and HELO", ("-f", "EHLO,HELO", *HARD), BOTH_DEFERRED, "EHLO"),
    ("rejects MAIL", ("-f", "MAIL", *HARD), BOTH_FAILED, "MAIL"),
    ("rejects RCPT", ("-f", "RCPT", *HARD), BOTH_FAILED, "RCPT"),
    ("rejects DATA", ("-f", "DATA", *HARD), BOTH_FAILED, "DATA"),
    ("rejects the content", ("-f", ".", *HARD), BOTH_FAILED, "CONTENT"),
    ("rejects QUIT", ("-f", "QUIT", *HARD), BOTH_DELIVERED, "DONE"),
    ("defers EHLO", ("-r", "EHLO", *SOFT), BOTH_DEFERRED, "EHLO"),
    ("defers MAIL", ("-r", "MAIL", *SOFT), BOTH_DEFERRED, "MAIL"),
    ("defers RCPT", ("-r", "RCPT", *SOFT), BOTH_DEFERRED, "RCPT"),
    ("defers DATA", ("-r", "DATA", *SOFT), BOTH_DEFERRED, "DATA"),
    ("defers the content", ("-r", ".", *SOFT), BOTH_DEFERRED, "CONTENT"),
    ("hangs up at CONNECT", ("-q", "CONNECT"), BOTH_DEFERRED, "CONNECT"),
    ("hangs up at EHLO", ("-q", "EHLO"), BOTH_DEFERRED, "EHLO"),
    ("hangs up at MAIL", ("-q", "MAIL"), BOTH_DEFERRED, "MAIL"),
    ("hangs up at RCPT", ("-q", "RCPT"), BOTH_DEFERRED, "RCPT"),
    ("hangs up at DATA", ("-q", "DATA"), BOTH_DEFERRED, "DATA"),
    ("hangs up at the dot", ("-q", "."), ["Deferred?", "Deferred?"], "CONTENT"),
    ("hangs up at QUIT", ("-q", "QUIT"), BOTH_DELIVERED, "DONE"),
    ("421 at CONNECT", ("-Q", "CONNECT"), BOTH_DEFERRED, "CONNECT"),
    ("421 at EHLO", ("-Q", "EHLO"), BOTH_DEFERRED, "EHLO"),
    ("421 at MAIL", ("-Q", "MAIL"), BOTH_DEFERRED, "MAIL"),
    ("421 at RCPT", ("-Q", "RCPT"), BOTH_DEFERRED, "RCPT"),
    ("421 at DATA", ("-Q", "DATA"), BOTH_DEFERRED, "DATA"),
    ("421 at the dot", ("-Q", "."), BOTH_DEFERRED, "CONTENT"),
    ("421 at QUIT", ("-Q", "QUIT"), BOTH_DELIVERED, "DONE"),
]

LATE = [
    # what it answers too late, the deadline that it misses, the outcome of either recipient
    ("CONNECT", "connect_timeout", BOTH_DEFERRED, "CONNECT"),
    ("EHLO", "command_timeout", BOTH_DEFERRED, "EHLO"),
    ("MAIL", "command_timeout", BOTH_DEFERRED, "MAIL"),
    ("RCPT", "command_timeout", BOTH_DEFERRED, "RCPT"),
    ("DATA", "command_timeout", BOTH_DEFERRED, "DATA"),
    (".", "final_timeout", ["Deferred?", "Deferred?"], "CONTENT"),
    ("QUIT", "", BOTH_DELIVERED, "DONE"),
]


def words(report: Report) -> list[str]:
    """The outcome of each recipient; "?" marks what may have been taken."""
    return [
        f"{type(each).__name__}{'?' if getattr(each, 'uncertain', False) else ''}"
        for each in report.outcomes
    ]


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("options", "outcomes", "stage"),
    [pytest.param(*row[1:], id=row[0]) for row in MATRIX],
)
async def test_outcomes_per_recipient(
    options: tuple[str, ...], outcomes: list[str], stage: str, pipelining: bool
) -> None:
    """3.4-2b, 3.4-6b, 3.4-11a, 3.4-16: rejects, delays or disconnects at each stage.

    PIPELINING is offered, or not (-p; rejecting implies it).
    """
    with SmtpSink(*options, *(() if pipelining else ("-p",))) as sink:
        sender = Sender(routed(sink.port, command_timeout=Duration(10)))
        report = await sender.one(lot("b@there.test", "c@there.test"))
    assert words(report) == outcomes
    assert report.stage == stage or (pipelining and stage in ("RCPT", "DATA"))


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(("command", "deadline", "outcomes", "stage"), LATE)
async def test_outcomes_when_it_answers_too_late(
    command: str, deadline: str, outcomes: list[str], stage: str, pipelining: bool
) -> None:
    """3.4-1d: each wait has its deadline (-W), and nobody is failed for a late reply."""
    with SmtpSink("-W", f"{command}:30", *(() if pipelining else ("-p",))) as sink:
        short: dict[str, object] = {deadline: Duration(0.5)} if deadline else {}
        sender = Sender(routed(sink.port, **short))
        report = await sender.one(lot("b@there.test", "c@there.test"))
    assert words(report) == outcomes
    assert report.stage == stage or (pipelining and stage in ("RCPT", "DATA"))


@pytest.mark.tools("smtp-sink")
@pytest.mark.parametrize("pipelining", [True, False])
async def test_8_bit_mail_is_not_sent_where_it_is_not_taken(pipelining: bool) -> None:
    """3.4-14a: no 8BITMIME (-8): 5.6.3, never sent as it is."""
    with SmtpSink("-8", *(() if pipelining else ("-p",))) as sink:
        sender = Sender(routed(sink.port), body=b"Subject: \xc3\xa4\r\n\r\n")
        report = await sender.one()
        assert sink.messages == 0
    assert str(report.outcomes[0].reply).startswith("554 5.6.3")


@pytest.mark.tools("smtp-sink")
async def test_a_server_without_esmtp_gets_one_command_at_a_time() -> None:
    """RFC 5321 3.2: HELO (-e: ESMTP is not offered), and nothing at once."""
    with SmtpSink("-e") as sink:
        report = await Sender(routed(sink.port)).one()
    assert words(report) == ["Delivered"]
