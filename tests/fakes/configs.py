"""Any config at all, for properties: made from the model's own declarations, within their bounds.

`configs` gives whole `Config` values that pass every check of `empath.config.checks`, so that what
is written from one can be read again.  A setting that is added to the model is drawn from then on;
one of a new type needs its line in `_KINDS`.
"""

from __future__ import annotations

import enum
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from msgspec.structs import replace

from empath.address import BannerHostname, Domain, ServerId
from empath.config.checks import UNNAMED
from empath.config.fields import REQUIRED, Setting, element_of, settings_of
from empath.config.locate import KeyPath
from empath.config.model import (
    Config,
    Listener,
    PriorityRule,
    PrioritySettings,
    Retry,
    Route,
    Section,
    Tls,
    TlsPolicy,
)
from empath.config.units import (
    ByteSize,
    Duration,
    Ipv4Source,
    Ipv6Source,
    Network,
    Rate,
    Secret,
    parse_network,
)

MOST: Final = 10**9
"""Stands for the upper bound of a setting that has none."""

names: Final = st.lists(
    st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8), min_size=2, max_size=3
).map(lambda labels: ".".join((*labels[:-1], f"x{labels[-1]}")))  # no address has such an end
ports: Final = st.integers(1, 65535)
servers: Final = st.one_of(
    st.builds("{}:{}".format, names, ports),
    st.builds("[2001:db8::{:x}]:{}".format, st.integers(1, 999), ports),
).map(ServerId)
domains: Final = st.one_of(names, names.map(".{}".format), st.just("*"))
# Printable, with everything that a quoted text of TOML has to escape.
words: Final = st.text(
    string.ascii_letters + string.digits + " \"\\'#=[]{}.,äß漢–\u00a1", max_size=12
)
secrets: Final = st.text(string.printable.strip(), min_size=4, max_size=20).map(Secret)
paths: Final = st.lists(
    st.text("abz._- äß'\"", min_size=1, max_size=6), min_size=1, max_size=3
).map(lambda parts: Path("/etc", *(f"{part}x" for part in parts)))
networks: Final = st.builds(
    "{}.{}.0.0/{}".format, st.integers(1, 223), st.integers(0, 255), st.integers(8, 32)
).map(parse_network) | st.integers(0, 255).map(
    lambda octet: parse_network(f"2001:db8:{octet}::/48")
)


def numbers(setting: Setting, kind: type[float], step: int) -> st.SearchStrategy[Any]:
    """Numbers within the bounds of *setting*, the bounds themselves often among them."""
    low = 0 if setting.low is None else setting.low
    high = MOST if setting.high is None else setting.high
    inside = st.integers(round(low * step), round(high * step)).map(lambda number: number / step)
    return st.one_of(st.sampled_from([low, high]), inside).map(kind)


def values(setting: Setting) -> st.SearchStrategy[Any]:
    """Any value that a plain setting may have, as far as its own declaration says."""
    element = element_of(setting.kind)
    if element is not None:
        return st.lists(_plain(setting, element), max_size=3, unique=True).map(tuple)
    drawn = _plain(setting, setting.kind)
    return st.none() | drawn if setting.optional else drawn


