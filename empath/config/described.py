"""Settings in the words of the manual: what kind, between which bounds, with which default.

For `docs/CONFIGURATION.md` and for whoever asks about a key while he edits.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from empath.address import BannerHostname, Domain, ServerId
from empath.config.fields import REQUIRED, Setting, element_of, settings_of
from empath.config.locate import KeyPath
from empath.config.model import Config, Section
from empath.config.spelling import spell
from empath.config.units import (
    ByteSize,
    Duration,
    Ipv4Source,
    Ipv6Source,
    Network,
    Rate,
    Secret,
)

_KINDS: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Duration: "duration",
    ByteSize: "size",
    Rate: "rate",
    Network: "network",
    Ipv4Source: "IPv4 address",
    Ipv6Source: "IPv6 address",
    Secret: "secret",
    Path: "path",
    Domain: "domain",
    BannerHostname: "host name",
    ServerId: "server",
}


@dataclass(frozen=True, slots=True)
class Described:
    """One setting, or one table."""

    path: KeyPath
    """Without places or names of tables."""
    key: str
    """As an operator reads it, ``route[].host`` in a table that may be repeated."""
    kind: str
    default: str
    effect: str
    what: str


def described(
    section: type[Section] = Config, path: KeyPath = (), at: str = ""
) -> Iterator[Described]:
    """Every setting and table, in the order of the model."""
    for setting in settings_of(section):
        here, key = (*path, setting.name), f"{at}{setting.name}"
        inner = setting.section or setting.repeated
        if inner is None:
            yield Described(
                here,
                key,
                kind_of(setting).replace("`", ""),
                default_of(setting).replace("`", ""),
                str(setting.effect),
                setting.what,
            )
            continue
        repeated = setting.repeated is not None
        kind = "tables, may be repeated" if repeated else "table"
        yield Described(here, key, kind, "", "", purpose_of(inner))
        yield from described(inner, here, f"{key}[]." if repeated else f"{key}.")


def purpose_of(section: type[Section]) -> str:
    """What a table is for."""
    if section is Config:
        return "These stand before the first `[table]`."
    purpose = re.sub(r"`\[\[[\w.]+\]\]` may be", "It may be", section.__doc__ or "")
    return " ".join(purpose.split())


def kind_of(setting: Setting) -> str:
    """What is written, and between which bounds."""
    element = element_of(setting.kind)
    kind = setting.kind if element is None else element
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return " or ".join(f'`"{member.value}"`' for member in kind)
    word = _KINDS[kind] if element is None else f"list of {_KINDS[kind]}s"
    bounds = _bounds(setting)
    return f"{word}, {bounds}" if bounds else word


def _bounds(setting: Setting) -> str:
    low, high = setting.low, setting.high
    match low is not None, high is not None:
        case True, True:
            return f"{_amount(setting, low)} to {_amount(setting, high)}"
        case True, False:
            return f"at least {_amount(setting, low)}" if low else ""
        case False, True:
            return f"at most {_amount(setting, high)}"
        case _:
            return ""


def _amount(setting: Setting, bound: float | None) -> str:
    if setting.kind in (Duration, ByteSize, Rate):
        return str(setting.kind(bound))
    return f"{bound:.12g}"


def default_of(setting: Setting) -> str:
    """The default as it is written."""
    value = setting.default
    if value is REQUIRED:
        return "must be written"
    if setting.name == "hostname":
        return "the name of the machine"
    if value is None or value in ("", (), Secret("")):
        return "–"
    return f"`{spell(value)}`"
