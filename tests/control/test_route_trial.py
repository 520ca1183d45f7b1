"""Ways that mail could not go, told before the config is in force."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.address import ServerId
from empath.config.load import parse_config
from empath.config.model import Config, Listener, Route
from empath.config.renewal import Doubt
from empath.control.route_trial import try_routes

OPEN = Config(listener=(Listener(bind=ServerId("127.0.0.1:2525")),))
ROUTE = '[[route]]\ndomain = "*"\nhost = "mx.test:25"\n'


def moved(*hosts: str) -> Config:
    """The listener waits for the restart to be elsewhere; routes lead to *hosts*."""
    routes = tuple(Route(domain=f"d{n}.test", host=ServerId(one)) for n, one in enumerate(hosts))
    listener = (Listener(bind=ServerId("127.0.0.1:2526")),)
    return msgspec.structs.replace(OPEN, listener=listener, route=routes)


async def doubts(new: Config, old: Config = OPEN) -> list[Doubt]:
    """What is told of *new*, of which nothing is taken."""
    found = await try_routes(old, new)
    found.take()
    return list(found.doubts)


def written(text: str) -> Config:
    """A config as it is read."""
    return parse_config(text, file="empath.toml", directory=Path("/etc"), environ={"HOME": "/h"})


async def test_a_route_to_a_listener_that_waits_for_its_restart_is_told() -> None:
    """It is open until then, and what would go there comes back; another port is another server."""
    assert await doubts(moved("127.0.0.1:2530", "127.0.0.1:2525")) == [
        Doubt(
            "route[1].host",
            "127.0.0.1:2525 is a listener of this Empath until the restart; until then this mail"
            " would go round in circles, and waits instead",
        )
    ]


@pytest.mark.parametrize(
    ("bind", "host"),
    [("0.0.0.0:2525", "127.0.0.1:2525"), ("localhost:2525", "[::1]:2525"),
     ("127.0.0.1:2525", "localhost:2525"), ("[::]:2525", "[::1]:2525")],
)  # fmt: skip
async def test_by_whatever_spelling_it_is_found(bind: str, host: str) -> None:
    """As far as nothing has to be looked up."""
    old = Config(listener=(Listener(bind=ServerId(bind)),))
    [found] = await doubts(moved(host), old)
    assert found.key == "route[0].host"
    assert await doubts(moved("mx.test:2525"), old) == []


async def test_an_address_to_connect_from_that_the_machine_lacks_is_told() -> None:
    """For all mail or a route; one of its own is no doubt."""
    new = written(
        ROUTE + 'source_address = "192.0.2.9"\nsource_address_v6 = "2001:db8::9"\n'
        '[delivery]\nsource_address = "192.0.2.9"\n'
    )
    first, second, third = await doubts(new)
    assert first == Doubt(
        "delivery.source_address",
        "192.0.2.9 is no address of this machine: mail that is to come from it would wait until"
        " the machine has that address",
    )
    assert (second.key, third.key) == ("route[0].source_address", "route[0].source_address_v6")
    assert await doubts(written('[delivery]\nsource_address = "127.0.0.1"\n')) == []
