"""Colours and signs: one dark theme, and the styles that line-drawn widgets take from it.

Colour is sparing: text in two greys, one accent, and green, amber and red only where they
mean something; every such colour stands beside a sign and a word.  With NO_COLOR the console
uses Textual's ``ansi-dark``, and `PLAIN` says with weight and inversion what `COLOURED` says
with colour (fact L).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.style import Style
from textual.theme import Theme

EMPATH: Final = Theme(
    name="empath",
    primary="#7aa7f0",
    secondary="#9d8cf0",
    accent="#7aa7f0",
    foreground="#c8d0dc",
    background="#10141b",
    surface="#151a23",
    panel="#1b222d",
    success="#7fc08a",
    warning="#e0b05e",
    error="#ec7680",
    dark=True,
    variables={
        "border": "#2b3443",
        "border-focus": "#5573a8",
        "muted": "#7d8898",
        "faint": "#4b5565",
        "footer-key": "#7aa7f0",
        "block-cursor-text-style": "none",
        "scrollbar": "#2b3443",
        "scrollbar-hover": "#3b475b",
        "scrollbar-active": "#5573a8",
        "scrollbar-background": "#10141b",
        "scrollbar-background-hover": "#10141b",
        "scrollbar-background-active": "#10141b",
        "scrollbar-corner-color": "#10141b",
        "input-cursor-background": "#7aa7f0",
        "input-selection-background": "#2c3c58",
    },
)

Styles = Mapping[str, Style]
"""Styles by role.  Roles: text muted faint head accent good warn bad info special, and the
backgrounds cursor, cursor_idle, mark; heat1 to heat4 are the shades of a number."""

COLOURED: Final[Styles] = {
    "text": Style(color="#c8d0dc"),
    "strong": Style(color="#eef2f8", bold=True),
    "muted": Style(color="#7d8898"),
    "faint": Style(color="#4b5565"),
    "head": Style(color="#7d8898", bold=True),
    "accent": Style(color="#7aa7f0"),
    "good": Style(color="#7fc08a"),
    "warn": Style(color="#e0b05e"),
    "bad": Style(color="#ec7680"),
    "info": Style(color="#67bcd0"),
    "special": Style(color="#b09cf5"),
    "cursor": Style(bgcolor="#263449"),
    "cursor_idle": Style(bgcolor="#1b222d"),
    "mark": Style(color="#e0b05e", bold=True),
    "gone": Style(color="#4b5565", strike=True),
    "key": Style(color="#7aa7f0", bold=True),
    "tab": Style(color="#10141b", bgcolor="#7aa7f0", bold=True),
    "bar_good": Style(color="#10141b", bgcolor="#7fc08a", bold=True),
    "bar_warn": Style(color="#10141b", bgcolor="#e0b05e", bold=True),
    "bar_bad": Style(color="#10141b", bgcolor="#ec7680", bold=True),
    "heat1": Style(color="#c8d0dc", bgcolor="#1d2129"),
    "heat2": Style(color="#dccfb4", bgcolor="#39321f"),
    "heat3": Style(color="#f0dcae", bgcolor="#664f20"),
    "heat4": Style(color="#10141b", bgcolor="#e0b05e", bold=True),
}

PLAIN: Final[Styles] = {
    "text": Style(),
    "strong": Style(bold=True),
    "muted": Style(dim=True),
    "faint": Style(dim=True),
    "head": Style(bold=True),
    "accent": Style(bold=True),
    "good": Style(),
    "warn": Style(bold=True),
    "bad": Style(bold=True),
    "info": Style(),
    "special": Style(),
    "cursor": Style(reverse=True),
    "cursor_idle": Style(underline=True),
    "mark": Style(bold=True),
    "gone": Style(dim=True, strike=True),
    "key": Style(bold=True),
    "tab": Style(reverse=True, bold=True),
    "bar_good": Style(reverse=True),
    "bar_warn": Style(reverse=True, bold=True),
    "bar_bad": Style(reverse=True, bold=True),
    "heat1": Style(dim=True),
    "heat2": Style(),
    "heat3": Style(bold=True),
    "heat4": Style(reverse=True, bold=True),
}

SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "queued": ("○", "info"),
    "active": ("◐", "accent"),
    "deferred": ("▲", "warn"),
    "held": ("■", "special"),
    "delivered": ("✓", "good"),
    "failed": ("✖", "bad"),
    "expired": ("✖", "bad"),
    "deleted": ("✖", "muted"),
    "error": ("✖", "bad"),
    "warning": ("▲", "warn"),
}
"""A sign of one cell and the role of its colour for each state; the word always stands beside."""


def sign(word: str) -> tuple[str, str]:
    """The sign and role for a state's word."""
    return SIGNS.get(word, ("●", "text"))
