"""What operators read of the queue: a page of it, one message, a piece of a body.

Every reply is bounded, whatever was asked.
"""

from __future__ import annotations

from typing import Final

from empath.address import Domain
from empath.control import link, views
from empath.control.link import NotFound, RequestRefused, RequestUnclear
from empath.control.parts import Deliverer
from empath.control.standing import rerouted
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId
from empath.message.headers import HEADER_LIMIT, read_headers
from empath.query import QueueQuery, parse_query
from empath.spool.cursors import BadCursor
from empath.spool.face import SORTS, BodyUnfit, Content, Spool

PAGE_LIMIT: Final = 1000
"""Most messages in one page."""
PART_LIMIT: Final = 1024 * 1024
"""Most octets in one part of a body."""
FRESH: Final = 60.0
"""Seconds for which a body that is read in parts counts as verified."""
READERS: Final = 4
"""Most bodies that count so at once; inline ones are held in memory meanwhile."""


async def list_queue(
    spool: Spool, request: link.ListQueue, shut: views.Shut, now: float
) -> link.QueuePage:
    """A page, at *now*, when these destinations are *shut*.

    Raises `RequestUnclear` and `empath.query.BadQuery`.
    """
    if request.limit < 1:
        raise RequestUnclear(f"limit is a number from 1 to {PAGE_LIMIT}.")
    if request.sort.removeprefix("-") not in SORTS:
        raise RequestUnclear(
            f'sort is {", ".join(SORTS)}, or one of them behind "-": "age" is oldest first,'
            ' "-age" newest first.'
        )
    query = QueueQuery(ids=request.ids) if request.ids else parse_query(request.query)
    limit = min(request.limit, PAGE_LIMIT)
    try:
        page = await spool.page(query, sort=request.sort, cursor=request.cursor, limit=limit)
    except BadCursor as error:
        raise RequestUnclear("cursor is what the page before ended with, or empty.") from error
    return link.QueuePage(
        items=tuple(views.queue_item(row, shut, now) for row in page.rows),
        matched=page.matched,
        matched_exact=page.matched_exact,
        cursor=page.next_cursor,
    )


class Read:
    """Bodies that operators read in parts: verified at the first part, then for `FRESH` seconds
    taken as they are, so that a huge one is not verified again for each MiB of it.
    """

    def __init__(self) -> None:
        self._kept: dict[MessageId, tuple[float, Content]] = {}

    async def content(self, spool: Spool, id: MessageId, offset: int, at: float) -> Content:
        """The body of *id* at monotonic *at*.  Raises `BodyUnfit`."""
        verified_at, content = self._kept.get(id, (0.0, None))
        if content is None or offset == 0 or at - verified_at >= FRESH:
            content = await spool.content(id)
            self._kept.pop(id, None)
            self._kept[id] = (at, content)
            while len(self._kept) > READERS:
                del self._kept[next(iter(self._kept))]
        return content


async def view_message(
    spool: Spool,
    finder: RouteFinder,
    id: MessageId,
    *,
    expiry: float,
    engine: Deliverer | None = None,
) -> link.MessageView:
    """Everything about one message; *expiry* is the age at which it is given up."""

    def doing(id: MessageId, destination: Domain) -> str:
        running = None if engine is None else engine.position(id, destination)
        return "" if running is None else running.shown

    record = await spool.message(id)
    if record is None:
        raise NotFound(
            f"There is no message {id}: it never was, or its history is no longer kept"
            " (spool.keep_finished)."
        )
    headers: tuple[tuple[str, str], ...] = ()
    if record.body_stored:
        try:
            content = await spool.content(id)
            headers = read_headers(await content.part(0, HEADER_LIMIT))
        except BodyUnfit:
            pass  # the timeline tells of it; the rest of the view is still of use
    return views.message_view(
        record,
        expiry=expiry,
        headers=headers,
        hop=lambda row: rerouted(row, finder),
        doing=doing,
    )


async def read_content(
    spool: Spool, request: link.ReadContent, read: Read, at: float
) -> link.ContentPart:
    """A piece of a stored body; *read* has those that are being read at monotonic *at*."""
    if request.offset < 0 or request.limit < 1:
        raise RequestUnclear("offset is 0 or more, limit is 1 or more.")
    record = await spool.message(request.id)
    if record is None:
        raise NotFound(f"There is no message {request.id}.")
    if not record.body_stored:
        raise NotFound(f"The body of {request.id} is not kept any more: nobody waits for it.")
    try:
        content = await read.content(spool, request.id, request.offset, at)
        octets = await content.part(request.offset, min(request.limit, PART_LIMIT))
    except BodyUnfit as error:
        raise RequestRefused(f"The body of {request.id} cannot be read: {error}") from error
    return link.ContentPart(
        id=request.id,
        offset=request.offset,
        size=content.size,
        text=octets.decode("utf-8", "backslashreplace"),
        octets=octets,
    )
