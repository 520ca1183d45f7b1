"""What a change would do, as an operator reads it: counts, destinations, a few messages."""

from __future__ import annotations

from typing import Final

from empath.control import views
from empath.control.link import Preview, PreviewItem
from empath.query import QueueQuery
from empath.spool.face import Spool

DESTINATIONS: Final = 20
"""Destinations that are named."""


async def preview(spool: Spool, query: QueueQuery, action: str) -> Preview:
    """Count what *action* (see `Spool.count`) would change of what *query* matches."""
    counted = await spool.count(query, action)
    examples = tuple(
        map(views.queue_item, (await spool.page(QueueQuery(ids=counted.examples))).rows)
        if counted.examples
        else ()
    )
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
