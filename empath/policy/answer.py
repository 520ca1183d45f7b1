"""The words for what the DNS answered: records, "there is none", or no answer at all.

The resolver makes these values and routing decides on them, so that no decision ever sees
the wire.  "There is none" (`NoSuchName`, `NoSuchRecord`) is a fact about a domain and is
final; `LookupFailed` is trouble on the way to the fact and is always temporary
(SMTP-RULES 3.3: SERVFAIL, bogus and timeouts are never taken for NXDOMAIN).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from empath.address import Domain

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class MailExchanger:
    """One MX record (RFC 5321 5.1)."""

    preference: int
    host: Domain | None
    """The host, or None where the record names no host that mail could be sent to: the
    root, an address literal, or octets that no host name has."""
    text: str
    """The name as it stands in the DNS, sanitised; ``.`` for the root."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """The records asked for.  There is at least one, and never more than 256."""

    records: tuple[T_co, ...]
    ttl: float
    """Seconds for which the records hold, by the least of their TTLs."""
    authentic: bool = False
    """The AD flag as the name server set it; nothing is decided on it (RFC 7672 2.1.3)."""


@dataclass(frozen=True, slots=True)
class NoSuchName:
    """There is nothing of that name (NXDOMAIN)."""

    ttl: float
    authentic: bool = False


@dataclass(frozen=True, slots=True)
class NoSuchRecord:
    """The name exists and has no record of the type asked for (NODATA, RFC 2308 2.2)."""

    ttl: float
    authentic: bool = False


@dataclass(frozen=True, slots=True)
class LookupFailed:
    """No name server gave a usable answer in time.

    *sentence* says what was asked of whom and what came back; it ends without a full stop.
    """

    sentence: str


Answer = Found[T_co] | NoSuchName | NoSuchRecord | LookupFailed
