"""How values of the envelope are written into rows, and read back.

What is in the spool was checked when it came in.  It is not checked again: a stricter
parser of a later version must not make mail unreadable that an older one has accepted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from msgspec import Struct

from empath import codec
from empath.address import Domain, EmailAddress, ServerId
from empath.envelope import Body, Envelope, NextHop, Notify, Origin
from empath.reply import Reply

GONE: Final = 0
INLINE: Final = 1
FILE: Final = 2

_NOTIFY: Final = {Notify(number): number for number in range(8)}


CLIENT_PLACE: Final = 4
"""Where `Details.client` stands in the stored array: filters look for it there."""
MT_PRIORITY_PLACE: Final = 10
"""Where `Details.mt_priority` stands in the stored array: an operator changes it there."""


class Details(Struct, frozen=True, array_like=True):
    """What is kept of envelope and origin beside the columns that are searched."""

    body: Body
    smtputf8: bool
    envid: str
    return_headers_only: bool
    client: str
    helo: str
    protocol: str
    listener: str
    tls: str
    prefix_crc: int
    mt_priority: int = 0
    """The last one, with a default: rows of before have none."""

    @classmethod
    def of(cls, envelope: Envelope, origin: Origin, prefix_crc: int) -> str:
        """The details as they are stored."""
        details = cls(
            envelope.body,
            envelope.smtputf8,
            envelope.envid,
            envelope.return_headers_only,
            origin.client,
            origin.helo,
            origin.protocol,
            origin.listener,
            origin.tls,
            prefix_crc,
            envelope.mt_priority,
        )
        return codec.encode(details).decode()

    @property
    def origin(self) -> Origin:
        """How the message came in."""
        return Origin(self.client, self.helo, self.protocol, self.listener, self.tls)


def read_details(text: str) -> Details:
    """The stored details as values."""
    return codec.decode(Details, text)


def read_address(text: str) -> EmailAddress:
    """A stored address."""
    return str.__new__(EmailAddress, text)


@lru_cache(maxsize=4096)
def read_domain(text: str) -> Domain:
    """A stored domain."""
    return str.__new__(Domain, text)


@lru_cache(maxsize=4096)
def _domain(text: str) -> Domain:
    return Domain(text)


def domain_of(address: EmailAddress) -> Domain:
    """Where mail for *address* goes; the same as its `domain`, remembered."""
    return _domain(address.rpartition("@")[2])


def notify_number(notify: Notify) -> int:
    """*notify* as it is stored."""
    return _NOTIFY[notify]


def read_reply(text: str) -> Reply | None:
    """A stored reply; None for a recipient that was not tried yet."""
    return Reply.of(text) if text else None


def write_reply(reply: Reply) -> str:
    """*reply* as it is stored; line breaks in it stay."""
    enhanced = f"{reply.enhanced} " if reply.enhanced else ""
    return f"{reply.code} {enhanced}{reply.text}"


def write_next_hop(hop: NextHop | None) -> str:
    """*hop* as it is stored: ``host:port``, then a blank and the time it ends, if it does."""
    if hop is None:
        return ""
    return hop.host if hop.until is None else f"{hop.host} {hop.until!r}"


def read_next_hop(text: str) -> NextHop | None:
    """A stored next hop; None where there is none."""
    if not text:
        return None
    host, _, until = text.partition(" ")
    return NextHop(str.__new__(ServerId, host), float(until) if until else None)


def received_at(key: int) -> float:
    """When the message of this key came in: the first 42 bits are milliseconds."""
    return (key >> 21) / 1000


def first_key(at: float) -> int:
    """The least key of a message that came in at *at* or later; 0 for a time before 1970."""
    return max(0, int(at * 1000)) << 21
