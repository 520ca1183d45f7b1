"""What settings must be true of each other, and of the machine: checked after each by itself.

Every check looks at one typed config and complains through the reader, which leaves out what
only follows from a problem reported already.  A check that cannot tell says nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from typing import Final

from empath.address import BadAddress, BannerHostname, Domain, IpAddress, ServerId
from empath.config.model import Config, Mode, Tls
from empath.config.private_file import check_file, check_private_file
from empath.config.read import Reader
from empath.config.values import Unfit, quote
from empath.config.verifiable import check_verifiable

UNNAMED: Final = BannerHostname("localhost.localdomain")
"""The host name of a machine that has no full name."""

_SOCKET_NAME: Final = "empath.sock"
_SOCKET_LIMIT: Final = 107
"""Octets in the path of a Unix socket (unix(7): 108 with the final NUL)."""
_DNS_PORT: Final = 53
_FIELD_NAME: Final = re.compile(r"[!-9;-~]+")  # RFC 5322 2.2
_ADDRESS_PATTERN: Final = re.compile(r"<>|[^\s@]*(?:@|\.)[^\s@]+|[^@]+@[^\s@]+")


def check_config(config: Config, reader: Reader) -> None:
    """Report everything in *config* that does not fit together."""
    if reader.sound(("listener",)):
        _check_listeners(config, reader)
    if reader.sound(("route",)):
        _check_routes(config, reader)
    if reader.sound(("destination",)):
        _check_destinations(config, reader)
    if reader.sound(("priority",)):
        _check_priority(config, reader)
    if reader.sound(("route",)) and reader.sound(("destination",)):
        check_verifiable(config, reader)
    _check_delivery_tls(config, reader)
    _check_relay(config, reader)
    _check_retry(config, reader)
    _check_dns(config, reader)
    _check_spool(config, reader)
    _check_metrics(config, reader)


def _check_listeners(config: Config, reader: Reader) -> None:
    if not config.listener:
        reader.complain(
            ("listener",), 'there must be at least one, such as bind = "127.0.0.1:1025"'
        )
    seen: dict[tuple[str, int], int] = {}
    for number, listener in enumerate(config.listener):
        at = ("listener", number)
        first = seen.setdefault(_place(listener.bind), number)
        if first != number:
            reader.complain(
                (*at, "bind"),
                f"listener[{first}] listens at {config.listener[first].bind} already;"
                " give it another port",
            )
        for name, path in (("certificate", listener.certificate), ("key", listener.key)):
            if path is None and listener.tls is not Tls.NONE:
                reader.complain((*at, name), f'is missing: tls = "{listener.tls}" needs it')
            elif path is not None and listener.tls is Tls.NONE:
                reader.complain(
                    (*at, name),
                    f'has no use while tls is "none"; set tls = "starttls", or remove {name}',
                )
            elif path is not None:
                try:
                    if name == "key":
                        check_private_file(path)
                    else:
                        check_file(path)
                except Unfit as error:
                    reader.complain((*at, name), str(error))


def _check_priority(config: Config, reader: Reader) -> None:
    binds = [str(listener.bind) for listener in config.listener]
    for number, rule in enumerate(config.priority.rule):
        at = ("priority", "rule", number)
        if not (rule.sender or rule.recipient or rule.listener or rule.header):
            reader.complain(
                (*at, "give"),
                "would be given to all mail; name a sender, recipient, listener or header",
            )
        if rule.listener and rule.listener not in binds:
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
    own = {_place(listener.bind) for listener in config.listener}
    seen: dict[str, int] = {}
    for number, route in enumerate(config.route):
        at = ("route", number)
        try:
            domain = route_domain(route.domain)
        except BadAddress as error:
            reader.complain(
                (*at, "domain"),
                f'{error}; write "example.org", ".example.org" or "*" (got {quote(route.domain)})',
            )
        else:
            first = seen.setdefault(domain, number)
            if first != number:
                reader.complain(
                    (*at, "domain"),
                    f'route[{first}] is for "{domain}" already; a domain has one route',
                )
        if _answers(own, route.host):
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
    seen: dict[str, int] = {}
    for number, destination in enumerate(config.destination):
        at = ("destination", number, "domain")
        try:
            domain = route_domain(destination.domain)
        except BadAddress as error:
            reader.complain(
                at,
                f'{error}; write "example.org", ".example.org" or "*"'
                f" (got {quote(destination.domain)})",
            )
            continue
        first = seen.setdefault(domain, number)
        if first != number:
            reader.complain(
                at, f'destination[{first}] is for "{domain}" already; put the settings together'
            )


def _check_delivery_tls(config: Config, reader: Reader) -> None:
    if config.delivery.tls.ca_file is not None:
        try:
            check_file(config.delivery.tls.ca_file)
        except Unfit as error:
            reader.complain(("delivery", "tls", "ca_file"), str(error))


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
        if network.prefixlen == 0:
            reader.complain(
                ("relay", "networks", number),
                f"{network} is the whole world: that is an open relay, which spammers find within"
                " hours; name your own networks",
            )
    if config.mode is not Mode.RELAY or config.hostname != UNNAMED:
        return
    if not any(route.domain == "*" for route in config.route):
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
        if name_server(server) is None:
            reader.complain(
                ("dns", "servers", number),
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


def _check_spool(config: Config, reader: Reader) -> None:
    path = config.spool.path
    length = len(os.fsencode(path / _SOCKET_NAME))
    if length > _SOCKET_LIMIT:
        reader.complain(
            ("spool", "path"),
            f"is {length - _SOCKET_LIMIT} octets too long for a control socket to lie in it"
            f" (got {quote(str(path))})",
        )
    if path.exists() and not path.is_dir():
        reader.complain(("spool", "path"), f"{path} is not a folder")


def _check_metrics(config: Config, reader: Reader) -> None:
    bind = config.metrics.bind
    if bind is None:
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
    for number, listener in enumerate(config.listener):
        if _place(listener.bind) == _place(bind):
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
