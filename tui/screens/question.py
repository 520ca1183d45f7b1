"""The frame of every question: facts that give way, and below them what is answered.

In a small terminal the facts scroll (``PgUp``, ``PgDn`` and the wheel, said on the frame); what is
to be filled in or typed, what is wrong with it and the buttons are always in view, for nobody
should answer what he cannot see.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from tui.safety import safe

R = TypeVar("R")

DOES_IT: Final = "⏎ in a field does it"
"""So it is in every box whose change can be taken back.  Where it cannot, enter goes from field to
field: what destroys ends at Cancel or at the typed number.
"""


def not_typed(text: str, wanted: str) -> str:
    """What is said when enter is pressed on another *text* than the one that confirms."""
    return f"✖ {safe(text.strip(), 40) or 'Nothing'} is typed, it takes {wanted}."


class Facts(VerticalScroll, can_focus=False):
    """What is to be known before the answer; as high as there is room for."""


class Foot(Vertical):
    """Fields and buttons, always in view at the lower end of the box."""


class Question(ModalScreen[R]):
    """A box with `Facts` and a `Foot`, inside a ``.dialog``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown,ctrl+f", "more(1)", show=False),
        Binding("pageup,ctrl+b", "more(-1)", show=False),
    ]

    @property
    def subtitle(self) -> str:
        """What the frame says below, behind how to read on when the facts do not fit."""
        return ""

    def action_more(self, pages: int) -> None:
        """Scroll the facts by what fits."""
        facts = self.query_one(Facts)
        facts.scroll_relative(y=pages * max(1, facts.size.height), animate=False, force=True)

    def on_resize(self) -> None:
        """Say whether there is more to read than is shown."""
        self.call_after_refresh(self.frame)

    def frame(self) -> None:
        """The line on the lower edge."""
        facts = self.query_one(Facts)
        hint = "PgDn: more facts" if facts.max_scroll_y else ""
        box = self.query_one(".dialog")
        box.border_subtitle = " · ".join(part for part in (hint, self.subtitle) if part)
