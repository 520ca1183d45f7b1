"""Every action of the console, declared once, where it is done.

`@action` on a method of a screen gives its key, title, help, danger, and the reason why it may be
off.  Bindings, footer, the `?` page, the `:` line, the palette and docs/KEYS.md are made from that
and from nothing else.
Lower-case keys look, upper-case keys change.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Awaitable, Callable, Iterable
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
    run: Callable[..., Awaitable[None] | None]
    why_off: Callable[[Any], str] | None
    """Why it cannot be done now; empty when it can."""
    priority: bool
    category: str
    """Under which heading lists show it: one of `CATEGORIES`."""
    names: tuple[str, ...]
    """What the ``:`` line calls it; the first is the one that is shown."""
    takes: str
    """What may follow the name on the ``:`` line, such as ``NAME`` or ``[FILTER]``; `run` is then
    called with it.  Empty when nothing may."""
    values: Callable[[Any], Iterable[str]] | None
    """What the ``:`` line offers to complete what it takes."""

    @property
    def shown_key(self) -> str:
        """The first key as operators read it; empty for one that has no key."""
        return shown_key(self.key.split(",")[0])

    @property
    def keys(self) -> tuple[str, ...]:
        """Textual's names of its keys."""
        return tuple(key for key in self.key.split(",") if key)

    @property
    def needs(self) -> bool:
        """It cannot be done without what it takes."""
        return bool(self.takes) and not self.takes.startswith("[")

    @property
    def binding(self) -> Binding:
        """The action as Textual binds it; its id is what a keymap names."""
        return Binding(
            self.key,
            f"perform('{self.id}')",
            self.title,
            show=False,
            priority=self.priority,
            id=self.id,
        )


CATEGORIES: Final = ("go", "look", "change", "console")
"""Headings of lists of actions, in their order."""


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
    "colon": ":",
    "semicolon": ";",
    "at": "@",
    "plus": "+",
    "minus": "-",
    "asterisk": "*",
    "comma": ",",
    "full_stop": ".",
    "apostrophe": "'",
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
    if key.startswith("ctrl+"):
        return f"^{key[5:].upper()}"
    return key.upper() if _FUNCTION.fullmatch(key) else key


def is_text(key: str) -> bool:
    """A field or an editor takes it for itself: a character, or what ends a line."""
    shown = shown_key(key)
    return key in ("space", "enter") or (len(shown) == 1 and shown.isascii())


_FUNCTION: Final = re.compile("f[0-9]+")
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
    priority: bool = False,
    category: str = "",
    names: tuple[str, ...] = (),
    takes: str = "",
    values: Callable[[Any], Iterable[str]] | None = None,
) -> Callable[[F], F]:
    """Declare the decorated method as an action.  An empty *key* leaves it to the ``:`` line."""

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
                priority=priority,
                category=category or ("look" if danger is Danger.SAFE else "change"),
                names=names or (name,),
                takes=takes,
                values=values,
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
        return [found.binding for found in actions.values() if found.key]

    def of(self, scope: str) -> tuple[Action, ...]:
        """The actions of one scope."""
        return tuple(self._scopes.get(scope, {}).values())

    def get(self, id: str) -> Action:
        """One action.  Raises `KeyError`."""
        return self._scopes[id.partition(".")[0]][id]

    def within(self, scope: str) -> tuple[Action, ...]:
        """What can be done in a scope: its own actions, then those of everywhere that it leaves."""
        own = self.of(scope)
        if scope == "global":
            return own
        taken = {found.id.partition(".")[2] for found in own}
        return own + tuple(
            found for found in self.of("global") if found.id.partition(".")[2] not in taken
        )

    def named(self, scope: str, name: str) -> Action | None:
        """The action that the ``:`` line calls *name* while a screen of *scope* is in front."""
        for found in self.within(scope):
            if name in found.names or name == found.id:
                return found
        return None

    def clashes(self) -> list[str]:
        """What is declared twice: a key or a name in one scope, or a key of everywhere that a
        screen uses for something else.  A sentence each; none in a registry that is well made.
        """
        found = []
        for scope, actions in self._scopes.items():
            keys: dict[str, str] = {}
            names: dict[str, str] = {}
            for act in actions.values():
                for key in act.keys:
                    if key in keys:
                        found.append(f"{scope}: {key} is {keys[key]} and {act.id}")
                    keys[key] = act.id
                for name in act.names:
                    if name in names:
                        found.append(f"{scope}: the name {name} is {names[name]} and {act.id}")
                    names[name] = act.id
            if scope != "global":
                found += [
                    f"{scope}: {key} is {keys[key]}, and everywhere else {act.id}"
                    for act in self.of("global")
                    for key in act.keys
                    if key in keys and keys[key].partition(".")[2] != act.id.partition(".")[2]
                ]
        return found

    @property
    def scopes(self) -> tuple[str, ...]:
        """The names of all scopes."""
        return tuple(self._scopes)


ACTIONS: Final = Registry()
"""The actions of the console."""
