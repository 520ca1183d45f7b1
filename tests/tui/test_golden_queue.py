"""The queue and its boxes as text, compared with the pages in golden/, with a relay that lives.

After a change that is meant, ``EMPATH_GOLDEN=write pytest tests/tui/test_golden_queue.py``
writes the pages anew: read them in the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from empath.control.link import WhyItem, WhyReply
from tests.fakes.clock import HandClock
from tests.fakes.console import NORMAL, SMALL, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine

GOLDEN = Path(__file__).parent / "golden"
LARGE = (200, 60)
TINY = (66, 20)

PAGES = {
    "queue": (("down", "space", "down"), (TINY, SMALL, NORMAL, LARGE)),
    "filter": (("FILTER",), (NORMAL,)),
    "typing": (("slash", *"state:de"), (NORMAL,)),
    "wrong": (("slash", *"age:5"), (SMALL,)),
    "range": (("down", "V", "down", "down", "down"), (SMALL,)),
    "delete": (("D",), (NORMAL,)),
    "delete-all": (("FILTER", "asterisk", "D"), (SMALL, NORMAL)),
    "bounce": (("B",), (NORMAL,)),
    "reroute": (("space", "space", "T"), (SMALL,)),
    "sorts": (("s",), (NORMAL,)),
    "columns": (("c",), (NORMAL,)),
    "views": (("apostrophe",), (NORMAL,)),
    "job": (("asterisk", "H", "y", "JOB"), (SMALL, NORMAL)),
}


def explain(engine: DemoEngine) -> None:
    """Let the engine say why the first messages wait."""
    for item in engine.queue[:60]:
        engine.whys[item.id] = WhyReply(
            id=item.id,
            total=item.recipients,
            recipients=(
                WhyItem(
                    address=item.recipient,
                    destination=item.destination,
                    state=item.state,
                    sentence=f"the breaker of {item.destination} is open: 12 attempts failed",
                    next_event="probe",
                    next_at=engine.clock.now() + 72,
                ),
            ),
        )


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(name, size, id=f"{name}-{size[0]}x{size[1]}")
        for name, (_, sizes) in PAGES.items()
        for size in sizes
    ],
)
async def test_page(name: str, size: tuple[int, int], clock: HandClock) -> None:
    """The page looks as its golden one says."""
    engine = DemoEngine(clock)
    engine.step(600)
    explain(engine)
    async with running(engine, clock, size=size) as (console, pilot):
        await press(pilot, "2")
        for key in PAGES[name][0]:
            if key == "FILTER":
                console.show_queue("dest:bigmail.example state:deferred")
                await settle()
            elif key == "JOB":
                engine.book.go_on(512)
                console.poke()
            else:
                await pilot.press(key)
                await settle()
        console.paint_soon()
        await settle()
        page = page_of(console)
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("EMPATH_GOLDEN") == "write":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")
    assert all(len(line) <= size[0] for line in page.splitlines())
