"""Small boxes in which one thing, or several, are chosen from a list by key, arrow or mouse.

`Choose` answers with the name of one line, `Tick` with the names that are ticked.  Escape
answers None.  A line's key acts at once; enter takes the line under the cursor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.theme import COLOURED, Styles

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a box."""

    name: str
    """What is answered."""
    key: str
    """The character that takes it at once; empty for none."""
    title: str
    note: str = ""


class ChoiceLines(Widget, can_focus=True):
    """The lines, with a cursor."""

    class Pressed(Message):
        """A line was clicked."""

    def __init__(self, choices: Sequence[Choice], at: int, styles: Styles) -> None:
        super().__init__()
        self.choices = tuple(choices)
        self.at = at
        self.ticked: set[str] | None = None
        self._styles = styles

    def on_mount(self) -> None:
        """As high as there are lines."""
        self.styles.height = len(self.choices)
        self.styles.text_wrap = "nowrap"
        self.styles.text_overflow = "ellipsis"

    def move(self, steps: int) -> None:
        """Move the cursor round."""
        self.at = (self.at + steps) % len(self.choices)
        self.refresh()

    def render(self) -> Text:
        """All lines."""
        styles = self._styles
        wide = max((len(choice.title) for choice in self.choices), default=0)
        text = Text(no_wrap=True, overflow="ellipsis")
        for row, choice in enumerate(self.choices):
            line = Text(" ")
            if self.ticked is not None:
                mark = "✓ " if choice.name in self.ticked else "· "
                line.append(mark, styles["good" if choice.name in self.ticked else "faint"])
            if any(each.key for each in self.choices):
                line.append(f"{choice.key or ' ':<3}", styles["key"])
            line.append(f"{choice.title:<{wide}}", styles["text"])
            if choice.note:
                line.append(f"  {choice.note}", styles["muted"])
            line.pad_right(max(0, self.size.width - line.cell_len))
            if row == self.at:
                line.stylize(styles["cursor"])
            text.append_text(line)
            text.append("\n" if row < len(self.choices) - 1 else "")
        return text

    def on_click(self, event: events.Click) -> None:
        """The line under the pointer."""
        if event.y < len(self.choices):
            self.at = event.y
            self.refresh()
            self.post_message(self.Pressed())


class _Box(ModalScreen[R | None]):
    """A box of lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False),
        Binding("down,tab", "move(1)", show=False, priority=True),
        Binding("up,shift+tab", "move(-1)", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
        # Bindings, not an event: keys typed ahead, before the box is drawn, come to it too.
        *[
            Binding(character, f"character('{character}')", show=False)
            for character in ascii_letters + digits
        ],
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        current: str = "",
        footer: str = "⏎ takes it · esc closes",
        styles: Styles = COLOURED,
    ) -> None:
        super().__init__()
        self._title = title
        self._footer = footer
        at = next((row for row, choice in enumerate(choices) if choice.name == current), 0)
        self._lines = ChoiceLines(choices, at, styles)

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes="dialog choose") as box:
            box.border_title = self._title
            box.border_subtitle = self._footer
            yield self._lines

    def on_mount(self) -> None:
        """The keys go to the lines."""
        self._lines.focus()

    def action_give_up(self) -> None:
        """Nothing is chosen."""
        self.dismiss(None)

    def action_move(self, steps: int) -> None:
        """Another line."""
        self._lines.move(steps)

    def action_character(self, character: str) -> None:
        """A line's own key comes before those that move and leave."""
        keys = {choice.key: choice.name for choice in self._lines.choices if choice.key}
        match character:
            case _ if character in keys:
                self.take(keys[character])
            case "j":
                self._lines.move(1)
            case "k":
                self._lines.move(-1)
            case "q":
                self.action_give_up()
            case _:
                pass

    def take(self, name: str) -> None:
        """A line was taken by its key."""

    def _under_cursor(self) -> str:
        return self._lines.choices[self._lines.at].name


class Choose(_Box[str]):
    """Choose one."""

    def action_take(self) -> None:
        """The line under the cursor."""
        self.dismiss(self._under_cursor())

    def take(self, name: str) -> None:
        """A line's own key takes it."""
        self.dismiss(name)

    def on_choice_lines_pressed(self) -> None:
        """A click takes the line."""
        self.dismiss(self._under_cursor())


class Tick(_Box[tuple[str, ...]]):
    """Choose any number; the answer is in the order of the lines, `()` for what is the default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,x", "tick", show=False, priority=True),
        Binding("d", "default", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        ticked: Collection[str],
        *,
        styles: Styles = COLOURED,
    ) -> None:
        footer = "space ticks · ⏎ keeps it · d the default · esc leaves it"
        super().__init__(title, choices, footer=footer, styles=styles)
        self._lines.ticked = set(ticked)

    def action_tick(self) -> None:
        """Tick, or take the tick off."""
        assert self._lines.ticked is not None
        self._lines.ticked ^= {self._under_cursor()}
        self._lines.refresh()

    def action_default(self) -> None:
        """As it is without any choice."""
        self.dismiss(())

    def action_take(self) -> None:
        """What is ticked, if anything is."""
        ticked = self._lines.ticked or set()
        names = tuple(each.name for each in self._lines.choices if each.name in ticked)
        if names:
            self.dismiss(names)

    def on_choice_lines_pressed(self) -> None:
        """A click ticks."""
        self.action_tick()
