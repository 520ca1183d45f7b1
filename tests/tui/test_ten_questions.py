"""The ten questions of an operator in a hurry: each has its answer three keys from Overview."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from empath.address import Domain, EmailAddress
from empath.control.link import (
    ConfigChange,
    ConfigVersion,
    HoldMessages,
    RetryMessages,
    SuspendDestination,
    UndoJob,
    WhyItem,
    WhyReply,
)
from tests.fakes.clock import HandClock
from tests.fakes.console import page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tui.app import Console

MOST = 3
"""Keys."""


@asynccontextmanager
async def asked(
    clock: HandClock, *keys: str, engine: DemoEngine | None = None
) -> AsyncIterator[tuple[Console, DemoEngine]]:
    """A console that stood at its overview and was given these keys, which are few enough."""
    assert len(keys) <= MOST
    engine = engine or DemoEngine(clock)
    async with running(engine, clock) as (console, pilot):
        for key in keys:
            await press(pilot, key)
            await settle()
        yield console, engine


async def test_why_is_this_message_stuck(clock: HandClock) -> None:
    """2: the sentence stands below the list, about the message under the cursor."""
    engine = DemoEngine(clock)
    first = engine.queue[0]
    engine.whys[first.id] = WhyReply(
        id=first.id,
        recipients=(
            WhyItem(
                address=EmailAddress(str(first.recipient)),
                destination=Domain(str(first.destination)),
                state="deferred",
                sentence="waits for its breaker, which is open after 12 failures",
                next_event="probe",
                next_at=clock.now() + 72,
            ),
        ),
        total=1,
    )
    async with asked(clock, "2", engine=engine) as (console, _):
        assert console.store.selection.cursor == first.id
        assert "waits for its breaker, which is open after 12 failures" in page_of(console)


async def test_what_is_broken_now(clock: HandClock) -> None:
    """No key at all: the overview has it, the worst first; a goes there, enter to its place."""
    async with asked(clock) as (console, engine):
        worst = engine.status.attention[0]
        page = page_of(console)
        assert page.index("Needs attention") < page.index(worst.subject)
    async with asked(clock, "a", "enter") as (console, _):
        assert "Overview" not in (console.front.crumbs() if console.front else "")


async def test_who_is_sending_most(clock: HandClock) -> None:
    """w: senders by what was taken from them lately, and what of it waits."""
    async with asked(clock, "w") as (console, _):
        senders = console.store.glance.senders
        assert senders is not None
        most = max(senders.items, key=lambda item: item.accepted)
        assert most.name in page_of(console)


async def test_what_did_this_peer_answer(clock: HandClock) -> None:
    """3: the answers of the last hour by code, and the last one in its own words."""
    async with asked(clock, "3") as (console, _):
        page = page_of(console)
        assert "421 4.7.0 1,310" in page
        assert "last reply 421 4.7.0 Too many connections from your IP" in page


async def test_is_mail_to_it_going_over_tls(clock: HandClock) -> None:
    """3: each destination by a column, the one under the cursor with share, proof and policy."""
    async with asked(clock, "3") as (console, _):
        page = page_of(console)
        assert "TLSv1.3 98.2 %" in page
        assert "name not proved" in page


async def test_what_changed_in_the_config_and_when(clock: HandClock) -> None:
    """5 h: versions with time, author and settings, and what the one under the cursor changed."""
    engine = DemoEngine(clock)
    change = ConfigChange(key="delivery.retry.base", old='"5m"', new='"10m"', effect="live")
    engine.config.versions = [
        ConfigVersion(
            version=17,
            at=clock.now() - 3600,
            actor="ada",
            reason="slow peers",
            source="edit",
            changes=(change,),
        )
    ]
    async with asked(clock, "5", "h", engine=engine) as (console, _):
        page = page_of(console)
        assert "delivery.retry.base" in page
        assert "ada" in page


async def test_what_will_happen_next_and_when(clock: HandClock) -> None:
    """n: attempts, probes and ends of waiting in the order in which they come."""
    async with asked(clock, "n") as (console, _):
        upcoming = console.store.glance.upcoming
        assert upcoming is not None
        page = page_of(console)
        found = [page.index(f" {item.what.split()[0]}") for item in upcoming.items[:3]]
        assert found == sorted(found)


async def test_stop_mail_to_it(clock: HandClock) -> None:
    """3 S enter: the destination under the cursor is suspended, the question on the way."""
    async with asked(clock, "3", "S", "enter") as (console, engine):
        first, *more = [ask for ask in engine.asked_of(SuspendDestination) if not ask.dry_run]
        assert not more
        assert first.destination == "bigmail.example"
        assert first.seconds == 3600
        assert "suspended" in page_of(console).lower()


async def test_send_this_one_now(clock: HandClock) -> None:
    """2 R: the message under the cursor is due at once, without a question."""
    async with asked(clock, "2", "R") as (_, engine):
        (request,) = engine.asked_of(RetryMessages)
        assert request.ids == (engine.queue[0].id,)


async def test_undo_that(clock: HandClock) -> None:
    """u, where it was done or on the overview: one message held by mistake is as it was."""
    async with asked(clock, "2", "H") as (console, engine):
        console.action_tab("overview")
        await settle()
        console.front.perform_by_id("global.undo") if console.front else None
        await settle()
        assert engine.asked_of(UndoJob)
    async with asked(clock, "2", "H", "u") as (_, engine):
        (held,) = engine.asked_of(HoldMessages)
        (undone,) = engine.asked_of(UndoJob)
        assert held.ids == (engine.queue[0].id,)
        assert undone.id
