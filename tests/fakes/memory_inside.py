"""What is inside the messages of a `MemoryLink`: parts, texts, and what was released of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from empath.address import Domain
from empath.control.link import (
    CheckItem,
    ListParts,
    MessageParts,
    NotFound,
    PartItem,
    PartText,
    ReadPart,
    ReleaseCaptured,
    Released,
    ReleaseItem,
    Request,
)
from empath.envelope import MessageId


def part(number: str, kind: str, *, size: int = 400, filename: str = "") -> PartItem:
    """One part."""
    return PartItem(
        number=number,
        depth=0 if number == "0" else 1 + number.count("."),
        kind=kind,
        charset="utf-8",
        encoding="7bit",
        disposition="attachment" if filename else "",
        filename=filename,
        size=size,
    )


PLAIN = (part("1", "text/plain", size=84),)
"""The parts of a mail that is text."""


def parts_of(id: MessageId, **changes: Any) -> MessageParts:
    """A mail with text and HTML, a link, a code, and a fault."""
    found = MessageParts(
        id=id,
        size=5120,
        parts=(
            part("0", "multipart/alternative", size=4000),
            part("1", "text/plain"),
            part("2", "text/html", size=3000),
        ),
        cut=False,
        text="1",
        html="2",
        links=("https://shop.test/reset?t=9f3c", "mailto:help@shop.test"),
        code="482913",
        checks=(
            CheckItem(fine=True, sentence="text and HTML"),
            CheckItem(fine=False, sentence="no List-Unsubscribe"),
        ),
    )
    return msgspec.structs.replace(found, **changes)


@dataclass
class MemoryInside:
    """Answers `ListParts`, `ReadPart` and `ReleaseCaptured` from its attributes."""

    parts: dict[MessageId, MessageParts] = field(default_factory=dict)
    texts: dict[tuple[MessageId, str], str] = field(default_factory=dict)
    """By message and ``part form``, such as ``1 text``."""
    octets: bytes = b"\x89PNG"
    """What any part is decoded."""
    queued: bool = False
    """Released mail goes into the queue."""
    released: list[ReleaseCaptured] = field(default_factory=list)

    def answer(self, request: Request[Any]) -> Any:
        """The reply; None for a request of another kind."""
        match request:
            case ListParts(id=id):
                return self._parts(id)
            case ReadPart(id=id):
                return self._text(request, self._parts(id))
            case ReleaseCaptured(ids=ids, recipients=recipients, to=to):
                if not request.dry_run:
                    self.released.append(request)
                items = tuple(
                    ReleaseItem(
                        id=each,
                        destination=Domain("x.test"),
                        recipients=recipients,
                        route=f"to {to}",
                    )
                    for each in ids
                )
                return Released(
                    messages=len(ids), recipients=len(ids), items=items, queued=self.queued
                )
            case _:
                return None

    def _parts(self, id: MessageId) -> MessageParts:
        if id not in self.parts:
            raise NotFound(f"There is no message {id}.")
        return self.parts[id]

    def _text(self, request: ReadPart, inside: MessageParts) -> PartText:
        number = request.part or inside.html or inside.text or inside.parts[0].number
        text = self.texts.get((request.id, f"{number} {request.form}"), "")
        end = request.offset + request.limit
        kind = next(one.kind for one in inside.parts if one.number == number)
        return PartText(
            id=request.id,
            part=number,
            kind=kind,
            charset="utf-8",
            filename="",
            form=request.form,
            offset=request.offset,
            next_offset=end if request.form != "octets" and end < len(text) else None,
            text="" if request.form == "octets" else text[request.offset : end],
            octets=self.octets if request.form == "octets" else b"",
            links=inside.links,
        )
