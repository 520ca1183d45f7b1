"""A `MemoryLink` behind a real control socket: for tests of the socket and of `empathctl`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from empath.bus import Bus
from empath.clock import SystemClock
from empath.control.event_stream import EventStream
from empath.control.link import EventFilter
from empath.control.server import ControlServer
from tests.fakes.memory_link import MemoryLink


class ServedLink(MemoryLink):
    """What `ControlServer` serves: remembers who asked, and streams what its bus publishes."""

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        self.bus = Bus()
        self.actors: list[str] = []
        self.reported: list[str] = []

    def acting(self, actor: str, *, read_only: bool) -> ServedLink:
        self.actors.append(actor)
        return self

    @contextmanager
    def reading(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> Iterator[EventStream]:
        self.followed.append(only)
        last = self.bus.sequence if after is None else after
        with self.bus.reader(after=after, limit=10) as reader:
            yield EventStream(reader, last, SystemClock(), only)

    def report(self, task: str, error: BaseException) -> None:
        self.reported.append(f"{task}: {error}")


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    link: ServedLink | None = None,
    heartbeat: float = 4.0,
    users: frozenset[int] | None = None,
) -> AsyncIterator[tuple[ServedLink, Path]]:
    """A link and the path of the socket at which it answers."""
    link = link or ServedLink()
    # Not `empath.sock`: so called ones are asked by any command line that looks for its engine.
    server = ControlServer(link, folder / "served.sock", heartbeat=heartbeat, users=users)
    await server.open()
    try:
        yield link, server.path
    finally:
        await server.close()
