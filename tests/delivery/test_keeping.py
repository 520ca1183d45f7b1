"""What a restart must know of the gates is written down."""

from __future__ import annotations

import asyncio

from empath.address import Domain
from empath.bus import Bus
from empath.config.model import Config
from empath.delivery.gates import KEY, Gates
from empath.delivery.keeping import Keeping
from tests.fakes.clock import HandClock
from tests.fakes.eventually import eventually
from tests.fakes.memory_spool import MemorySpool

NET, ORG = Domain("example.net"), Domain("example.org")


class Counting(MemorySpool):
    """A spool that remembers each text it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def keep(self, key: str, value: str | None) -> None:
        assert key == KEY
        self.texts.append(value or "")
        await super().keep(key, value)


async def test_breakers_that_turn_together_are_written_once() -> None:
    """Many that open one after the other cost one text; what turns later is in the last one."""
    config, clock, spool = Config(), HandClock(), Counting()
    gates = Gates(lambda: config)
    keeping = Keeping(gates, spool, Bus(), clock)
    texts = spool.texts
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keeping.run())
        await asyncio.sleep(0)
        for name in (NET, ORG):
            gates.breakers.open(name, clock.now() + 60, actor="", reason="busy")
            keeping.turned()
        await eventually(lambda: len(texts) == 1)
        gates.breakers.close(ORG)
        keeping.turned()
        running.cancel()
    assert NET in texts[0]
    assert ORG in texts[0]
    await keeping.finish()
    await keeping.finish()
    assert len(texts) == 2
    again = Gates(lambda: config)
    await Keeping(again, spool, Bus(), clock).restore()
    assert again.shut(clock.now()).keys() == {NET}
