"""What the console has read of one message: its envelope, its parts, and pieces of its texts.

Texts come in pieces of `RANGE` and only when somebody looks; of one text no more than `MOST` is
kept here.  Plain Python: a screen asks `read`, and a widget paints what is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, final

from empath.control.link import (
    ListParts,
    MessageParts,
    MessageView,
    ReadContent,
    ReadPart,
    RequestRefused,
    ViewMessage,
)
from empath.envelope import MessageId

RANGE: Final = 65536
"""Characters, or octets of the raw message, in one request."""
MOST: Final = 2_000_000
"""Characters of one text that are kept."""
KEPT: Final = 20
"""Messages that are remembered."""

HTML, TEXT, SOURCE, RAW, HEADERS, PARTS = "html", "text", "source", "raw", "headers", "parts"
FORMS: Final = (HTML, TEXT, SOURCE, RAW, HEADERS, PARTS)
"""The ways to look at a message."""

Ask = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is here of one text."""

    text: str
    next_offset: int | None
    """Where the next piece begins; None at the end."""
    size: int
    """Octets in all, as far as that is known; else 0."""


@final
class Inside:
    """One message."""

    def __init__(self, id: MessageId) -> None:
        self.id = id
        self.view: MessageView | None = None
        self.parts: MessageParts | None = None
        self.problem = ""
        """Why there is no such message; empty if there is."""
        self.damage = ""
        """Why its parts cannot be told; empty if they can."""
        self.pieces: dict[str, Piece] = {}

    def __repr__(self) -> str:
        return f"<Inside {self.id} {' '.join(self.pieces)}>"

    @property
    def forms(self) -> tuple[str, ...]:
        """The ways to look at it that there are."""
        parts = self.parts
        if parts is None:
            return (TEXT, RAW, HEADERS, PARTS)
        has = {HTML: bool(parts.html), SOURCE: bool(parts.html), TEXT: bool(parts.text)}
        return tuple(form for form in FORMS if has.get(form, True))

    @property
    def first_form(self) -> str:
        """What a reader wants to see first."""
        return next((form for form in (HTML, TEXT, PARTS) if form in self.forms), HEADERS)

    def wants(self, form: str, *, more: bool = False) -> ReadPart | ReadContent | None:
        """The next request for a text, with *more* also behind what is here; None if none."""
        if form in (HEADERS, PARTS) or form not in self.forms:
            return None
        piece = self.pieces.get(form)
        offset = 0 if piece is None else piece.next_offset
        if offset is None or (piece is not None and (not more or len(piece.text) >= MOST)):
            return None
        if self.view is None or not self.view.body_stored:
            return None
        if form == RAW:
            return ReadContent(id=self.id, offset=offset, limit=RANGE)
        if self.parts is None:
            return None
        number = self.parts.text if form == TEXT else self.parts.html
        if form == SOURCE:
            return ReadPart(id=self.id, part=number, form="source", offset=offset, limit=RANGE)
        return ReadPart(id=self.id, part=number, offset=offset, limit=RANGE)

    def fold(self, form: str, text: str, next_offset: int | None, size: int = 0) -> None:
        """Take the next piece of a text."""
        before = self.pieces.get(form)
        self.pieces[form] = Piece((before.text if before else "") + text, next_offset, size)

    async def look(self, ask: Ask, *, parts: bool = True) -> None:
        """Read the envelope, and once what it consists of, which counts as reading its body; not
        without *parts*.  Raises `LinkLost`.
        """
        try:
            self.view = await ask(ViewMessage(id=self.id))
            self.problem = ""
        except RequestRefused as refusal:
            self.view, self.problem = None, str(refusal)
            return
        stored = self.view is not None and self.view.body_stored
        if parts and self.parts is None and stored:
            try:
                self.parts = await ask(ListParts(id=self.id))
                self.damage = ""
            except RequestRefused as refusal:
                self.damage = str(refusal)

    async def read(self, ask: Ask, form: str, *, more: bool = False) -> bool:
        """Read what is missing of a text; whether there was something.  Raises `LinkLost`,
        `RequestRefused`.
        """
        wanted = self.wants(form, more=more)
        if wanted is None:
            return False
        reply = await ask(wanted)
        if isinstance(wanted, ReadContent):
            end = wanted.offset + len(reply.octets)
            self.fold(form, reply.text, end if end < reply.size else None, reply.size)
        else:
            self.fold(form, reply.text, reply.next_offset)
        return True


@final
class Insides:
    """The messages that were looked at last."""

    def __init__(self) -> None:
        self._kept: dict[str, Inside] = {}

    def of(self, id: MessageId) -> Inside:
        """What is known of *id*."""
        inside = self._kept.pop(id, None) or Inside(id)
        self._kept[id] = inside
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return inside

    def forget(self) -> None:
        """Another engine: nothing that was read holds."""
        self._kept.clear()
