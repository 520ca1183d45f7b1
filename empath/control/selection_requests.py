"""Marking many messages at once: the engine freezes the set and gives it a name."""

from __future__ import annotations

from empath.control.request import Reply, Request


class Selection(Reply, frozen=True):
    """A frozen set of messages: what comes later is never in it, what goes is left alone.

    Give its `id` to a change as `selection`, and its `messages` as `expect`.
    """

    id: str
    query: str
    messages: int
    """Exactly how many messages it holds."""
    recipients: int
    taken_at: float
    expires_at: float
    octets: int = 0
    """Octets of the messages together."""
    oldest_at: float | None = None
    newest_at: float | None = None
    """When the oldest and the newest of them came in; None when it holds none."""


class SelectMessages(Request[Selection], frozen=True):
    """Freeze all messages that `query` matches now; an empty one matches all that waits."""

    route = "queue/select"
    operators_only = True
    query: str = ""
