"""The trash of a link in memory: a test puts into `items` what was deleted."""

from __future__ import annotations

from typing import Any

from empath.control.link import (
    Changed,
    EmptyTrash,
    ListTrash,
    NotFound,
    QueueItem,
    Request,
    RestoreTrash,
    TrashItem,
    TrashPage,
)

AT = 1_790_000_000.0


class MemoryTrash:
    """Keeps what was deleted, newest first."""

    def __init__(self) -> None:
        self.items: list[TrashItem] = []

    def add(self, item: QueueItem) -> None:
        """A message was deleted."""
        self.items.insert(
            0,
            TrashItem(
                id=item.id,
                deleted_at=AT,
                gone_at=AT + 86400,
                job="job-1",
                recipients=item.recipients,
                recipient=item.recipient,
                reverse_path=item.reverse_path,
                size=item.size,
                subject=item.subject,
            ),
        )

    def answer(self, request: Request[Any]) -> Any:
        """The reply, or None for what is not about the trash."""
        match request:
            case ListTrash(limit=limit):
                octets = sum(item.size for item in self.items)
                shown = tuple(self.items[:limit])
                cursor = shown[-1].id if len(shown) < len(self.items) else ""
                return TrashPage(
                    items=shown, messages=len(self.items), octets=octets, cursor=cursor
                )
            case RestoreTrash(ids=ids, job=job):
                back = [item for item in self.items if item.id in ids or item.job == job]
                if not back:
                    raise NotFound(f"Not in the trash: {job or ids[0]}.")
                return self._gone(back)
            case EmptyTrash():
                return self._gone(self.items)
            case _:
                return None

    def _gone(self, items: list[TrashItem]) -> Changed:
        self.items = [item for item in self.items if item not in items]
        recipients = sum(item.recipients for item in items)
        return Changed(messages=len(items), recipients=recipients, in_flight=0)
