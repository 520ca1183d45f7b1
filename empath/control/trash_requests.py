"""Deleted messages that are kept for a while: what there is, take back, forget."""

from __future__ import annotations

from msgspec import Struct

from empath.address import EmailAddress
from empath.control.queue_requests import Changed
from empath.control.request import Reply, Request
from empath.envelope import MessageId


class TrashItem(Struct, frozen=True, kw_only=True):
    """One message of which recipients were deleted."""

    id: MessageId
    deleted_at: float
    gone_at: float
    """When it is forgotten for good."""
    job: str
    """The job that deleted it."""
    recipients: int
    """How many recipients were deleted."""
    recipient: EmailAddress
    """The first of them."""
    reverse_path: EmailAddress | None
    size: int
    subject: str


class TrashPage(Reply, frozen=True):
    """A piece of the trash; `cursor` gets the next one and is empty at the end."""

    items: tuple[TrashItem, ...]
    messages: int
    """How many there are in all."""
    octets: int
    """Octets of their bodies, where nobody else waits for them."""
    cursor: str


class ListTrash(Request[TrashPage], frozen=True):
    """What was deleted and can be restored, newest first."""

    route = "trash"
    cursor: str = ""
    limit: int = 60


class RestoreTrash(Request[Changed], frozen=True):
    """Queue deleted recipients again as they were: those of `ids`, or those that `job` deleted."""

    route = "trash/restore"
    changes = True
    ids: tuple[MessageId, ...] = ()
    job: str = ""
    reason: str = ""
    dry_run: bool = False


class EmptyTrash(Request[Changed], frozen=True):
    """Forget everything in the trash for good; refused unless it holds `expect` messages."""

    route = "trash/empty"
    changes = True
    expect: int | None = None
    reason: str = ""
    dry_run: bool = False
