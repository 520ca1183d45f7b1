"""The Config screen as it looks: its panes, what each shows, and the way from one to another.

Four panes: the text, what is wrong with it and what its keys mean, what it would change, and what
was in force before.  A small terminal shows one of them at a time.  What is shown comes from
`ConfigWork`; what changes anything is in `tui.screens.config`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, TypeVar

from textual.containers import Container, Horizontal, Vertical
from textual.widget import Widget

from empath.control.link import ConfigVersion, ReadConfigVersion, Request
from tui.actions import action
from tui.config_changes import ConfigChanges
from tui.config_lines import fault_lines, help_lines, last_change
from tui.config_marks import marks_of
from tui.config_notice import notice
from tui.config_rows import FAULTS, HISTORY, FaultRows, VersionRows
from tui.config_work import ConfigWork
from tui.figures import plural
from tui.safety import safe
from tui.screens.base import ConsoleScreen
from tui.widgets.bars import Line, Piece
from tui.widgets.lines import LinesPane
from tui.widgets.pane import Pane
from tui.widgets.toml_editor import TomlEditor
from tui.widgets.virtual_table import VirtualTable

R = TypeVar("R")

PANES: Final = ("editor", "problems", "help", "changes", "history")
_FOCUS: Final = {
    "editor": "#text",
    "problems": "#faults",
    "help": "#help-lines",
    "changes": "#change-lines",
    "history": "#versions",
}


class ConfigPanes(ConsoleScreen):
    """The Config screen as it looks."""

    SCOPE: ClassVar[str] = "config"
    TAB = "config"

    def __init__(self) -> None:
        super().__init__()
        self.work = ConfigWork(self._ask)
        self.unsafe = ""
        """Why the text may not be edited here, though it can be shown."""
        self._pane = "editor"
        self._as_text = False
        self._faults = FaultRows(self.work)
        self._versions = VersionRows(self.work)

    def body(self) -> Iterable[Widget]:
        """A line for what is urgent, and the panes."""
        styles = self.palette
        self._changes = ConfigChanges(self.work, styles, lambda: self.console.theme_name)
        yield Line(styles=styles, id="config-notice")
        yield Container(
            Horizontal(
                Pane("Config", TomlEditor(styles=styles, id="text"), id="editor"),
                Vertical(
                    Pane(
                        "Problems",
                        VirtualTable(
                            FAULTS, self._faults, styles=styles, headed=False, id="faults"
                        ),
                        LinesPane(styles=styles, id="fault-lines"),
                        id="problems",
                    ),
                    Pane("Key", LinesPane(styles=styles, id="help-lines"), id="help"),
                    id="config-side",
                ),
                id="config-upper",
            ),
            Horizontal(
                Pane("Changes", LinesPane(styles=styles, id="change-lines"), id="changes"),
                Pane(
                    "History",
                    VirtualTable(
                        HISTORY,
                        self._versions,
                        styles=styles,
                        empty="Nothing was recorded yet.",
                        id="versions",
                    ),
                    id="history",
                ),
                id="config-lower",
            ),
            id="config",
        )

    def on_mount(self) -> None:
        """Begin at the text."""
        super().on_mount()
        self._show_pane("editor")

    @property
    def editor(self) -> TomlEditor:
        """The text."""
        return self.query_one("#text", TomlEditor)

    async def _ask(self, request: Request[R]) -> R:
        return await self.console.ask(request)

    # Painting.

    def paint(self) -> None:
        """All panes."""
        at = self.store.clock.monotonic()
        self._paint_notice()
        self._paint_text()
        table = self.query_one("#faults", VirtualTable)
        faults = len(self.work.faults)
        table.empty = self._no_faults()
        table.paint(at)
        full = self.query_one("#fault-lines", LinesPane)
        full.display = bool(faults)
        chosen = self._faults.at(table.cursor_row)
        full.show(fault_lines(chosen, full.size.width - 1, self.palette))
        problems = self.query_one("#problems", Pane)
        problems.set_class(bool(faults), "-faulty")
        problems.name_it(
            f"Problems · {faults}" if faults else "Problems", "⏎ goes to the line" if faults else ""
        )
        place = self.work.place(self.editor.line)
        lines = self.query_one("#help-lines", LinesPane)
        last = last_change(self.work.versions, place.key) if place.key else None
        lines.show(help_lines(place, self.work.keys, last, lines.size.width - 1, self.palette))
        self.query_one("#help", Pane).name_it(
            f"Key · {safe(place.key, 60)}" if place.key else "Key"
        )
        self._paint_changes()
        self.query_one("#versions", VirtualTable).paint(at)

    def _paint_notice(self) -> None:
        line = self.query_one("#config-notice", Line)
        pieces = notice(self.work, self.store.now, self.unsafe)
        line.display = bool(pieces)
        line.show(pieces)

    def _paint_text(self) -> None:
        work, editor = self.work, self.editor
        editor.mark(marks_of(work))
        name = safe(work.view.file, 200) if work.view else "Config"
        what = "draft" if work.changed else ""
        if editor.editing:
            what = "editing · esc leaves"
        row, column = editor.cursor_location
        state = f" · {what}" if what else ""
        self.query_one("#editor", Pane).name_it(
            f"{name}{state}", f"line {row + 1}, column {column + 1}"
        )

    def _no_faults(self) -> str:
        if self.work.checked is None:
            return "Not checked yet."
        return "✓ nothing is wrong with it"

    def _paint_changes(self) -> None:
        title, lines, empty = self._changes.shown(as_text=self._as_text)
        below = "F5 shows settings" if self._as_text else "F5 shows the text"
        self.query_one("#changes", Pane).name_it(title, below)
        self.query_one("#change-lines", LinesPane).show(lines, empty=empty)

    def crumbs(self) -> str:
        """The file."""
        above = "Config › draft" if self.work.changed else "Config"
        return above if self._pane == "editor" else f"{above} › {self._pane}"

    def standing(self) -> list[Piece]:
        """Draft, faults, changes by effect, and what the file is to what is in force."""
        work = self.work
        if work.view is None:
            return [(" Waiting for the engine …", "muted")]
        pieces: list[Piece] = [(" draft" if work.changed else " no draft", "text")]
        if work.checked is None:
            pieces.append((" · not checked", "muted"))
        elif work.faults:
            pieces.append((f" · ✖ {plural(len(work.faults), 'fault')}", "bad"))
        else:
            changes = work.checked.changes
            said = f"{plural(len(changes), 'setting')} changed" if changes else "no setting changes"
            pieces.append((f" · {said}", "muted"))
            for effect in ("live", "new sessions", "restart"):
                number = sum(1 for one in changes if one.effect == effect)
                if number:
                    pieces.append(
                        (f" · {number} {effect}", "warn" if effect == "restart" else "muted")
                    )
        same = "differs from the file" if work.view.drift else "is what the file says"
        pieces.append((f" · version {work.view.version} in force, {same}", "muted"))
        return pieces

    def seek(self, text: str) -> None:
        """Go to the line of a setting, or of the table it would be in."""
        line = self.work.line_of(text)
        if line is None:
            self.flash(f"{text} is not written in the file: it has its default.", "warn")
        else:
            self._show_pane("editor")
            self.editor.point_at(line)

    def copies(self) -> list[tuple[str, str]]:
        """The line, its key, the text, the diff."""
        work = self.work
        place = work.place(self.editor.line)
        found = [("text of the config", work.text)]
        if place.key:
            found.insert(0, ("key", place.key))
            found.insert(1, ("line", work.text.split("\n")[self.editor.line]))
        if lines := self._changes.diff(work.text, "draft"):
            found.append(("difference", "\n".join(line.plain for line in lines)))
        return found

    # Panes.

    def _versions_changed(self) -> None:
        """There is a new version: the history's cursor goes to it, unless somebody reads there."""
        if self._pane != "history" and self.work.versions:
            table = self.query_one("#versions", VirtualTable)
            table.selection.cursor = str(self.work.versions[0].version)

    def _show_pane(self, name: str) -> None:
        self._pane = name
        for pane in self.query(Pane):
            pane.set_class(pane.id == name, "-current")
        for part in ("config-upper", "config-side", "config-lower"):
            here = self.query_one(f"#{part}")
            here.set_class(bool(here.query(f"#{name}")), "-current")
        self.query_one(_FOCUS[name]).focus()
        self.call_after_refresh(self.paint_all)

    def on_descendant_focus(self) -> None:
        """A click may have gone to another pane."""
        for name, wanted in _FOCUS.items():
            if self.focused is not None and f"#{self.focused.id}" == wanted and name != self._pane:
                self._show_pane(name)

    def on_virtual_table_moved(self) -> None:
        """The cursor of a table moved: of the history, its changes show."""
        if self._pane == "history":
            self.work.show(self._versions.at(self.query_one("#versions", VirtualTable).cursor_row))
        self.paint_all()

    def on_virtual_table_opened(self) -> None:
        """A click on the row of the cursor."""
        self.perform_by_id("config.open")

    def _leave_editing(self) -> None:
        self.editor.read_only = True
        self.paint_all()

    @action("tab", "next pane", id="pane", help="Go to the next pane.", rank=12, priority=True)
    def next_pane(self) -> None:
        """Go to the next pane."""
        self._go_pane(1)

    @action("shift+tab", "previous pane", help="Go to the pane before.", priority=True)
    def previous_pane(self) -> None:
        """Go to the pane before."""
        self._go_pane(-1)

    def _go_pane(self, steps: int) -> None:
        self._leave_editing()
        self.work.show(None)
        self._show_pane(PANES[(PANES.index(self._pane) + steps) % len(PANES)])

    @action(
        "enter",
        "open",
        help="On the text: edit it. On a problem: go to its line. In the history: its text.",
    )
    async def open(self) -> None:
        """What enter means in this pane."""
        match self._pane:
            case "problems":
                self._go_to_fault()
            case "history":
                await self._show_version()
            case "editor":
                self.perform_by_id("config.edit")
            case _:
                pass

    def _go_to_fault(self) -> None:
        fault = self._faults.at(self.query_one("#faults", VirtualTable).cursor_row)
        if fault is not None:
            line = (fault.line or 1) - 1
            self._show_pane("editor")
            self.editor.point_at(line)
            self.paint_all()

    async def _show_version(self) -> None:
        """What a version of the history would change of what is in force, as text."""
        version = self._chosen()
        if version is None:
            return
        text = (await self.console.ask(ReadConfigVersion(version=version.version))).text
        self.work.show(version, text)
        self._show_pane("changes")

    def _chosen(self) -> ConfigVersion | None:
        return self._versions.at(self.query_one("#versions", VirtualTable).cursor_row)

    @action("h", "history", help="What was in force, since when, through whom, and why.", rank=4)
    def history(self) -> None:
        """Go to the history."""
        self._show_pane("history")
        self.on_virtual_table_moved()

    @action("x", "problems", help="What is wrong with the text.", rank=11)
    def problems(self) -> None:
        """Go to the problems."""
        self._show_pane("problems")

    @action(
        "f8", "key help", help="What the setting under the cursor means.", priority=True, rank=7
    )
    def key_help(self) -> None:
        """Go to the help, and back."""
        self._leave_editing()
        self._show_pane("editor" if self._pane == "help" else "help")

    @action("q,escape", "back", help="Leave the editor, then the other panes; at the root, leave.")
    async def back(self) -> None:
        """One step back."""
        if self.editor.editing:
            self._leave_editing()
        elif self._pane != "editor" or self.work.shown is not None:
            self.work.show(None)
            self._show_pane("editor")
        else:
            await super().back()
