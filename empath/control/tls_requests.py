"""What an operator may ask about encryption on the way out."""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain
from empath.control.request import Reply, Request


class TlsDestination(Struct, frozen=True, kw_only=True):
    """How mail to one destination was encrypted since the engine heard of it first."""

    destination: Domain
    policy: str
    """Of the last attempt: ``opportunistic``, ``required``, ``verify`` or ``disabled``."""
    source: str
    """Who asked for that: ``default``, ``destination`` or ``route``."""
    versions: dict[str, int]
    """Attempts by version of TLS."""
    verified: int
    """Of those, the ones whose server proved its name."""
    plaintext: int
    """Attempts in clear."""
    failures: dict[str, int]
    """Servers whose encryption failed, by what was wrong; docs/TLS.md has the names."""
    names: tuple[str, ...]
    """In the certificate that was shown last."""
    expires_at: float | None
    """When that expires."""
    last_at: float
    last_failure: str
    last_failure_at: float | None


class TlsDestinations(Reply, frozen=True):
    """The destinations heard of last; the engine remembers a thousand."""

    items: tuple[TlsDestination, ...]
    total: int


class ListTls(Request[TlsDestinations], frozen=True):
    """How is mail encrypted on its way out?"""

    route = "tls"
    limit: int = 200
