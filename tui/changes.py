"""How a change of messages is asked for, confirmed, sent and reported, and how it is undone.

The ladder: one message is changed without a question, several after y/n, and deleting or
bouncing always asks, above ten messages with their number typed.  Everything that is known of
jobs is in the store, so that any screen can undo the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from empath.control.link import Changed, QueueItem
from empath.envelope import MessageId
from tui.actions import Danger, action
from tui.change_facts import outcome
from tui.change_table import CHANGES, Change, Target, Values
from tui.command_log import DOING
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

    def change(self, change: Change) -> Awaitable[None] | None:
        """Do it to what is meant now, and tell what came of it."""
        ...


def changing(
    verb: str, key: str, *, help: str, rank: int = 0, change: Change | None = None
) -> Callable[[Any], Awaitable[None] | None]:
    """The action of a `Changing` screen that makes this change; *change* has words of its own."""
    change = change or CHANGES[verb]

    def make(screen: Changing) -> Awaitable[None] | None:
        return screen.change(change)

    declare = action(
        key,
        verb,
        id=verb,
        help=help,
        danger=Danger.DESTROYS if change.destroys else Danger.CHANGES,
        rank=rank,
        why_off=lambda screen: screen.why_no_change(),
    )
    return declare(make)


def carry_out(
    console: Console,
    change: Change,
    targets: Target | tuple[MessageId, ...],
    known: Sequence[QueueItem] = (),
) -> Awaitable[str | None]:
    """Ask where the ladder says so, then do it; the result as a line, None when told not to.

    The first question is on screen when this returns: no key that follows goes anywhere else.
    What is awaited raises `LinkLost` and `RequestRefused`.
    """
    target = targets if isinstance(targets, Target) else Target(targets, None, tuple(known))
    decided: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

    def decide(answer: Answer | None) -> None:
        if not decided.done():
            decided.set_result(answer)

    def question(values: Values) -> None:
        if change.destroys or change.blanks or target.number > 1:
            console.push_screen(_dialog(console, change, target, values), decide)
        else:
            decide(Answer(values=values))

    def chosen(word: str | None) -> None:
        if word is None:
            decide(None)
        else:
            question({"choice": word})

    if change.choices:
        console.push_screen(_choices(console, change, target), chosen)
    else:
        question({})
    return _do(console, change, target, decided)


async def _do(
    console: Console, change: Change, target: Target, decided: asyncio.Future[Answer | None]
) -> str | None:
    answer = await decided
    if answer is None:
        return None
    if answer.instead:
        change = CHANGES["hold"]
        if (done := DOING.get()) is not None:
            done.title = change.verb
    changed = await console.ask(change.request(target, answer.values))
    tries = change is CHANGES["retry"]
    console.store.jobs.began(changed, f"{change.verb} {target.what}", tries=tries)
    return outcome(change, changed, target)


def _choices(console: Console, change: Change, target: Target) -> Choose:
    current = target.known[0].priority if target.number == 1 and target.known else "normal"
    choices = [Choice(word, word[0], word) for word in change.choices]
    return Choose("Priority", choices, current=current, styles=console.styles_by_role)


def _dialog(console: Console, change: Change, target: Target, values: Values) -> ChangeDialog:
    pong = console.store.connection.pong

    async def count() -> Changed:
        return await console.ask(change.request(target, values, dry_run=True))

    return ChangeDialog(
        change,
        target,
        count=count,
        now=console.store.now,
        hostname=pong.hostname if pong is not None else "delete",
        values=values,
        styles=console.styles_by_role,
    )
