"""The units that settings are written in: durations, sizes, rates, networks, secrets.

Each type reads the operator's form with `parse` and shows it again with `str`, so that
`parse(str(value)) == value`.  Bad text raises `BadUnit`, whose sentence shows the right form.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from decimal import Decimal
from typing import Final, Self, final

# At most 15 digits: what is longer is a slip of the finger, and a float holds these exactly.
_NUMBER: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([A-Za-z]*)")
_SECONDS: Final = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_LONGEST: Final = 36_500 * 86400
"""Seconds: a hundred years.  What is longer is a slip of the finger, and has no date to end at."""
_OCTETS: Final = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
}

# More decimals than a duration: a third a second is 0.3333333333333333.
_RATE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,30})?)\s*/\s*([A-Za-z]+)")
_PERIODS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadUnit(ValueError):
    """The text is not written in the setting's unit; the message shows how it is written."""


@final
class Duration(float):
    """A length of time in seconds, written ``"90s"``, ``"5m"``, ``"2h"``, ``"5d"``, ``"250ms"``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one number and its unit."""
        match = _NUMBER.fullmatch(text.strip())
        if match is None or match[2].lower() not in _SECONDS:
            raise BadUnit('durations are written "90s", "5m", "2h", "5d"')
        seconds = Decimal(match[1]) * _SECONDS[match[2].lower()]
        if seconds > _LONGEST:
            raise BadUnit("durations are at most 36500d, a hundred years")
        return cls(seconds)

    def __str__(self) -> str:
        # repr of a float is the shortest text that reads back as the same number.
        seconds = Decimal(float.__repr__(self))
        if not seconds:
            return "0s"
        for unit in ("d", "h", "m", "s"):
            count = seconds / _SECONDS[unit]
            if count >= 1 and count == int(count):
                return f"{int(count)}{unit}"
        if seconds < 1:
            return f"{(seconds * 1000).normalize():f}ms"
        return f"{seconds:f}s"

    __repr__ = __str__


@final
class ByteSize(int):
    """A number of octets, written ``"512"``, ``"64KiB"``, ``"50MB"``, ``"1GiB"``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with an optional unit; KB is 1000 octets, KiB is 1024."""
        match = _NUMBER.fullmatch(text.strip())
        unit = (match[2].lower() or "b") if match else ""
        if match is None or unit not in _OCTETS:
            raise BadUnit('sizes are written "64KiB", "50MB", "1GiB"')
        return cls(round(Decimal(match[1]) * _OCTETS[unit]))

    def __str__(self) -> str:
        for unit, octets in (
            ("TiB", 1024**4),
            ("GiB", 1024**3),
            ("MiB", 1024**2),
            ("KiB", 1024),
            ("TB", 1000**4),
            ("GB", 1000**3),
            ("MB", 1000**2),
            ("KB", 1000),
        ):
            if self and self % octets == 0:
                return f"{int(self) // octets}{unit}"
        return f"{int(self)}B"

    __repr__ = __str__


@final
class Rate(float):
    """How often, a second, written ``"20/s"``, ``"100/m"``, ``"5/h"``; ``0`` is no limit."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number and the time in which it may happen so often."""
        match = _RATE.fullmatch(text.strip())
        if match is None or match[2].lower() not in _PERIODS:
            raise BadUnit('rates are written "20/s", "100/m", "5/h"')
        return cls(float(match[1]) / _PERIODS[match[2].lower()])

    def __str__(self) -> str:
        if not self:
            return "0"
        for unit, seconds in _PERIODS.items():
            count = round(self * seconds)
            if count and count / seconds == self:
                return f"{count}/{unit}"
        return f"{Decimal(float.__repr__(self)):f}/s"

    __repr__ = __str__


_FINGERPRINT_KEY: Final = secrets.token_bytes(32)


@final
class Secret:
    """A password or key: comparable, never shown.  `reveal` is the only way to its text."""

    __slots__ = ("_text", "source")

    def __init__(self, text: str, source: tuple[str, str] | None = None) -> None:
        """*source* is where the config says that it is: ``("file", "password.txt")``; None where
        the config holds it itself.
        """
        self._text = text
        self.source = source

    def reveal(self) -> str:
        """The secret itself: for the wire, never for a log, a screen or an error."""
        return self._text

    @property
    def fingerprint(self) -> str:
        """Six hex digits that tell two secrets apart, in this process only.

        The key is made at every start, so nothing can be guessed from the digits.
        """
        return hashlib.blake2s(self._text.encode(), key=_FINGERPRINT_KEY, digest_size=3).hexdigest()

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(••••)" if self._text else "Secret()"

    __str__ = __repr__


@final
class Ipv4Source(str):
    """An IPv4 address that connections may come from, in its one spelling."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raises `BadUnit`."""
        return super().__new__(cls, _source(ipaddress.IPv4Address, text, "an IPv4", "192.0.2.7"))


@final
class Ipv6Source(str):
    """An IPv6 address that connections may come from, in its one spelling."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raises `BadUnit`."""
        return super().__new__(cls, _source(ipaddress.IPv6Address, text, "an IPv6", "2001:db8::7"))


def _source(
    kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], text: str, what: str, example: str
) -> str:
    try:
        address = kind(text)
    except ValueError as error:
        raise BadUnit(f'must be {what} address of this machine, such as "{example}"') from error
    if address.is_unspecified or address.is_multicast:
        raise BadUnit(f'must be the address of one machine, this one, such as "{example}"')
    return str(address)


def parse_network(text: str) -> Network:
    """Read ``192.0.2.0/24``, ``2001:db8::/32`` or a single address."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadUnit('networks are written "192.0.2.0/24", "2001:db8::/32"') from error
