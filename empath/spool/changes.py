"""What operators do to the queue: hold, release, retry, delete, bounce, re-route, change of
priority.

A change goes through the queue in pieces, so that it never keeps the writer for long.  For
each piece: find its messages, take away leases whose attempt has not begun, change the rows
in one transaction (`piece`), let the messages go again.  What is being delivered at that
moment is left alone and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import apsw

from empath.envelope import Lot, MessageId
from empath.events import NotificationSent
from empath.spool.book import Book, Pair
from empath.spool.bounce import Bounced, frozen_lots
from empath.spool.face import Changed
from empath.spool.filters import Filter
from empath.spool.keys import Keys
from empath.spool.piece import Change, Piece
from empath.spool.walk import OLDEST, walk

PIECE: Final = 500
"""Messages changed in one transaction."""
BOUNCED: Final = 50
"""Messages bounced in one transaction: the notifications about them are in memory."""


@final
class Operate:
    """One change of the queue, piece by piece."""

    def __init__(
        self,
        change: Change,
        chosen: Filter,
        book: Book,
        keys: Keys,
        discard: Callable[[int], None],
    ) -> None:
        self._change = change
        self._chosen = chosen
        self._book = book
        self._keys = keys
        self._discard = discard
        self._size = BOUNCED if change.action == "bounce" else PIECE
        # What comes in while the change runs was not seen by who asked for it.
        self._newest = keys.newest
        self._place = OLDEST
        self._at_end = False
        self._piece: list[int] = []
        self._ids: list[MessageId] = []
        self._recipients = 0
        self._in_flight = 0
        self._each: list[int] = []
        self._notified: list[NotificationSent] = []
        self._flying: list[Pair] = []
        self._places: list[int] = []

    @property
    def change(self) -> Change:
        """What is asked for."""
        return self._change

    def find(self, reader: apsw.Connection) -> bool:
        """Look for the next piece; False when there is none.  Runs in a reader's thread."""
        while not self._at_end:
            walked = walk(
                reader, self._chosen, start=self._place, wanted=self._size, budget=10 * PIECE
            )
            self._place = walked.place
            self._piece = [key for key in walked.keys if key <= self._newest]
            self._at_end = walked.at_end or self._place >= self._newest
            if self._piece:
                return True
        return False

    def freeze(self) -> None:
        """Let nothing of the piece begin until it is `over`."""
        self._flying = self._book.freeze(self._piece)
        self._places = [self._keys.next() for _ in self._piece]

    def read(self, reader: apsw.Connection) -> Sequence[Lot]:
        """What the frozen piece is made of, a lot a message; what is in flight is left out."""
        return frozen_lots(reader, self._piece, self._chosen, self._flying)

    def prepare(
        self, loop: asyncio.AbstractEventLoop, bounced: Mapping[int, Bounced] | None = None
    ) -> Piece:
        """The operation that changes the frozen piece; *bounced* is by message."""
        piece = Piece(
            loop,
            self._book,
            self._change,
            keys=self._piece,
            condition=self._chosen.recipient,
            values=self._chosen.values,
            flying=self._flying,
            places=self._places,
            bounced=bounced,
            discard=self._discard,
        )
        piece.future.add_done_callback(self._count)
        return piece

    def _count(self, done: asyncio.Future[Changed]) -> None:
        if not done.cancelled() and done.exception() is None:
            changed = done.result()
            self._ids += changed.ids
            self._each += changed.each
            self._recipients += changed.recipients
            self._in_flight += changed.in_flight
            self._notified += changed.notified

    def over(self) -> None:
        """The piece is done, or refused."""
        self._book.thaw(self._piece)

    def changed(self) -> Changed:
        """What was done in all."""
        return Changed(
            tuple(self._ids),
            self._recipients,
            self._in_flight,
            tuple(self._notified),
            self._change.told,
            tuple(self._each),
        )
