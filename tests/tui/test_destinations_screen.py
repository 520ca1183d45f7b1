"""The destinations, by their keys."""

from __future__ import annotations

import msgspec
import pytest

from empath.control.link import (
    CloseBreaker,
    FlushQueue,
    GateChange,
    GetShape,
    LiftLimit,
    LimitDestination,
    LinkLost,
    OpenBreaker,
    ProbeDestination,
    RerouteDestination,
    ResetBreaker,
    RestoreRoute,
    ResumeDestination,
    SuspendDestination,
    ViewDestination,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.memory_link import MemoryLink
from tui.screens.gate_dialog import GateDialog

LARGE = (200, 60)


@pytest.fixture
def link() -> MemoryLink:
    """Three destinations: one that failed, one that an operator suspended, one that is well."""
    engine = MemoryLink()
    engine.set_queue(item(n, recipient=f"user{n}@d{n % 3}.example") for n in range(1, 20))
    engine.shape.rows = {
        "d0.example": {"allowed": 5},
        "d1.example": {"breaker": "open", "reason": "421 slow down", "until": 1_790_004_200.0},
        "d2.example": {"gate": "suspended", "reason": "ada: moving"},
    }
    return engine


def changes(link: MemoryLink) -> list[GateChange]:
    """The changes that were asked for in earnest."""
    return [request for request in link.asked_of(GateChange) if not request.dry_run]


async def test_the_table_is_asked_for_as_it_is_shown(link: MemoryLink, clock: HandClock) -> None:
    """Order, basis and grouping go to the engine; what comes back is drawn with its TOTAL."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3")
        first = link.asked_of(GetShape)[-1]
        assert (first.sort, first.basis, first.by, first.quiet) == (
            "-total",
            "queued",
            "destination",
            True,
        )
        page = page_of(console)
        assert "TOTAL" in page
        assert "✖ open 10m" in page
        assert "■ susp. ∞" in page
        for key, sort in (
            ("s", "oldest"),
            ("i", "-oldest"),
            ("s", "next"),
            ("s", "-conn"),
            ("s", "-gate"),
            ("s", "name"),
            ("greater_than_sign", "-total"),
            ("greater_than_sign", "-bin0"),
            ("greater_than_sign", "-bin1"),
            ("less_than_sign", "-bin0"),
        ):
            await press(pilot, key)
            assert link.asked_of(GetShape)[-1].sort == sort, key
        for column, sort in ((40, "bin0"), (46, "-bin1"), (46, "bin1"), (8, "name")):
            await pilot.click("#destinations", offset=(column, 0))
            await settle()
            assert link.asked_of(GetShape)[-1].sort == sort, column
        await press(pilot, "a")
        assert link.asked_of(GetShape)[-1].basis == "next"
        assert "minutes until the next attempt" in page_of(console)
        await press(pilot, "v")
        assert link.asked_of(GetShape)[-1].by == "sender"
        assert "shop.example" in page_of(console)
        await press(pilot, "O")
        assert "v goes back to destinations" in page_of(console)
        await press(pilot, "escape")
        assert link.asked_of(GetShape)[-1].by == "destination"


async def test_a_name_is_filtered_by_a_part_of_it(link: MemoryLink, clock: HandClock) -> None:
    """/ takes any text; escape clears it, and the cursor is on the first match."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "slash", *"d2", "enter")
        await settle()
        assert link.asked_of(GetShape)[-1].query == "d2"
        assert "1 of 3 destinations" in page_of(console)
        assert console.front is not None
        assert "d2.example" in console.front.crumbs()
        await press(pilot, "slash", *"zzz", "enter")
        assert "No name matches" in page_of(console)
        await press(pilot, "escape")
        assert link.asked_of(GetShape)[-1].query == ""


async def test_what_is_under_the_cursor_is_shown_in_full(
    link: MemoryLink, clock: HandClock
) -> None:
    """Each row that the cursor comes to is asked for; where there is much, a pane scrolls."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3")
        assert link.asked_of(ViewDestination)[-1].destination == "d1.example"
        await press(pilot, "j")
        assert link.asked_of(ViewDestination)[-1].destination == "d2.example"
        assert "mx1.d2.example" in page_of(console)
        await press(pilot, "tab")
        assert console.screen.focused is not None
        assert console.screen.focused.id == "standing-lines"
        await press(pilot, "tab", "tab")
        assert console.screen.focused.id == "destinations"


async def test_what_the_engine_will_not_tell_is_not_shown_as_it_was(
    link: MemoryLink, clock: HandClock
) -> None:
    """When the view of a destination is refused, its former figures go, and the refusal stands."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "j")
        assert "mx1.d2.example" in page_of(console)
        link.refuse(ViewDestination, "The engine met a bug of its own over this.")
        await press(pilot, "r")
        page = page_of(console)
        assert "mx1.d2.example" not in page
        assert "The engine met a bug of its own over this." in page


async def test_enter_shows_the_mail(link: MemoryLink, clock: HandClock) -> None:
    """Of a destination by its name, of senders by their domain."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "enter")
        assert console.store.queue.query == "dest:d1.example"
        await press(pilot, "3", "v", "enter")
        assert console.store.queue.query == "from:~@shop.example"


CHANGES: tuple[tuple[tuple[str, ...], str, type[GateChange], dict[str, object]], ...] = (
    (("O",), "", OpenBreaker, {"seconds": 1800.0}),
    (("C",), "ok", CloseBreaker, {"reason": "ok"}),
    (("S",), "", SuspendDestination, {"seconds": 3600.0}),
    (("X",), "", ResetBreaker, {}),
    (("L",), "", LimitDestination, {"per_second": 1.0, "seconds": 3600.0}),
    (("T",), "mx.a.example:2525", RerouteDestination, {"to": ("mx.a.example:2525",)}),
    (("down", "U"), "", ResumeDestination, {}),
)
"""Keys, what is typed into the first field, the change, and what it holds."""


async def test_a_change_is_asked_about_and_made(link: MemoryLink, clock: HandClock) -> None:
    """The dialog counts what waits with a dry run, shows the command, and does nothing before
    its button is pressed.
    """
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3")
        for number, (keys, typed, kind, values) in enumerate(CHANGES):
            await press(pilot, *keys)
            assert isinstance(console.screen, GateDialog), kind
            await press(pilot, *typed)
            page = page_of(console)
            assert ("6 messages" if "down" in keys else "7 messages") in page
            assert "empathctl" in page
            assert len(changes(link)) == number
            console.screen.query_one("#yes").focus()
            await press(pilot, "enter")
            done = changes(link)[-1]
            assert type(done) is kind
            assert done.destination == ("d2.example" if "down" in keys else "d1.example")
            for name, value in values.items():
                assert getattr(done, name) == value
            assert "✓" in page_of(console)


async def test_one_key_ends_whatever_an_operator_did(link: MemoryLink, clock: HandClock) -> None:
    """U resumes, lifts the limit or restores the route; with nothing to end it says so."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "U")
        assert "It is not suspended, limited or re-routed." in page_of(console)
        await press(pilot, "down")
        for gate, kind in (("limited to 5/s", LiftLimit), ("re-routed to x:25", RestoreRoute)):
            link.shape.rows["d2.example"] = {"gate": gate}
            await press(pilot, "r", "U")
            await settle()
            await press(pilot, "enter")
            assert type(changes(link)[-1]) is kind


async def test_nothing_is_changed_by_a_dialog_that_is_left(
    link: MemoryLink, clock: HandClock
) -> None:
    """Escape and Cancel change nothing; what cannot be read is said and keeps the button off."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "S", "escape")
        await press(pilot, "S", *("end", "backspace"), *"x")
        assert 'how long is written "90s", "30m", "2h" or "1d"' in page_of(console)
        assert console.screen.query_one("#yes").disabled
        await press(pilot, "enter", "enter", "enter")
        assert changes(link) == []


async def test_a_refusal_is_told_in_the_dialog(link: MemoryLink, clock: HandClock) -> None:
    """What the engine would refuse is said before it is asked in earnest."""
    link.refuse(ResetBreaker, "Empath runs in dev mode and sends nothing: there are no gates.")
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "X")
        assert "there are no gates" in page_of(console)
        assert console.screen.query_one("#yes").disabled


async def test_flushing_an_open_breaker_asks_for_a_probe_too(
    link: MemoryLink, clock: HandClock
) -> None:
    """F makes the mail due at once; where the breaker is open one attempt may go."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "F")
        (probe,) = changes(link)
        assert isinstance(probe, ProbeDestination)
        (flush,) = link.asked_of(FlushQueue)
        assert flush.destination == "d1.example"
        assert "probe asked for · made due 7 messages" in page_of(console)
        await press(pilot, "down", "F")
        assert len(changes(link)) == 1


async def test_trying_now_says_that_a_suspension_holds_it(
    link: MemoryLink, clock: HandClock
) -> None:
    """Where the destination is suspended no probe is asked for, and why nothing goes is told."""
    link.shape.rows["d1.example"]["gate"] = "suspended"
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "F")
        assert changes(link) == []
        page = page_of(console)
        assert "made due 7 messages for d1.example; it is suspended: nothing goes until" in page
        assert "probe asked for" not in page


