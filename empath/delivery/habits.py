"""What servers were seen to break although they offer it: left alone for a while.

Bounded in number and time: a server that was repaired is believed again after `REMEMBERED`,
and a restart forgets.  Nothing here waits or can fail.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, final

REMEMBERED: Final = 3600.0
"""Seconds for which an extension of a server is not used."""
MOST: Final = 1000
"""Servers and extensions remembered; beyond that the oldest go."""


@final
class Habits:
    """Extensions that servers break, by host and port."""

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[str, int, str], float] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Habits {len(self._until)}>"

    def breaks(self, host: str, port: int, extension: str) -> bool:
        """Whether *extension* is not to be used with that server now."""
        if not self._until:
            return False
        until = self._until.get((host, port, extension), 0.0)
        return until > asyncio.get_running_loop().time()

    def note(self, host: str, port: int, extension: str) -> None:
        """It offered *extension* and did not keep to it."""
        self._until[host, port, extension] = asyncio.get_running_loop().time() + REMEMBERED
        self._until.move_to_end((host, port, extension))
        if len(self._until) > MOST:
            self._until.popitem(last=False)
