"""Whom to ask: the name servers of ``dns.servers``, or those of the system.

A server is an address, because a name server's name could not be looked up without one.
The system's are read from ``/etc/resolv.conf`` again once a minute.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from empath.address import IpAddress

SYSTEM: Final = Path("/etc/resolv.conf")
MAX_SERVERS: Final = 8
_REREAD: Final = 60.0
_FORM: Final = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[\d.]+))(?::(?P<port>\d{1,5}))?", re.ASCII)


class NoServers(Exception):
    """There is nobody to ask; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Server:
    """A name server."""

    host: IpAddress
    port: int = 53

    def __str__(self) -> str:
        return (
            f"[{self.host}]:{self.port}" if self.host.version == 6 else f"{self.host}:{self.port}"
        )

    @classmethod
    def parse(cls, text: str) -> Server:
        """Read ``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[2001:db8::1]:5353``.

        Raises `NoServers`, whose sentence shows the forms.
        """
        match = _FORM.fullmatch(text.strip())
        try:
            if match is not None and 0 < (port := int(match["port"] or 53)) < 65536:
                return cls(ipaddress.ip_address(match["v6"] or match["v4"] or ""), port)
            return cls(ipaddress.ip_address(text.strip()))
        except ValueError as error:
            raise NoServers(
                f'dns.servers: "{text}" is not a name server;'
                ' write "192.0.2.1", "192.0.2.1:53" or "[2001:db8::1]:53"'
            ) from error


class Servers:
    """The list of name servers, kept up to date."""

    def __init__(self, path: Path = SYSTEM) -> None:
        self._path = path
        self._system: tuple[Server, ...] = ()
        self._read_at: float | None = None

    def choose(self, configured: Iterable[str], monotonic: float) -> tuple[Server, ...]:
        """The servers to ask, in order.  Raises `NoServers`."""
        named = tuple(Server.parse(text) for text in configured)[:MAX_SERVERS]
        if named:
            return named
        if self._read_at is None or monotonic - self._read_at >= _REREAD:
            self._system, self._read_at = _read_system(self._path), monotonic
        if not self._system:
            raise NoServers(f"{self._path} names no name server; set dns.servers")
        return self._system


def _read_system(path: Path) -> tuple[Server, ...]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return ()
    servers = []
    for words in (line.split() for line in text.splitlines()[:1000]):
        if len(words) > 1 and words[0] == "nameserver":
            try:
                servers.append(Server(ipaddress.ip_address(words[1])))
            except ValueError:
                continue  # What the system's own resolver would pass over as well.
    return tuple(servers[:MAX_SERVERS])
