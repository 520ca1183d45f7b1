"""A spool for what receives: it counts or keeps what is committed, and can be told to refuse."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from empath.envelope import Envelope, MessageId, Origin
from empath.spool.face import SpoolRefused


@dataclass(frozen=True, slots=True)
class Kept:
    """One message as it was committed."""

    id: MessageId
    envelope: Envelope
    origin: Origin
    prefix: bytes
    content: bytes
    subject: str
    hold: str


class NullDraft:
    """A draft that ends in the list of its spool."""

    def __init__(self, spool: NullSpool, id: MessageId) -> None:
        self.id = id
        self.size = 0
        self.pressed = False
        self._spool = spool
        self._pieces: list[bytes] = []

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._spool.fault_on_write is not None:
            raise self._spool.fault_on_write
        if self._spool.keep:
            self._pieces.append(chunk)
        self.pressed = self._spool.pressed

    async def drain(self) -> None:
        self._spool.drains += 1
        if self._spool.refuse_drain is not None:
            raise self._spool.refuse_drain
        await asyncio.sleep(0)
        self.pressed = False

    def commit(
        self, envelope: Envelope, origin: Origin, *, prefix: bytes, subject: str, hold: str = ""
    ) -> asyncio.Future[MessageId]:
        return asyncio.ensure_future(  # noqa: TID251 - as of a thread: in no group of its caller
            self._commit(envelope, origin, prefix=prefix, subject=subject, hold=hold)
        )

    async def _commit(
        self, envelope: Envelope, origin: Origin, *, prefix: bytes, subject: str, hold: str
    ) -> MessageId:
        spool = self._spool
        spool.open_drafts -= 1
        if not spool.gate.is_set():
            spool.waiting.set()
            await spool.gate.wait()
        if spool.refuse_commit is not None:
            raise spool.refuse_commit
        spool.count += 1
        if spool.keep:
            content = b"".join(self._pieces)
            spool.messages.append(Kept(self.id, envelope, origin, prefix, content, subject, hold))
        return self.id

    async def abort(self) -> None:
        self._spool.open_drafts -= 1
        self._spool.aborted += 1


class NullSpool:
    """What `Reception` needs of a spool; nothing of it lasts."""

    def __init__(self, *, keep: bool = True) -> None:
        self.keep = keep
        self.messages: list[Kept] = []
        self.count = 0
        self.aborted = 0
        self.drains = 0
        self.open_drafts = 0
        self.pressed = False
        """Each write leaves the draft pressed."""
        self.refuse_draft: SpoolRefused | None = None
        self.refuse_commit: Exception | None = None
        self.refuse_drain: Exception | None = None
        self.fault_on_write: Exception | None = None
        self.gate = asyncio.Event()
        """Commits wait until it is set; it is at first."""
        self.gate.set()
        self.waiting = asyncio.Event()
        """A commit waits at the gate."""
        self._tail = 0

    def draft(self) -> NullDraft:
        if self.refuse_draft is not None:
            raise self.refuse_draft
        self._tail += 1
        self.open_drafts += 1
        return NullDraft(self, MessageId.compose(1_790_000_000_000, self._tail))
