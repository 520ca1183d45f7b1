"""What operators do to queued mail, behind one door: changes, selections, jobs, the trash.

Keeps what outlives a request (selections and running jobs), and makes a desk for whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.control import link, trash
from empath.control.changes import QueueDesk
from empath.control.jobs import JobRunner
from empath.control.selections import Selections
from empath.control.trash import TrashDesk
from empath.delivery.gates import Gates
from empath.delivery.route import RouteFinder
from empath.spool.face import Spool


@final
class Queueing:
    """The changes of one engine's queue."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        bus: Bus,
        clock: Clock,
        config: Callable[[], Config],
        gates: Gates | None = None,
    ) -> None:
        self._spool = spool
        self._finder = finder
        self._bus = bus
        self._clock = clock
        self._config = config
        self._gates = gates
        self._selections = Selections(clock)
        self._jobs = JobRunner(spool=spool, bus=bus, clock=clock)

    def __repr__(self) -> str:
        return f"<Queueing {self._selections!r} {self._jobs!r}>"

    async def run(self) -> None:
        """Work off the great changes, until cancelled."""
        await self._jobs.run()

    def desk(self, actor: str) -> QueueDesk:
        """Makes the changes that *actor* asks for."""
        return QueueDesk(
            spool=self._spool,
            finder=self._finder,
            bus=self._bus,
            clock=self._clock,
            config=self._config,
            actor=actor,
            selections=self._selections,
            jobs=self._jobs,
            gates=self._gates,
        )

    async def answer(self, request: Any, actor: str) -> Any:
        """The reply to one of `ANSWERED`.  Raises `RequestRefused`, `SpoolRefused`, `BadQuery`."""
        match request:
            case link.FlushQueue():
                return await self.desk(actor).flush(request)
            case link.SelectMessages():
                return await self.desk(actor).select(request)
            case link.QueueChange():
                return await self.desk(actor).change(request)
            case _:
                return await self._trash(actor).answer(request)

    def _trash(self, actor: str) -> TrashDesk:
        return TrashDesk(
            spool=self._spool,
            bus=self._bus,
            clock=self._clock,
            config=self._config,
            actor=actor,
            runner=self._jobs,
        )


ANSWERED: Final = (
    link.RetryMessages,
    link.HoldMessages,
    link.ReleaseMessages,
    link.DeleteMessages,
    link.PrioritizeMessages,
    link.BounceMessages,
    link.RerouteMessages,
    link.FlushQueue,
    link.SelectMessages,
    *trash.ANSWERED,
)
"""The requests that `Queueing` answers."""
