"""The overview, by its keys."""

from __future__ import annotations

import msgspec

from empath.control.link import AttentionItem, GetLatency, ListSenders
from tests.fakes.clock import HandClock
from tests.fakes.console import page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine, prime
from tests.fakes.memory_link import MemoryLink

WIDE, SMALL = (200, 60), (80, 24)


def engine(clock: HandClock) -> DemoEngine:
    """A relay with some mail."""
    return DemoEngine(clock, messages=200)


async def test_each_list_has_its_key(clock: HandClock) -> None:
    """What is broken, where mail waits, who sends, what is next, how long it takes."""
    async with running(engine(clock), clock) as (console, pilot):
        for key, title in (
            ("d", "Top destinations"),
            ("w", "Top senders by address"),
            ("n", "What is next"),
            ("l", "Latency by class"),
        ):
            await press(pilot, key)
            page = page_of(console)
            assert title in page
            assert "Needs attention · 4" in page
        await press(pilot, "a")
        assert console.screen.focused is not None
        assert console.screen.focused.id == "attention-rows"


async def test_one_key_goes_through_the_lists(clock: HandClock) -> None:
    """V shows the next one; a small terminal has what needs attention among them."""
    async with running(engine(clock), clock) as (console, pilot):
        for title in ("Top senders", "What is next", "Latency", "Top destinations"):
            await press(pilot, "v")
            assert title in page_of(console)
    async with running(engine(clock), clock, size=SMALL) as (console, pilot):
        assert "Needs attention · 4" in page_of(console)
        await press(pilot, "n")
        assert "Needs attention" not in page_of(console)
        await press(pilot, "v", "v")
        assert "Needs attention" in page_of(console)
        await press(pilot, "d", "a")
        assert "Needs attention" in page_of(console)


async def test_a_wide_terminal_shows_them_all(clock: HandClock) -> None:
    """Tab and v go from one to the next; what is shown is asked for, and nothing else."""
    link = engine(clock)
    async with running(link, clock, size=WIDE) as (console, pilot):
        page = page_of(console)
        for title in ("attention", "destinations", "senders", "next", "Latency", "Events"):
            assert title in page
        for key in ("tab", "v"):
            await press(pilot, *[key] * 5)
            assert console.screen.focused is not None
            assert console.screen.focused.id == "attention-rows"
    link = engine(clock)
    async with running(link, clock) as (console, pilot):
        assert not link.asked_of(ListSenders)
        assert not link.asked_of(GetLatency)


PLACES = (
    (("enter",), "Destinations › bigmail.example"),
    (("down", "down", "enter"), "Queue › state:held"),
    (("d", "down", "enter"), "Destinations › corp.example"),
    (("w", "enter"), "Queue › from:news@shop.example"),
    (("b", "enter"), "Queue › from:~@news@shop.example"),
    (("n", "enter"), "Destinations › isp.example"),
    (("G", "enter"), "Queue › id:"),
    (("l", "down", "enter"), "Queue › prio:high"),
    (("b", "enter"), "Queue › client:news@shop.example"),
)
"""Keys on the overview, and where they lead."""


async def test_enter_goes_where_a_row_is_seen_to(clock: HandClock) -> None:
    """A destination in the destinations, mail in the queue."""
    async with running(engine(clock), clock) as (console, pilot):
        for keys, place in PLACES:
            await press(pilot, *keys)
            assert console.front is not None
            assert console.front.crumbs().startswith(place)
            await press(pilot, "1")


async def test_a_row_without_a_place_says_so(clock: HandClock) -> None:
    """A disk has no mail, and where there is no row there is nothing."""
    link = engine(clock)
    async with running(link, clock) as (console, pilot):
        await press(pilot, "down", "down", "down", "enter")
        assert "There is nothing to go to here." in page_of(console)
    async with running(MemoryLink(), clock) as (console, pilot):
        await press(pilot, "enter")
        assert "There is nothing to go to here." in page_of(console)


async def test_senders_are_told_apart_three_ways(clock: HandClock) -> None:
    """B goes through address, domain and client."""
    link = engine(clock)
    async with running(link, clock) as (console, pilot):
        for title in ("by domain", "by client", "by address"):
            await press(pilot, "b")
            assert title in page_of(console)
        asked = [request.by for request in link.asked_of(ListSenders)]
        assert {"sender", "domain", "client"} <= set(asked)


async def test_the_oldest_mail_and_its_end_are_shown(clock: HandClock) -> None:
    """How old the queue is by bins, when its oldest is given up, what is due next."""
    async with running(engine(clock), clock) as (console, _pilot):
        page = page_of(console)
        assert "→ given up in" in page
        assert "within 5 min" in page
        assert " 320 320+" in page


async def test_what_needs_attention_can_be_copied(clock: HandClock) -> None:
    """As lines of text; nothing when all is well."""
    link = engine(clock)
    async with running(link, clock) as (console, _pilot):
        assert console.front is not None
        ((title, text),) = console.front.copies()
        assert title == "what needs attention"
        assert text.splitlines()[0].startswith("error: bigmail.example: 568 messages wait")
    async with running(MemoryLink(), clock) as (console, _pilot):
        assert console.front is not None
        assert console.front.copies() == []


async def test_a_config_that_needs_attention_leads_to_its_screen(clock: HandClock) -> None:
    """Where the console has one."""
    link = engine(clock)
    item = AttentionItem(severity="warning", subject="config", sentence="it differs")
    link.status = msgspec.structs.replace(link.status, attention=(item,))
    async with running(link, clock) as (console, pilot):
        await press(pilot, "enter")
        if "config" in console.MODES:
            assert console.current_mode == "config"
        else:
            assert "There is nothing to go to here." in page_of(console)


async def test_the_flow_claims_no_past_it_does_not_have(clock: HandClock) -> None:
    """A console that has just been attached says for how long it has looked, not how wide it is."""
    link = engine(clock)
    async with running(link, clock) as (console, _):
        assert "Flow · last 1s" in page_of(console)
        prime(link, console.store, 30)
        console.paint_soon()
        await settle()
        assert "Flow · last 31s" in page_of(console)
