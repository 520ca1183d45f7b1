"""The console as a program of its own on a terminal, fed by a relay in memory.

``python pty_console.py hostile|busy STATS``: with `hostile` every string of the mail attacks
the terminal, with `busy` the screen changes all the time.  Once a second the longest time that
the loop was late goes into the file STATS.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from empath.address import EmailAddress
from empath.clock import SystemClock
from empath.events import SessionRefused
from tests.fakes.clock import HandClock
from tests.fakes.demo_engine import DemoEngine
from tui.app import Console
from tui.feed import Pace
from tui.terminal import colours_of, shows_unicode
from tui.theme import theme_for

ATTACK = (
    "\x1b]52;c;UFdORUQ=\x07\x1b]0;PWNED\x07\x1b[2J\x9b31m\x90q\x9d52;c;UFdORUQ=\x9c"
    "\u202egpj\u2066\u200b\ufe0f [red]markup[/ [/] \r\n\x7f\x00"
)


class Watched(Console):
    """A console that writes down how late its loop was."""

    def __init__(self, engine: DemoEngine, stats: Path, *, busy: bool) -> None:
        super().__init__(
            engine,
            clock=SystemClock(),
            pace=Pace(0.2, 0.2, 0.0),
            theme=theme_for(os.environ, colours_of(os.environ)),
            unicode=shows_unicode(os.environ),
        )
        self._engine = engine
        self._stats = stats
        self._busy = busy

    async def on_mount(self) -> None:
        """Watch the loop beside everything else."""
        self.run_worker(self._watch(), name="watch")

    async def _watch(self) -> None:
        worst = 0.0
        written = time.monotonic()
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0.02)
            worst = max(worst, time.monotonic() - begun - 0.02)
            if self._busy:
                self._engine.step()
                self.screen.refresh()
            if time.monotonic() - written > 0.5:
                driver = self._driver
                dropped = getattr(driver, "dropped", -1)
                whole = self._stats.with_suffix(".new")
                whole.write_text(f"{worst:.4f} {dropped}\n")
                whole.replace(self._stats)
                worst, written = 0.0, time.monotonic()


def hostile(engine: DemoEngine) -> None:
    """Put the attack into every string that a peer can fill."""
    items = [
        msgspec.structs.replace(item, subject=ATTACK, last_reply="451 " + ATTACK)
        for item in engine.queue
    ]
    engine.set_queue(items)
    engine.destinations = [
        msgspec.structs.replace(row, last_reply=ATTACK) for row in engine.destinations
    ]
    view = engine.views[engine.detail]
    engine.views = {
        item.id: msgspec.structs.replace(
            view,
            id=item.id,
            subject=ATTACK,
            helo=ATTACK,
            headers=(("Subject", ATTACK), (ATTACK, "x")),
            recipients=tuple(
                msgspec.structs.replace(r, last_reply=ATTACK) for r in view.recipients
            ),
            timeline=tuple(
                msgspec.structs.replace(event, transcript=("< 250 " + ATTACK, "> " + ATTACK))
                if hasattr(event, "transcript")
                else event
                for event in view.timeline
            ),
        )
        for item in items
    }
    engine.contents = {item.id: ATTACK * 20 for item in items}
    for _ in range(20):
        engine.push(
            SessionRefused(
                at=engine.clock.now(),
                client="198.51.100.7",
                helo=ATTACK,
                stage="RCPT",
                subject=EmailAddress("x@example.org") + ATTACK,
                reply="554 " + ATTACK,
            )
        )


def main() -> None:
    """Run until quit."""
    mode, stats = sys.argv[1], Path(sys.argv[2])
    engine = DemoEngine(HandClock(time.clock_gettime(time.CLOCK_REALTIME)), messages=200)
    if mode == "hostile":
        hostile(engine)
    else:
        engine.step(30)
    Watched(engine, stats, busy=mode == "busy").run()


main()