def _plain(setting: Setting, kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if kind in (int, ByteSize):
        return numbers(setting, kind, 1)
    if kind in (float, Duration, Rate):
        return numbers(setting, kind, 1000)
    return _KINDS[kind]


_KINDS: Final[Mapping[Any, st.SearchStrategy[Any]]] = {
    bool: st.booleans(),
    str: words,
    Path: paths,
    Secret: secrets,
    Network: networks,
    Domain: names.map(Domain),
    BannerHostname: names.map(lambda name: BannerHostname(f"mx.{name}")),
    ServerId: servers,
    Ipv4Source: st.integers(1, 254).map(lambda octet: Ipv4Source(f"192.0.2.{octet}")),
    Ipv6Source: st.integers(1, 999).map(lambda number: Ipv6Source(f"2001:db8::{number:x}")),
}

SPECIAL: Final[Mapping[KeyPath, st.SearchStrategy[Any]]] = {
    ("route", "domain"): domains,
    ("destination", "domain"): domains,
    ("dns", "servers"): st.lists(
        st.integers(1, 254).map("192.0.2.{}".format) | ports.map("[2001:db8::53]:{}".format),
        max_size=3,
        unique=True,
    ).map(tuple),
    ("metrics", "bind"): st.none() | ports.map(lambda port: ServerId(f"127.0.0.1:{port}")),
    ("monitor", "users"): st.lists(
        st.just("root") | st.integers(0, 2**31).map(str), max_size=3, unique=True
    ).map(tuple),
    ("priority", "rule", "sender"): st.sampled_from(["", "<>"]) | names.map("@{}".format),
    ("priority", "rule", "recipient"): names.map("ada@{}".format),
    ("priority", "rule", "header"): st.sampled_from(["", "X-Kind", 'X-Kind: "a" b']),
}
"""Settings of which the checks ask more than their declarations say."""


def sections(kind: type[Section], path: KeyPath = ()) -> st.SearchStrategy[Any]:
    """Any table of this kind: some settings written, the others left at their defaults."""
    written: dict[str, st.SearchStrategy[Any]] = {}
    for setting in settings_of(kind):
        at = (*path, setting.name)
        if setting.section is not None:
            drawn = sections(setting.section, at)
        elif setting.repeated is not None:
            drawn = st.lists(sections(setting.repeated, at), max_size=3).map(tuple)
        else:
            drawn = SPECIAL.get(at, values(setting))
        if setting.default is not REQUIRED:
            drawn = st.just(setting.default) | drawn
        written[setting.name] = drawn
    return st.builds(kind, **written)


def configs(
    *, with_secrets: bool = True, private_file: Path | None = None
) -> st.SearchStrategy[Config]:
    """Any config that passes the checks.

    Without *with_secrets* no password is set.  With *private_file*, which must exist with mode
    0600 and hold a certificate, every certificate, key and list of authorities is that file; else
    such paths name nothing, and only reading the config again would find that out.
    """
    return sections(Config).map(lambda config: _agreed(config, with_secrets, private_file))


def _agreed(config: Config, with_secrets: bool, private_file: Path | None) -> Config:
    """The config with its settings made to agree with each other, as the checks want it."""
    retry = config.delivery.retry
    cap = max(retry.base, retry.cap)
    notice = min(retry.delay_notice, Duration(round(retry.expiry) // 2))
    tls = config.delivery.tls
    if tls.ca_file is not None and private_file is not None:
        tls = replace(tls, ca_file=private_file)
    listeners = tuple(
        _listener(listener, private_file)
        for listener in _unique(config.listener, "bind")
        if listener.bind != config.metrics.bind
    ) or (Listener(bind=ServerId("127.0.0.2:1")),)
    policies = (tls.policy, *(each.tls for each in config.destination))
    verified = TlsPolicy.VERIFY in policies
    own = {listener.bind for listener in listeners}
    spool = config.spool
    if not spool.path.is_absolute():  # the default, which reading a config resolves
        spool = replace(spool, path=Path("/var/spool/empath"))
    return replace(
        config,
        hostname=BannerHostname("mx.example.org")
        if config.hostname == UNNAMED  # which a relay must not be called
        else config.hostname,
        spool=spool,
        listener=listeners,
        route=tuple(
            _route(route, with_secrets, verified=verified)
            for route in _unique(config.route, "domain")
            if route.host not in own
        ),
        destination=_unique(config.destination, "domain"),
        priority=_priority(config.priority, listeners),
        delivery=replace(config.delivery, retry=_retry(retry, cap, notice), tls=tls),
    )


def _unique(tables: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    return tuple({getattr(table, name): table for table in tables}.values())


def _listener(listener: Listener, private_file: Path | None) -> Listener:
    if listener.tls is Tls.NONE:
        return replace(listener, certificate=None, key=None)
    return replace(
        listener,
        certificate=private_file or listener.certificate or Path("/etc/tls/chain.pem"),
        key=private_file or listener.key or Path("/etc/tls/key.pem"),
    )


def _route(route: Route, with_secrets: bool, *, verified: bool) -> Route:
    if verified and route.host.host.startswith("2001:"):  # an address has no name to verify
        route = replace(route, host=ServerId(f"mx.example.org:{route.host.port}"))
    if not (with_secrets and route.password and route.username):
        return replace(route, username="", password=Secret(""))
    return replace(route, tls=None if route.tls is Tls.NONE else route.tls)


def _priority(settings: PrioritySettings, listeners: tuple[Listener, ...]) -> PrioritySettings:
    def agreed(rule: PriorityRule) -> PriorityRule:
        listener = str(listeners[0].bind) if rule.listener else ""
        named = rule.sender or rule.recipient or rule.header or listener
        return replace(rule, listener=listener, sender=rule.sender if named else "<>")

    return replace(settings, rule=tuple(map(agreed, settings.rule)))


def _retry(retry: Retry, cap: Duration, notice: Duration) -> Retry:
    return replace(retry, cap=cap, delay_notice=notice)
