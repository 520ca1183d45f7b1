"""What an operator may ask about names: the resolver's cache, and overrides of routes."""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain
from empath.control.queue_requests import Preview
from empath.control.request import Reply, Request


class DnsEntry(Struct, frozen=True, kw_only=True):
    """One answer that the resolver keeps."""

    name: str
    kind: str
    """``MX``, ``A`` or ``AAAA``."""
    answer: tuple[str, ...]
    """Records as text; empty for "no such name" or "no such record"."""
    expires_at: float


class DnsCache(Reply, frozen=True):
    """What the resolver keeps."""

    entries: tuple[DnsEntry, ...]


class ListDnsCache(Request[DnsCache], frozen=True):
    """What does the resolver keep?"""

    route = "dns/cache"


class DnsCleared(Reply, frozen=True):
    """How many answers were forgotten."""

    entries: int


class ClearDnsCache(Request[DnsCleared], frozen=True):
    """Forget all answers, or those for one name."""

    route = "dns/clear"
    changes = True
    name: str = ""


class RefreshDns(Request[DnsCache], frozen=True):
    """Look a mail domain up afresh: its MX and their addresses."""

    route = "dns/refresh"
    changes = True
    domain: Domain


class DnsOverride(Struct, frozen=True, kw_only=True):
    """A domain whose mail goes to these hosts whatever the DNS says."""

    domain: Domain
    hosts: tuple[str, ...]
    """``host:port``, in order of preference."""
    actor: str = ""
    reason: str = ""
    since: float = 0.0
    until: float | None = None
    """When it ends; None: when it is removed."""


class DnsOverrides(Reply, frozen=True):
    """All overrides."""

    overrides: tuple[DnsOverride, ...]
    preview: Preview | None = None
    """With `dry_run`: what waits for the domain and would be touched."""


class ListDnsOverrides(Request[DnsOverrides], frozen=True):
    """Which overrides are there?"""

    route = "dns/overrides"


class OverrideChange(Request[DnsOverrides], frozen=True):
    """A change of one domain's override.  With `dry_run`, nothing is changed: the reply says
    what it would touch, as `preview`.
    """

    changes = True
    domain: Domain
    reason: str = ""
    dry_run: bool = False


class SetDnsOverride(OverrideChange, frozen=True, kw_only=True):
    """Send a domain's mail to these hosts, for some seconds or until that is taken back."""

    route = "dns/override/set"
    hosts: tuple[str, ...]
    seconds: float | None = None


class RemoveDnsOverride(OverrideChange, frozen=True):
    """Ask the DNS again for this domain."""

    route = "dns/override/remove"
