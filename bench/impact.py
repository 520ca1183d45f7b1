"""What does a plan cost that touches all queued mail?  ``python -m bench.impact [--count N]``.

Fills a spool with queued messages for 997 destinations, a tenth of them for one more, by SQL
(outside what is measured), then asks for the impact of several changes of the config while the
loop ticks every millisecond: prints seconds, the longest and the 99th percentile of what a tick
came late, and how much memory the question took.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
from pathlib import Path

import msgspec
import uvloop

from bench.spool import CLOCK, fill
from empath.address import Domain, ServerId
from empath.config.model import Config, Delivery, Destination, Mode, Retry, Route, Spool, TlsPolicy
from empath.config.units import Duration
from empath.control.config_impact import ConfigImpact
from empath.observe.encryption import EncryptionLedger
from empath.policy.override import Override
from empath.spool import database
from empath.spool.store import Store

TICK = 0.001
RELAY = Config(mode=Mode.RELAY)
BIG = "big.test"
HOST = ServerId("127.0.0.1:2525")
CHANGES = {
    "nothing": {},
    "a route for one of 997": {"route": (Route(domain="d5.test", host=HOST),)},
    "a route for the big one": {"route": (Route(domain=BIG, host=HOST),)},
    "a route for all": {"route": (Route(domain="*", host=HOST),)},
    "TLS required of all": {"destination": (Destination(domain="*", tls=TlsPolicy.REQUIRED),)},
    "expiry of a minute": {"delivery": Delivery(retry=Retry(expiry=Duration(60)))},
    "retries every minute": {"delivery": Delivery(retry=Retry(base=Duration(60)))},
    "10,000 routes": {"route": tuple(Route(domain=f"d{n}.test", host=HOST) for n in range(10_000))},
}


class NoOverrides:
    """Nobody re-routed anything."""

    def overrides(self) -> dict[Domain, Override]:
        """None."""
        return {}


def memory() -> float:
    """The most memory this process had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def tick(late: list[float]) -> None:
    """Note how much later than wished the loop comes back."""
    while True:
        began = CLOCK.monotonic()
        await asyncio.sleep(TICK)
        late.append(CLOCK.monotonic() - began - TICK)


async def look(folder: Path) -> None:
    """Ask for the impact of every change."""
    store = await Store.open(Spool(path=folder), clock=CLOCK)
    impact = ConfigImpact(
        spool=store, finder=NoOverrides(), encryption=EncryptionLedger(), clock=CLOCK
    )
    for name, settings in CHANGES.items():
        new = msgspec.structs.replace(RELAY, **settings)
        late: list[float] = []
        before, began = memory(), CLOCK.monotonic()
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(tick(late))
            told, considered = await impact.impact(RELAY, new)
            spent = CLOCK.monotonic() - began
            await asyncio.sleep(5 * TICK)
            ticking.cancel()
        late.sort()
        print(
            f"{name:24}: {spent:6.2f} s, {len(told):4} of {considered:,} messages told; late"
            f" {late[-1] * 1e3:5.2f} ms at most, p99 {late[len(late) * 99 // 100] * 1e3:5.2f} ms;"
            f" memory +{memory() - before:.0f} MB"
        )
    await store.close()


def main() -> None:
    """Fill and look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "s")
        fill(folder, count)
        connection = database.open_writer(folder / "queue.db")
        connection.execute(
            "UPDATE recipient SET destination = ? WHERE (key >> 21) % 10 = 0", (BIG,)
        )
        connection.close()
        uvloop.run(look(folder))


if __name__ == "__main__":
    main()
