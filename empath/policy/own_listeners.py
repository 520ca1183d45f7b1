"""Whether a server is this relay itself, so that mail sent there would come back.

RFC 5321 6.3: loops must be prevented, and nothing that an operator sets may make one.  Beside an
address the port counts: another server may well answer at an address of ours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final

from empath.address import IpAddress

Place = tuple[IpAddress, int]
"""Where a listener answers: address and port; an unspecified address stands for every interface."""

LOOPBACK: Final[tuple[IpAddress, ...]] = (
    ipaddress.IPv4Address("127.0.0.1"),
    ipaddress.IPv6Address("::1"),
)
"""What ``localhost`` means, without asking the DNS (RFC 6761 6.3)."""
_EVERYWHERE: Final = (ipaddress.IPv4Address("0.0.0.0"), ipaddress.IPv6Address("::"))  # noqa: S104 - compared, not bound


def is_localhost(host: str) -> bool:
    """Is *host* a name of loopback (RFC 6761 6.3)?"""
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def comes_back(address: IpAddress, port: int, listeners: Collection[Place]) -> bool:
    """Does a connection to *address* and *port* reach one of *listeners*?"""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_unspecified:  # the system connects it to loopback
        address = LOOPBACK[address.version == 6]
    if (address, port) in listeners:
        return True
    return address.is_loopback and any((every, port) in listeners for every in _EVERYWHERE)
