"""`docs/KEYS.md`, written by the registry itself: ``python -m tui.documentation``.

Every action of every screen with its keys, its name on the `:` line, and what it does.  Part of
the tests: a document that is behind fails them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.binding import Binding

import tui.app  # noqa: F401 - declares the actions
from tui.actions import ACTIONS, Action, Danger, shown_key
from tui.screens.help import TITLES, title_of
from tui.widgets.virtual_table import VirtualTable

_HEAD = """\
# Keys of the console

Written by `python -m tui.documentation` out of the registry from which the console makes its
footer, `?`, `:` and `^P`. Lower-case keys look, upper-case keys change. Every name works on the
`:` line, and where it is clear its beginning does; `:keys` shows this list in the console.

Other keys go into `~/.config/empath/console.toml`, by the ids of the last column:

```text
[keymap]
"queue.hold" = "f9"
"global.help" = "?,f1,^H"
```
"""

_DANGERS = {Danger.SAFE: "", Danger.CHANGES: "changes", Danger.DESTROYS: "destroys"}


def document() -> str:
    """The whole of `docs/KEYS.md`."""
    known = [scope for scope in ("global", *TITLES) if scope in ACTIONS.scopes]
    scopes = list(dict.fromkeys((*known, *ACTIONS.scopes)))
    parts = [_HEAD]
    for scope in scopes:
        parts.append(f"## {title_of(scope)}\n\n{_table(ACTIONS.of(scope))}")
        if scope == "global":
            parts.append(f"## In lists\n\n{_moves()}")
    return "\n".join(parts)


def _table(acts: Iterable[Action]) -> str:
    rows = [
        (
            _keys(act.keys),
            f"`:{act.names[0]}{' ' + act.takes if act.takes else ''}`",
            act.help,
            _DANGERS[act.danger],
            f"`{act.id}`",
        )
        for act in acts
    ]
    head = ("key", "name", "does", "", "id")
    return _rows([head, ("---",) * 5, *rows])


def _moves() -> str:
    rows = [
        (_keys(binding.key.split(",")), binding.description)
        for binding in VirtualTable.BINDINGS
        if isinstance(binding, Binding)
    ]
    return _rows([("key", "does"), ("---", "---"), *rows])


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join("| " + " | ".join(map(_cell, row)) + " |\n" for row in rows)


def _keys(keys: Iterable[str]) -> str:
    shown = [shown_key(key) for key in keys]
    return " ".join(f"`{key}`" for key in shown) or "–"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - that is what it is for
