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
from typing import Final, Protocol

from empath.envelope import MessageId
from empath.events import TaskFailed
from empath.inbound.intake import Desk, Intake
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.smtp.decision import Answer, Hangup, ReceiveContent, StartTls
from empath.smtp.knowledge import Connection
from empath.tls import describe

COMMAND_LIMIT: Final = 2048
"""Octets of a command line: 512, and room for the parameters of extensions (RFC 5321 4.5.3.1)."""
LINE_LIMIT: Final = 12288
"""Octets kept of an unfinished line: an AUTH command may be this long (RFC 4954 4)."""
WAITING_LIMIT: Final = 65536
"""Octets taken from a client while it waits for a reply, before it is not read from."""
HANDSHAKE_TIME: Final = 30.0
SHUTDOWN_TIME: Final = 5.0
DRAIN_TIME: Final = 60.0
"""Seconds the disk may be behind before a message is refused."""
LINGER: Final = 10.0
"""Seconds a client has to take our last words."""
RATE_WINDOW: Final = 120.0

_LONG_LINE: Final = Reply.of("500 5.5.2 Line too long")
_NOT_CRLF: Final = Reply.of("500 5.5.2 Lines end with <CR><LF>, and only there")
_FAULT: Final = Answer(Reply.of("451 4.3.0 A local problem keeps this from being done"))
_TIMEOUT: Final = Answer(Reply.of("421 4.4.2 Timeout, closing the connection"))
_STOPPING: Final = Answer(Reply.of("421 4.3.2 The service is shutting down"))


class Owner(Protocol):
    """The reception, as a connection sees it."""

    desk: Desk

    def left(self, connection: InboundConnection) -> None:
        """The connection has ended."""
        ...


class InboundConnection(asyncio.Protocol):
    """The protocol object of one client, from its greeting to its end."""

    def __init__(
        self, owner: Owner, transport: asyncio.Transport, intake: Intake, tls: ssl.SSLContext | None
    ) -> None:
        self.intake = intake
        self._owner = owner
        self._desk = owner.desk
        self._transport = transport
        self._tls = tls
        self._limits = owner.desk.config().inbound
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
        now = owner.desk.clock.monotonic()
        self._heard_at = self._turn_at = self._closed_at = now
        self._content_at = self._window_at = now
        self._window_octets = 0

    def __repr__(self) -> str:
        return f"<InboundConnection {self.intake.session!r}>"

    @property
    def client(self) -> Connection:
        """Who this is."""
        return self.intake.session.connection

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
            self._owner.left(self)

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
                reply = self._odd(line)
            self._turn_at = self._heard_at
            self._out.append(reply.wire)
            if type(reply) is Answer:
                continue
            if isinstance(reply, ReceiveContent):
                self._buffer = buffer[place:]
                self._receiving = True
                self._content_at = self._window_at = self._heard_at
                self._window_octets = 0
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

    def _odd(self, line: bytes) -> Answer:
        """Answer a line that is too long, or is not ended by CRLF and only by that."""
        if self._discarding:
            self._discarding = False
            return self.intake.refuse(_LONG_LINE)
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            # RFC 5321 2.3.8; SMTP-RULES L9.  Another protocol is told so first.
            foreign = line[:1].strip() and not line[:1].isalpha()
            return self.intake.command(line[:1]) if foreign else self.intake.refuse(_NOT_CRLF)
        if len(line) > LINE_LIMIT or line[:5].upper() != b"AUTH ":
            return self.intake.refuse(_LONG_LINE)
        return self.intake.command(line[:-2])

    def _unfinished(self) -> None:
        """A line has begun; judge what can be judged of it, keep a bounded piece."""
        if self._discarding:
            self._buffer = b""
        elif not self._buffer[:1].isalpha() and self._buffer != b"\r":
            # A TLS hello or another protocol may never send a line end.
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
        self._window_at += self._desk.clock.monotonic() - began  # our delay, not the client's
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
            self._out.pop()
            refusal = self.intake.session.injected()
            self.intake.note(refusal)
            self._out.append(refusal.wire)
            self._closing = True
        else:
            self._flush()
            self._busy = True
            self._transport.pause_reading()  # until the handshake reads: what comes is for it
            self._desk.spawn(self._handshake(self._tls))

    async def _handshake(self, context: ssl.SSLContext) -> None:
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_TIME,
                ssl_shutdown_timeout=SHUTDOWN_TIME,
            )
        except (OSError, RuntimeError) as error:  # RuntimeError: the client has just gone
            self._transport.abort()
            self.connection_lost(error if isinstance(error, OSError) else None)
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
        4.5.3.2.7), content by silence, by rate and as a whole (SMTP-RULES L3).
        """
        if self._closing:
            if now - self._closed_at > LINGER:
                self._transport.abort()
            return
        if self._busy:
            return  # it waits for us
        limits = self._limits
        if not self._receiving:
            late = now - max(self._turn_at, self._heard_at if self._choked else 0) > (
                limits.command_timeout
            )
        else:
            late = (
                now - self._heard_at > limits.content_timeout
                or now - self._content_at > limits.content_deadline
                or self._too_slow(now)
            )
        if late:
            self.intake.lost("the client was silent or too slow")
            self._hang_up(_TIMEOUT)
            self._flush()

    def _too_slow(self, now: float) -> bool:
        elapsed = now - self._window_at
        if elapsed < RATE_WINDOW:
            return False
        octets = self.intake.octets
        slow = (octets - self._window_octets) < self._limits.content_rate * elapsed
        self._window_at, self._window_octets = now, octets
        return slow

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
        self._desk.bus.publish(
            TaskFailed(self._desk.clock.now(), task, safe_text(f"{type(error).__name__}: {error}"))
        )
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
