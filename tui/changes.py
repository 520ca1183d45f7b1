"""What can be done to messages: how each change is asked for, confirmed, sent and reported.

One table, used by the queue and by the message's own screen.  The ladder: one message is
changed without a question, several after y/n, and deleting always asks, above ten messages
with their number typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from empath.control.link import (
    Changed,
    DeleteMessages,
    HoldMessages,
    QueueChange,
    QueueItem,
    ReleaseMessages,
    RetryMessages,
)
from empath.envelope import MessageId
from tui.actions import Danger, action
from tui.figures import age, octets, plural
from tui.safety import safe
from tui.screens.dialogs import TYPED_ABOVE, Ask

if TYPE_CHECKING:
    from tui.app import Console

ACTOR_REASON: Final = "console"


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
    request: Callable[[tuple[MessageId, ...]], QueueChange]

    def command(self, ids: Sequence[MessageId]) -> str:
        """The `empathctl` line that does the same."""
        shown = " ".join(ids[:3]) + (" …" if len(ids) > 3 else "")
        return f"empathctl queue {self.verb} {shown}"


CHANGES: Final = {
    "retry": Change(
        "retry",
        "Retry",
        "made due",
        False,
        "tried again now, whatever their schedule says",
        lambda ids: RetryMessages(ids=ids),
    ),
    "hold": Change(
        "hold",
        "Hold",
        "held",
        False,
        "kept in the queue until they are released",
        lambda ids: HoldMessages(ids=ids, reason=ACTOR_REASON),
    ),
    "release": Change(
        "release",
        "Release",
        "released",
        False,
        "queued again, due now",
        lambda ids: ReleaseMessages(ids=ids),
    ),
    "delete": Change(
        "delete",
        "Delete",
        "deleted",
        True,
        "given up for good; nobody is told, no notification is sent",
        lambda ids: DeleteMessages(ids=ids, reason=ACTOR_REASON),
    ),
}
"""The changes by their verb."""


class Changing(Protocol):
    """A screen on which messages can be changed."""

    def why_no_change(self) -> str:
        """Why nothing can be changed now; empty when it can."""
        ...

    def command(self, change: Change) -> str:
        """The `empathctl` line that does the same."""
        ...

    async def change(self, change: Change) -> None:
        """Do it to what is meant, and tell what came of it."""
        ...


def changing(verb: str, key: str, *, help: str, rank: int) -> Callable[[Changing], Awaitable[None]]:
    """The action of a `Changing` screen that makes this change."""
    change = CHANGES[verb]

    async def make(screen: Changing) -> None:
        await screen.change(change)

    declare = action(
        key,
        verb,
        id=verb,
        help=help,
        danger=Danger.DESTROYS if change.destroys else Danger.CHANGES,
        rank=rank,
        why_off=lambda screen: screen.why_no_change(),
        cli=lambda screen: screen.command(change),
    )
    return declare(make)


def outcome(change: Change, changed: Changed) -> str:
    """What was done, as a line: ``held 3 messages · 1 in flight left alone``."""
    text = f"{change.done} {plural(changed.messages, 'message')}"
    if changed.recipients != changed.messages:
        text += f" ({plural(changed.recipients, 'recipient')})"
    if changed.in_flight:
        text += f" · {changed.in_flight} in flight left alone"
    if changed.unknown:
        text += f" · {len(changed.unknown)} no longer there"
    if changed.note:
        text += f" · {safe(changed.note, 200)}"
    return text


def question(
    change: Change, targets: Sequence[MessageId], known: Sequence[QueueItem], now: float
) -> Ask:
    """The dialog that asks whether to do it."""
    number = len(targets)
    facts: list[tuple[str, str]] = []
    if number == 1 and known:
        item = known[0]
        more = f" and {item.recipients - 1} more" if item.recipients > 1 else ""
        facts = [
            ("Message", item.id),
            ("From", safe(item.reverse_path or "<>")),
            ("To", safe(item.recipient) + more),
            ("Subject", safe(item.subject, 200) or "–"),
        ]
    else:
        facts = [("Messages", plural(number, "message"))]
        if known:
            size = sum(item.size for item in known)
            oldest = max(now - item.received_at for item in known)
            facts[0] = ("Messages", f"{number:,} · {octets(size)} · oldest {age(oldest)}")
            facts.append(("To", _destinations(known)))
    facts.append(("They are" if number > 1 else "It is", change.consequence))
    facts.append(("Equivalent", change.command(targets)))
    noun = "this message" if number == 1 else f"{number:,} messages"
    return Ask(
        f"{change.title} {noun}?",
        facts,
        yes=change.title,
        destroys=change.destroys,
        typed=number if change.destroys and number > TYPED_ABOVE else None,
    )


def _destinations(known: Sequence[QueueItem]) -> str:
    counts: dict[str, int] = {}
    for item in known:
        counts[item.destination] = counts.get(item.destination, 0) + 1
    most = sorted(counts.items(), key=lambda pair: -pair[1])
    text = " · ".join(f"{safe(name)} {number}" for name, number in most[:3])
    return text + (f" · {len(most) - 3} more" if len(most) > 3 else "")


async def carry_out(
    console: Console, change: Change, targets: tuple[MessageId, ...], known: Sequence[QueueItem]
) -> str | None:
    """Ask where the ladder says so, then do it; the result as a line, None when told not to.

    Raises `LinkLost` and `RequestRefused`.
    """
    if change.destroys or len(targets) > 1:
        dialog = question(change, targets, known, console.store.now)
        if await console.push_screen_wait(dialog) != "yes":
            return None
    return outcome(change, await console.ask(change.request(targets)))
