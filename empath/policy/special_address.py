"""Which addresses the DNS may not send our mail to.

Whoever runs a domain chooses the addresses of its MX hosts, and could choose the loopback
interface, a private network or a cloud's metadata service to make the relay speak to it
(SMTP-RULES 3.3, "SSRF by MX").  Such addresses are refused unless the operator allows
their network.  IPv6 forms that carry an IPv4 address are judged by what they carry.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from empath.address import IpAddress
from empath.config.units import Network

_V4: Final = tuple(
    (ipaddress.IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignment"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmark"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6: Final = tuple(
    (ipaddress.IPv6Network(network), word)
    for network, word in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard-only"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


def refused_address(
    address: IpAddress,
    allow: Iterable[Network] = (),
    own: Collection[IpAddress] = (),
) -> str | None:
    """Say what kind of special address this is, such as ``loopback``; None if it may be used.

    *allow* are the networks of `delivery.allow_networks`.  *own* are the addresses that
    Empath itself listens at: mail sent there would come back, so no setting allows them.
    """
    if address in own:
        return "own"
    if any(address.version == network.version and address in network for network in allow):
        return None
    return _kind(address)


def _kind(address: IpAddress) -> str | None:
    if isinstance(address, ipaddress.IPv4Address):
        return next((word for network, word in _V4 if address in network), None)
    for network, word in _V6:
        if address in network:
            return word
    for inner in _embedded(address):
        if kind := _kind(inner):
            return f"embedded {kind}"
    return None


def _embedded(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses inside: mapped, compatible, 6to4, Teredo (both), NAT64."""
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
