"""Themes and signs: what the tones are used for, and the styles that line-drawn widgets take.

Colour is sparing: text in two greys, one accent, and good, warn and bad only where they mean
something; every such colour stands beside a sign and a word, so that ``grey`` and ``plain``
lose nothing.  ``plain`` sends no colour at all (Textual only greys for NO_COLOR: fact L); ``ansi``
uses the sixteen colours that the terminal has of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from rich.style import Style
from textual.theme import Theme

from tui.tones import DARK, GREY, LIGHT, SAFE, Tones, mixed

Styles = Mapping[str, Style]
"""Styles by role.  Roles: text muted faint head accent good warn bad info special, and the
backgrounds cursor, cursor_idle, mark; heat1 to heat4 are the shades of a number.  faint is for
what tells nothing (dashes, separators) and for keys that are off; what tells something is muted
at the least.  tests/tui/test_contrast.py holds both to their contrast on every ground."""


@dataclass(frozen=True, slots=True)
class Look:
    """A theme as the console uses it."""

    about: str
    textual: str
    """Textual's name of it."""
    styles: Styles
    coloured: bool = True


def theme_of(name: str, tones: Tones) -> Theme:
    """The theme for Textual's own widgets."""
    return Theme(
        name=name,
        primary=tones.accent,
        secondary=tones.special,
        accent=tones.accent,
        foreground=tones.text,
        background=tones.ground,
        surface=tones.surface,
        panel=tones.panel,
        success=tones.good,
        warning=tones.warn,
        error=tones.bad,
        dark=tones.dark,
        variables={
            "border": tones.border,
            "border-focus": tones.focus,
            "muted": tones.muted,
            "faint": tones.faint,
            "footer-key": tones.accent,
            "block-cursor-text-style": "none",
            "scrollbar": tones.border,
            "scrollbar-hover": tones.focus,
            "scrollbar-active": tones.focus,
            "scrollbar-background": tones.ground,
            "scrollbar-background-hover": tones.ground,
            "scrollbar-background-active": tones.ground,
            "scrollbar-corner-color": tones.ground,
            "input-cursor-background": tones.accent,
            "input-selection-background": tones.selected,
        },
    )


def styles_of(tones: Tones) -> Styles:
    """The styles for widgets that draw their lines themselves."""
    return {
        "text": Style(color=tones.text),
        "strong": Style(color=tones.strong, bold=True),
        "muted": Style(color=tones.muted),
        "faint": Style(color=tones.faint),
        "head": Style(color=tones.muted, bold=True),
        "accent": Style(color=tones.accent),
        "good": Style(color=tones.good),
        "warn": Style(color=tones.warn),
        "bad": Style(color=tones.bad),
        "info": Style(color=tones.info),
        "special": Style(color=tones.special),
        "cursor": Style(bgcolor=tones.cursor),
        "cursor_idle": Style(bgcolor=tones.panel),
        "mark": Style(color=tones.warn, bold=True),
        "gone": Style(color=tones.faint, strike=True),
        "key": Style(color=tones.accent, bold=True),
        "tab": Style(color=tones.ground, bgcolor=tones.accent, bold=True),
        "bar_good": Style(color=tones.ground, bgcolor=tones.good, bold=True),
        "bar_warn": Style(color=tones.ground, bgcolor=tones.warn, bold=True),
        "bar_bad": Style(color=tones.ground, bgcolor=tones.bad, bold=True),
        "heat1": Style(color=tones.text, bgcolor=mixed(tones.ground, tones.warn, 0.06)),
        "heat2": Style(color=tones.text, bgcolor=mixed(tones.ground, tones.warn, 0.2)),
        "heat3": Style(color=tones.strong, bgcolor=mixed(tones.ground, tones.warn, 0.42)),
        "heat4": Style(color=tones.ground, bgcolor=tones.warn, bold=True),
    }


COLOURED: Final[Styles] = styles_of(DARK)

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

SIXTEEN: Final[Styles] = {
    **PLAIN,
    "accent": Style(color="blue", bold=True),
    "good": Style(color="green"),
    "warn": Style(color="yellow", bold=True),
    "bad": Style(color="red", bold=True),
    "info": Style(color="cyan"),
    "special": Style(color="magenta"),
    "mark": Style(color="yellow", bold=True),
    "key": Style(color="cyan", bold=True),
    "bar_good": Style(color="green", reverse=True),
    "bar_warn": Style(color="yellow", reverse=True, bold=True),
    "bar_bad": Style(color="red", reverse=True, bold=True),
}


def _of_terminal(name: str, tone: Callable[[str], str]) -> Theme:
    """A theme in the terminal's own colours, *tone* by their names."""
    default, dim = tone("default"), tone("bright_black")
    return Theme(
        name=name,
        ansi=True,
        primary=tone("blue"),
        secondary=tone("magenta"),
        warning=tone("yellow"),
        error=tone("red"),
        success=tone("green"),
        accent=tone("cyan"),
        foreground=default,
        background=default,
        surface=default,
        panel=default,
        boost=default,
        dark=True,
        variables={
            "border": dim,
            "border-blurred": dim,
            "border-focus": tone("cyan"),
            "muted": default,
            "faint": dim,
            "footer-key": tone("cyan"),
            "block-cursor-text-style": "none",
            "ansi-background": tone("black"),
            "ansi-foreground": tone("white"),
            "input-cursor-background": default,
            "input-cursor-foreground": default,
            "input-cursor-text-style": "reverse",
            "input-selection-background": default,
            "input-selection-foreground": default,
            "scrollbar": dim,
            "scrollbar-hover": dim,
            "scrollbar-active": tone("cyan"),
            "scrollbar-background": default,
            "scrollbar-background-hover": default,
            "scrollbar-background-active": default,
            "scrollbar-corner-color": default,
        },
    )


TEXTUAL_THEMES: Final = (
    theme_of("empath", DARK),
    theme_of("empath-light", LIGHT),
    theme_of("empath-safe", SAFE),
    theme_of("empath-grey", GREY),
    _of_terminal("empath-ansi", "ansi_{}".format),
    _of_terminal("empath-plain", lambda _name: "ansi_default"),
)
"""The themes to register with Textual."""

THEMES: Final[Mapping[str, Look]] = {
    "dark": Look("for a dark room", "empath", COLOURED),
    "light": Look("for daylight", "empath-light", styles_of(LIGHT)),
    "safe": Look(
        "blue and orange, for eyes that mix up red and green", "empath-safe", styles_of(SAFE)
    ),
    "grey": Look("shades of grey", "empath-grey", styles_of(GREY)),
    "ansi": Look("the sixteen colours of the terminal", "empath-ansi", SIXTEEN),
    "plain": Look("no colour at all", "empath-plain", PLAIN, coloured=False),
}
"""The themes by the name that an operator gives."""


def theme_for(environ: Mapping[str, str], colours: int) -> str:
    """The theme for a terminal of so many *colours* when none was chosen.

    NO_COLOR asks for none whatever its value is, unless that is empty (no-color.org).
    """
    if environ.get("NO_COLOR"):
        return "plain"
    return "ansi" if colours <= 16 else "dark"


@final
class Palette(Mapping[str, Style]):
    """The styles in use: all widgets hold this one, so that another theme reaches them all."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles

    def use(self, styles: Styles) -> None:
        """Show these from now on."""
        self._styles = styles

    def __getitem__(self, role: str) -> Style:
        return self._styles[role]

    def __iter__(self) -> Iterator[str]:
        return iter(self._styles)

    def __len__(self) -> int:
        return len(self._styles)


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
