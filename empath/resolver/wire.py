r"""DNS packets: writes questions, reads answers (RFC 1035 4, RFC 6891).

An answer is written by a stranger and read on the event loop, so reading it is bounded in
time as well as in space: at most 256 records and 4096 labels, and compression pointers only
ever lead back.  A general parser is not: dnspython 2.9 takes 0.5 s for 4 KB of records that
all point to one name of a hundred labels, and 8 s for 64 KB (docs/DNS.md).
Names come out in lower case, octets that no host name has as ``\027``.  Raises `Malformed`.
"""

from __future__ import annotations

import enum
import ipaddress
import re
import struct
from dataclasses import dataclass
from typing import Final

from empath.address import BadAddress, Domain, IpAddress
from empath.policy.answer import MailExchanger

MAX_RECORDS: Final = 256
MAX_LABELS: Final = 4096
MAX_NAME: Final = 255
PAYLOAD: Final = 1232
"""Octets of a UDP answer that are asked for: what passes everywhere without fragments."""

_HEADER: Final = struct.Struct(">6H")
_RECORD: Final = struct.Struct(">HHIH")
_IN: Final = 1
_OPT: Final = 41
_AA: Final = 0x0400
_RD: Final = 0x0100
_RA: Final = 0x0080
_AD: Final = 0x0020
_EDNS: Final = struct.pack(">BHHIH", 0, _OPT, PAYLOAD, 0, 0)
_PLAIN: Final = re.compile(rb"[a-z0-9_-]+")


class Malformed(ValueError):
    """The packet is not an answer to the question; the message says why."""


class Kind(enum.IntEnum):
    """The record types that are understood."""

    A = 1
    CNAME = 5
    SOA = 6
    MX = 15
    AAAA = 28


class Code(enum.IntEnum):
    """The response codes that mean something of their own (RFC 1035 4.1.1)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


Value = MailExchanger | IpAddress | str


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answer; a CNAME's value is the name it leads to."""

    name: str
    kind: int
    ttl: int
    value: Value


@dataclass(frozen=True, slots=True)
class Response:
    """What a name server said to a question."""

    code: int
    truncated: bool
    authentic: bool
    records: tuple[Record, ...]
    """The answer section, as far as it is of types that are understood."""
    competent: bool = True
    """It knows the answer, or looks it up for us: neither is so for a mere referral."""
    negative_ttl: int | None = None
    """How long "there is none" holds (RFC 2308 5); None where the server did not say."""

    @property
    def code_word(self) -> str:
        """``SERVFAIL`` and the like."""
        return Code(self.code).name if self.code in set(Code) else f"response code {self.code}"


def write_question(number: int, name: str, kind: Kind, *, edns: bool = True) -> bytes:
    """A query with recursion desired, and the AD flag as a wish to be told (RFC 6840 5.7)."""
    labels = [label.encode("ascii") for label in name.split(".")]
    if not all(0 < len(label) < 64 for label in labels) or len(name) > MAX_NAME - 2:
        raise Malformed("the name does not fit into a question")
    packed = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    return (
        _HEADER.pack(number, _RD | _AD, 1, 0, 0, int(edns))
        + packed
        + struct.pack(">HH", kind, _IN)
        + (_EDNS if edns else b"")
    )


def read_response(packet: bytes, *, number: int, name: str, kind: Kind) -> Response:
    """Read the answer to the question *number* for *name* and *kind*."""
    if len(packet) < _HEADER.size:
        raise Malformed("shorter than a header")
    got, flags, questions, answers, authority, _ = _HEADER.unpack_from(packet)
    code = flags & 0x000F
    if got != number or not flags & 0x8000 or flags & 0x7800:
        raise Malformed("not the answer to this question")
    if not questions and code in (Code.FORMERR, Code.NOTIMP):
        # A server that could not read the question need not repeat it.
        return Response(code, False, False, ())
    reader = _Reader(packet)
    if questions != 1 or reader.name() != name.lower() or reader.pair() != (kind, _IN):
        raise Malformed("the answer to another question")
    truncated = bool(flags & 0x0200)
    if truncated:
        # What a cut packet holds is not looked at: the question is asked again over TCP.
        return Response(code, truncated, False, ())
    records = []
    for _ in range(min(answers, MAX_RECORDS)):
        record = reader.record()
        if record is not None:
            records.append(record)
    negative = reader.negative_ttl(authority) if answers <= MAX_RECORDS else None
    competent = bool(flags & (_AA | _RA) or records)
    return Response(code, False, bool(flags & _AD), tuple(records), competent, negative)


