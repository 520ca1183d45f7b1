"""Which hosts to try for a domain, and in which order (RFC 5321 5.1, RFC 7505).

The order of sources: an operator's override, a ``[[route]]`` of the config (the exact
domain, then the nearest parent written ``.parent``, then ``*``), an address literal, the
MX records, the domain itself.  Everything here decides on answers that the caller got; a
refusal is an outcome whose reply names the domain and what can be done.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, final

from empath.address import Domain, IpAddress, ServerId
from empath.config import model
from empath.config.units import Network
from empath.policy.answer import (
    Answer,
    Found,
    LookupFailed,
    MailExchanger,
    NoSuchName,
    NoSuchRecord,
)
from empath.policy.own_listeners import Place, comes_back
from empath.policy.special_address import refused_address
from empath.reply import Deferred, Failed, Reply

MAX_TARGETS: Final = 20
"""MX hosts that are kept of an answer, best preference first."""
MAX_ADDRESSES: Final = 10
"""Addresses that are tried of one host."""


@dataclass(frozen=True, slots=True)
class Target:
    """One host to try.

    *host* is a host name, or an address: ``192.0.2.1``, ``2001:db8::1`` where the operator
    fixed it, ``[192.0.2.1]`` where the recipient's domain is an address literal.
    """

    host: str
    port: int
    preference: int = 0
    fixed: model.Route | None = None
    """The route that names this host: its TLS and AUTH settings hold, and its addresses are
    not filtered.  None where the DNS named the host."""
    override: bool = False
    """An operator named this host in the place of the route there is."""


@dataclass(frozen=True, slots=True)
class Route:
    """The hosts for a domain, best first; never empty."""

    source: str
    """Where they come from: ``override``, ``route "*"``, ``address literal``, ``MX`` or
    ``domain itself``."""
    targets: tuple[Target, ...]


@final
class FixedRoutes:
    """The ``[[route]]`` sections of one config, found at one look-up a label."""

    __slots__ = ("_by_domain",)

    def __init__(self, routes: Sequence[model.Route]) -> None:
        self._by_domain: dict[str, list[model.Route]] = {}
        for route in routes:
            self._by_domain.setdefault(route.domain.lower(), []).append(route)

    def __repr__(self) -> str:
        return f"<FixedRoutes {len(self._by_domain)}>"

    def key(self, destination: Domain) -> str | None:
        """How the routes that hold for *destination* write their domain; None: there is none."""
        if self._by_domain:
            for key in _route_keys(destination):
                if key in self._by_domain:
                    return key
        return None

    def find(self, destination: Domain, *, port: int) -> Route | None:
        """The route that needs no MX: a ``[[route]]``, or an address literal's own."""
        key = self.key(destination)
        if key is not None:
            return Route(
                f'route "{key}"',
                tuple(
                    Target(route.host.host, route.host.port, place, route)
                    for place, route in enumerate(self._by_domain[key])
                ),
            )
        if destination.literal is not None:
            return Route("address literal", (Target(f"[{destination.literal}]", port),))
        return None


def overridden(destination: Domain, hosts: Sequence[ServerId], routes: FixedRoutes) -> Route:
    """The route to *hosts* in the place of the one there is.

    It takes over that a ``[[route]]`` requires encryption, by STARTTLS: what operators do in a
    hurry must not send in clear what the config keeps from it.  It does not take over its user
    name and password, which are for another host.
    """
    displaced = routes.find(destination, port=0)
    stated = {target.fixed.tls for target in displaced.targets if target.fixed} if displaced else {}
    tls = model.Tls.STARTTLS if {model.Tls.STARTTLS, model.Tls.IMPLICIT} & set(stated) else None
    return Route(
        "override",
        tuple(
            Target(
                host.host,
                host.port,
                place,
                model.Route(domain=destination, host=host, tls=tls),
                override=True,
            )
            for place, host in enumerate(hosts)
        ),
    )


def _route_keys(destination: Domain) -> list[str]:
    """What a ``[[route]]`` for *destination* may be written as, the most specific first."""
    if destination.literal is not None:
        return [destination, "*"]
    labels = destination.split(".")
    return [destination, *("." + ".".join(labels[n:]) for n in range(1, len(labels))), "*"]


def mx_route(
    destination: Domain,
    answer: Answer[MailExchanger],
    *,
    own_names: Collection[str],
    port: int,
    shuffle: Sequence[float],
) -> Route | Deferred | Failed:
    """Read the MX answer for *destination*.

    *own_names* are the names this host has in MX records, in lower case.  *shuffle* holds a
    random number for each record: hosts of equal preference are tried in its order.
    """
    match answer:
        case LookupFailed(sentence):
            return Deferred(
                _reply(
                    451,
                    "4.4.3",
                    f"The mail servers of {destination} could not be looked up: {sentence}."
                    " It is tried again by itself; if it lasts, check dns.servers",
                )
            )
        case NoSuchName():
            return Failed(
                _reply(
                    550,
                    "5.1.2",
                    f"There is no domain {destination}; check the spelling of the address",
                )
            )
        case NoSuchRecord():
            if destination in own_names:
                return Failed(_loop(destination))
            return Route("domain itself", (Target(destination, port),))
        case Found(records):
            return _read_records(
                destination, records, own_names=own_names, port=port, shuffle=shuffle
            )


