"""Two places that tell of the same time or number agree."""

from __future__ import annotations

from msgspec.structs import replace
from textual.geometry import Size

from empath.address import Domain, EmailAddress
from empath.control.link import (
    MessageView,
    RecipientItem,
    Shape,
    ShapeRow,
    Upcoming,
    WhyItem,
    WhyReply,
)
from empath.envelope import MessageId
from empath.events import AttemptEnded
from tests.fakes.console import item
from tests.fakes.memory_status import STATUS
from tui.message_text import envelope_lines
from tui.queue_text import queue_lines
from tui.theme import COLOURED
from tui.widgets.timeline import Ruler, moments
from tui.widgets.why_line import Whys

NOW = 1_790_000_000.0
ID = MessageId("34188a0d03000001")
ADA = EmailAddress("ada@big.example")
WHY = WhyItem(
    address=ADA,
    destination=Domain("big.example"),
    state="deferred",
    sentence="big.example is left alone: its breaker is open",
    next_event="probe",
    next_at=NOW + 164,
)


def view(*, next_at: float) -> MessageView:
    """A message with one recipient."""
    recipient = RecipientItem(
        number=1,
        address=ADA,
        destination=Domain("big.example"),
        state="deferred",
        attempts=2,
        next_at=next_at,
        last_reply="",
        hold_reason="",
    )
    texts = ("subject", "sha256", "client", "helo", "protocol", "listener", "tls", "body")
    return MessageView(
        id=ID,
        reverse_path=None,
        recipients=(recipient,),
        size=1,
        priority="normal",
        received_at=NOW - 900,
        expires_at=NOW + 900,
        smtputf8=False,
        body_stored=True,
        timeline=(),
        headers=(),
        **dict.fromkeys(texts, ""),
    )


def test_a_recipient_goes_no_sooner_than_its_destination_opens() -> None:
    """What is due behind an open breaker is not said to go now: it goes with the probe."""
    lines = envelope_lines(view(next_at=NOW - 20), NOW, COLOURED, why=(WHY,))
    text = "\n".join(line.plain for line in lines)
    assert "next now" not in text
    assert text.count("+2m44s") == 2


class _Sized(Ruler):
    """A line of time of a fixed size, without an app round it."""

    @property
    def size(self) -> Size:
        """As a terminal gives it."""
        return Size(80, 1)


def test_the_line_of_time_ends_at_its_last_event() -> None:
    """A next attempt that is past by now is not the end of the line: events came after it."""
    attempt = AttemptEnded(
        at=NOW + 940,
        id=ID,
        destination=Domain("big.example"),
        server="",
        stage="DNS",
        seconds=1.0,
        size=1,
        latency=1.0,
        results=(),
    )
    line = _Sized()
    line._what = (tuple(moments([attempt])), NOW, NOW + 86400, NOW + 4)
    first, *_, last = line.render_line(0).text.split()
    assert (first, last) == ("14:13:20", "14:29:00")


def test_the_countdown_of_the_reason_runs() -> None:
    """The line below the list counts down as the row above it does."""
    whys, message = Whys(), item(1)
    whys.keep(message, 0.0, WhyReply(id=ID, recipients=(WHY,), total=1))
    for passed, left in ((0, "+2m44s"), (4, "+2m40s")):
        said = whys.of(message, NOW + passed)
        assert said is not None
        assert f"probe {left}" in "".join(text for text, _ in said)
    whys.keep(message, 0.0, "The message is gone.")
    assert whys.of(message, NOW) == (("The message is gone.", "muted"),)


def test_a_count_that_is_some_seconds_old_contradicts_nothing() -> None:
    """Where the queue was last looked at before mail came, classes and what is due soon are not
    said to be none.
    """
    none = ShapeRow(
        name="", total=0, queued=0, deferred=0, held=0, bins=(0,) * 8, oldest_at=None, next_at=None
    )
    bounds = (5, 10, 20, 40, 80, 160, 320)
    shape = Shape(
        at=NOW,
        age=4.0,
        bounds=bounds,
        rows=(),
        total=none,
        matched=0,
        destinations=0,
        cursor="",
        expires_at=None,
        states={},
        classes={},
    )
    upcoming = Upcoming(items=(), due=(0,) * 8, bounds=bounds, now=NOW)
    for messages, next_at, classes, due in (
        (20, NOW + 271, "being counted", "next due +4m31s"),
        (0, None, "no mail waits", "next due – · 0 within 5 min"),
    ):
        status = replace(STATUS, messages=messages, deferred=messages, next_at=next_at)
        lines = [line.plain for line in queue_lines(status, shape, upcoming, NOW, 46, COLOURED)]
        assert any(classes in line for line in lines)
        assert lines[-1].strip() == due
