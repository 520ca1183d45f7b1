"""What parts of the engine do when the config is swapped."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.address import Domain
from empath.bus import Bus
from empath.config.model import Config, Dns, Spool
from empath.config.units import ByteSize, Duration
from empath.control.renewals import renewals
from empath.inbound.listener import Reception
from empath.resolver import Resolver
from empath.spool.face import SpoolFull
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.name_server import NameServer, always


async def test_limits_of_the_spool_and_answers_of_the_dns_follow_the_config(
    tmp_path: Path,
) -> None:
    """Not before they are taken; answers go only when a setting of [dns] has changed."""
    clock, bus = HandClock(), Bus()
    async with NameServer(always("example.org. 600 MX 10 mx.example.org.")) as server:
        spool = Spool(path=tmp_path / "spool", min_free=ByteSize(0))
        running = Config(spool=spool, dns=Dns(servers=(server.address,)))

        def current() -> Config:
            return running

        store = await Store.open(running.spool, clock=clock)
        resolver = Resolver(settings=lambda: running.dns, clock=clock)
        reception = Reception(spool=store, config=current, bus=bus, clock=clock)
        parts = renewals(current, reception=reception, engine=None, store=store, resolver=resolver)

        async def reload(new: Config) -> None:
            nonlocal running
            built = [await renew(running, new) for renew in parts]
            running = new
            for one in built:
                one.take()

        await resolver.mail_exchangers(Domain("example.org"))
        full = msgspec.structs.replace(spool, min_free=ByteSize(2**60))
        await reload(msgspec.structs.replace(running, spool=full))
        assert len(resolver.cached()) == 1
        with pytest.raises(SpoolFull):
            store.draft()
        shorter = msgspec.structs.replace(running.dns, cache_ttl=Duration(1))
        await reload(msgspec.structs.replace(running, dns=shorter))
        assert resolver.cached() == ()
        await store.close()
