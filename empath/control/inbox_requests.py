"""What an operator may do with captured mail beside what may be done with all mail."""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain, EmailAddress
from empath.control.request import Reply, Request
from empath.envelope import MessageId


class ReleaseItem(Struct, frozen=True, kw_only=True):
    """What goes to one destination of one message."""

    id: MessageId
    destination: Domain
    recipients: tuple[EmailAddress, ...]
    """At most a hundred are named."""
    route: str
    """Where to: ``to HOST:PORT``, ``by a route of the config`` or ``to its own servers``."""


class Released(Reply, frozen=True):
    """What is sent, or with `dry_run` what would be."""

    messages: int
    recipients: int
    items: tuple[ReleaseItem, ...]
    """At most a hundred."""
    queued: bool = False
    """It went into the queue, which tries again; else each is tried once and stays captured."""
    unknown: tuple[MessageId, ...] = ()
    """Those of the ids asked for that are not captured mail."""


class ReleaseCaptured(Request[Released], frozen=True, kw_only=True):
    """Send captured messages for real: to the server `to`, or where the config allows it.

    In dev mode each is tried once, is kept, and its timeline tells what came of it; in relay mode
    it goes into the queue.  `recipients` get it instead of those in the envelope, in dev mode.
    """

    route = "inbox/release"
    changes = True
    ids: tuple[MessageId, ...]
    to: str = ""
    recipients: tuple[EmailAddress, ...] = ()
    reason: str = ""
    dry_run: bool = False
