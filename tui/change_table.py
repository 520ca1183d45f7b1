"""What can be done to messages: one table, used by the queue and by a message's own screen.

Each change has its words and the request it becomes, out of which `equivalent` makes the
`empathctl` line that does the same.
`Target` says what it is about: messages named by their ids, or a set the engine has frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from empath.control.link import (
    BounceMessages,
    DeleteMessages,
    HoldMessages,
    PrioritizeMessages,
    QueueChange,
    QueueItem,
    ReleaseMessages,
    RerouteMessages,
    RetryMessages,
)
from empath.control.link import Selection as Frozen
from empath.envelope import MessageId
from empath.query import CHOICES, read_duration
from tui.equivalent import line_of

Values = Mapping[str, str]
"""What was filled in, by the name of its blank."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a change is about."""

    ids: tuple[MessageId, ...] = ()
    frozen: Frozen | None = None
    """A set that the engine keeps; then *ids* is empty."""
    known: tuple[QueueItem, ...] = ()
    """Those of *ids* whose rows are here."""

    @property
    def number(self) -> int:
        """How many messages."""
        return len(self.ids) if self.frozen is None else self.frozen.messages

    @property
    def whole(self) -> bool:
        """It is everything that waits."""
        return self.frozen is not None and not self.frozen.query

    @property
    def what(self) -> str:
        """In a few words: a filter, an id, or how many."""
        if self.frozen is not None:
            return self.frozen.query or "the whole queue"
        return self.ids[0] if len(self.ids) == 1 else f"{len(self.ids):,} marked messages"

    @property
    def named(self) -> dict[str, Any]:
        """How a request names it."""
        if self.frozen is None:
            return {"ids": self.ids}
        return {"selection": self.frozen.id, "expect": self.frozen.messages}


@dataclass(frozen=True, slots=True)
class Blank:
    """One thing to fill in."""

    name: str
    label: str
    hint: str
    text: str = ""
    wrong: Callable[[str], str] = lambda _: ""
    """Why a text will not do; empty when it will."""


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change."""

    verb: str
    """As `empathctl queue` calls it."""
    title: str
    done: str
    """The verb in the past, for the result."""
    destroys: bool
    consequence: str
    """What it means, for the question."""
    make: Callable[[dict[str, Any], Values], QueueChange]
    blanks: tuple[Blank, ...] = ()
    choices: tuple[str, ...] = ()
    """One of these must be chosen first; it is the value ``choice``."""
    idle: str = "ended by now, or under way"
    """Why none of its messages was changed."""
    queued: bool = True
    """Its messages wait in the queue; else they are captured, and nobody waits for them."""
    of_one: str = ""
    """What it means for a single message, where that is said otherwise."""

    def request(self, target: Target, values: Values, *, dry_run: bool = False) -> QueueChange:
        """The request that makes it, or with *dry_run* tells what it would do."""
        return self.make({**target.named, "dry_run": dry_run}, values)

    def command(self, target: Target, values: Values) -> str:
        """The `empathctl` line that does the same; empty while what is filled in will not do."""
        try:
            return line_of(self.request(target, values))
        except ValueError:
            return ""


def _status_wrong(text: str) -> str:
    first, *rest = text.split(".")
    good = first == "5" and len(rest) == 2 and all(p.isdecimal() and len(p) < 4 for p in rest)
    return "" if good else "a status of class 5, such as 5.7.1"


def _duration_wrong(text: str) -> str:
    try:
        if text:
            read_duration(text)
    except ValueError:
        return "a time such as 30m, 2h or 1d; empty for good"
    return ""


def _bounce(named: dict[str, Any], values: Values) -> QueueChange:
    return BounceMessages(
        **named,
        status=values.get("status") or "5.7.0",
        reason=values.get("reason", ""),
    )


def _reroute(named: dict[str, Any], values: Values) -> QueueChange:
    length = values.get("for", "")
    return RerouteMessages(
        **named,
        to=values.get("to", "").strip(),
        seconds=read_duration(length) if length else None,
    )


CHANGES: Final = {
    change.verb: change
    for change in (
        Change(
            "retry",
            "Retry",
            "made due",
            False,
            "tried again now, whatever their schedule says",
            lambda named, _: RetryMessages(**named),
        ),
        Change(
            "hold",
            "Hold",
            "held",
            False,
            "kept in the queue until they are released",
            lambda named, _: HoldMessages(**named),
            idle="held already, or ended by now",
        ),
        Change(
            "release",
            "Release",
            "released",
            False,
            "queued again, due now",
            lambda named, _: ReleaseMessages(**named),
            idle="not held",
        ),
        Change(
            "bounce",
            "Bounce",
            "bounced",
            True,
            "returned to their senders for good, with a notification that says why",
            _bounce,
            of_one="returned to its sender for good, with a notification that says why",
            blanks=(
                Blank("status", "Status", "5.7.0 policy · 5.1.6 moved · 5.2.1 disabled",
                      "5.7.0", _status_wrong),
                Blank("reason", "Reason", "the sender reads this"),
            ),
        ),
        Change(
            "delete",
            "Delete",
            "deleted",
            True,
            "taken out of the queue; nobody is told, no notification is sent (B sends one)",
            lambda named, _: DeleteMessages(**named),
        ),
        Change(
            "reroute",
            "Re-route",
            "re-routed",
            False,
            "sent to that server from now on, due now",
            _reroute,
            blanks=(
                Blank("to", "To", "host or host:port; empty: their own servers again"),
                Blank("for", "For", "2h, 1d; empty: for good", wrong=_duration_wrong),
            ),
        ),
        Change(
            "priority",
            "Set the priority of",
            "given another priority:",
            False,
            "chosen by their new class from now on",
            lambda named, values: PrioritizeMessages(
                **named,
                priority=values.get("choice", "normal"),  # type: ignore[arg-type] # one of `choices`
            ),
            choices=CHOICES["prio"],
            idle="of that priority already, or ended by now",
        ),
    )
}  # fmt: skip
"""The changes by their verb."""

DELETE_CAPTURED: Final = replace(
    CHANGES["delete"],
    consequence="taken out of the inbox; it was on its way to nobody",
    queued=False,
)
"""Deleting in the inbox, where nobody would have been sent the mail."""
