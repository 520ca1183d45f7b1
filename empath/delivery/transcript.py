"""What was said in one attempt, line by line, bounded: for the timeline of mail that failed.

Lines are kept as they are and put into words only when somebody asks, which for delivered
mail nobody does.  Secrets never come in: the dialogue says what is shown in their place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, final

from empath.reply import Reply

LINES: Final = 60
LINE_TEXT: Final = 300


@final
class Transcript:
    """The last lines of a dialogue; ``>`` is what was sent, ``<`` what came, ``*`` a remark."""

    __slots__ = ("_kept", "_seen")

    def __init__(self) -> None:
        self._kept: deque[tuple[str, str | Reply]] = deque(maxlen=LINES)
        self._seen = 0

    def __repr__(self) -> str:
        return f"<Transcript lines={self._seen}>"

    def sent(self, line: str) -> None:
        """One command, already fit to be shown."""
        self._seen += 1
        self._kept.append(("> ", line))

    def received(self, reply: Reply) -> None:
        """One reply."""
        self._seen += 1
        self._kept.append(("< ", reply))

    def remark(self, text: str) -> None:
        """What happened beside the dialogue, such as a handshake."""
        self._seen += 1
        self._kept.append(("* ", text))

    def lines(self) -> tuple[str, ...]:
        """At most `LINES` lines of at most `LINE_TEXT` characters; the last ones."""
        lines = [_cut(line) for mark, said in self._kept for line in _written(mark, said)]
        missing = self._seen - len(self._kept) + max(0, len(lines) - LINES)
        if not missing:
            return tuple(lines)
        return (f"* {missing + 1} lines before this are left out", *lines[-(LINES - 1) :])


def _cut(line: str) -> str:
    return line if len(line) <= LINE_TEXT else line[: LINE_TEXT - 1] + "…"


def _written(mark: str, said: str | Reply) -> Iterator[str]:
    if isinstance(said, str):
        yield mark + said
        return
    enhanced = f"{said.enhanced} " if said.enhanced else ""
    first, *rest = said.text.split("\n")
    yield f"{mark}{said.code}{'-' if rest else ' '}{enhanced}{first}".rstrip()
    for line in rest:
        yield f"{mark}{said.code} {line}"
