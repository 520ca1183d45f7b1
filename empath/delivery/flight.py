"""One dialogue on its way over a connection: what it has said and what it is owed for it.

Several may be on their way at once (RFC 2920): replies come in the order of the commands, so
they belong to the first flight that is owed one.  A flight holds its own transcript and
deadline; it reads and writes nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, final

from empath.delivery.transcript import Transcript
from empath.smtp.steps import Dialogue, Step


@final
class Done:
    """The dialogue has returned this."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


Following = Step | Done | None
"""A step for `Connection.run` to take, the end, or None while a reply is owed."""


@final
class Flight:
    """A dialogue and its place in the order of replies."""

    __slots__ = (
        "body",
        "chunked",
        "chunks",
        "dialogue",
        "dotted",
        "lines",
        "moved",
        "octets",
        "owed",
        "quiet",
        "said",
        "sending",
        "transcript",
        "turn",
    )

    def __init__(
        self,
        dialogue: Dialogue[Any],
        transcript: Transcript,
        said: Callable[[], None] | None,
        body: bytes | None = None,
    ) -> None:
        self.dialogue = dialogue
        self.transcript = transcript
        self.said = said
        """Called once when it has said all it will, unless something goes wrong."""
        self.body = body
        """The content, where it is small and in memory."""
        self.turn: asyncio.Future[Following] | None = None
        """Set while `Connection.run` sleeps."""
        self.owed = 0
        """Replies to come."""
        self.chunks = 0
        """Of them, those to chunks that are not the last; the dialogue hears none that is good."""
        self.sending = False
        """Content is on its way, in parts."""
        self.dotted = False
        """The end of the content has been sent."""
        self.quiet = False
        """It has said all it will."""
        self.lines: tuple[str, ...] = ()
        """The commands it said last, at once; what holds a secret as it may be shown."""
        self.chunked = False
        """Its content goes as BDAT."""
        self.octets = 0
        """Of the content, so far handed to the socket."""
        self.moved = 0.0
        """When content was last handed to the socket."""

    @property
    def awaited(self) -> str:
        """The command whose reply comes next; empty if that is the content, or nothing is."""
        lines = self.lines
        if self.chunks or not self.owed:
            return ""
        place = len(lines) - self.owed + (1 if self.dotted else 0)
        return lines[place] if 0 <= place < len(lines) else ""

    def __repr__(self) -> str:
        return f"<Flight owed={self.owed} dotted={self.dotted}>"
