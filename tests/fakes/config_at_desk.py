"""A config desk on a real file, a real history and a real spool, without an engine round it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from empath.bus import Bus
from empath.config.model import Config, Spool
from empath.config.origin import Origin
from empath.config.renewal import Renewal, RenewalRefused
from empath.control.config_apply import Wish
from empath.control.config_desk import ConfigDesk
from empath.control.config_history import History
from empath.control.link import AppliedConfig, QueueImpact
from empath.control.standing_config import StandingConfig
from empath.events import ConfigRefused, ConfigReloaded, Event
from empath.policy.probation import Health
from empath.spool.store import Store
from tests.fakes.clock import HandClock


@dataclass
class AtDesk:
    """The desk and what it works on."""

    file: Path
    standing: StandingConfig
    history: History
    store: Store
    published: list[Event]
    on_the_loop: list[bool]
    """Of each, whether it was in the loop's thread, as a bus must be."""
    refuse: list[RenewalRefused] = field(default_factory=list)
    """What a part has against the next config."""
    taken: list[Config] = field(default_factory=list)
    """What was in force whenever a part took what it had built."""
    asked: list[tuple[Config, Config]] = field(default_factory=list)
    """Between which configs the queue was looked at."""
    impact: Sequence[QueueImpact] = ()
    clock: HandClock = field(default_factory=HandClock)
    health: Health = field(default_factory=Health)
    """What a config on trial is judged by."""
    desk: ConfigDesk = field(init=False)

    @property
    def told(self) -> list[ConfigReloaded | ConfigRefused]:
        """What was published of the config."""
        return [e for e in self.published if isinstance(e, ConfigReloaded | ConfigRefused)]

    async def reload(self, text: str | None = None) -> AppliedConfig:
        """Have the file say *text*, and put that in force."""
        if text is not None:
            self.file.write_text(text)
        return await self.desk.change(Wish(actor="root", source="reload"))

    async def renew(self, _old: Config, _new: Config) -> Renewal:
        """What a part of the engine does."""
        if self.refuse:
            raise self.refuse.pop()
        return Renewal(lambda: self.taken.append(self.standing.current()))

    async def look(self, old: Config, new: Config) -> tuple[Sequence[QueueImpact], int]:
        """What looks at the queue."""
        self.asked.append((old, new))
        return self.impact, 7


@asynccontextmanager
async def at_desk(folder: Path, text: str = "") -> AsyncIterator[AtDesk]:
    """A desk whose config file says *text* at the start; it has begun."""
    file = folder / "empath.toml"
    file.write_text(text)
    file.chmod(0o600)
    clock, bus = HandClock(), Bus()
    published: list[Event] = []
    on_the_loop: list[bool] = []
    bus.fold(published.append)
    bus.fold(lambda _: on_the_loop.append(threading.current_thread() is threading.main_thread()))
    origin = Origin(file)
    store = await Store.open(Spool(path=folder / "spool"), clock=clock)
    standing = StandingConfig(origin, origin.parse(text).config, text=text, at=clock.now())
    at = AtDesk(file, standing, History(store.path), store, published, on_the_loop, clock=clock)
    at.desk = ConfigDesk(
        standing=standing,
        history=at.history,
        renewals=(at.renew,),
        impact=at.look,
        spool=store,
        bus=bus,
        clock=clock,
        health=lambda: at.health,
    )
    try:
        await at.desk.begin()
        yield at
    finally:
        await store.close()
