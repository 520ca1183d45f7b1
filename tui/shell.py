"""What the console as a program offers its screens: lists over them, copying, themes, settings.

The app itself (`tui.app`) owns engine, store and painting.  Here is what an operator does to the
console and not to the mail.  Nothing here blocks: files are written on a thread.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.filter import LineFilter, Monochrome, NoColor

from tui.actions import ACTIONS, Action
from tui.clipboard import keep_copy, osc52, what_was_sent
from tui.command_log import DOING, CommandLog
from tui.commands import HISTORY, BadCommand, parse
from tui.feed import Feed
from tui.guard import Guarded
from tui.jumping import JumpScreen, Target
from tui.keymap import Keymap
from tui.safety import ControlFilter, safe
from tui.screens.choose import Choice, Choose
from tui.screens.command_line import CommandLine, Palette
from tui.screens.everywhere import takes_text
from tui.screens.help import HelpScreen
from tui.screens.log import LogScreen
from tui.settings import Settings, private_write, write_settings
from tui.terminal import WORDS, AsciiFilter, ColourlessFilter
from tui.theme import TEXTUAL_THEMES, THEMES
from tui.theme import Palette as StylesInUse
from tui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from tui.screens.base import ConsoleScreen


class Shell(TypeAhead, Guarded):
    """The console as a program."""

    feed: Feed

    def __init__(
        self,
        *,
        settings: Settings,
        settings_file: Path | None,
        state: Path | None,
        theme: str,
        unicode: bool,
        keymap: Keymap,
        driver_class: type,
    ) -> None:
        """*settings* are kept in *settings_file* when they change; copies and pictures go to the
        folder *state*; without those they end with us.
        """
        self._line_filters: list[LineFilter] = [ControlFilter()]
        self._colourless = ColourlessFilter()
        if not unicode:
            self._line_filters.append(AsciiFilter())
        self.theme_name = theme
        super().__init__(driver_class=driver_class)
        self.settings = settings
        self._settings_file = settings_file
        self._state = state
        self._unicode = unicode
        self.keymap = keymap
        self.command_log = CommandLog()
        self.said: list[str] = []
        """Lines of the `:` line, oldest first."""
        for one in TEXTUAL_THEMES:
            self.register_theme(one)
        self.styles_by_role = StylesInUse(THEMES[theme].styles)
        self.theme = THEMES[theme].textual
        self.set_keymap(keymap.for_textual())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Every painted line passes the control filter, whatever widget made it."""
        # A theme is chosen with NO_COLOR in mind (`theme_for`); Textual would grey any of them.
        theirs = [
            one for one in super().get_line_filters() if not isinstance(one, Monochrome | NoColor)
        ]
        colours = [] if THEMES[self.theme_name].coloured else [self._colourless]
        return [*theirs, *self._line_filters, *colours]

    @property
    @abstractmethod
    def front(self) -> ConsoleScreen | None:
        """The console screen in front, also while a dialog is over it."""

    def shown_key(self, act: Action, *, typing: bool = False) -> str:
        """The first key of an action as this operator and this terminal have it, as in `Keymap`."""
        shown = self.keymap.shown(act, typing=typing)
        if not self._unicode:
            for sign, word in WORDS.items():
                shown = shown.replace(sign, word)
        return shown

    @property
    def state_folder(self) -> Path | None:
        """Where drafts, copies and pictures go; None keeps none."""
        return self._state

    # Lists over the screen.

    def open_command(self, text: str = "") -> None:
        """Type what to do, beginning with *text*."""
        if (under := self.front) is not None:
            self.push_screen(CommandLine(under, self.said, text), self._command)

    def open_palette(self) -> None:
        """Choose what to do."""
        if (under := self.front) is not None:
            self.push_screen(Palette(under), self._chosen)

    def _chosen(self, line: str | None) -> None:
        if line and (under := self.front) is not None:
            act = ACTIONS.named(under.SCOPE, line)
            if act is not None:
                under.perform_by_id(act.id)

    def _command(self, line: str | None) -> None:
        under = self.front
        if not line or under is None:
            return
        if line in self.said:
            self.said.remove(line)
        self.said.append(line)
        del self.said[:-HISTORY]
        try:
            act, argument = parse(under.SCOPE, line)
        except BadCommand as error:
            under.flash(str(error), "warn")
            return
        under.perform_by_id(act.id, argument)

    def open_keys(self, scope: str) -> None:
        """The keys of one screen, or of all."""
        self.push_screen(HelpScreen(scope, self.keymap, self.styles_by_role))

    def open_log(self) -> None:
        """What was changed in this session."""
        self.push_screen(LogScreen(self.command_log, self.styles_by_role), self._log_closed)

    def _log_closed(self, answer: str | None) -> None:
        if answer == "copy" and self.command_log.commands:
            self._copy_soon("the commands of this session", self.command_log.commands)

    def open_copies(self, copies: Sequence[tuple[str, str]]) -> None:
        """Choose what to copy."""
        lines = []
        for number, (title, text) in enumerate(copies):
            first, _, more = text.partition("\n")
            note = safe(first, 300) + (" …" if more.strip() else "")
            digit = str(number + 1) if number < 9 else ""
            lines.append(Choice(str(number), digit, safe(title), note))

        def chosen(name: str | None) -> None:
            if name is not None:
                self._copy_soon(*copies[int(name)])

        footer = "⏎ or a digit sends it to the terminal's clipboard · esc closes"
        box = Choose("Copy", lines, footer=footer, styles=self.styles_by_role)
        self.push_screen(box, chosen)

    def open_jump(self, targets: Sequence[Target]) -> None:
        """Letters to go to."""
        self.push_screen(JumpScreen(targets, self.go_to_digit))

    def go_to_digit(self, digit: str) -> None:
        """What the digit of a tab does."""
        under = self.front
        for act in ACTIONS.of("global"):
            if under is not None and digit in act.keys:
                under.perform_by_id(act.id)

    def seek(self, text: str) -> None:
        """Go to *text* on the screen that is now in front, once it is there."""

        def go() -> None:
            if self.front is not None:
                self.front.seek(text)

        self.call_after_refresh(go)

    @property
    def typing(self) -> bool:
        """Letters are text."""
        return takes_text(self.focused)

    # Copying.

    def _copy_soon(self, title: str, text: str) -> None:
        self.run_worker(self.copy_text(title, text), name="copy")

    async def copy_text(self, title: str, text: str) -> None:
        """Send a text to the terminal's clipboard and keep it in the state folder."""
        sequence = osc52(text)
        if sequence is not None and self._driver is not None:
            self._driver.write(sequence)
        kept = None
        if self._state is not None:
            try:
                kept = await asyncio.to_thread(keep_copy, self._state, text)
            except OSError:
                kept = None
        if self.front is not None:
            said = what_was_sent(title, text, sent=sequence is not None, kept=kept)
            self.front.flash(said, "info" if sequence or kept else "bad")

    async def picture(self) -> str:
        """Write what is shown as SVG; returns what to say about it."""
        if self._state is None:
            return "There is no folder for pictures."
        name = time.strftime("screen-%Y%m%d-%H%M%S.svg", time.localtime(self.wall_time))
        drawn = self.export_screenshot(title="empath")
        return await self.write_state(name, drawn.encode())

    async def write_state(self, name: str, content: bytes) -> str:
        """Write a file into the state folder; returns what to say about it."""
        if self._state is None:
            return "There is no folder for files."
        path = self._state / name
        try:
            await asyncio.to_thread(private_write, path, content)
        except OSError as error:
            return f"{path} was not written: {error.strerror}"
        return f"written to {path}"

    @property
    @abstractmethod
    def wall_time(self) -> float:
        """Seconds since the epoch."""

    # Settings.

    async def keep_settings(self) -> None:
        """Write `settings` to their file, if there is one.  Raises `SettingsUnwritable`."""
        if self._settings_file is not None:
            await asyncio.to_thread(write_settings, self._settings_file, self.settings)

    async def set_interval_of_data(self, seconds: float) -> None:
        """Read the data of a screen so often from now on.  Raises `SettingsUnwritable`."""
        self.settings.interval = seconds
        self.feed.pace = replace(self.feed.pace, data=seconds, least=seconds / 2)
        await self.keep_settings()

    async def set_theme(self, name: str) -> None:
        """Paint in another theme from now on.  Raises `SettingsUnwritable`."""
        look = THEMES[name]
        self.theme_name = self.settings.theme = name
        self.styles_by_role.use(look.styles)
        self.theme = look.textual
        for screen in self.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh()
        if self.front is not None:
            self.front.paint_all()
        await self.keep_settings()

    def say_fault(self, sentence: str, *, again: bool) -> None:
        """A fault of the console: it is what became of the change that runs, or stands alone."""
        said = DOING.get()
        if said is None and not again:
            said = self.command_log.begin(self.wall_time, "a fault of the console")
        if said is not None:
            said.result, said.role, said.ended = sentence, "bad", True
        if not again and self.front is not None:
            self.front.flash(sentence, "bad")

    def say_faults(self, faults: Sequence[str]) -> None:
        """Tell the first of what was wrong at the start; all of it stands in the log, ``@``."""
        for fault in faults:
            said = self.command_log.begin(self.wall_time, "a fault at the start")
            said.result, said.role, said.ended = fault, "warn", True
        if faults:
            more = f" And {len(faults) - 1} more; @ lists them." if len(faults) > 1 else ""
            self.notify(faults[0] + more, severity="warning", timeout=6, markup=False)
