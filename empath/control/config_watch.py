"""What reloads the config by itself: SIGHUP, and with ``reload.watch`` a changed file.

The file is looked at once a second.  A change counts once two looks found the same, so that a
file is not read while an editor writes it.  After a refusal, a file that says again what is in
force is a reload that succeeds, and is told as one.  Without ``reload.watch`` a change is only
noted, for whoever asks what needs attention.
What is refused was published by the desk; the config in force stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias, final

from empath.control.config_apply import Wish
from empath.control.config_desk import ConfigDesk
from empath.control.request import RequestRefused
from empath.control.standing_config import StandingConfig

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the file."""

_Stamp: TypeAlias = tuple[int, int, int, int]


@final
class ConfigWatch:
    """Reloads when it is told to, or when it sees that it should; `run` until cancelled."""

    def __init__(
        self,
        desk: ConfigDesk,
        standing: StandingConfig,
        *,
        report: Callable[[str, Exception], None],
    ) -> None:
        """*report* publishes a bug."""
        self._desk = desk
        self._standing = standing
        self._report = report
        self._hung_up = asyncio.Event()
        self._last: _Stamp | None = None
        self._settled: _Stamp | None = None

    def __repr__(self) -> str:
        return f"<ConfigWatch {self._standing.origin!r}>"

    def hang_up(self) -> None:
        """SIGHUP came: reload soon; many at once are one."""
        self._hung_up.set()

    async def run(self) -> None:
        """Look and reload until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._hung_up.wait()
            try:
                await self._turn()
            except Exception as error:  # noqa: BLE001 - the task's top: the next turn comes
                self._report("config watch", error)

    async def _turn(self) -> None:
        if self._hung_up.is_set():
            self._hung_up.clear()
            await self._reload(Wish(actor="SIGHUP", source="signal"))
        else:
            await self.look()

    async def look(self) -> None:
        """Look at the file once."""
        file = self._standing.origin.file
        if file is None:
            return
        stamp = await asyncio.to_thread(_stamp, file)
        still, self._last = stamp == self._last, stamp
        if not still or stamp == self._settled:
            return
        self._settled = stamp
        drift = await self._desk.shown.look_for_drift()
        # A file that says again what is in force ends what a refusal before it began.
        recovered = self._standing.refused and not drift
        if (drift or recovered) and self._standing.current().reload.watch:
            await self._reload(Wish(actor="reload.watch", source="watcher"))

    async def _reload(self, wish: Wish) -> None:
        with suppress(RequestRefused):  # published by the desk
            await self._desk.change(wish)


def _stamp(file: Path) -> _Stamp:
    """What tells two contents of a file apart without reading it; zeros where there is none."""
    try:
        status = file.stat()
    except OSError:
        return 0, 0, 0, 0
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
