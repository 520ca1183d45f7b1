"""What operators read of the queue: a page of it, one message, a piece of a body.

Every reply is bounded, whatever was asked.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from empath.control import link, views
from empath.control.headers import HEADER_LIMIT, read_headers
from empath.control.link import NotFound, RequestRefused, RequestUnclear
from empath.control.standing import rerouted
from empath.delivery.route import RouteFinder
from empath.envelope import MessageId
from empath.query import QueueQuery, parse_query
from empath.spool.face import BodyUnfit, Content, Spool

PAGE_LIMIT: Final = 1000
"""Most messages in one page."""
PART_LIMIT: Final = 1024 * 1024
"""Most octets in one part of a body."""


async def list_queue(spool: Spool, request: link.ListQueue) -> link.QueuePage:
    """A page.  Raises `RequestUnclear` and `empath.query.BadQuery`."""
    if request.limit < 1:
        raise RequestUnclear(f"limit is a number from 1 to {PAGE_LIMIT}.")
    if request.sort not in ("age", "-age"):
        raise RequestUnclear('sort is "age" (oldest first) or "-age" (newest first).')
    query = QueueQuery(ids=request.ids) if request.ids else parse_query(request.query)
    limit = min(request.limit, PAGE_LIMIT)
    page = await spool.page(query, sort=request.sort, cursor=request.cursor, limit=limit)
    return link.QueuePage(
        items=tuple(map(views.queue_item, page.rows)),
        matched=page.matched,
        matched_exact=page.matched_exact,
        cursor=page.next_cursor,
    )


async def view_message(
    spool: Spool, finder: RouteFinder, id: MessageId, *, expiry: float
) -> link.MessageView:
    """Everything about one message; *expiry* is the age at which it is given up."""
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
            headers = read_headers(await content.head(HEADER_LIMIT))
        except BodyUnfit:
            pass  # the timeline tells of it; the rest of the view is still of use
    return views.message_view(
        record, expiry=expiry, headers=headers, hop=lambda row: rerouted(row, finder)
    )


async def read_content(spool: Spool, request: link.ReadContent) -> link.ContentPart:
    """A piece of a stored body."""
    if request.offset < 0 or request.limit < 1:
        raise RequestUnclear("offset is 0 or more, limit is 1 or more.")
    record = await spool.message(request.id)
    if record is None:
        raise NotFound(f"There is no message {request.id}.")
    if not record.body_stored:
        raise NotFound(f"The body of {request.id} is not kept any more: nobody waits for it.")
    try:
        content = await spool.content(request.id)
        octets = await _part(content, request.offset, min(request.limit, PART_LIMIT))
    except BodyUnfit as error:
        raise RequestRefused(f"The body of {request.id} cannot be read: {error}") from error
    return link.ContentPart(
        id=request.id,
        offset=request.offset,
        size=content.size,
        text=octets.decode("utf-8", "backslashreplace"),
        octets=octets,
    )


async def _part(content: Content, offset: int, limit: int) -> bytes:
    """The octets from *offset* on; steps over those before it."""
    if offset == 0:
        return await content.head(limit)
    part = bytearray()
    chunks = content.chunks()
    try:
        async for chunk in chunks:
            if offset >= len(chunk):
                offset -= len(chunk)
                continue
            part += chunk[offset:]
            offset = 0
            if len(part) >= limit:
                break
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()  # it may hold a file open
    return bytes(part[:limit])
