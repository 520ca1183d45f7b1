"""Whether mail could go the ways of a new config, as this machine is now.

A listener that waits for its restart is still open, so that a route to it would send mail in
circles; an address that the machine lacks lets no connection out.  Doubts, not faults: the mail
would wait and nothing is lost, and the address may come.  Names are not resolved here.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Collection, Iterator
from typing import Final

from empath.address import ServerId
from empath.config.model import Config
from empath.config.renewal import Doubt, Renewal
from empath.delivery.route import written_addresses
from empath.own_addresses import own_listeners
from empath.policy.own_listeners import Place, comes_back

_SETTINGS: Final = ("source_address", "source_address_v6")


async def try_routes(old: Config, new: Config) -> Renewal:
    """What keeps mail from going out with *new*, while the listeners of *old* are open."""
    return Renewal(_nothing, doubts=await asyncio.to_thread(_doubts, old, new))


def _nothing() -> None:
    """There is nothing to take: mail finds out for itself."""


def _doubts(old: Config, new: Config) -> tuple[Doubt, ...]:
    return (*_circles(old, new), *_sources(new))


def _circles(old: Config, new: Config) -> Iterator[Doubt]:
    """Routes to listeners that are open until the restart."""
    listeners = own_listeners([listener.bind for listener in old.listener])
    for number, route in enumerate(new.route):
        if _is_ours(route.host, listeners):
            yield Doubt(
                f"route[{number}].host",
                f"{route.host} is a listener of this Empath until the restart; until then this"
                " mail would go round in circles, and waits instead",
            )


def _is_ours(server: ServerId, listeners: Collection[Place]) -> bool:
    return any(comes_back(each, server.port, listeners) for each in written_addresses(server.host))


def _sources(new: Config) -> Iterator[Doubt]:
    """Addresses to connect from that are not of this machine."""
    known: dict[str, bool] = {}
    said = [("delivery", new.delivery), *((f"route[{n}]", one) for n, one in enumerate(new.route))]
    for place, section in said:
        for name in _SETTINGS:
            address = getattr(section, name)
            if address is None:
                continue
            if address not in known:
                known[address] = _lacks(address)
            if known[address]:
                yield Doubt(
                    f"{place}.{name}",
                    f"{address} is no address of this machine: mail that is to come from it would"
                    " wait until the machine has that address",
                )


def _lacks(address: str) -> bool:
    """Is *address* one that nothing can come from here?"""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.bind((address, 0))
    except OSError as error:
        return error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return False
