"""Pictures of the console for the documents: runs it on a relay in memory, writes SVG files.

``python bench/screenshots.py [FOLDER]`` writes into docs/img unless told otherwise.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes.clock import HandClock  # noqa: E402 - found through the line above
from tests.fakes.demo_engine import DemoEngine, prime  # noqa: E402
from tests.fakes.dev_relay import dev  # noqa: E402
from tui.app import Console  # noqa: E402
from tui.feed import Pace  # noqa: E402

LARGE, SMALL = (120, 36), (80, 24)

SHOTS = {
    "console-overview": (LARGE, "1"),
    "console-queue": (LARGE, "2 down down space down space down down"),
    "console-filter": (LARGE, "2 slash s t a t e : h e l d enter"),
    "console-delete": (LARGE, "2 down space down space down space D"),
    "console-message": (LARGE, "MESSAGE"),
    "console-destinations": (LARGE, "3 down"),
    "console-events": (LARGE, "4"),
    "console-config": (LARGE, "5 down down down"),
    "console-inbox": (LARGE, "6"),
    "console-help": (LARGE, "2 question_mark"),
    "console-offline": (LARGE, "2 OFFLINE"),
    "console-overview-80x24": (SMALL, "1"),
    "console-queue-80x24": (SMALL, "2 down down"),
    "console-message-80x24": (SMALL, "MESSAGE"),
    "console-destinations-80x24": (SMALL, "3"),
    "console-overview-200x60": ((200, 60), "1"),
    "console-queue-200x60": ((200, 60), "2 down down"),
}


def own_fonts(svg: str) -> str:
    """The picture with the reader's own monospaced font: it fetches nothing from anywhere."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas")


async def shoot(name: str, size: tuple[int, int], keys: str, folder: Path) -> None:
    """Run the console at *size*, press *keys* and write the picture."""
    clock = HandClock()
    engine = dev() if "inbox" in name else DemoEngine(clock)
    console = Console(engine, clock=clock, child=True, pace=Pace(3600, 3600, 0))
    if isinstance(engine, DemoEngine):
        prime(engine, console.store)
    async with console.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        for key in keys.split():
            if key == "MESSAGE" and isinstance(engine, DemoEngine):
                console.show_queue(f"id:{engine.detail}")
                await pilot.pause(0.3)
                await pilot.press("enter")
            elif key == "OFFLINE":
                engine.cut("No engine answers at /run/empath/empath.sock: connection refused.")
                await pilot.pause(0.2)
                clock.advance(48)
            else:
                await pilot.press(":" if key == ":" else key)
            await pilot.pause(0.06)
        await pilot.pause(0.3)
        console.screen.refresh()
        front = console.front
        if front is not None:
            front.paint_bars()
        await pilot.pause(0.1)
        (folder / f"{name}.svg").write_text(own_fonts(console.export_screenshot(title="empath")))


async def main() -> None:
    """Take all pictures, or those named."""
    time.tzset()
    wanted = sys.argv[2:] or list(SHOTS)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"
    folder.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        size, keys = SHOTS[name]
        await shoot(name, size, keys, folder)
        print(name)


asyncio.run(main())
