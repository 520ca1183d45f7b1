"""One client's socket: lines and content in, replies out in one write a batch.

Promises: nothing a client sends makes memory grow (a line without end is discarded, a client
that does not read is not read from, content waits while the disk is behind); replies come in
the order of the commands, pipelined ones in one write (RFC 2920, SMTP-RULES L14); after a
half-close what was sent before is still answered (L2); what goes wrong inside is answered with
a fixed 451 and told in an event (L1).

Talk before the greeting is not punished: the greeting goes out in the same turn of the loop
that learns of the connection, so nobody waits for it and nothing can be told from the early.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from empath.envelope import MessageId
from empath.inbound.desk import Desk
from empath.inbound.handshake import secure
from empath.inbound.intake import Intake
from empath.inbound.odd_lines import COMMAND_LIMIT, LINE_LIMIT, answer_odd, is_foreign
from empath.inbound.pace import Pace
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.smtp.decision import Answer, Hangup, ReceiveContent, StartTls
from empath.tls import describe

WAITING_LIMIT: Final = 65536
"""Octets taken from a client while it waits for a reply, before it is not read from."""
DRAIN_TIME: Final = 60.0
"""Seconds the disk may be behind before a message is refused."""
LINGER: Final = 10.0
"""Seconds a client has to take our last words."""

_FAULT: Final = Answer(Reply.of("451 4.3.0 A local problem keeps this from being done"))
_TIMEOUT: Final = Answer(Reply.of("421 4.4.2 Timeout, closing the connection"))
_STOPPING: Final = Answer(Reply.of("421 4.3.2 The service is shutting down"))


class InboundConnection(asyncio.Protocol):
    """The protocol object of one client, from its greeting to its end."""

    def __init__(
        self,
        desk: Desk,
        transport: asyncio.Transport,
        intake: Intake,
        tls: ssl.SSLContext | None,
        left: Callable[[InboundConnection], None],
    ) -> None:
        """*tls* is for STARTTLS; *left* is told when the connection has ended."""
        self.intake = intake
        self._desk = desk
        self._transport = transport
        self._tls = tls
        self._left = left
        self._limits = desk.config().inbound
        self._buffer = b""
        self._out: list[bytes] = []
        self._receiving = False
        self._discarding = False
        self._busy = False
        self._choked = False
        self._ended_input = False
        self._closing = False
        self._lost = False
        self._draining = False
        now = desk.clock.monotonic()
        self._heard_at = self._turn_at = self._content_at = self._closed_at = now
        self._pace: Pace | None = None
        """Of the content that comes; made when first asked for: most is here before that."""

    def __repr__(self) -> str:
        return f"<InboundConnection {self.intake.session!r}>"

    # What the transport tells us.

    def data_received(self, data: bytes) -> None:
        """Take octets from the client."""
        self._heard_at = self._desk.clock.monotonic()
        if self._closing:
            return
        self._buffer = self._buffer + data if self._buffer else data
        if not self._busy and not self._choked:
            self._turn()
        elif len(self._buffer) > WAITING_LIMIT:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client says no more; it is still told what it waits for (SMTP-RULES L2)."""
        self._ended_input = True
        if self._transport.get_extra_info("ssl_object") is not None:
            return False  # TLS knows no half-closed connection
        return self._busy or self._choked

    def pause_writing(self) -> None:
        """The client does not read its replies: neither do we read its commands."""
        self._choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._choked = False
        if not self._busy:
            self._resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, whoever ended it."""
        if not self._lost:
            self._lost = self._closing = True
            self._buffer = b""
            self.intake.lost(safe_text(str(exc), 200) if exc else "the client went away")
            self._left(self)

    # Turns: as much as can be done with what is there, then one write.

    def greet(self, greeting: Answer) -> None:
        """Say 220."""
        self._out.append(greeting.wire)
        self._flush()

    def _resume(self) -> None:
        self._transport.resume_reading()
        if self._buffer:
            self._turn()
        else:
            self._flush()
        if self._ended_input and not self._busy and not self._choked:
            self._close()

    def _turn(self) -> None:
        try:
            while self._buffer and not (self._busy or self._closing or self._choked):
                if self._receiving:
                    chunk, self._buffer = self._buffer, b""
                    self._content(chunk)
                elif not self._commands():
                    break
        except Exception as error:  # noqa: BLE001 - the top of a callback: one client, not all
            self._fail("session", error)
        self._flush()

    def _commands(self) -> bool:
        """Answer the complete lines in the buffer; False when more octets are needed."""
        buffer, place = self._buffer, 0
        while (end := buffer.find(b"\n", place)) >= 0:
            line, place = buffer[place : end + 1], end + 1
            sound = line.endswith(b"\r\n") and line.find(b"\r") == len(line) - 2
            if sound and len(line) <= COMMAND_LIMIT and not self._discarding:
                reply = self.intake.command(line[:-2])
            else:
                cut, self._discarding = self._discarding, False
                reply = answer_odd(line, self.intake, cut=cut)
            self._turn_at = self._heard_at
            self._out.append(reply.wire)
            if type(reply) is Answer:
                continue
            if isinstance(reply, ReceiveContent):
                self._buffer = buffer[place:]
                self._receiving = True
                self._content_at, self._pace = self._heard_at, None
                return True
            if isinstance(reply, StartTls):
                self._buffer = b""
                self._start_tls(injected=place < len(buffer))
                return False
            if isinstance(reply, Hangup):
                self._buffer = b""
                self._closing = True
                return False
        self._buffer = buffer[place:]
        if self._draining and self.intake.session.dialogue.transaction is None:
            self._hang_up(_STOPPING)
        elif self._buffer:
            self._unfinished()
        return False

    def _unfinished(self) -> None:
        """A line has begun; judge what can be judged of it, keep a bounded piece."""
        if self._discarding:
            self._buffer = b""
        elif is_foreign(self._buffer):
            self._out.append(self.intake.command(self._buffer[:1]).wire)
            self._closing = True
        elif len(self._buffer) > LINE_LIMIT:
            self._discarding = True
            self._buffer = b""

    def _content(self, chunk: bytes) -> None:
        intake = self.intake
        if intake.content(chunk):
            self._receiving = False
            self._buffer = intake.rest
            self._turn_at = self._heard_at
            refusal = intake.conclude()
            if refusal is None:
                self._commit()
            else:
                self._out.append(refusal.wire)
                self._closing = isinstance(refusal, Hangup)
        elif intake.pressed:
            self._busy = True
            self._transport.pause_reading()
            self._desk.spawn(self._drain())

    def _commit(self) -> None:
        """Begin to commit.  No task waits for it: the spool's own future calls us back."""
        self._busy = True
        commit = self.intake.commit()
        self._desk.commits.add(commit)
        commit.add_done_callback(self._committed)

    def _committed(self, commit: asyncio.Future[MessageId]) -> None:
        self._desk.commits.discard(commit)
        try:
            wire, event = self.intake.committed(commit)
            self._out.append(wire)
            self._flush()  # durable, then the reply, then the news
            if event is not None:
                self._desk.bus.publish(event)
        except Exception as error:  # noqa: BLE001 - the top of a callback: one client, not all
            self._fail("commit", error)
            self._flush()
        self._go_on()

    async def _drain(self) -> None:
        began = self._desk.clock.monotonic()
        try:
            async with asyncio.timeout(DRAIN_TIME):
                await self.intake.drain()
        except Exception as error:  # noqa: BLE001 - the task's top: one client, not all
            self._fail("drain", error)
        self._content_pace().forgive(self._desk.clock.monotonic() - began)
        self._go_on()

    def _go_on(self) -> None:
        """What kept the client waiting is done."""
        self._busy = False
        if self._lost:
            self.intake.lost("the client went away")  # which it kept while it was committing
            return
        self._heard_at = self._turn_at = self._desk.clock.monotonic()
        if self._draining and self.intake.session.dialogue.transaction is None:
            self._hang_up(_STOPPING)
            self._flush()
        elif not self._choked:
            self._resume()

    # TLS.

    def _start_tls(self, *, injected: bool) -> None:
        if injected or self._tls is None:
            # RFC 3207 4.2, SMTP-RULES 3.2: no octet from before TLS may be believed after it.
            self._out[-1] = self.intake.injected().wire
            self._closing = True
        else:
            self._flush()
            self._busy = True
            self._transport.pause_reading()  # until the handshake reads: what comes is for it
            self._desk.spawn(self._handshake(self._tls))

    async def _handshake(self, context: ssl.SSLContext) -> None:
        try:
            transport = await secure(self._transport, self, context)
        except OSError as error:
            self.connection_lost(error)
            return
        if transport is None or self._lost:
            self.connection_lost(None)
            return
        self._transport = transport
        self._ended_input = False
        self.intake.session.secured(describe(transport.get_extra_info("ssl_object")))
        self._busy = False
        self._heard_at = self._turn_at = self._desk.clock.monotonic()
        if self._buffer:
            self._turn()

    # Ends.

    def overdue(self, now: float) -> None:
        """End the connection when its client has been silent or slow for too long.

        *now* is monotonic.  Commands are timed from one complete line to the next (RFC 5321
        4.5.3.2.7), content by its `Pace`.
        """
        if self._closing:
            if now - self._closed_at > LINGER:
                self._transport.abort()
            return
        if self._busy:
            return  # it waits for us
        if self._receiving:
            late = self._content_pace().late(now, self._heard_at, self.intake.octets, self._limits)
        else:
            turn_at = max(self._turn_at, self._heard_at if self._choked else 0)
            late = now - turn_at > self._limits.command_timeout
        if late:
            self.intake.lost("the client was silent or too slow")
            self._hang_up(_TIMEOUT)
            self._flush()

    def _content_pace(self) -> Pace:
        if self._pace is None:
            self._pace = Pace(self._content_at)
        return self._pace

    def dismiss(self) -> None:
        """The service stops: end now when idle, else when the transaction is over."""
        self._draining = True
        if not self._busy and self.intake.session.dialogue.transaction is None:
            self._hang_up(_STOPPING)
            self._flush()

    def abort(self) -> None:
        """End at once, whatever is going on; a commit under way still finishes."""
        self._transport.abort()

    def _fail(self, task: str, error: Exception) -> None:
        self._desk.failed(task, error)
        # In content the next octets cannot be told from commands: the connection ends.
        self._out.append(_FAULT.wire)
        self._closing = self._closing or self._receiving or self._busy
        if self._closing:
            self.intake.lost("a local problem")

    def _hang_up(self, reply: Answer) -> None:
        if not self._closing:
            self._out.append(reply.wire)
            self._closing = True

    def _flush(self) -> None:
        out = self._out
        if out and not self._lost:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        out.clear()
        if self._closing:
            self._close()

    def _close(self) -> None:
        self._closing = True
        self._closed_at = self._desk.clock.monotonic()
        self._buffer = b""
        if not self._lost:
            self._transport.close()