async def test_changes_are_off_without_an_engine(link: MemoryLink, clock: HandClock) -> None:
    """With the link lost the reason is said, and the rows stay, dimmed."""
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3")
        link.cut()
        with pytest.raises(LinkLost):
            await console.ask(GetShape())
        await settle()
        await press(pilot, "S")
        assert not isinstance(console.screen, GateDialog)
        assert "d1.example" in page_of(console)


async def test_more_rows_are_read_as_they_are_needed(clock: HandClock) -> None:
    """Ten thousand destinations are not asked for to show fifty; the last one is reached."""
    link = MemoryLink()
    link.shape.rows = {f"d{number:04}.example": {} for number in range(300)}
    async with running(link, clock) as (console, pilot):
        await press(pilot, "3", "s", "s", "s", "s", "s")
        assert link.asked_of(GetShape)[-1].limit <= 120
        for _ in range(6):
            await press(pilot, "G")
        assert link.asked_of(GetShape)[-1].limit >= 300
        assert console.front is not None
        assert "d0299.example" in console.front.crumbs()


async def test_another_screen_points_at_a_destination(clock: HandClock) -> None:
    """It is found by its name even if it is not among the rows that were read."""
    link = MemoryLink()
    link.shape.rows = {f"d{number:04}.example": {} for number in range(300)}
    async with running(link, clock) as (console, _pilot):
        for name in ("d0001.example", "d0299.example"):
            console.show_destination(name)
            await settle()
            assert console.front is not None
            assert name in console.front.crumbs()
        console.show_destination("nowhere.example")
        await settle()
        assert "No name matches" in page_of(console)


