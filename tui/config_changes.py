"""What a config would change: a draft, the file or an old version against what is in force.

As settings, with what they mean for queued mail, or as text line by line.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from tui.config_lines import change_lines, diff_lines, impact_lines
from tui.config_work import ConfigWork
from tui.figures import plural
from tui.theme import Styles


class ConfigChanges:
    """The lines of the pane of changes."""

    def __init__(self, work: ConfigWork, styles: Styles, theme: Callable[[], str]) -> None:
        """*theme* names what *styles* show now."""
        self._work = work
        self._styles = styles
        self._theme = theme
        self._diffed: tuple[tuple[str, ...], list[Text]] = ((), [])

    def shown(self, *, as_text: bool) -> tuple[str, list[Text], str]:
        """Title, lines and what stands there without any."""
        work, styles = self._work, self._styles
        if work.shown is not None and work.shown_text is not None:
            number = work.shown.version
            same = "To the letter what is in force."
            found = self.diff(work.shown_text, f"version {number}")
            return f"Version {number} against what is in force", found, same
        if work.shown is not None:
            found = change_lines(work.shown.changes, (), styles)
            return f"Changes of version {work.shown.version}", found, "It changed no setting."
        version = work.view.version if work.view else 0
        what = "Draft" if work.changed else "File"
        title = f"{what} against version {version} in force"
        if as_text:
            same = "To the letter what is in force."
            return title, self.diff(work.text, what.lower()), same
        if work.faults:
            return title, [], f"{plural(len(work.faults), 'fault')}: nothing can be put in force."
        pending = work.view.pending if work.view else ()
        changes = work.checked.changes if work.checked else ()
        lines = change_lines(changes, pending, styles)
        if work.plan is not None:
            lines += impact_lines(work.plan, styles)
        elif changes:
            lines.append(Text("F5 looks at the queued mail too", styles["muted"]))
        return title, lines, "No setting changes."

    def diff(self, text: str, name: str) -> list[Text]:
        """What is in force and *text*, line by line; made anew only when one of them is another."""
        running = self._work.running
        key = (running, text, name, self._theme())
        if self._diffed[0] != key:
            lines = diff_lines(running, text, self._styles, ("in force", name))
            self._diffed = (key, lines)
        return self._diffed[1]
