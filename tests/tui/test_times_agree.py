"""Two places that tell of the same time or number agree."""

from __future__ import annotations

from msgspec.structs import replace
from rich.text import Text
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
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, running
from tests.fakes.memory_link import MemoryLink
from tests.fakes.memory_status import STATUS
from tui.message_text import envelope_lines
from tui.queue_text import queue_lines
from tui.theme import COLOURED
from tui.widgets.lines import LinesPane
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


BOUNDS = (5, 10, 20, 40, 80, 160, 320)


def shape_of(bins: tuple[int, ...]) -> Shape:
    """A queue of that many recipients by age, four seconds ago."""
    total = ShapeRow(
        name="",
        total=sum(bins),
        queued=0,
        deferred=0,
        held=0,
        bins=bins,
        oldest_at=None,
        next_at=None,
    )
    return Shape(
        at=NOW,
        age=4.0,
        bounds=BOUNDS,
        rows=(),
        total=total,
        matched=0,
        destinations=0,
        cursor="",
        expires_at=None,
        states={},
        classes={},
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


def test_mail_that_is_not_tried_has_no_end() -> None:
    """Held mail waits for an operator: no time is told at which it would be given up."""
    held = replace(view(next_at=NOW), expires_at=None)
    text = "\n".join(line.plain for line in envelope_lines(held, NOW, COLOURED))
    assert "expires   –  nothing of it is tried" in text


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
    shape = shape_of((0,) * 8)
    upcoming = Upcoming(items=(), due=(0,) * 8, bounds=BOUNDS, now=NOW)
    for messages, next_at, classes, due in (
        (20, NOW + 271, "being counted", "next due +4m31s"),
        (0, None, "no mail waits", "next due – · 0 within 5 min"),
    ):
        status = replace(STATUS, messages=messages, deferred=messages, next_at=next_at)
        lines = [line.plain for line in queue_lines(status, shape, upcoming, NOW, 46, COLOURED)]
        assert any(classes in line for line in lines)
        assert lines[-1].strip() == due


def test_every_bin_of_the_ages_is_in_view_at_100_columns() -> None:
    """The oldest mail is what matters most: in the 38 cells that a pane has there, no bin and no
    number runs into the next, or is left out.
    """
    shape = shape_of((1200, 12_000, 3, 4, 5, 6, 7, 9_999))
    shown = [line.plain for line in queue_lines(STATUS, shape, None, NOW, 38, COLOURED)]
    lines = [line for line in shown if line.startswith((" age", " min"))]
    assert max(map(len, lines)) <= 38
    assert lines[0].split() == ["age", "5", "10", "20", "40", "80", "160", "320", "320+"]
    assert lines[1].split() == ["min", "1k", "12k", "3", "4", "5", "6", "7", "9999"]


async def test_a_figure_that_does_not_fit_takes_its_name_with_it(clock: HandClock) -> None:
    """The first line never ends in a name without its value, and a cut line says that it is."""
    for width in (100, 104, 108, 112, 120):
        link = MemoryLink()
        link.set_queue(item(n) for n in range(1, 21))
        async with running(link, clock, size=(width, 30)) as (console, _):
            first = page_of(console).splitlines()[0].rsplit(maxsplit=1)[0].rstrip()
            assert not first.endswith((" up", "deferred"))
            assert "…" not in first


async def test_what_a_pane_cuts_is_said_to_go_on(clock: HandClock) -> None:
    """A line wider than its pane ends in an ellipsis until it is scrolled to its end."""
    link = MemoryLink()
    async with running(link, clock, size=(120, 30)) as (console, pilot):
        pane = console.screen.query_one("#figures", LinesPane)
        pane.show([Text("x" * 200)])
        await pilot.pause()
        assert pane.render_line(0).text == "x" * (pane.size.width - 1) + "…"
        pane.scroll_to(x=200 - pane.size.width, animate=False, force=True)
        await pilot.pause()
        assert pane.render_line(0).text == "x" * pane.size.width
