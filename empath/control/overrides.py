"""DNS overrides that survive a restart: kept in the spool, in force in the route finder.

The spool keeps them as JSON under one key.  What was kept by another version and cannot be
read any more raises `OverridesUnreadable`, whose sentence says how to get rid of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from empath import codec
from empath.address import Domain, ServerId
from empath.control.link import DnsOverride
from empath.delivery.route import RouteFinder
from empath.policy.override import Override
from empath.spool.face import Spool

KEY: Final = "dns.overrides"
"""The spool setting that holds them."""


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


def read_host(text: str) -> ServerId:
    """A host of an override; port 25 where none is given.  Raises `ValueError`."""
    try:
        return ServerId(text)
    except ValueError:
        return ServerId(f"{Domain(text)}:25")
