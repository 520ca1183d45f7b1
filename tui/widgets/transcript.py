"""The dialogue of one attempt, line by line: what we said, what they said, what happened.

The engine has left secrets out.  ``>`` is ours, ``<`` is theirs, ``*`` is neither; replies are
coloured by their class, which their code says too.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tui.safety import safe
from tui.theme import Styles
from tui.widgets.lines import LinesPane


def transcript_lines(lines: Sequence[str], styles: Styles) -> list[Text]:
    """The lines with their colours."""
    return [_line(safe(line), styles) for line in lines]


def _line(line: str, styles: Styles) -> Text:
    sign, _, rest = line.partition(" ")
    match sign:
        case ">":
            return Text.assemble((" > ", styles["accent"]), (rest, styles["text"]))
        case "<":
            role = {"2": "good", "3": "info", "4": "warn", "5": "bad"}.get(rest[:1], "text")
            return Text.assemble((" < ", styles[role]), (rest, styles[role]))
        case _:
            return Text.assemble((f" {line}", styles["muted"]))


class Transcript(LinesPane):
    """The pane."""

    def show_transcript(self, lines: Sequence[str], *, empty: str) -> None:
        """Show the dialogue of an attempt, or say why there is none."""
        self.show(transcript_lines(lines, self.palette), empty=empty, home=True)
