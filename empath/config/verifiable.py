"""Whether a host that the config names can prove who it is, where it must.

Certificates name hosts (RFC 6125 6.4): a next hop that is written as an address has no name to
verify, so that with ``tls = "verify"`` no mail would ever go there.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping

from empath.address import ServerId
from empath.config.model import Config, TlsPolicy
from empath.config.read import Reader


def check_verifiable(config: Config, reader: Reader) -> None:
    """Report each setting that asks the address of a `[[route]]` for a name."""
    # Which table is the nearest to a domain is known when the domains of all are.
    route_domains = tuple(("route", number, "domain") for number in range(len(config.route)))
    domains = tuple(("destination", number, "domain") for number in range(len(config.destination)))
    if not reader.usable(("route",), ("destination",), *route_domains, *domains):
        return
    routes = {route.domain.lower(): number for number, route in enumerate(config.route)}
    wanted = {each.domain.lower(): number for number, each in enumerate(config.destination)}
    wanted = {key: number for key, number in wanted.items() if _asks(config, reader, number)}
    for domain, number in wanted.items():
        key = _nearest(domain, routes)
        if key is None or config.destination[number].tls is not TlsPolicy.VERIFY:
            continue
        host = ("route", routes[key], "host")
        if reader.usable(host) and _is_address(server := config.route[routes[key]].host):
            reader.complain(
                ("destination", number, "tls"),
                f'"verify" needs the name of a host, and the [[route]] for "{key}" names an address'
                f' ({server}); write the host\'s name there, or tls = "required" here',
            )
    for number, route in enumerate(config.route):
        at, key = ("route", number, "host"), _nearest(route.domain, wanted)
        if not reader.usable(at) or not _is_address(route.host):
            continue
        if key is not None and config.destination[wanted[key]].tls is TlsPolicy.VERIFY:
            place = wanted[key]
            reader.complain(
                at,
                f'{route.host} is an address, and destination[{place}].tls = "verify" needs the'
                f' name of a host; write its name, or a [[destination]] for "{route.domain}"',
                ("destination", place, "tls"),
            )
        elif key is None and route.tls is None and config.delivery.tls.policy is TlsPolicy.VERIFY:
            reader.complain(
                at,
                f'{route.host} is an address, and delivery.tls.policy = "verify" needs the name of'
                ' a host; write its name, or tls = "starttls" for this route',
                ("delivery", "tls", "policy"),
                ("route", number, "tls"),
            )


def _asks(config: Config, reader: Reader, number: int) -> bool:
    """Does this destination have a requirement of its own, or one that cannot be read?"""
    at = ("destination", number, "tls")
    return config.destination[number].tls is not None or not reader.usable(at)


def _is_address(server: ServerId) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(server.host)
        return True
    return False


def _nearest(domain: str, known: Mapping[str, object]) -> str | None:
    """The entry of *known* that counts for *domain*: itself, its nearest parent, or ``*``."""
    return next((key for key in _keys(domain.lower()) if key in known), None)


def _keys(domain: str) -> Iterator[str]:
    yield domain
    if domain != "*":
        labels = domain.removeprefix(".").split(".")
        yield from ("." + ".".join(labels[n:]) for n in range(1, len(labels)))
        yield "*"
