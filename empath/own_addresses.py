"""The addresses that this machine answers at, so that mail is not sent to itself in circles.

RFC 5321 5.1: a relay that finds itself among the MX hosts of a domain must not deliver to
hosts of equal or lower preference.  Found once at start, without asking the DNS; what the
system does not tell is left out.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Collection, Sequence
from typing import Final

from empath.address import IpAddress, ServerId
from empath.policy.own_listeners import LOOPBACK, Place, is_localhost

# Addresses for documentation (RFC 5737, RFC 3849): "connecting" a datagram socket sends
# nothing, it only makes the system choose the address that packets would leave from.
_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def own_addresses(binds: Sequence[ServerId]) -> Collection[IpAddress]:
    """The addresses of the listeners at *binds*; a wildcard stands for those of the machine."""
    own: set[IpAddress] = set()
    for bind in binds:
        with contextlib.suppress(ValueError):
            own.add(ipaddress.ip_address(bind.host))
    if any(address.is_unspecified for address in own):
        own = {address for address in own if not address.is_unspecified} | _machine_addresses()
    return frozenset(own)


def own_listeners(binds: Sequence[ServerId]) -> Collection[Place]:
    """Where the listeners at *binds* answer, with their ports; a wildcard stands for the
    addresses of the machine, and for itself.
    """
    own: set[Place] = set()
    for bind in binds:
        if is_localhost(bind.host):
            own.update((address, bind.port) for address in LOOPBACK)
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(bind.host)
            own.add((address, bind.port))
            if address.is_unspecified:
                own.update((each, bind.port) for each in _machine_addresses())
    return frozenset(own)


def _machine_addresses() -> set[IpAddress]:
    found = set(LOOPBACK)
    for family, elsewhere in _ELSEWHERE:
        with (
            contextlib.suppress(OSError, ValueError),
            socket.socket(family, socket.SOCK_DGRAM) as one,
        ):
            one.connect((elsewhere, 25))
            found.add(ipaddress.ip_address(one.getsockname()[0]))
    return found