class _Reader:
    """A place in a packet, and the budget that is left for reading names."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._at = _HEADER.size
        self._labels = MAX_LABELS

    def pair(self) -> tuple[int, int]:
        at = self._take(4)
        return int.from_bytes(self._packet[at : at + 2]), int.from_bytes(
            self._packet[at + 2 : at + 4]
        )

    def name(self) -> str:
        text, self._at = self._name(self._at)
        return text

    def record(self) -> Record | None:
        """The next record; None for a type or class that is not understood."""
        name, kind, ttl, start, end = self._frame()
        value: Value
        match kind:
            case Kind.A if end - start == 4:
                value = ipaddress.IPv4Address(self._packet[start:end])
            case Kind.AAAA if end - start == 16:
                value = ipaddress.IPv6Address(self._packet[start:end])
            case Kind.CNAME:
                value = self._inner_name(start, end)
            case Kind.MX if end - start > 2:
                preference = int.from_bytes(self._packet[start : start + 2])
                value = _mail_exchanger(preference, self._inner_name(start + 2, end))
            case Kind.A | Kind.AAAA | Kind.MX:
                raise Malformed("a record of the wrong length")
            case _:
                return None
        return Record(name, kind, ttl, value)

    def negative_ttl(self, count: int) -> int | None:
        """The lesser of TTL and MINIMUM of the SOA among the next *count* records."""
        for _ in range(min(count, MAX_RECORDS)):
            _, kind, ttl, start, end = self._frame()
            if kind == Kind.SOA and end - start >= 22:
                return min(ttl, int.from_bytes(self._packet[end - 4 : end]))
        return None

    def _frame(self) -> tuple[str, int, int, int, int]:
        name = self.name()
        at = self._take(_RECORD.size)
        kind, family, ttl, length = _RECORD.unpack_from(self._packet, at)
        start = self._take(length)
        # RFC 2181 8: a TTL with the top bit set is taken for zero.
        return name, kind if family == _IN else 0, ttl if ttl < 2**31 else 0, start, start + length

    def _inner_name(self, start: int, end: int) -> str:
        text, after = self._name(start)
        if after != end:
            raise Malformed("a name that does not fill its record")
        return text

    def _name(self, at: int) -> tuple[str, int]:
        """The name at *at* and the place behind it."""
        labels: list[str] = []
        packet, octets, after, limit = self._packet, 1, 0, at
        while True:
            self._labels -= 1
            if self._labels < 0 or at >= len(packet):
                raise Malformed("names that are cut off or too many")
            length = packet[at]
            if length >= 0xC0:
                if at + 1 >= len(packet):
                    raise Malformed("a name that is cut off")
                target = (length & 0x3F) << 8 | packet[at + 1]
                after = after or at + 2
                if target >= limit:
                    raise Malformed("a name that leads forward")
                at = limit = target
                continue
            if length >= 0x40:
                raise Malformed("a label of an unknown kind")
            at += 1
            if not length:
                return ".".join(labels) or ".", after or at
            octets += length + 1
            if octets > MAX_NAME or at + length > len(packet):
                raise Malformed("a name that is too long")
            labels.append(_label_text(packet[at : at + length]))
            at += length

    def _take(self, count: int) -> int:
        at = self._at
        if at + count > len(self._packet):
            raise Malformed("cut off")
        self._at = at + count
        return at


def _label_text(label: bytes) -> str:
    label = label.lower()
    if _PLAIN.fullmatch(label):
        return label.decode("ascii")
    return "".join(chr(c) if 0x21 <= c <= 0x7E and c not in b".\\" else f"\\{c:03d}" for c in label)


def _mail_exchanger(preference: int, text: str) -> MailExchanger:
    try:
        host = Domain(text)
    except BadAddress:
        return MailExchanger(preference, None, text)
    # "[192.0.2.1]" is a Domain, and would be taken for an address: the DNS may not say that.
    return MailExchanger(preference, None if host.literal is not None else host, text)
