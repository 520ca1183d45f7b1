"""How a change of messages is asked for, confirmed, sent and reported, and how it is undone.

The ladder: one message is changed without a question, several after y/n, and deleting or
bouncing always asks, above ten messages with their number typed.  Everything that is known of
jobs is in the store, so that any screen can undo the last one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from empath.control.link import Changed, QueueItem
from empath.envelope import MessageId
from tui.actions import Danger, action
from tui.change_facts import outcome
from tui.change_table import CHANGES, Change, Target, Values
from tui.screens.change_dialog import Answer, ChangeDialog
from tui.screens.choose import Choice, Choose

if TYPE_CHECKING:
    from tui.app import Console

__all__ = ["CHANGES", "Change", "Changing", "Target", "carry_out", "changing", "outcome"]


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


def changing(verb: str, key: str, *, help: str, rank: int = 0) -> Callable[[Any], Awaitable[None]]:
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


async def carry_out(
    console: Console,
    change: Change,
    targets: Target | tuple[MessageId, ...],
    known: Sequence[QueueItem] = (),
) -> str | None:
    """Ask where the ladder says so, then do it; the result as a line, None when told not to.

    Raises `LinkLost` and `RequestRefused`.
    """
    target = targets if isinstance(targets, Target) else Target(targets, None, tuple(known))
    values: Values = {}
    if change.choices:
        chosen = await _choose(console, change, target)
        if chosen is None:
            return None
        values = {"choice": chosen}
    if change.destroys or change.blanks or target.number > 1:
        answer = await _question(console, change, target, values)
        if answer is None:
            return None
        if answer.instead:
            change, values = CHANGES["hold"], {}
        else:
            values = answer.values
    changed = await console.ask(change.request(target, values))
    console.store.jobs.began(changed, f"{change.verb} {target.what}")
    return outcome(change, changed, target)


async def _choose(console: Console, change: Change, target: Target) -> str | None:
    styles = console.styles_by_role
    current = target.known[0].priority if target.number == 1 and target.known else "normal"
    choices = [Choice(word, word[0], word) for word in change.choices]
    box = Choose("Priority", choices, current=current, styles=styles)
    return await console.push_screen_wait(box)


async def _question(
    console: Console, change: Change, target: Target, values: Values
) -> Answer | None:
    pong = console.store.connection.pong

    async def count() -> Changed:
        return await console.ask(change.request(target, values, dry_run=True))

    dialog = ChangeDialog(
        change,
        target,
        count=count,
        now=console.store.now,
        hostname=pong.hostname if pong is not None else "delete",
        values=values,
    )
    return await console.push_screen_wait(dialog)
