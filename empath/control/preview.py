"""What a change would do, as an operator reads it: counts, destinations, a few messages."""

from __future__ import annotations

from typing import Final

import msgspec

from empath.control import views
from empath.control.link import Preview, PreviewItem, QueueItem
from empath.query import QueueQuery
from empath.spool.face import Counted, Example, QueueRow, Spool
from empath.spool.selection import Frozen

DESTINATIONS: Final = 20
"""Destinations that are named."""


async def preview(spool: Spool, query: QueueQuery | Frozen, action: str) -> Preview:
    """Count what *action* (see `Spool.count`) would change of what *query* matches."""
    return await told(spool, await spool.count(query, action))


async def told(spool: Spool, counted: Counted) -> Preview:
    """What was counted, as an operator reads it."""
    shown = {one.id: one for one in counted.examples}
    rows = (await spool.page(QueueQuery(ids=tuple(shown)))).rows if shown else ()
    examples = tuple(_example(row, shown[row.id]) for row in rows)
    most = list(counted.destinations.items())[:DESTINATIONS]
    return Preview(
        messages=counted.messages,
        recipients=counted.recipients,
        in_flight=counted.in_flight,
        destinations=tuple(
            PreviewItem(destination=name, messages=messages, recipients=recipients)
            for name, (messages, recipients) in most
        ),
        destination_count=len(counted.destinations),
        examples=examples,
    )


def _example(row: QueueRow, example: Example) -> QueueItem:
    """The line of the queue, with a recipient that would be touched in the place of the first."""
    return msgspec.structs.replace(
        views.queue_item(row),
        recipient=example.recipient,
        recipients=example.recipients,
        destination=example.recipient.domain,
        state=example.state.word,
    )