async def test_hostile_names_and_replies_are_harmless(clock: HandClock) -> None:
    """What a server or a domain says is shown without control characters and without markup."""
    link = MemoryLink()
    link.shape.rows = {
        "[red]x\x1b]52;c;eA==\x07.example": {"breaker": "open", "reason": "[/]\x1b[31m"}
    }
    async with running(link, clock, size=LARGE) as (console, pilot):
        await press(pilot, "3")
        page = page_of(console)
        assert "\x1b" not in page
        assert "[red]x" in page


async def test_the_name_and_the_command_can_be_copied(link: MemoryLink, clock: HandClock) -> None:
    """What y offers here."""
    async with running(link, clock) as (console, pilot):
        assert console.front is not None
        await press(pilot, "3")
        offered = dict(console.front.copies())
        assert offered["destination"] == "d1.example"
        assert offered["why it is held"] == "421 slow down"
        assert offered["last reply"] == "451 4.7.1 Greylisted"
        assert offered["empathctl"] == "empathctl destination view d1.example"


async def test_three_keys_tell_whether_mail_goes_encrypted(clock: HandClock) -> None:
    """From the overview: destinations, filter, a part of the name; the pane says how."""
    async with running(DemoEngine(clock, messages=200), clock) as (console, pilot):
        await press(pilot, "3", "slash", *"outlook")
        await settle(ahead=0.5)
        assert "TLSv1.3 98.2 %" in page_of(console)
        assert "✓ name proved" in page_of(console)


async def test_a_young_engine_counts_since_its_start(link: MemoryLink, clock: HandClock) -> None:
    """What was before a restart is not known: no whole hour is told of an engine up a minute."""
    pong = msgspec.structs.replace(link.status.pong, started_at=link.status.pong.now - 90)
    link.status = msgspec.structs.replace(link.status, pong=pong)
    async with running(link, clock, size=LARGE) as (console, pilot):
        await press(pilot, "3")
        assert "Since the start 1m30s ago" in page_of(console)
        assert "Last hour" not in page_of(console)
        assert "no session since the start 1m30s ago" in page_of(console)
