"""What operators read inside a message: its MIME tree, and its parts decoded piece by piece.

Promises: a message of any size is looked through in pieces of `BLOCK`, in a thread and never on
the loop; no more than `TEXT_LIMIT` octets of a part become text; every text is sanitised line
by line; nothing is fetched from anywhere.  Refusals are sentences.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, final

from msgspec import Struct

from empath.control import link
from empath.control.link import NotFound, RequestRefused, RequestUnclear
from empath.control.looking import PART_LIMIT, Read
from empath.envelope import MessageId
from empath.message import html_text, links
from empath.message.checks import review
from empath.message.headers import HEADER_LIMIT, read_headers
from empath.message.structure import Part, Structure, StructureReader
from empath.message.transfer import TransferDecoder
from empath.safe_text import safe_text
from empath.spool.face import BodyUnfit, Content, MessageRecord, Spool

BLOCK: Final = 256 * 1024
"""Octets that are looked at in one go."""
TEXT_LIMIT: Final = 512 * 1024
"""Decoded octets of a part that are made into text."""
KEPT: Final = 2
"""Texts, and structures, that are remembered."""
_LINE: Final = 4000
"""Characters of a line, beyond which it is broken."""


class _Text(Struct, frozen=True):
    """A part as text."""

    text: str
    links: tuple[str, ...]
    cut: bool


@final
class PartDesk:
    """Answers `ListParts` and `ReadPart`; one for an engine, so that it remembers a little."""

    def __init__(self, spool: Spool, read: Read) -> None:
        self._spool = spool
        self._read = read
        self._structures: dict[MessageId, Structure] = {}
        self._texts: dict[tuple[MessageId, str, str], _Text] = {}

    def __repr__(self) -> str:
        return f"<PartDesk structures={len(self._structures)} texts={len(self._texts)}>"

    async def list_parts(self, request: link.ListParts, at: float) -> link.MessageParts:
        """The tree of a message, and what is in it, at monotonic *at*.  Raises `RequestRefused`."""
        record, content = await self._open(request.id, at, first=True)
        structure = await self._structure(request.id, content)
        plain, html = _shown(structure, "text/plain"), _shown(structure, "text/html")
        nothing = _Text("", (), cut=False)
        text = await self._text(record.id, content, plain, "text") if plain else nothing
        page = await self._text(record.id, content, html, "text") if html else nothing
        found, code = await asyncio.to_thread(_looked_for, record.subject, page, text)
        headers = read_headers(await self._part(content, 0, HEADER_LIMIT))
        fields: dict[str, list[str]] = {}
        for name, value in headers:
            fields.setdefault(name.lower(), []).append(value)
        checks = review(
            fields,
            structure,
            size=record.size,
            links=found,
            html_octets=html.size if html else 0,
            text_characters=len(text.text.strip()),
        )
        return link.MessageParts(
            id=record.id,
            size=content.size,
            parts=tuple(map(_item, structure.parts)),
            cut=structure.cut,
            text=plain.number if plain else "",
            html=html.number if html else "",
            links=tuple(safe_text(each, links.LENGTH) for each in found)[: links.LINKS],
            code=code,
            checks=tuple(link.CheckItem(fine=one.fine, sentence=one.sentence) for one in checks),
        )

    async def read_part(self, request: link.ReadPart, at: float) -> link.PartText:
        """A piece of a part at monotonic *at*.  Raises `RequestRefused`."""
        if request.offset < 0 or request.limit < 1:
            raise RequestUnclear("offset is 0 or more, limit is 1 or more.")
        _, content = await self._open(request.id, at, first=request.offset == 0)
        structure = await self._structure(request.id, content)
        part = self._chosen(structure, request)
        limit = min(request.limit, PART_LIMIT)
        if request.form == "octets":
            octets, more = await self._octets(content, part, request.offset, limit)
            return self._piece(
                request, part, request.offset + len(octets) if more else None, octets=octets
            )
        if not _is_text(part):
            raise RequestRefused(
                f"Part {part.number} of {request.id} is {part.kind} and no text: save it with"
                f" `empathctl inbox view {request.id} --part {part.number} > FILE`."
            )
        text = await self._text(request.id, content, part, request.form)
        end = request.offset + limit
        return self._piece(
            request,
            part,
            end if end < len(text.text) else None,
            text=text.text[request.offset : end],
            found=text.links,
            cut=text.cut,
        )

    @staticmethod
    def _piece(
        request: link.ReadPart,
        part: Part,
        next_offset: int | None,
        *,
        text: str = "",
        octets: bytes = b"",
        found: tuple[str, ...] = (),
        cut: bool = False,
    ) -> link.PartText:
        return link.PartText(
            id=request.id,
            part=part.number,
            kind=part.kind,
            charset=part.charset,
            filename=part.filename,
            form=request.form,
            offset=request.offset,
            next_offset=next_offset,
            text=text,
            octets=octets,
            links=found,
            cut=cut,
        )

    @staticmethod
    def _chosen(structure: Structure, request: link.ReadPart) -> Part:
        if not request.part:
            part = _shown(structure, "text/html") or _shown(structure, "text/plain")
            return part or structure.parts[0]
        for part in structure.parts:
            if part.number == request.part:
                return part
        shown = safe_text(request.part, 100)
        numbers = ", ".join(part.number for part in structure.parts[:20])
        raise NotFound(f"{request.id} has no part {shown}; there are {numbers}.")

    async def _open(
        self, id: MessageId, at: float, *, first: bool
    ) -> tuple[MessageRecord, Content]:
        record = await self._spool.message(id)
        if record is None:
            raise NotFound(f"There is no message {id}.")
        if not record.body_stored:
            raise NotFound(f"The body of {id} is not kept any more: nobody waits for it.")
        try:
            return record, await self._read.content(self._spool, id, 0 if first else 1, at)
        except BodyUnfit as error:
            raise RequestRefused(f"The body of {id} cannot be read: {error}") from error

    @staticmethod
    async def _part(content: Content, start: int, limit: int) -> bytes:
        try:
            return await content.part(start, limit)
        except BodyUnfit as error:
            raise RequestRefused(f"The body cannot be read: {error}") from error

    async def _blocks(self, content: Content, start: int, end: int) -> AsyncIterator[bytes]:
        while start < end:
            block = await self._part(content, start, min(BLOCK, end - start))
            if not block:
                return
            start += len(block)
            yield block

    async def _structure(self, id: MessageId, content: Content) -> Structure:
        known = self._structures.get(id)
        if known is None:
            reader = StructureReader()
            async for block in self._blocks(content, 0, content.size):
                await asyncio.to_thread(reader.feed, block)
            known = self._structures[id] = await asyncio.to_thread(reader.close)
            while len(self._structures) > KEPT:
                del self._structures[next(iter(self._structures))]
        return known

    async def _octets(
        self, content: Content, part: Part, offset: int, limit: int
    ) -> tuple[bytes, bool]:
        """Decoded octets from *offset* on, and whether there are more."""
        if part.encoding not in {"base64", "quoted-printable"}:
            start = min(part.start + offset, part.end)
            octets = await self._part(content, start, min(limit, part.end - start))
            return octets, start + len(octets) < part.end
        decoder = TransferDecoder(part.encoding)
        before, found = 0, bytearray()
        async for block in self._blocks(content, part.start, part.end):
            decoded = await asyncio.to_thread(decoder.feed, block)
            found += decoded[max(0, offset - before) :]
            before += len(decoded)
            if len(found) > limit:
                return bytes(found[:limit]), True
        decoded = decoder.close()
        found += decoded[max(0, offset - before) :]
        return bytes(found[:limit]), len(found) > limit

    async def _text(self, id: MessageId, content: Content, part: Part, form: str) -> _Text:
        key = (id, part.number, form)
        known = self._texts.get(key)
        if known is None:
            octets, more = await self._octets(content, part, 0, TEXT_LIMIT)
            known = self._texts[key] = await asyncio.to_thread(_as_text, part, octets, form, more)
            while len(self._texts) > KEPT:
                del self._texts[next(iter(self._texts))]
        return known


def _as_text(part: Part, octets: bytes, form: str, cut: bool) -> _Text:
    try:
        text = octets.decode(part.charset, "replace")
    except (LookupError, UnicodeError):
        text = octets.decode("utf-8", "replace")
    found: tuple[str, ...] = ()
    if part.kind == "text/html" and form == "text":
        page = html_text.html_text(text)
        text, found, cut = page.text, page.links, cut or page.cut
    return _Text(_sanitised(text), tuple(safe_text(each, links.LENGTH) for each in found), cut)


def _sanitised(text: str) -> str:
    r"""*text* line by line; a tab is blanks, and a line that never ends is broken."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        spaced = line.replace("\t", "    ").replace("\u00a0", " ").rstrip()
        lines += (
            safe_text(spaced[start : start + _LINE], 12 * _LINE)
            for start in range(0, max(1, len(spaced)), _LINE)
        )
    return "\n".join(lines)


def _looked_for(subject: str, page: _Text, text: _Text) -> tuple[tuple[str, ...], str]:
    """The links of HTML and text, each once, and the one-time code."""
    found = dict.fromkeys((*page.links, *links.find_links(text.text)))
    readable = text.text if text.text.strip() else page.text
    return tuple(found), links.find_code(subject, readable)


def _is_text(part: Part) -> bool:
    return part.kind.startswith("text/") or part.kind == "message/delivery-status"


def _shown(structure: Structure, kind: str) -> Part | None:
    """The first part of *kind* that is to be read and no attachment, nor in one."""
    for part in structure.parts:
        if part.kind == "message/rfc822" and part.depth:
            return None
        if part.kind == kind and part.disposition != "attachment":
            return part
    return None


def _item(part: Part) -> link.PartItem:
    return link.PartItem(
        number=part.number,
        depth=part.depth,
        kind=part.kind,
        charset=part.charset,
        encoding=part.encoding,
        disposition=part.disposition,
        filename=part.filename,
        size=part.size,
    )
