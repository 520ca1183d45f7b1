"""Proofs of where mail goes and as whom: `[[route]]`, `[[destination]]`, addresses, authorities.

User name, password and the address for IPv6 are shown in what a connection is known by: they go
over TLS only, and loopback has but one such address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from empath.address import Domain
from empath.config.units import Secret
from empath.delivery.connecting import key_of
from empath.delivery.pool import Key
from empath.delivery.route import Route, Target
from empath.policy.tls import need
from tests.config.proof import Look, Proof
from tests.config.proofs_delivery import (
    ALONE,
    THERE,
    _outcome,
    at_one_destination,
    burst,
    in_chunks,
    mail,
    together,
    wait,
)
from tests.fakes.reloading import Reloading


async def _target(parts: Reloading, domain: Domain = THERE) -> Target:
    """The first host that mail for *domain* is sent to."""
    found = await parts.finder.find(domain)
    assert isinstance(found, Route)
    return found.targets[0]


async def _host(parts: Reloading) -> bool:
    """Is it the route's?"""
    return (await _target(parts)).port == parts.mx.port


async def _source_of_route(parts: Reloading) -> bool:
    """Does the route say where mail for elsewhere.test goes?"""
    return (await _target(parts, Domain("elsewhere.test"))).fixed is not None


async def _port(parts: Reloading) -> int:
    return (await _target(parts, Domain("elsewhere.test"))).port


async def _key(parts: Reloading) -> Key:
    """What a connection for there.test is known by."""
    config, target = parts.standing.current(), await _target(parts)
    wanted = need(target.fixed, None, config.delivery.tls.policy, override=False)
    return key_of(target, wanted, config)


async def _username(parts: Reloading) -> str:
    return (await _key(parts)).username


async def _password(parts: Reloading) -> Secret:
    return (await _key(parts)).password


async def _source_v6(parts: Reloading) -> str | None:
    return (await _key(parts)).sources[1]


async def _from(parts: Reloading) -> str:
    """The address that a message comes from."""
    await parts.attempt(mail(parts))
    return parts.mx.peers[-1]


async def _allowed(parts: Reloading) -> bool:
    """May a host that the DNS named have an address of loopback?"""
    named = replace(await _target(parts), host="[127.0.0.1]", fixed=None)
    return isinstance(await parts.finder.addresses(named), tuple)


async def _authority(parts: Reloading) -> str:
    """Who is trusted to vouch for a host."""
    context = await parts.engine.contexts.get(verify=True)
    [authority] = context.get_ca_certs()
    return str(dict(part[0] for part in authority["subject"])["organizationalUnitName"])


async def _tls_there(parts: Reloading) -> str:
    return await _outcome(parts)


ROUTE: Final = '[[route]]\ndomain = "there.test"'
TO_MX: Final = f'{ROUTE}\nhost = "127.0.0.1:@MX@"'
AT_MX: Final = '[[route]]\nhost = "127.0.0.1:@MX@"'
DESTINATION: Final = '[[destination]]\ndomain = "there.test"'
BELOW: Final = '[[destination]]\ndomain = ".there.test"'


def _route(old: str, new: str, look: Look, was: object, becomes: object, more: str = "") -> Proof:
    return Proof(old, new, look, was, becomes, table=f"{TO_MX}\n{more}")


ROUTING: Final[Mapping[str, Proof]] = {
    "route.domain": Proof(
        '"elsewhere.test"', '"there.test"', _source_of_route, True, False, table=AT_MX
    ),
    "route.host": Proof('"127.0.0.1:@MX@"', '"127.0.0.1:@MX2@"', _host, True, False, table=ROUTE),
    "route.tls": _route('"starttls"', '"none"', _outcome, "Deferred", "Delivered"),
    "route.username": _route('"ada"', '"bob"', _username, "ada", "bob", 'password = "secret"'),
    "route.password": _route(
        '"first"', '"second"', _password, Secret("first"), Secret("second"), 'username = "ada"'
    ),
    "route.source_address": _route('"127.0.0.2"', '"127.0.0.3"', _from, "127.0.0.2", "127.0.0.3"),
    "route.source_address_v6": _route('"::1"', '"::2"', _source_v6, "::1", "::2"),
    "destination.domain": Proof(
        '"there.test"',
        '"elsewhere.test"',
        _outcome,
        "Failed",
        "Delivered",
        table='[[destination]]\ntls = "required"',
    ),
    "destination.tls": Proof(
        '"required"', '"opportunistic"', _tls_there, "Failed", "Delivered", table=DESTINATION
    ),
    "destination.pipelining": Proof("false", "true", together, False, True, table=DESTINATION),
    "destination.chunking": Proof("false", "true", in_chunks, False, True, table=DESTINATION),
    "destination.concurrency": Proof("3", "1", at_one_destination, 3, 1, ALONE, table=DESTINATION),
    "destination.rate": Proof(
        '"1/s"', '"2/s"', wait, 1.0, 0.5, {"delivery.burst": "1"}, table=BELOW
    ),
    "destination.burst": Proof("1", "2", burst, 1, 2, {"delivery.rate": '"1/s"'}, table=BELOW),
    "delivery.port": Proof("25", "26", _port, 25, 26),
    "delivery.allow_networks": Proof("[]", '["127.0.0.0/8"]', _allowed, False, True),
    "delivery.source_address": Proof('"127.0.0.2"', '"127.0.0.3"', _from, "127.0.0.2", "127.0.0.3"),
    "delivery.source_address_v6": Proof('"::1"', '"::2"', _source_v6, "::1", "::2"),
    "delivery.tls.ca_file": Proof(
        '"@FOLDER@/one.pem"', '"@FOLDER@/two.pem"', _authority, "one", "two"
    ),
}
