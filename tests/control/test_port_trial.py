"""Ports that wait for a restart are tried before it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from empath.address import ServerId
from empath.config.model import Config, Listener, Metrics
from empath.config.renewal import Doubt
from empath.control.port_trial import try_ports
from tests.fakes.programs import free_port

OPEN = Config(listener=(Listener(bind=ServerId("127.0.0.1:1")),))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of loopback that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def listening(*binds: str) -> Config:
    """A config with the listener that is open, and these."""
    more = tuple(Listener(bind=ServerId(bind)) for bind in binds)
    return msgspec.structs.replace(OPEN, listener=(*OPEN.listener, *more))


async def doubts(new: Config, old: Config = OPEN) -> list[Doubt]:
    """What is told of *new*, of which nothing is taken."""
    found = await try_ports(old, new)
    found.take()
    return list(found.doubts)


async def test_a_port_in_use_is_told_by_its_setting(taken: int) -> None:
    """By the listener that wants it, or by metrics; all of them."""
    free = free_port()
    new = listening(f"127.0.0.1:{free}", f"127.0.0.1:{taken}", f"localhost:{taken}")
    new = msgspec.structs.replace(new, metrics=Metrics(bind=ServerId(f"127.0.0.1:{taken}")))
    first, second, third = await doubts(new)
    assert first == Doubt(
        "listener[2].bind",
        f"Empath could not start with this now: cannot listen at 127.0.0.1:{taken}: the port is in"
        " use by another program; stop that program, or change `bind` of this [[listener]]",
    )
    assert second.key == "listener[3].bind"
    assert third.key == "metrics.bind"
    assert third.sentence.endswith("or change `bind` of [metrics]")


async def test_an_address_that_is_not_ours_is_told(taken: int) -> None:
    """As the start would say it."""
    [found] = await doubts(listening(f"192.0.2.77:{taken}"))
    assert "this machine does not have that address" in found.sentence


@pytest.mark.parametrize("ours", ["127.0.0.1", "0.0.0.0", "localhost"])
@pytest.mark.parametrize("wanted", ["127.0.0.1", "0.0.0.0"])
async def test_what_our_own_listeners_have_is_free_after_the_restart(
    taken: int, ours: str, wanted: str
) -> None:
    """The port that is in use is the engine's own, under this address or one that covers it."""
    old = Config(listener=(Listener(bind=ServerId(f"{ours}:{taken}")),))
    new = Config(listener=(Listener(bind=ServerId(f"{wanted}:{taken}")),))
    assert await doubts(new, old) == []


async def test_a_port_that_was_tried_is_free(taken: int) -> None:
    """It is let go of at once, and whoever comes next may have it; a name unknown is no doubt."""
    free = free_port()
    assert await doubts(listening(f"127.0.0.1:{free}", "no-such-host.invalid:2525")) == []
    with socket.create_server(("127.0.0.1", free)) as next_one:
        assert next_one.getsockname()[1] == free


async def test_a_port_of_ipv6_is_tried_too() -> None:
    """Where the machine has IPv6; beside the same port of IPv4, as listeners are opened."""
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with other:
        port = other.getsockname()[1]
        [found] = await doubts(listening(f"[::1]:{port}", f"127.0.0.1:{port}"))
        assert "in use" in found.sentence
