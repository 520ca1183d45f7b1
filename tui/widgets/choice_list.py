"""The list under the `:` line and in the palette: key, name and help of each action, or its reason
for being off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.actions import Action, Danger
from tui.commands import Choice
from tui.safety import safe
from tui.store import Selection
from tui.theme import COLOURED, Styles
from tui.widgets.columns import Column
from tui.widgets.rows import Row
from tui.widgets.virtual_table import VirtualTable

COLUMNS = (
    Column("key", "KEY", 7),
    Column("name", "NAME", 22),
    Column("help", "WHAT IT DOES", 20, share=1),
)


class _Rows:
    """Choices as rows, known by their place."""

    def __init__(self, shown: Callable[[Action], str]) -> None:
        self.choices: tuple[Choice, ...] = ()
        self._shown = shown

    def __len__(self) -> int:
        return len(self.choices)

    def row(self, index: int) -> Row | None:
        if not 0 <= index < len(self.choices):
            return None
        choice = self.choices[index]
        act = choice.act
        name = safe(choice.text) + (f" {act.takes}" if act.takes and " " not in choice.text else "")
        off = bool(choice.why_off)
        role = "faint" if off else "warn" if act.danger is not Danger.SAFE else "text"
        return Row(
            str(index),
            {
                "key": (self._shown(act), "faint" if off else "key"),
                "name": (name, role),
                "help": (
                    f"off: {choice.why_off}" if off else act.help,
                    "faint" if off else "muted",
                ),
            },
        )

    def find(self, id: str) -> int | None:
        return int(id) if int(id) < len(self.choices) else None


class ChoiceList(VirtualTable):
    """The list; it is moved from the field above or below it."""

    def __init__(
        self,
        shown: Callable[[Action], str],
        *,
        styles: Styles = COLOURED,
        pointed: bool = True,
        id: str | None = None,
    ) -> None:
        """*shown* gives an action's key as operators read it."""
        self._choices = _Rows(shown)
        super().__init__(
            COLUMNS,
            self._choices,
            Selection(),
            styles=styles,
            empty="Nothing is called so.",
            headed=False,
            pointed=pointed,
            id=id,
        )
        self.can_focus = False

    def show(self, choices: Sequence[Choice]) -> None:
        """Show these, and point at the first."""
        self._choices.choices = tuple(choices)
        self.selection.cursor = None
        self._resize_virtual()
        if self.pointed:
            self.point_at(0)
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    @property
    def chosen(self) -> Choice | None:
        """The choice under the cursor."""
        row = self.cursor_row
        return self._choices.choices[row] if row is not None else None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What is shown."""
        return self._choices.choices
