"""`empath serve` with a fine probe of its event loop: how late was each millisecond's wake-up?

Run as ``python -m bench.probed FILE --config …``; the probe is a task beside the engine, on its
loop, with no part in its work.  When the engine stops, FILE has what each wake-up noted.

On a machine that others use too, a part of the lateness is theirs: the kernel says for how long the
loop's thread was ready to run and had no processor (``/proc/thread-self/schedstat``).
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from empath.app import Running
from empath.cli.starting import read_config, start

PERIOD: Final = 0.001
"""Seconds between two wake-ups."""


class WakeUp(NamedTuple):
    """One wake-up; seconds, of the clock that all processes of the machine share."""

    at: float
    late: float
    starved: float
    """Time since the one before in which the thread could have run and had no processor."""

    @property
    def own(self) -> float:
        """The lateness that is not for want of a processor."""
        return max(0.0, self.late - self.starved)


class _RunDelay:
    """For how long the calling thread has waited for a processor so far; nought if unknown."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = None

    def __call__(self) -> float:
        if self._file is None:
            return 0.0
        return int(os.pread(self._file, 100, 0).split()[1]) / 1e9


async def probe(file: Path) -> None:
    """Note until cancelled."""
    found = array("d")
    loop = asyncio.get_running_loop()
    wake = asyncio.Event()
    run_delay = _RunDelay()
    before = run_delay()
    try:
        while True:
            due = time.monotonic() + PERIOD
            loop.call_later(PERIOD, wake.set)
            await wake.wait()
            wake.clear()
            now, waited = time.monotonic(), run_delay()
            found.extend((now, max(0.0, now - due), waited - before))
            before = waited
    finally:
        # The engine is stopping: nothing waits for this turn any more.
        file.write_bytes(found.tobytes())  # noqa: ASYNC240 - see above


def wake_ups(file: Path, windows: Sequence[tuple[float, float]]) -> list[list[WakeUp]]:
    """What a probe noted in each of these stretches of time; one that came late tells of the time
    before it, so the first after each is of it too.
    """
    noted = array("d")
    noted.frombytes(file.read_bytes())
    found = [WakeUp(*noted[at : at + 3]) for at in range(0, len(noted), 3)]
    times = [one.at for one in found]
    return [found[bisect_left(times, a) : bisect_left(times, b) + 1] for a, b in windows]


def main() -> None:
    """Run the engine that the config says."""
    noted, option, config = sys.argv[1:]
    assert option == "--config"

    async def beside(_running: Running) -> None:
        await probe(Path(noted))

    start(*read_config(Path(config), needed=True), companion=beside)


if __name__ == "__main__":
    main()
