"""Whom to ask."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from empath.resolver.servers import NoServers, Server, Servers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.0.2.1", "192.0.2.1:53"),
        ("192.0.2.1:5353", "192.0.2.1:5353"),
        ("2001:db8::1", "[2001:db8::1]:53"),
        ("[2001:db8::1]", "[2001:db8::1]:53"),
        (" [2001:db8::1]:5353 ", "[2001:db8::1]:5353"),
    ],
)
def test_servers_are_written_as_addresses(text: str, shown: str) -> None:
    """A port may follow; without one it is 53."""
    assert str(Server.parse(text)) == shown


@pytest.mark.parametrize(
    "text", ["ns.example.org", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.300", "[::1", "", "::1:x"]
)
def test_what_is_no_server_is_named_with_the_right_forms(text: str) -> None:
    """A name cannot be asked; the sentence names the setting and shows how it is written."""
    with pytest.raises(NoServers, match=r"dns\.servers: .* write "):
        Server.parse(text)


def test_configured_servers_come_before_the_systems(tmp_path: Path) -> None:
    """With dns.servers set the system's file is not even read."""
    servers = Servers(tmp_path / "missing")
    assert servers.choose(["192.0.2.1"], 0) == (Server(ipaddress.ip_address("192.0.2.1")),)


def test_the_systems_servers_are_read_again_once_a_minute(tmp_path: Path) -> None:
    """A change of resolv.conf is seen without a restart; rubbish in it is passed over."""
    path = tmp_path / "resolv.conf"
    path.write_text("# a comment\nsearch example.org\nnameserver\nnameserver x\nnameserver ::1\n")
    servers = Servers(path)
    assert [str(server) for server in servers.choose((), 0)] == ["[::1]:53"]
    path.write_text("nameserver 192.0.2.53\n")
    assert [str(server) for server in servers.choose((), 59)] == ["[::1]:53"]
    assert [str(server) for server in servers.choose((), 60)] == ["192.0.2.53:53"]


def test_a_system_without_servers_is_told_what_to_set(tmp_path: Path) -> None:
    """No file and an empty file give the same sentence, with the remedy."""
    for path in (tmp_path / "missing", tmp_path / "empty"):
        if path.name == "empty":
            path.write_text("")
        with pytest.raises(NoServers, match=r"names no name server; set dns\.servers"):
            Servers(path).choose((), 0)
