"""What is said to a server and what it owes for it: commands out, replies to their dialogue.

Promises: a reply is taken only when one is owed, so whatever comes unasked ends the session
(SMTP-RULES 3.2, 3.4); every wait has a deadline that no trickle of octets can push on;
memory is bounded by one reply.  What can go wrong reaches the dialogue as `Broken`.
Replies are handed to the dialogue in the socket's own callback: no task wakes up between
one command and the next, which is what makes small mail cheap.  A dialogue that has said all
it will leaves the word to the next one, whose replies come behind its own (`Flight`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, cast

from empath.config.model import Delivery
from empath.config.units import Duration
from empath.delivery.deadline import Deadline
from empath.delivery.faults import fault
from empath.delivery.flight import Done, Flight, Following
from empath.delivery.outgoing import whole_chunk, whole_stuffed
from empath.reply import Reply
from empath.smtp.reply_reader import ReplyBroken, ReplyReader
from empath.smtp.steps import (
    Batch,
    Broken,
    Greeting,
    Next,
    Say,
    SendChunks,
    SendContent,
    lost,
    nonsense,
)

GRACE: Final = 10.0
"""Seconds a server has to end the session after its 421, or to answer what it took before."""
_CLOSED: Final = lost("it was closed")


class Exchange(asyncio.Protocol):
    """The socket of one session and the dialogues on their way over it.

    The half of a `Connection` that runs in the socket's callbacks; nothing else is made of it,
    and it is a base, not a part, so that no reply costs a call from one object to another.
    """

    def __init__(self, settings: Delivery) -> None:
        self.settings = settings
        self.speaking = True
        """Somebody has it and may still say something; nobody else may."""
        self.ended: Callable[[], None] | None = None
        """Called once, when it stands no more."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._reader = ReplyReader()
        self._flights: deque[Flight] = deque()
        self._owed = 1  # The greeting, which may come before anybody waits for it.
        self._kept: Reply | None = None
        self._room: asyncio.Future[None] | None = None
        self._paused = False
        self._broken: Broken | None = None
        self._leaving = False
        self._retired = False
        self._deadline = Deadline(self._loop, self._missed)

    @property
    def usable(self) -> bool:
        """Nothing speaks against another dialogue."""
        return self._broken is None and not self._leaving and not self._retired

    @property
    def standing(self) -> bool:
        """It has not ended."""
        return self._broken is None

    @property
    def flying(self) -> int:
        """Dialogues that have not ended."""
        return len(self._flights)

    @property
    def flights(self) -> Sequence[Flight]:
        """The dialogues that have not ended, in the order of their replies."""
        return self._flights

    @property
    def awaiting_since(self) -> float:
        """When what it waits for was first awaited, by the event loop's clock."""
        return self._deadline.since

    @property
    def full(self) -> bool:
        """The server does not take what it is sent; somebody waits until it does."""
        return self._room is not None

    def quit(self) -> None:
        """End the session politely, once all that is on its way was answered."""
        if self._flights and self._broken is None:
            self._retired = True
            return
        if self._broken is None:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
        self._end(_CLOSED)

    def abort(self) -> None:
        """Cut the connection; whatever is on its way is told so."""
        self._fail(_CLOSED)
        self._transport.abort()

    # The dialogues.

    def _advance(self, flight: Flight, answer: Reply | Broken | None) -> Following:
        """Hand *answer* to the dialogue and do what it says next, as far as it goes at once."""
        dialogue = flight.dialogue
        try:
            while True:
                if answer is None:
                    step = next(dialogue)
                elif isinstance(answer, Reply):
                    step = dialogue.send(answer)
                else:
                    step = dialogue.throw(answer)
                if isinstance(step, Greeting) and self._kept is not None:
                    answer, self._kept = self._kept, None
                elif self._broken is not None:
                    answer = self._gone()
                elif isinstance(step, Next):
                    assert flight.owed
                    self._arm(flight)
                    return None
                elif isinstance(step, Batch):
                    self._transport.write(as_sent(flight, step.lines))
                    self._expect(flight, len(step.lines))
                    return None
                elif isinstance(step, Say):
                    self._transport.write(as_sent(flight, (step.line,), step.shown))
                    self._expect(flight, 1)
                    return None
                elif flight.body is not None and isinstance(step, SendContent | SendChunks):
                    self._send_small(flight, step, flight.body)
                    return None
                elif isinstance(step, Greeting):
                    flight.owed = 1  # Counted already: it was owed from the start.
                    self._deadline.set(self.settings.connect_timeout, "greeting")
                    return None
                else:
                    return step
        except StopIteration as stop:
            self._over(flight)
            return Done(stop.value)

    def _gone(self) -> Broken:
        """How the session ended, as one of its own: an exception collects where it was raised."""
        assert self._broken is not None
        return Broken(self._broken.reply, closed=self._broken.closed)

    def _send_small(self, flight: Flight, step: SendContent | SendChunks, body: bytes) -> None:
        """Send content that is in memory and its end in one write, with what goes before it."""
        if isinstance(step, SendContent):
            replies, written, shown = 1, whole_stuffed(body), "(the content)"
        else:
            replies, written = len(step.lines) + 1, whole_chunk(body, step.size)
            written = as_sent(flight, step.lines) + written
            shown = f"BDAT {step.size} LAST"
            flight.chunked = True
        flight.transcript.sent(shown)
        flight.dotted = True
        self._transport.write(written)
        self._expect(flight, replies)
        self._said(flight)

    def _expect(self, flight: Flight, replies: int) -> None:
        """So many more *replies* are owed; the deadline is that of the first dialogue."""
        flight.owed += replies
        self._owed += replies
        if self._flights[0] is flight:
            self._arm(flight)

    def _arm(self, flight: Flight) -> None:
        if flight.dotted and flight.owed == 1:
            self._deadline.set(self.settings.final_timeout, "reply to the content")
        else:
            self._deadline.set(self.settings.command_timeout, "reply")

    def _answer(self, flight: Flight, answer: Reply | Broken) -> None:
        """A reply that was owed, or that none will come; `run` wakes if it has a part."""
        turn = flight.turn
        if turn is None or turn.done():
            return
        try:
            following = self._advance(flight, answer)
        except Exception as bug:  # noqa: BLE001 - a socket's callback must not swallow it
            self._deadline.lift()
            turn.set_exception(bug)
            return
        if following is not None:
            turn.set_result(following)

    def _said(self, flight: Flight) -> None:
        """*flight* will say nothing more: somebody else may."""
        self.speaking = False
        flight.quiet = True
        if flight.said is not None and self.usable:
            flight.said()

    def _over(self, flight: Flight) -> None:
        """*flight* has its result; the one behind it is next to be answered."""
        self._deadline.lift()
        if not flight.quiet:
            self.speaking = False
        if flight.owed and len(self._flights) > 1 and self._broken is None:
            # It was told enough (421); what it is still owed goes to nobody.
            flight.turn = None
            self._deadline.set(GRACE, "end of the session after its 421")
            return
        self._flights.remove(flight)
        if self._flights:
            if self._leaving:
                self._deadline.set(GRACE, "end of the session after its 421")
            else:
                self._arm(self._flights[0])
        elif self._retired:
            self.quit()

    # What the socket says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """The server spoke."""
        if self._broken is not None:
            return
        try:
            replies = self._reader.feed(data)
        except ReplyBroken as error:
            self._fail(nonsense(str(error)))
            return
        owed, left = self._owed, len(replies)
        if not owed:
            self._fail(nonsense("it spoke before it was asked"))
            return
        excess = left > owed or (left == owed and self._reader.amid)
        for reply in replies[:owed]:
            owed -= 1
            if excess and not owed:
                # What was asked for holds; nothing more is said to this server.
                self._end(nonsense("it said more than it was asked"))
                self._transport.abort()
            elif self._broken is not None:
                return
            self._heard(reply)

    def _heard(self, reply: Reply) -> None:
        """*reply* belongs to the first dialogue that is owed one."""
        self._owed -= 1
        if not self._flights:
            self._kept = reply  # The greeting, before anybody waits for it.
            return
        flight = self._flights[0]
        flight.owed -= 1
        flight.transcript.received(reply)
        self._leaving = self._leaving or reply.code == 421
        if flight.chunks and reply.positive:
            flight.chunks -= 1
        elif flight.sending:
            self._kept = reply
            self._free()
        elif flight.chunks:
            self._answer(flight, self._refused_midway(reply))
        elif flight.turn is not None:
            self._answer(flight, reply)
        elif not flight.owed:
            self._over(flight)

    def _refused_midway(self, reply: Reply) -> Reply | Broken:
        """It answered before the end of the content: a refusal is one, all else is nonsense."""
        self._kept = None
        self._end(nonsense("it answered before the end of the content"))
        self._transport.abort()
        return reply if reply.transient or reply.permanent else self._gone()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        why = f": {fault(error)}" if isinstance(error, OSError) else ""
        self._fail(lost(f"it closed the connection{why}", closed=True))

    def pause_writing(self) -> None:
        """The socket's buffer is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """The socket's buffer has room again."""
        self._paused = False
        self._free()

    def _free(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    # Endings.

    def _missed(self) -> None:
        if self._transport.get_write_buffer_size() and self._flights:
            # Its end has not left: the server cannot have the last message.
            self._flights[-1].dotted = False
        deadline = self._deadline
        self._fail(lost(f"no {deadline.awaited} within {Duration(deadline.seconds)}"))

    def _fail(self, broken: Broken) -> None:
        """The session is over; whoever waits is told."""
        if self._broken is not None:
            return
        self._end(broken)
        self._transport.abort()
        self._free()
        for flight in tuple(self._flights):
            flight.transcript.remark(broken.reply.text)
            # After 421 a server takes nothing more (RFC 5321 3.8): what is behind is unharmed.
            dotted = flight.dotted and not self._leaving
            self._answer(flight, Broken(broken.reply, dotted=dotted, closed=broken.closed))

    def _end(self, broken: Broken) -> None:
        if self._broken is None:
            self._broken = broken
            if self.ended is not None:
                self.ended()
        self._deadline.end()


def as_sent(flight: Flight, lines: tuple[str, ...], shown: str = "") -> bytes:
    """Command *lines* as they are sent, noted in the transcript, perhaps as *shown*."""
    for line in lines:
        if "\r" in line or "\n" in line:  # The last door: whatever made it, it is one line.
            raise ValueError("a command of more than one line")
        flight.transcript.sent(shown or line)
    flight.lines = (shown,) if shown else lines
    return "\r\n".join((*lines, "")).encode()
