"""`empath dev`: nothing that could leave this machine."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec
import pytest

from empath.address import ServerId
from empath.cli.dev import NotForDev, dev_config
from empath.config.model import Config, Listener, Mode, Spool

SPOOL = Spool(path=Path("/var/spool/empath"))


def binds(config: Config) -> list[str]:
    """Where it listens."""
    return [listener.bind for listener in config.listener]


def test_the_defaults_listen_on_loopback_only() -> None:
    """Without a config the dev relay is at port 1025 of every loopback the machine has."""
    config = dev_config(Config(), port=None, spool=None)
    assert config.mode is Mode.DEV
    assert binds(config)[0] == "127.0.0.1:1025"
    assert set(binds(config)) <= {"127.0.0.1:1025", "[::1]:1025"}


def test_a_port_may_be_chosen() -> None:
    """--port moves every listener, whatever the config says."""
    config = dev_config(
        Config(listener=(Listener(bind=ServerId("127.0.0.1:2525")),)), port=3000, spool=None
    )
    assert {listener.bind.port for listener in config.listener} == {3000}


@pytest.mark.parametrize("bind", ["127.0.0.1:2525", "[::1]:2525", "localhost:2525"])
def test_listeners_of_the_config_on_loopback_are_kept(bind: str) -> None:
    """A config that is fit for development is taken at its word."""
    config = Config(listener=(Listener(bind=ServerId(bind)),))
    assert binds(dev_config(config, port=None, spool=None)) == [bind]


@pytest.mark.parametrize("bind", ["0.0.0.0:25", "[::]:25", "192.0.2.1:25", "mx.example.org:25"])
def test_a_listener_that_others_could_reach_is_never_opened(bind: str) -> None:
    """One listener that is not on loopback, and none of the config's is used."""
    config = Config(listener=(Listener(), Listener(bind=ServerId(bind))))
    for listener in dev_config(config, port=None, spool=None).listener:
        assert ipaddress.ip_address(listener.bind.host).is_loopback


def test_a_relays_queue_is_never_touched() -> None:
    """A config for relaying needs a spool of its own for development."""
    relay = Config(mode=Mode.RELAY, spool=SPOOL)
    with pytest.raises(NotForDev, match="/var/spool/empath"):
        dev_config(relay, port=None, spool=None)
    config = dev_config(relay, port=None, spool=Path("captured"))
    assert config.mode is Mode.DEV
    assert config.spool == msgspec.structs.replace(SPOOL, path=Path.cwd() / "captured")