def _read_records(
    destination: Domain,
    records: Sequence[MailExchanger],
    *,
    own_names: Collection[str],
    port: int,
    shuffle: Sequence[float],
) -> Route | Failed:
    if len(records) == 1 and records[0].text == "." and records[0].preference == 0:
        # RFC 7505 3: exactly this one record; anything else that holds "." is only unusable.
        return Failed(
            _reply(556, "5.1.10", f"The domain {destination} accepts no mail (null MX, RFC 7505)")
        )
    own = [record.preference for record in records if record.host in own_names]
    limit = min(own, default=None)
    # RFC 5321 5.1: our own name and all that is not better would send the mail round in a ring.
    better = [
        (record.preference, draw, record.host)
        for record, draw in itertools.zip_longest(records, shuffle[: len(records)], fillvalue=0.0)
        if isinstance(record, MailExchanger)
        and record.host is not None
        and (limit is None or record.preference < limit)
    ]
    if better:
        # A host that stands there twice is tried once, at its best preference.
        best: dict[Domain, int] = {}
        for preference, _, host in sorted(better):
            best.setdefault(host, preference)
        targets = [Target(host, port, preference) for host, preference in best.items()]
        return Route("MX", tuple(targets[:MAX_TARGETS]))
    if own:
        return Failed(_loop(destination))
    names = ", ".join(record.text for record in records[:3])
    return Failed(
        _reply(
            550,
            "5.4.4",
            f"The MX records of {destination} name no usable host ({names});"
            " whoever runs the domain has to correct them",
        )
    )


def choose_addresses(
    target: Target,
    v6: Answer[IpAddress],
    v4: Answer[IpAddress],
    *,
    allow: Sequence[Network],
    own: Collection[IpAddress],
    listeners: Collection[Place] = (),
) -> tuple[IpAddress, ...] | Deferred | Failed:
    """The addresses of *target* to try, IPv6 and IPv4 in turn (RFC 8305 4); or why there is none.

    Addresses that the DNS may not send us to are left out, unless the target is fixed; those of
    our own *listeners* always.  Nothing is final while one family is not known.
    """
    found = interleave(
        v6.records if isinstance(v6, Found) else (), v4.records if isinstance(v4, Found) else ()
    )
    refused: Failed | None = None
    if found:
        chosen = filter_addresses(target, found, allow=allow, own=own, listeners=listeners)
        if not isinstance(chosen, Failed):
            return chosen
        refused = chosen
    for answer in (v4, v6):
        if isinstance(answer, LookupFailed):
            return Deferred(
                _reply(
                    451,
                    "4.4.3",
                    f"The address of {target.host} could not be looked up: {answer.sentence}."
                    " It is tried again by itself; if it lasts, check dns.servers",
                )
            )
    if refused is not None:
        return refused
    if target.fixed is not None:
        # The operator's slip must not bounce a queue: it waits for the correction.
        return Deferred(
            _reply(
                451,
                "4.4.4",
                f"The host {target.host} of the route for {target.fixed.domain} has no address;"
                " correct the route or the DNS",
            )
        )
    what = "does not exist" if isinstance(v4, NoSuchName) else "has no address"
    return Failed(
        _reply(
            550,
            "5.4.4",
            f"The host {target.host} {what}; whoever runs the domain has to correct its DNS",
        )
    )


def filter_addresses(
    target: Target,
    found: Sequence[IpAddress],
    *,
    allow: Sequence[Network],
    own: Collection[IpAddress],
    listeners: Collection[Place] = (),
) -> tuple[IpAddress, ...] | Deferred | Failed:
    """Leave out what the DNS may not send us to; `Failed` when nothing is left.

    Of what an operator fixed, only our own *listeners* are left out: `Deferred` when nothing else
    is there, for it is his to correct.
    """
    if target.fixed is not None:
        others = tuple(each for each in found if not comes_back(each, target.port, listeners))
        if others:
            return others[:MAX_ADDRESSES]
        return Deferred(
            _reply(
                451,
                "4.4.6",
                f"The host {target.host} of the route for {target.fixed.domain} is this Empath"
                f" itself ({found[0]} port {target.port}): mail would come back. It waits until"
                " the route is corrected",
            )
        )
    kinds = [(address, refused_address(address, allow, own)) for address in found]
    good = tuple(address for address, kind in kinds if kind is None)
    if good:
        return good[:MAX_ADDRESSES]
    address, kind = next((each for each in kinds if each[1] == "own"), kinds[0])
    if kind == "own":
        return Failed(
            _reply(
                550,
                "5.4.6",
                f"The mail server {target.host} is this host ({address}): mail would loop;"
                " add a [[route]] for the domain",
            )
        )
    return Failed(
        _reply(
            550,
            "5.4.4",
            f"The mail server {target.host} has the {kind} address {address}, which mail is not"
            " sent to; add a [[route]] for the domain, or the network to delivery.allow_networks",
        )
    )


def interleave(v6: Sequence[IpAddress], v4: Sequence[IpAddress]) -> tuple[IpAddress, ...]:
    """IPv6 and IPv4 in turn, IPv6 first, each once."""
    pairs = itertools.zip_longest(v6, v4)
    return tuple(dict.fromkeys(a for pair in pairs for a in pair if a is not None))


def _loop(destination: Domain) -> Reply:
    return _reply(
        550,
        "5.4.6",
        f"Mail for {destination} would come back to this host, which is among its best mail"
        " servers; add a [[route]] for the domain",
    )


def _reply(code: int, enhanced: str, text: str) -> Reply:
    return Reply.own(code, enhanced, text)
