"""What a dry run over queued mail is answered with by a link in memory."""

from __future__ import annotations

from empath.address import Domain
from empath.control.link import Changed, Preview, PreviewItem, QueueItem


def counted(chosen: list[QueueItem]) -> Changed:
    """What a dry run over *chosen* is answered with."""
    at: dict[Domain, list[QueueItem]] = {}
    for item in chosen:
        at.setdefault(item.destination, []).append(item)
    preview = Preview(
        messages=len(chosen),
        recipients=sum(item.recipients for item in chosen),
        in_flight=0,
        destinations=tuple(
            PreviewItem(
                destination=name,
                messages=len(items),
                recipients=sum(item.recipients for item in items),
            )
            for name, items in at.items()
        ),
        destination_count=len(at),
        examples=tuple(chosen[:5]),
    )
    return Changed(messages=0, recipients=0, in_flight=0, preview=preview)
