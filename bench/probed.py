"""`empath serve` with a fine probe of its event loop: how late was each millisecond's wake-up?

Run as ``python -m bench.probed FILE --config …``; the probe is a task beside the engine, on its
loop, with no part in its work.  When the engine stops, FILE has the pairs (time, lateness) as
doubles, both in seconds, of the clock that all processes of the machine share.
"""

from __future__ import annotations

import asyncio
import sys
import time
from array import array
from pathlib import Path
from typing import Final

from empath.app import Running
from empath.cli.starting import read_config, start

PERIOD: Final = 0.001
"""Seconds between two wake-ups."""


async def probe(file: Path) -> None:
    """Note until cancelled."""
    found = array("d")
    loop = asyncio.get_running_loop()
    wake = asyncio.Event()
    try:
        while True:
            due = time.monotonic() + PERIOD
            loop.call_later(PERIOD, wake.set)
            await wake.wait()
            wake.clear()
            now = time.monotonic()
            found.extend((now, max(0.0, now - due)))
    finally:
        # The engine is stopping: nothing waits for this turn any more.
        file.write_bytes(found.tobytes())  # noqa: ASYNC240 - see above


def lateness(file: Path) -> list[tuple[float, float]]:
    """What a probe noted, in order of time."""
    found = array("d")
    found.frombytes(file.read_bytes())
    return list(zip(found[::2], found[1::2], strict=True))


def main() -> None:
    """Run the engine that the config says."""
    noted, option, config = sys.argv[1:]
    assert option == "--config"

    async def beside(_running: Running) -> None:
        await probe(Path(noted))

    start(*read_config(Path(config), needed=True), companion=beside)


if __name__ == "__main__":
    main()
