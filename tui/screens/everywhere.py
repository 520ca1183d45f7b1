"""What can be done on every screen besides going to another: `:`, palette, log, copying, labels,
zoom, how often things are read, themes, a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input, TextArea

from tui.actions import action
from tui.jumping import targets
from tui.screens import undoing
from tui.screens.acting import Acting
from tui.settings import INTERVALS
from tui.theme import THEMES
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget


def takes_text(focused: Widget | None) -> bool:
    """Whether what has the focus is a field, or an editor in which one writes."""
    if isinstance(focused, TextArea):
        return not focused.read_only
    return isinstance(focused, Input)


def _why_no_zoom(screen: Everywhere) -> str:
    focused = screen.focused
    return "" if screen.maximized or focused is not None else "Nothing has the focus: tab first."


def _why_nothing_to_copy(screen: Everywhere) -> str:
    return "" if screen.copies() else "There is nothing to copy here."


def _interval_names(_screen: Everywhere) -> Iterable[str]:
    return (f"{seconds:g}" for seconds in INTERVALS)


class Everywhere(Acting):
    """The actions of every screen."""

    def copies(self) -> list[tuple[str, str]]:
        """What ``y`` offers to copy: a title and its text each, such as the id under the cursor."""
        return []

    undo_anywhere = undoing.undo_anywhere

    @action(
        "colon",
        "command",
        help="Type what to do, by name; tab completes.",
        category="console",
        id="command",
    )
    def command_line(self) -> None:
        """Open the line."""
        self.console.open_command()

    @action(
        "ctrl+p",
        "palette",
        id="palette",
        help="Everything that can be done here, to choose from.",
        category="console",
    )
    def palette_of_actions(self) -> None:
        """Open the list."""
        self.console.open_palette()

    @action(
        "at",
        "log",
        id="log",
        help="What was changed in this session, with its empathctl lines.",
        category="console",
    )
    def command_log(self) -> None:
        """Open the log."""
        self.console.open_log()

    @action(
        "y",
        "copy",
        help="Copy something of what is shown to the terminal's clipboard.",
        category="console",
        why_off=_why_nothing_to_copy,
    )
    def copy(self) -> None:
        """Open the menu."""
        self.console.open_copies(self.copies())

    @action("semicolon", "jump", help="Letters on all rows and panes, to go to one.", category="go")
    def jump(self) -> None:
        """Show the letters."""
        self.console.open_jump(targets(self))

    @action(
        "tab", "next pane", id="pane", help="Go to the next pane.", category="go", names=("pane",)
    )
    def next_pane(self) -> None:
        """The next one that takes keys."""
        self.focus_next()

    @action("shift+tab", "previous pane", help="Go to the pane before.", category="go")
    def previous_pane(self) -> None:
        """The one before."""
        self.focus_previous()

    @action(
        "z",
        "zoom",
        help="Let the pane with the focus fill the screen, and back.",
        category="console",
        why_off=_why_no_zoom,
    )
    def zoom(self) -> None:
        """Large, or as before."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            framed = [one for one in self.focused.ancestors if isinstance(one, Pane)]
            self.maximize(framed[0] if framed else self.focused, container=False)

    @action("plus", "slower", help="Read the data of a screen less often.", category="console")
    async def slower(self) -> None:
        """The next longer interval."""
        await self._step(1)

    @action("minus", "faster", help="Read the data of a screen more often.", category="console")
    async def faster(self) -> None:
        """The next shorter interval."""
        await self._step(-1)

    async def _step(self, by: int) -> None:
        at = INTERVALS.index(self.console.settings.interval)
        await self._every(INTERVALS[max(0, min(len(INTERVALS) - 1, at + by))])

    async def _every(self, seconds: float) -> None:
        self.flash(f"data is read every {seconds:g} s", "info")
        await self.console.set_interval_of_data(seconds)

    @action(
        "",
        "interval",
        help="Read the data of a screen every so many seconds.",
        category="console",
        takes="SECONDS",
        values=_interval_names,
    )
    async def interval(self, argument: str) -> None:
        """Set it."""
        try:
            seconds = float(argument.removesuffix("s"))
        except ValueError:
            seconds = 0.0
        if seconds not in INTERVALS:
            self.flash("The interval is 0.5, 1, 2, 5 or 10 seconds.", "warn")
            return
        await self._every(seconds)

    @action(
        "t",
        "theme",
        help="The next theme; :theme NAME chooses one.",
        category="console",
        takes="[NAME]",
        values=lambda _screen: THEMES,
    )
    async def theme(self, argument: str = "") -> None:
        """Another theme, kept for the next time."""
        names = tuple(THEMES)
        present = self.console.theme_name
        name = argument or names[(names.index(present) + 1) % len(names)]
        if name not in THEMES:
            self.flash(f"There is no such theme; there are {', '.join(names)}.", "warn")
            return
        self.flash(f"theme {name}: {THEMES[name].about}", "info")
        await self.console.set_theme(name)

    @action("f12", "picture", help="Write what is shown to a file as SVG.", category="console")
    async def picture(self) -> None:
        """Draw it."""
        self.flash(await self.console.picture(), "good")

    @action("", "keys", help="Every key of every screen.", category="console")
    def keys(self) -> None:
        """The full list."""
        self.console.open_keys("")

    @property
    def typing(self) -> bool:
        """Letters are text, and no keys of this screen."""
        return takes_text(self.focused)
