"""A console on a link in memory, run without a terminal, and read as text."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from empath.address import Domain, EmailAddress
from empath.control.link import Link, QueueItem
from empath.envelope import MessageId, Priority
from tests.fakes.clock import HandClock
from tui.app import Console
from tui.feed import Pace

QUIET = Pace(status=3600, data=3600, least=0)
"""Nothing is asked unless a key or a test causes it."""

NORMAL = (120, 36)
SMALL = (80, 24)


@asynccontextmanager
async def running(
    link: Link,
    clock: HandClock,
    *,
    size: tuple[int, int] = NORMAL,
    child: bool = False,
    read_only: bool = False,
    pace: Pace = QUIET,
    coloured: bool = True,
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """A console that has its first snapshot."""
    console = Console(
        link,
        clock=clock,
        rng=random.Random(1),
        child=child,
        read_only=read_only,
        pace=pace,
        coloured=coloured,
    )
    async with console.run_test(size=size) as pilot:
        await settle(pilot)
        yield console, pilot


async def settle(pilot: Pilot[int]) -> None:
    """Let what is under way come to its end and be painted."""
    for _ in range(3):
        await pilot.pause(0.025)


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys one by one, and let each have its effect."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
    await settle(pilot)


def page_of(console: Console) -> str:
    """What is on screen, as text without colours and without blanks at line ends."""
    strips = console.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def item(
    number: int,
    *,
    at: float = 1_790_000_000.0,
    state: str = "deferred",
    recipient: str = "ada@bigmail.example",
    recipients: int = 1,
    subject: str = "Hello",
    reply: str = "451 4.7.1 Greylisted",
) -> QueueItem:
    """A message of the queue that came *number* seconds before *at*."""
    address = EmailAddress(recipient)
    return QueueItem(
        id=MessageId.compose(int((at - number) * 1000), number),
        state=state,
        received_at=at - number,
        next_at=at + 300 if state == "deferred" else None,
        attempts=2 if state == "deferred" else 0,
        size=1000 + number,
        priority=Priority.NORMAL,
        reverse_path=EmailAddress("news@shop.example"),
        recipient=address,
        recipients=recipients,
        destination=Domain(address.domain),
        last_reply=reply if state == "deferred" else "",
        subject=subject,
    )
