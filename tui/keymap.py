"""The keys as this operator has them: those of the registry, with what console.toml says instead.

A faulty entry is one sentence and leaves the default; so is one that would give two actions of
one screen the same key.  Bindings, footer, `?` and palette all ask here.  Plain Python.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Final, final

from textual.keys import Keys, _character_to_key

from tui.actions import ACTIONS, Action, Registry, is_text, shown_key
from tui.safety import safe

UNBOUND: Final = "f24"
"""Stands for no key at all: Textual leaves a binding as it is when it is given an empty one."""
MOVES: Final = frozenset(
    ("j", "k", "g", "G", "up", "down", "pageup", "pagedown", "home", "end", "ctrl+f", "ctrl+b")
)
"""Keys that move in lists."""

_NAMED: Final = frozenset(key.value for key in Keys)
_MODIFIED: Final = re.compile(r"((ctrl|alt|shift)\+)*(.+)")


@final
class Keymap:
    """Which keys each action has."""

    def __init__(self, overrides: Mapping[str, str] = {}, registry: Registry = ACTIONS) -> None:
        self._registry = registry
        self._keys: dict[str, str] = {}
        self.faults: list[str] = []
        """A sentence for each entry that was left out."""
        for name, text in overrides.items():
            self._take(name, text)
        self._drop_clashes()

    def __repr__(self) -> str:
        return f"<Keymap {self._keys}>"

    def key(self, act: Action) -> str:
        """Textual's names of its keys, separated by commas."""
        return self._keys.get(act.id, act.key)

    def shown(self, act: Action, *, typing: bool = False) -> str:
        """Its first key as operators read it, while *typing* the first that is no text; empty
        when it has none.
        """
        keys = self.key(act).split(",")
        return next((shown_key(key) for key in keys if not (typing and is_text(key))), "")

    def all_shown(self, act: Action) -> str:
        """All its keys as operators read them."""
        return " ".join(shown_key(key) for key in self.key(act).split(",") if key)

    def for_textual(self) -> dict[str, str]:
        """The keymap as `App.set_keymap` wants it."""
        return {name: keys or UNBOUND for name, keys in self._keys.items()}

    def _take(self, id: str, text: str) -> None:
        name = safe(id, 60)
        scope, _, tail = id.partition(".")
        ids = [act.id for one in self._registry.scopes for act in self._registry.of(one)]
        if id not in ids:
            near = difflib.get_close_matches(id, ids, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; docs/KEYS.md lists them"
            self.faults.append(f"keymap.{name}: there is no such action{hint}")
            return
        keys = []
        for part in re.split(r",(?=.)", text) if text else []:
            key = key_of(part.strip())
            if key is None:
                self.faults.append(
                    f'keymap.{name}: "{safe(part, 30)}" is no key; the default stands'
                )
                return
            keys.append(key)
        joined = ",".join(keys)
        self._keys[id] = joined
        if scope == "global":  # a screen may have its own way of doing the same
            for one in self._registry.scopes:
                own = f"{one}.{tail}"
                if own in ids and self._registry.get(own).key == self._registry.get(id).key:
                    self._keys.setdefault(own, joined)

    def _drop_clashes(self) -> None:
        for scope in self._registry.scopes:
            taken: dict[str, str] = dict.fromkeys(MOVES, "moving in lists")
            acts = self._registry.within(scope)
            for act in sorted(acts, key=lambda act: act.id in self._keys):
                for key in self.key(act).split(","):
                    if key and key in taken and act.id in self._keys:
                        self.faults.append(
                            f"keymap.{act.id}: {shown_key(key)} is taken by {taken[key]};"
                            " the default stands"
                        )
                        del self._keys[act.id]
                        break
                for key in self.key(act).split(","):
                    taken.setdefault(key, act.id)


def key_of(text: str) -> str | None:
    """Textual's name of a key that an operator writes, such as ``X``, ``ctrl+x``, ``^X``, ``f5`` or
    ``:``; None when there is no such key.
    """
    if re.fullmatch(r"\^[A-Za-z]", text):
        text = f"ctrl+{text[1].lower()}"
    if len(text) == 1:
        return _character_to_key(text) if text.isprintable() and text != " " else None
    if text in _NAMED:
        return text
    found = _MODIFIED.fullmatch(text)
    if found is None:
        return None
    last = found.group(3)
    if last in _NAMED or (len(last) == 1 and last.isalnum()):
        return text
    spelled = re.fullmatch(r"[a-z]+(_[a-z]+)+", last)  # such as question_mark
    return text if spelled else None
