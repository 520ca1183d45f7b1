"""The colours that the themes are made of: four sets of tones, as ``#rrggbb``.

A tone is named for what it says (good, warn, muted), never for how it looks, so that another set
says the same.  `tui.theme` makes themes and styles of them; the themes in the terminal's own
colours need none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tones:
    """The colours that a theme is made of.  ``faint`` is for what tells nothing, such as dashes,
    and for keys that are off; all others tell something.
    """

    ground: str
    surface: str
    panel: str
    border: str
    focus: str
    text: str
    strong: str
    muted: str
    faint: str
    accent: str
    good: str
    warn: str
    bad: str
    info: str
    special: str
    cursor: str
    selected: str
    dark: bool = True


def mixed(ground: str, colour: str, share: float) -> str:
    """*ground* with a share of *colour* in it; both as ``#rrggbb``."""
    pairs = ((int(ground[n : n + 2], 16), int(colour[n : n + 2], 16)) for n in (1, 3, 5))
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


DARK: Final = Tones(
    ground="#10141b",
    surface="#151a23",
    panel="#1b222d",
    border="#2b3443",
    focus="#5573a8",
    text="#c8d0dc",
    strong="#eef2f8",
    muted="#8c96a4",
    faint="#6f7885",
    accent="#7aa7f0",
    good="#7fc08a",
    warn="#e0b05e",
    bad="#ec7680",
    info="#67bcd0",
    special="#b09cf5",
    cursor="#222e42",
    selected="#2c3c58",
)
LIGHT: Final = Tones(
    ground="#fafbfc",
    surface="#f1f3f6",
    panel="#e6eaef",
    border="#c5ccd6",
    focus="#4a6da7",
    text="#2b3340",
    strong="#0d1117",
    muted="#5b6675",
    faint="#7a828e",
    accent="#2459b3",
    good="#1e7536",
    warn="#8e5b00",
    bad="#b3222f",
    info="#136f85",
    special="#6a45c0",
    cursor="#dbe6f7",
    selected="#c2d5f5",
    dark=False,
)
SAFE: Final = (
    Tones(  # blue and orange of Okabe and Ito, which all kinds of colour vision tell apart
        ground="#0f1218",
        surface="#141922",
        panel="#1a212c",
        border="#2b3443",
        focus="#56b4e9",
        text="#ccd3dd",
        strong="#f2f5fa",
        muted="#8e98a6",
        faint="#717a87",
        accent="#56b4e9",
        good="#4aa3ff",
        warn="#f0c040",
        bad="#ff8c1a",
        info="#9cc9e8",
        special="#cfa8d8",
        cursor="#203047",
        selected="#2a4060",
    )
)
GREY: Final = Tones(
    ground="#111111",
    surface="#171717",
    panel="#1e1e1e",
    border="#343434",
    focus="#8a8a8a",
    text="#cccccc",
    strong="#f5f5f5",
    muted="#969696",
    faint="#797979",
    accent="#e0e0e0",
    good="#c4c4c4",
    warn="#e8e8e8",
    bad="#ffffff",
    info="#b8b8b8",
    special="#d4d4d4",
    cursor="#2e2e2e",
    selected="#444444",
)
