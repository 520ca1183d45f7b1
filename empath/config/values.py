"""One TOML value to one typed value: text, numbers, durations, sizes, words, choices.

Each reader takes what `tomllib` made of the file and returns the setting's own type, or
raises `Unfit`, whose sentence says what is wrong, what was found and how it is written.
"""

from __future__ import annotations

import datetime as dt
import difflib
import enum
from collections.abc import Callable
from typing import Any, Final

from empath.address import BadAddress, BannerHostname, Domain, ServerId
from empath.config.fields import Setting
from empath.config.units import (
    BadUnit,
    ByteSize,
    Duration,
    Ipv4Source,
    Ipv6Source,
    Network,
    Rate,
    parse_network,
)
from empath.safe_text import safe_text

_MASKED: Final = "••"
"""In what is shown for a secret, cut or altered, and in no secret."""
_NAMES: Final[dict[type, str]] = {list: "a list", dict: "a table"}


class Unfit(ValueError):
    """A value does not fit its setting; the message is the sentence for the operator."""


class Elsewhere(Unfit):
    """A secret that this process was not given, or may not read, which the engine may."""

    def __init__(self, question: str, sentence: str) -> None:
        """*question* is what the engine would be asked, such as whether it ``has …``; *sentence*
        is for the engine, which needs the secret.
        """
        super().__init__(sentence)
        self.warning = f"warning: only the engine can tell whether it {question}"


def quote(text: str) -> str:
    """A value of the file as an error shows it."""
    return f'"{safe_text(text, 60)}"'


def shape(raw: object) -> str:
    """What was written instead, for "(got …)"."""
    match raw:
        case bool():
            return "true" if raw else "false"
        case int() | float():
            return repr(raw) if abs(raw) < 2**63 else "a huge number"
        case str():
            return f"text {quote(raw)}"
        case dt.date() | dt.time():
            return "a date or time"
        case _:
            return _NAMES[type(raw)]


def read_text(raw: object) -> str:
    """Text that can be shown as it is."""
    if not isinstance(raw, str):
        raise Unfit(f"must be text in quotes (got {shape(raw)})")
    if raw != safe_text(raw, len(raw) + 1):
        raise Unfit("holds characters that cannot be shown, such as a line break or escape")
    return raw


def plain_secret(text: str) -> str:
    """A secret without the characters no login can carry (RFC 4616: no NUL).

    What was put in the place of one so that it is not shown is none, wherever it comes from: those
    of a draft were turned back into secrets before it is read.
    """
    if any(character in text for character in "\0\r\n"):
        raise Unfit("holds a line break or NUL")
    if _MASKED in text:
        raise Unfit(
            "is a placeholder that stands for a secret, or what is left of one: a text with"
            " placeholders as they were is put in force with `empathctl config apply FILE`;"
            ' anywhere else write the secret, or where it is, such as { file = "…" }'
        )
    return text


def read_choice(kind: type[enum.Enum], raw: object) -> enum.Enum:
    """The member of *kind* whose word this is."""
    for member in kind:
        if raw == member.value:
            return member
    words = [str(member.value) for member in kind]
    choices = ", ".join(f'"{word}"' for word in words)
    written = raw[:80].lower() if isinstance(raw, str) else ""
    meant = difflib.get_close_matches(written, words, n=1, cutoff=0.6)
    hint = f'; did you mean "{meant[0]}"?' if meant else ""
    raise Unfit(f"must be one of {choices} (got {shape(raw)}){hint}")


def bounded(setting: Setting, value: Any) -> Any:
    """Check the setting's bounds; both are allowed values."""
    unit = type(value) if type(value) in _UNITS else lambda bound: f"{bound:.12g}"
    shown = f'"{value}"' if type(value) in _UNITS else f"{value}"
    if setting.low is not None and value < setting.low:
        sentence = f"must be at least {unit(setting.low)} (got {shown})"
    elif setting.high is not None and value > setting.high:
        sentence = f"must be at most {unit(setting.high)} (got {shown})"
    else:
        return value
    raise Unfit("; ".join(filter(None, (sentence, _UNITS.get(type(value))))))


def _whole_number(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Unfit(f"must be a whole number (got {shape(raw)})")
    if abs(raw) >= 2**63:
        raise Unfit("is too large a number")
    return raw


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Unfit(f"must be a number (got {shape(raw)})")
    if not abs(raw) < 2**63:  # infinities, and not-a-number, which compares with nothing
        raise Unfit("must be a number of ordinary size")
    return float(raw)


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise Unfit(f"must be true or false (got {shape(raw)})")
    return raw


def _duration(raw: object) -> Duration:
    if raw == 0 and type(raw) is int:
        return Duration(0)  # nothing needs no unit
    if not isinstance(raw, str):
        raise Unfit(f"{_UNITS[Duration]} (got {shape(raw)})")
    return Duration.parse(raw)


def _byte_size(raw: object) -> ByteSize:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return ByteSize(_whole_number(raw))
    if not isinstance(raw, str):
        raise Unfit(f"{_UNITS[ByteSize]} (got {shape(raw)})")
    return ByteSize.parse(raw)


def _rate(raw: object) -> Rate:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return Rate(_number(raw))
    if not isinstance(raw, str):
        raise Unfit(f"{_UNITS[Rate]} (got {shape(raw)})")
    return Rate.parse(raw)


def _word(kind: Callable[[str], Any]) -> Callable[[object], Any]:
    """A reader for a type that checks its text itself."""

    def read(raw: object) -> Any:
        text = read_text(raw)
        try:
            return kind(text)
        except (BadAddress, BadUnit) as error:
            raise Unfit(f"{error} (got {quote(text)})") from error

    return read


def _unit(kind: Callable[[object], Any]) -> Callable[[object], Any]:
    def read(raw: object) -> Any:
        try:
            return kind(raw)
        except BadUnit as error:
            raise Unfit(f"{error} (got {quote(str(raw))})") from error

    return read


_UNITS: Final[dict[type, str]] = {
    Duration: 'durations are written "90s", "5m", "2h"',
    ByteSize: 'sizes are written "64KiB", "50MB", "1GiB"',
    Rate: 'rates are written "20/s", "100/m", "5/h"',
}

READERS: Final[dict[Any, Callable[[object], Any]]] = {
    bool: _flag,
    int: _whole_number,
    float: _number,
    str: read_text,
    Duration: _unit(_duration),
    ByteSize: _unit(_byte_size),
    Rate: _unit(_rate),
    Network: _word(parse_network),
    Ipv4Source: _word(Ipv4Source),
    Ipv6Source: _word(Ipv6Source),
    Domain: _word(Domain),
    BannerHostname: _word(BannerHostname),
    ServerId: _word(ServerId),
}
