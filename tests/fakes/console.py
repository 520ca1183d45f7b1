"""A console on a link in memory, run without a terminal, and read as text."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from empath.address import Domain, EmailAddress
from empath.control.link import Link, QueueItem
from empath.envelope import MessageId
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually
from tui.app import Console
from tui.connection import Phase
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
    faulty: bool = False,
    **more: Any,
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """A console that has its first snapshot; with a *pace* of its own it never comes to rest.

    *more* goes to the `Console`.  A fault that it met and went on from is one of the test, unless
    that says it is *faulty*.
    """
    console = Console(
        link,
        clock=clock,
        rng=random.Random(1),
        child=child,
        read_only=read_only,
        pace=pace,
        coloured=coloured,
        **more,
    )
    async with console.run_test(size=size) as pilot:
        await (settle() if pace is QUIET else eventually(lambda: console.store.phase is Phase.LIVE))
        try:
            yield console, pilot
        finally:
            if console.met and not faulty:
                raise console.met[0]


async def settle(*, ahead: float = 0.25) -> None:
    """Let what is under way come to its end and be painted.

    The console is at rest when its loop has nothing to do, neither now nor, by any timer, in the
    next *ahead* seconds, which is more than it ever waits before it filters or paints.  How busy
    the machine is does not matter.  Raises `TimeoutError` for a console that finds no rest.
    """
    loop: Any = asyncio.get_running_loop()
    async with asyncio.timeout(30):
        while True:
            now = loop.time()
            dues = [timer.when() for timer in loop._scheduled if not timer.cancelled()]
            soon = min((due for due in dues if due < now + ahead), default=None)
            if soon is not None:
                await asyncio.sleep(soon - now)
            elif loop._ready:
                await asyncio.sleep(0)
            else:
                return


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys one by one, and let each have its effect."""
    for key in keys:
        await pilot.press(key)
        if pilot.app._exit:
            return  # what is left of it ticks until its end, which comes with the test's
        await settle(ahead=0.05)
    await settle()


async def write(pilot: Pilot[int], text: str) -> None:
    """Type *text* at a stretch, and let it have its effect."""
    await pilot.press(*text)
    await settle()


async def command(pilot: Pilot[int], line: str) -> None:
    """Write a line behind `:`, and have it done."""
    await press(pilot, "colon")
    await write(pilot, line)
    await press(pilot, "enter")


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
        priority="normal",
        reverse_path=EmailAddress("news@shop.example"),
        recipient=address,
        recipients=recipients,
        destination=Domain(address.domain),
        last_reply=reply if state == "deferred" else "",
        subject=subject,
    )
