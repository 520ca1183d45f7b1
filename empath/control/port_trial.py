"""Whether ports that a restart will open could be opened now.

A restart that fails over a port leaves no engine: a plan tells before.  Each new one is bound for
an instant, never listened at, so no client is taken; what is not tried (a name that is not resolved
in time, a port that we have ourselves) is not told of.  A doubt, not a fault: whoever has the port
may be the one that Empath comes in the place of.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from empath.address import ServerId
from empath.config.model import Config
from empath.config.renewal import Doubt, Renewal
from empath.inbound.listener import why_not

PATIENCE: Final = 2.0
"""Seconds for names to be resolved."""
_METRICS: Final = "metrics.bind"

_Place: TypeAlias = tuple[int, Any]
"""Family and socket address."""


async def try_ports(old: Config, new: Config) -> Renewal:
    """The ports that *new* wants and that are not open with *old*: tried, and let go of."""
    before = set(_wanted(old).values())
    fresh = {key: bind for key, bind in _wanted(new).items() if bind not in before}
    doubts: tuple[Doubt, ...] = ()
    if fresh:
        try:
            async with asyncio.timeout(PATIENCE):
                doubts = await asyncio.to_thread(_doubts, fresh, before)
        except TimeoutError:
            pass  # the restart resolves it, or says why not
    return Renewal(_nothing, doubts=doubts)


def _nothing() -> None:
    """There is nothing to take: the ports wait for the restart."""


def _wanted(config: Config) -> dict[str, ServerId]:
    """The ports of *config*, by the place of the setting."""
    found = {f"listener[{number}].bind": one.bind for number, one in enumerate(config.listener)}
    return found if config.metrics.bind is None else {**found, _METRICS: config.metrics.bind}


def _doubts(fresh: dict[str, ServerId], before: Iterable[ServerId]) -> tuple[Doubt, ...]:
    ours = [place for bind in before for place in _places(bind)]
    found = []
    for key, bind in fresh.items():
        for place in _places(bind):
            error = None if any(_meet(place, one) for one in ours) else _refused(place)
            if error is not None:
                table = "[metrics]" if key == _METRICS else "this [[listener]]"
                why = why_not(bind, error, table=table)
                found.append(Doubt(key, f"Empath could not start with this now: {why}"))
                break
    return tuple(found)


def _places(bind: ServerId) -> Iterator[_Place]:
    try:
        found = socket.getaddrinfo(
            bind.host, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError:
        return
    yield from ((family, address) for family, _, _, _, address in found)


def _meet(one: _Place, other: _Place) -> bool:
    """Could only one of these two be open?"""
    if one[0] != other[0] or one[1][1] != other[1][1]:
        return False
    first, second = ipaddress.ip_address(one[1][0]), ipaddress.ip_address(other[1][0])
    return first == second or first.is_unspecified or second.is_unspecified


def _refused(place: _Place) -> OSError | None:
    """Why one could not listen at *place*."""
    family, address = place
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            # As asyncio opens them.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tried.bind(address)
    except OSError as error:
        return error
    return None
