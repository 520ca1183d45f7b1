"""Every action of the console, declared once, where it is done.

`@action` on a method of a screen gives its key, title, help, danger, the reason why it may be
off, and the `empathctl` command that does the same.  Bindings, footer and the `?` page are
made from that and from nothing else.  Lower-case keys look, upper-case keys change.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

from textual.binding import Binding

F = TypeVar("F", bound=Callable[..., Awaitable[None] | None])


class Danger(enum.Enum):
    """What an action may do, and so how it asks (the ladder of CONSOLE.md 3.10)."""

    SAFE = "looks"
    """Never asks."""
    CHANGES = "changes"
    """Asks y/n when it is about more than one message."""
    DESTROYS = "destroys"
    """Always asks, with Cancel as default; a typed count above ten."""


@final
@dataclass(frozen=True, slots=True)
class Action:
    """One thing an operator can do on a screen."""

    id: str
    """Scope and name, such as ``queue.hold``."""
    key: str
    """Textual's name of the key; several are separated by commas."""
    title: str
    """One or two words, for the footer."""
    help: str
    """A sentence, for the ``?`` page."""
    scope: str
    danger: Danger
    rank: int
    """Place in the footer; 0 keeps it out."""
    run: Callable[[Any], Awaitable[None] | None]
    why_off: Callable[[Any], str] | None
    """Why it cannot be done now; empty when it can."""
    cli: Callable[[Any], str] | None
    """The `empathctl` command that does the same."""
    priority: bool

    @property
    def shown_key(self) -> str:
        """The first key as operators read it."""
        return shown_key(self.key.split(",")[0])

    @property
    def binding(self) -> Binding:
        """The action as Textual binds it."""
        return Binding(
            self.key,
            f"perform('{self.id}')",
            self.title,
            show=False,
            priority=self.priority,
        )


_SHOWN: Final = {
    "enter": "⏎",
    "escape": "esc",
    "space": "space",
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "ctrl+q": "^Q",
    "ctrl+backslash": "^\\",
    "tab": "tab",
    "shift+tab": "⇧tab",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "up": "↑",
    "down": "↓",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


def shown_key(key: str) -> str:
    """Textual's name of a key as operators read it: ``⏎``, ``^Q``, ``/``."""
    if key in _SHOWN:
        return _SHOWN[key]
    return f"^{key[5:].upper()}" if key.startswith("ctrl+") else key


_MARK: Final = "_action_of_console"


def action(
    key: str,
    title: str,
    *,
    help: str,
    id: str = "",
    danger: Danger = Danger.SAFE,
    rank: int = 0,
    why_off: Callable[[Any], str] | None = None,
    cli: Callable[[Any], str] | None = None,
    priority: bool = False,
) -> Callable[[F], F]:
    """Declare the decorated method as an action."""

    def declare(method: F) -> F:
        def made(scope: str) -> Action:
            name = id or method.__name__.replace("_", "-")
            return Action(
                id=f"{scope}.{name}",
                key=key,
                title=title,
                help=help,
                scope=scope,
                danger=danger,
                rank=rank,
                run=method,
                why_off=why_off,
                cli=cli,
                priority=priority,
            )

        setattr(method, _MARK, made)
        return method

    return declare


@final
class Registry:
    """All actions by scope, in order of their declaration."""

    def __init__(self) -> None:
        self._scopes: dict[str, dict[str, Action]] = {}

    def __repr__(self) -> str:
        return f"<Registry {' '.join(self._scopes)}>"

    def collect(self, scope: str, owner: type) -> list[Binding]:
        """Take the actions that *owner* declares, and return their bindings."""
        actions = self._scopes.setdefault(scope, {})
        for value in vars(owner).values():
            made = getattr(value, _MARK, None)
            if made is not None:
                found: Action = made(scope)
                actions[found.id] = found
        return [found.binding for found in actions.values()]

    def of(self, scope: str) -> tuple[Action, ...]:
        """The actions of one scope."""
        return tuple(self._scopes.get(scope, {}).values())

    def get(self, id: str) -> Action:
        """One action.  Raises `KeyError`."""
        return self._scopes[id.partition(".")[0]][id]

    @property
    def scopes(self) -> tuple[str, ...]:
        """The names of all scopes."""
        return tuple(self._scopes)


ACTIONS: Final = Registry()
"""The actions of the console."""
