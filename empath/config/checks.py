"""What settings must be true of each other, and of the machine: checked after each by itself.

Every check looks at one typed config and complains through the reader.  Where a value could not be
read, something else stands in, maybe None, and `Reader.usable` says so: the check that needs it is
left out, all others are made, so that an operator is told everything at once.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from empath.address import BadAddress, BannerHostname, Domain, IpAddress, ServerId
from empath.config.authorities import check_authorities
from empath.config.model import Config, Destination, Mode, Route, Tls
from empath.config.private_file import check_file, check_private_file
from empath.config.read import Reader
from empath.config.sockets import check_sockets
from empath.config.values import Unfit, quote
from empath.config.verifiable import check_verifiable

UNNAMED: Final = BannerHostname("localhost.localdomain")
"""The host name of a machine that has no full name."""

_DNS_PORT: Final = 53
_FIELD_NAME: Final = re.compile(r"[!-9;-~]+")  # RFC 5322 2.2
_ADDRESS_PATTERN: Final = re.compile(r"<>|[^\s@]*(?:@|\.)[^\s@]+|[^@]+@[^\s@]+")


def check_config(config: Config, reader: Reader) -> None:
    """Report everything in *config* that does not fit together."""
    _check_listeners(config, reader)
    _check_routes(config, reader)
    _check_destinations(config, reader)
    _check_priority(config, reader)
    check_verifiable(config, reader)
    _check_delivery_tls(config, reader)
    _check_relay(config, reader)
    _check_retry(config, reader)
    _check_dns(config, reader)
    _check_metrics(config, reader)
    check_sockets(config, reader)


def _check_listeners(config: Config, reader: Reader) -> None:
    if not config.listener:
        reader.complain(
            ("listener",), 'there must be at least one, such as bind = "127.0.0.1:1025"'
        )
    seen: dict[tuple[str, int], int] = {}
    for number, bind in _binds(config, reader):
        first = seen.setdefault(_place(bind), number)
        if first != number:
            reader.complain(
                ("listener", number, "bind"),
                f"listener[{first}] listens at {config.listener[first].bind} already;"
                " give it another port",
            )
    for number, listener in enumerate(config.listener):
        at = ("listener", number)
        for name, path in (("certificate", listener.certificate), ("key", listener.key)):
            if path is None and listener.tls is not Tls.NONE:
                reader.complain(
                    (*at, name), f'is missing: tls = "{listener.tls}" needs it', (*at, "tls")
                )
            elif path is not None and listener.tls is Tls.NONE:
                reader.complain(
                    (*at, name),
                    f'has no use while tls is "none"; set tls = "starttls", or remove {name}',
                    (*at, "tls"),
                )
            elif path is not None:
                try:
                    if name == "key":
                        check_private_file(path)
                    else:
                        check_file(path)
                except Unfit as error:
                    reader.refer((*at, name), error)


def _binds(config: Config, reader: Reader) -> list[tuple[int, ServerId]]:
    """Where each listener listens, as far as that is known, and its place."""
    return [
        (number, listener.bind)
        for number, listener in enumerate(config.listener)
        if reader.usable(("listener", number, "bind"))
    ]


def _check_priority(config: Config, reader: Reader) -> None:
    everywhere = tuple(("listener", number, "bind") for number in range(len(config.listener)))
    binds = [str(bind) for _, bind in _binds(config, reader)]
    for number, rule in enumerate(config.priority.rule):
        at = ("priority", "rule", number)
        if not (rule.sender or rule.recipient or rule.listener or rule.header):
            reader.complain(
                (*at, "give"),
                "would be given to all mail; name a sender, recipient, listener or header",
                *((*at, name) for name in ("sender", "recipient", "listener", "header")),
            )
        if rule.listener and rule.listener not in binds and reader.usable(*everywhere):
            reader.complain(
                (*at, "listener"),
                f"no listener has this `bind`; there are {', '.join(binds)}"
                f" (got {quote(rule.listener)})",
            )
        if rule.header and _FIELD_NAME.fullmatch(rule.field) is None:
            reader.complain(
                (*at, "header"),
                f'must be "Name" or "Name: value" of a header field (got {quote(rule.header)})',
            )
        for name, pattern in (("sender", rule.sender), ("recipient", rule.recipient)):
            if pattern and not _ADDRESS_PATTERN.fullmatch(pattern):
                reader.complain(
                    (*at, name),
                    'must be "user@example.org", "@example.org", ".example.org" or "<>"'
                    f" (got {quote(pattern)})",
                )


def _check_routes(config: Config, reader: Reader) -> None:
    own = {_place(bind) for _, bind in _binds(config, reader)}
    _check_domains(
        reader, "route", config.route, 'route[{}] is for "{}" already; a domain has one route'
    )
    for number, route in enumerate(config.route):
        at = ("route", number)
        if reader.usable((*at, "host")) and _answers(own, route.host):
            reader.complain(
                (*at, "host"),
                f"{route.host} is a listener of this Empath; its mail would go round in circles",
            )
        password, username = (*at, "password"), (*at, "username")
        if route.password and not route.username:
            reader.complain(username, "is missing: a password needs a user name", password)
        if route.username and not route.password:
            reader.complain(password, "is missing: a user name needs a password", username)
        if route.password and route.tls is Tls.NONE:
            reader.complain(
                (*at, "tls"),
                'a password is sent over TLS only; set tls = "starttls" or "implicit"',
                password,
            )


def _check_destinations(config: Config, reader: Reader) -> None:
    _check_domains(
        reader,
        "destination",
        config.destination,
        'destination[{}] is for "{}" already; put the settings together',
    )


def _check_domains(
    reader: Reader, section: str, tables: Sequence[Route | Destination], taken: str
) -> None:
    """Each domain is one, and has one table; *taken* says by which it has one already."""
    seen: dict[str, int] = {}
    for number, table in enumerate(tables):
        at = (section, number, "domain")
        if not reader.usable(at):
            continue
        try:
            domain = route_domain(table.domain)
        except BadAddress as error:
            reader.reject(
                at,
                f'{error}; write "example.org", ".example.org" or "*" (got {quote(table.domain)})',
            )
            continue
        first = seen.setdefault(domain, number)
        if first != number:
            reader.complain(at, taken.format(first, domain))


def _check_delivery_tls(config: Config, reader: Reader) -> None:
    if config.delivery.tls.ca_file is not None:
        try:
            check_authorities(config.delivery.tls.ca_file)
        except Unfit as error:
            reader.refer(("delivery", "tls", "ca_file"), error)


def route_domain(text: str) -> str:
    """The domain of a route in its one spelling: ``*``, ``.example.org`` or ``example.org``.

    Raises `BadAddress`.
    """
    if text == "*":
        return text
    dot = "." if text.startswith(".") else ""
    return dot + Domain(text.removeprefix("."))


def _check_relay(config: Config, reader: Reader) -> None:
    for number, network in enumerate(config.relay.networks):
        at = ("relay", "networks", number)
        if reader.usable(at) and network.prefixlen == 0:
            reader.complain(
                at,
                f"{network} is the whole world: that is an open relay, which spammers find within"
                " hours; name your own networks",
            )
    if config.mode is not Mode.RELAY or config.hostname != UNNAMED:
        return
    domains = [("route", number, "domain") for number in range(len(config.route))]
    if reader.usable(*domains) and all(route.domain != "*" for route in config.route):
        reader.complain(
            ("hostname",),
            "is missing and this machine has no full name; MX hosts refuse mail from one without:"
            ' write hostname = "mail.example.org" with its name in the DNS, or send all mail to a'
            ' smarthost with a [[route]] for "*"',
            ("route",),
            ("mode",),
        )


def _check_retry(config: Config, reader: Reader) -> None:
    retry = config.delivery.retry
    at = ("delivery", "retry")
    base, cap = (*at, "base"), (*at, "cap")
    if retry.cap < retry.base:
        reader.complain(
            cap if cap in reader.written else base,
            f'cap ("{retry.cap}") must not be shorter than base ("{retry.base}")',
            base,
            cap,
        )
    notice, expiry = (*at, "delay_notice"), (*at, "expiry")
    if retry.delay_notice >= retry.expiry:
        reader.complain(
            notice if notice in reader.written else expiry,
            f'delay_notice ("{retry.delay_notice}") must be shorter than expiry'
            f' ("{retry.expiry}"); 0 sends no notice',
            notice,
            expiry,
        )


def _check_dns(config: Config, reader: Reader) -> None:
    for number, server in enumerate(config.dns.servers):
        at = ("dns", "servers", number)
        if reader.usable(at) and name_server(server) is None:
            reader.complain(
                at,
                'must be an address, such as "192.0.2.53", "192.0.2.53:5353" or'
                f' "[2001:db8::53]:53" (got {quote(server)})',
            )


def name_server(text: str) -> tuple[IpAddress, int] | None:
    """Address and port of a name server as `dns.servers` writes it; None when it is neither."""
    try:
        return ipaddress.ip_address(text.removeprefix("[").removesuffix("]")), _DNS_PORT
    except ValueError:
        pass
    try:
        server = ServerId(text)
        return ipaddress.ip_address(server.host), server.port
    except ValueError:
        return None


def _check_metrics(config: Config, reader: Reader) -> None:
    bind = config.metrics.bind
    if bind is None or not reader.usable(("metrics", "bind")):
        return
    try:
        loopback = ipaddress.ip_address(_place(bind)[0].strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        reader.complain(
            ("metrics", "bind"),
            f"{bind} is no address of loopback: anybody who reaches it could read the figures;"
            ' write "127.0.0.1:9925" and put a proxy with a password before it',
        )
    for number, other in _binds(config, reader):
        if _place(other) == _place(bind):
            reader.complain(
                ("metrics", "bind"), f"listener[{number}] listens at {bind}; choose another port"
            )


def _place(server: ServerId) -> tuple[str, int]:
    """Host and port in one spelling."""
    host = "127.0.0.1" if server.host.lower() == "localhost" else server.host.lower()
    with contextlib.suppress(ValueError):
        host = str(ipaddress.ip_address(host))
    return host, server.port


def _answers(listeners: set[tuple[str, int]], server: ServerId) -> bool:
    """Does one of the listeners answer at this server, as far as its spelling can tell?"""
    host, port = _place(server)
    if (host, port) in listeners:
        return True
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return loopback and any((every, port) in listeners for every in ("0.0.0.0", "::"))  # noqa: S104 - compared, not bound
