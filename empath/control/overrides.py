"""DNS overrides that survive a restart: kept in the spool, in force in the route finder.

The spool keeps them as JSON under one key.  What was kept by another version and cannot be
read any more raises `OverridesUnreadable`, whose sentence says how to get rid of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from empath import codec
from empath.address import BadAddress, ServerId
from empath.control.link import DnsOverride, RequestRefused, RequestUnclear
from empath.delivery.route import RouteFinder
from empath.policy.override import Override
from empath.safe_text import safe_text
from empath.spool.face import Spool

KEY: Final = "dns.overrides"
"""The spool setting that holds them."""
_SHOWN: Final = 100


class OverridesUnreadable(Exception):
    """The kept overrides cannot be read; none is in force."""


def listed(finder: RouteFinder) -> tuple[DnsOverride, ...]:
    """The overrides in force."""
    return tuple(
        DnsOverride(
            domain=domain,
            hosts=tuple(map(str, one.hosts)),
            actor=one.actor,
            reason=one.reason,
            since=one.since,
            until=one.until,
        )
        for domain, one in finder.overrides().items()
    )


async def keep_overrides(spool: Spool, finder: RouteFinder) -> None:
    """Write down what is in force.  Raises `empath.spool.face.SpoolRefused`."""
    overrides = listed(finder)
    await spool.keep(KEY, codec.encode(overrides).decode() if overrides else None)


async def load_overrides(spool: Spool, finder: RouteFinder) -> None:
    """Put the kept overrides in force, at start.  Raises `OverridesUnreadable`."""
    text = await spool.setting(KEY)
    if text is None:
        return
    try:
        kept: tuple[DnsOverride, ...] = codec.decode(tuple[DnsOverride, ...], text)
        parsed = [
            (
                one.domain,
                Override(
                    tuple(map(ServerId, one.hosts)), one.actor, one.reason, one.since, one.until
                ),
            )
            for one in kept
        ]
        for domain, override in parsed:
            finder.set_override(domain, override)
    except (msgspec.DecodeError, ValueError) as error:
        raise OverridesUnreadable(
            f"The kept DNS overrides cannot be read and are not in force ({error}):"
            " set them again with `empathctl dns set-override`."
        ) from error


def read_host(text: str, finder: RouteFinder) -> ServerId:
    """A host to re-route mail to; port 25 where none is given.

    Raises `RequestUnclear` for what is none, `RequestRefused` for a listener of our own.
    """
    shown = safe_text(text, _SHOWN)
    if text.count(":") > 1 and not text.startswith("["):
        raise RequestUnclear(
            f'"{shown}" is not a server: an IPv6 address is written in brackets, as "[::1]:25".'
        )
    has_port = "]:" in text if text.startswith("[") else ":" in text
    try:
        server = ServerId(text if has_port else f"{text}:25")
    except BadAddress as error:
        sentence = str(error).replace("the domain is", "the host is")
        raise RequestUnclear(f'"{shown}" is not a server: {sentence}.') from error
    if finder.comes_back(server):
        raise RequestRefused(
            f"{server} is a listener of this Empath: mail sent there would come back."
            " Name another server."
        )
    return server
