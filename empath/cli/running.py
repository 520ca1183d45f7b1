"""Which engine was started with a config file, when the file itself does not lead to it any more.

A file that was emptied, is no text or names another spool hides the engine's socket.  The system
knows all sockets that somebody listens at (``/proc/net/unix``, Linux), and an engine says which
file it was started with.  Asked are only sockets of the file's owner, of root and of ourselves:
anybody else could say anything.  Where nothing is found, nothing goes wrong.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from empath.control.link import GetConfig, LinkLost, RequestRefused
from empath.control.remote import RemoteLink

SOCKETS: Final = Path("/proc/net/unix")
_LISTENS: Final = 0x10000
"""The flag __SO_ACCEPTCON of a socket that is listened at (proc(5))."""
_MOST: Final = 32
"""Engines that are asked: more run on no machine that a person looks after."""
_PATIENCE: Final = 3.0
"""Seconds for an engine to say which file it has."""


def engine_of(file: Path, name: str) -> Path | None:
    """The control socket of the engine that was started with *file*; *name* is how sockets end."""
    trusted = {os.geteuid(), 0, *_owner(file), *_owner(file.absolute().parent)}
    found = [path for path in listening(SOCKETS, name) if trusted.issuperset(_owner(path) or {-1})]
    wanted = os.path.realpath(file)
    answers = asyncio.run(_ask_all(found[:_MOST]))
    return next((path for path, said in answers if os.path.realpath(said) == wanted), None)


def listening(table: Path, name: str) -> Iterator[Path]:
    """The sockets called *name* that somebody listens at."""
    with suppress(OSError):
        for line in table.read_text(errors="surrogateescape").splitlines():
            fields = line.split(maxsplit=7)
            # Num RefCount Protocol Flags Type St Inode Path
            if len(fields) == 8 and fields[7].startswith("/") and fields[7].endswith(f"/{name}"):
                with suppress(ValueError):
                    if int(fields[3], 16) & _LISTENS:
                        yield Path(fields[7])


def _owner(path: Path) -> set[int]:
    try:
        return {path.stat().st_uid}
    except OSError:
        return set()


async def _ask_all(sockets: Sequence[Path]) -> list[tuple[Path, str]]:
    """The engines that say in time which file they have, and the file."""
    async with asyncio.TaskGroup() as group:
        asked = [(path, group.create_task(_ask(path))) for path in sockets]
    return [(path, said) for path, one in asked if (said := one.result()) is not None]


async def _ask(path: Path) -> str | None:
    link = RemoteLink(path)
    try:
        async with asyncio.timeout(_PATIENCE):
            return (await link.ask(GetConfig(written_only=True))).file
    except (LinkLost, RequestRefused, TimeoutError):
        return None
    finally:
        await link.close()
