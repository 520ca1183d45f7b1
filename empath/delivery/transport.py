"""A connection to a server: runs dialogues on a socket.

Promises: a reply is taken only when one is owed, so whatever comes unasked ends the session
(SMTP-RULES 3.2, 3.4); every wait has a deadline that no trickle of octets can push on;
memory is bounded by one reply and the socket's buffer; content never leaves with a CR or LF
that stands alone.  What can go wrong reaches the dialogue as `Broken`.
Replies are handed to the dialogue in the socket's own callback: no task wakes up between
one command and the next, which is what makes small mail cheap.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast, final

from empath.config.model import Delivery
from empath.config.units import Duration
from empath.delivery.certificate import names_and_expiry
from empath.delivery.transcript import Transcript
from empath.events import TlsSession
from empath.policy.tls import TlsFault
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.smtp.data import Stuffer
from empath.smtp.opening import Extensions
from empath.smtp.reply_reader import ReplyBroken, ReplyReader
from empath.smtp.steps import Broken, Dialogue, Greeting, Say, Step, UpgradeTls, lost, nonsense
from empath.tls import fault_of

R = TypeVar("R")

BLOCK: Final = 65536
"""Octets of content that are read and written at once."""
_CLOSED: Final = lost("it was closed")
_SECURED: Final = Reply(220, None, "")


class Chunks(Protocol):
    """Where content comes from: `empath.spool.face.Content`."""

    def chunks(self, size: int = BLOCK) -> AsyncIterator[bytes]:
        """The octets in order, from the start."""
        ...


@dataclass(slots=True)
class _Done:
    """The dialogue has returned this."""

    value: Any


_Next = Step | _Done | None
"""A step for `Connection.run` to take, the end, or None while a reply is owed."""


@final
class Connection(asyncio.Protocol):
    """One session with one server, used for one dialogue after another."""

    def __init__(
        self, *, name: str, sni: str | None, settings: Delivery, transcript: Transcript
    ) -> None:
        """*name* is what operators read, such as ``mx.example.org [192.0.2.1]:25``."""
        self.name = name
        self.settings = settings
        self.transcript = transcript
        self.tls: TlsSession | None = None
        self.tls_fault: TlsFault | None = None
        """Why the handshake failed."""
        self.extensions: Extensions = {}
        self.messages = 0
        """Transactions begun on it."""
        self.dirty = False
        """A refused transaction may still be open: RSET comes first."""
        self._sni = sni
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._context: ssl.SSLContext | None = None
        self._reader = ReplyReader()
        self._dialogue: Dialogue[Any] | None = None
        self._turn: asyncio.Future[_Next] | None = None
        self._owed = True  # The greeting, which may come before anybody waits for it.
        self._kept: Reply | None = None
        self._sending = False
        self._dotted = False
        self._room: asyncio.Future[None] | None = None
        self._paused = False
        self._broken: Broken | None = None
        self._deadline = 0.0
        self._seconds = 0.0
        self._awaited = ""
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        state = "usable" if self.usable else "closed"
        return f"<Connection {self.name} {state} messages={self.messages}>"

    @property
    def usable(self) -> bool:
        """Nothing speaks against another dialogue."""
        return self._broken is None

    async def run(
        self,
        dialogue: Dialogue[R],
        *,
        content: Chunks | None = None,
        context: ssl.SSLContext | None = None,
    ) -> R:
        """Play *dialogue* to its end and return its result.

        What a server does wrong is the dialogue's to answer for.  An exception out of
        *content* (`BodyUnfit`, `BareNewline`) comes out here, the connection cut before
        the final dot.  *context* is for a dialogue that upgrades to TLS.
        """
        self._dialogue = dialogue
        self._context = context
        self._dotted = False
        try:
            following = self._advance(None)
            while True:
                if following is None:
                    self._turn = self._loop.create_future()
                    following = await self._turn
                if isinstance(following, _Done):
                    result: R = following.value
                    return result
                if isinstance(following, UpgradeTls):
                    following = await self._upgrade()
                else:
                    assert content is not None
                    following = await self._send(content)
        except BaseException:
            self.abort()
            raise
        finally:
            self._dialogue = self._turn = None
            self._deadline = 0.0

    def quit(self) -> None:
        """End the session politely; nobody waits for the answer."""
        if self.usable:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
        self._end(_CLOSED)

    def abort(self) -> None:
        """Cut the connection."""
        self._end(_CLOSED)
        self._transport.abort()

    # The dialogue.

    def _advance(self, answer: Reply | Broken | None) -> _Next:
        """Hand *answer* to the dialogue and do what it says next, as far as it goes at once."""
        dialogue = self._dialogue
        assert dialogue is not None
        try:
            while True:
                if answer is None:
                    step = next(dialogue)
                elif isinstance(answer, Reply):
                    step = dialogue.send(answer)
                else:
                    step = dialogue.throw(answer)
                if self._broken is not None:
                    answer = self._broken
                elif isinstance(step, Say):
                    self._say(step)
                    return None
                elif isinstance(step, Greeting):
                    answer, self._kept = self._kept, None
                    if answer is None:
                        self._wait(self.settings.connect_timeout, "greeting")
                        return None
                else:
                    return step
        except StopIteration as stop:
            return _Done(stop.value)

    def _say(self, step: Say) -> None:
        line = step.line
        if "\r" in line or "\n" in line:  # The last door: whatever made it, it is one line.
            raise ValueError("a command of more than one line")
        self.transcript.sent(step.shown or line)
        self._transport.write(line.encode() + b"\r\n")
        self._owed = True
        self._wait(self.settings.command_timeout, "reply")

    def _answer(self, answer: Reply | Broken) -> None:
        """The reply that was owed, or that none will come; `run` wakes if it has a part."""
        self._owed = False
        self._deadline = 0.0
        if self._dialogue is None or self._turn is None:
            return
        try:
            following = self._advance(answer)
        except Exception as bug:  # noqa: BLE001 - a socket's callback must not swallow it
            self._turn.set_exception(bug)
            return
        if following is not None:
            self._turn.set_result(following)

    async def _upgrade(self) -> _Next:
        """STARTTLS was answered 220, and nothing in clear came behind it (RFC 3207 6)."""
        context = self._context
        assert context is not None
        if self._broken is not None:
            return self._advance(self._broken)
        answer: Reply | Broken = _SECURED
        try:
            wrapped = await self._loop.start_tls(
                self._transport,
                self,
                context,
                server_hostname=self._sni,
                ssl_handshake_timeout=self.settings.connect_timeout,
            )
        except (OSError, ValueError) as error:
            self.tls_fault = fault_of(error)
            answer = lost(f"the TLS handshake failed: {fault(error)}")
        else:
            if wrapped is None:
                self.tls_fault = TlsFault.CLOSED
                answer = lost("it closed the connection in the TLS handshake")
            else:
                self._transport = wrapped
                self.secured()
        if isinstance(answer, Broken):
            self._fail(answer)
        return self._advance(answer)

    def secured(self) -> None:
        """Note what was agreed in the handshake."""
        wrapping = self._transport.get_extra_info("ssl_object")
        names, expires_at = names_and_expiry(wrapping)
        checked = wrapping.context.verify_mode is ssl.CERT_REQUIRED
        self.tls = TlsSession(
            version=wrapping.version(),
            cipher=wrapping.cipher()[0],
            verified="chain" if checked else "",
            names=names,
            expires_at=expires_at,
        )
        verified = f"peer verified as {self._sni}" if checked else "peer not verified"
        self.transcript.remark(f"{self.tls.version} {self.tls.cipher}, {verified}")

    # The content.

    async def _send(self, content: Chunks) -> _Next:
        """Send the content and the final dot; the answer comes as any reply does."""
        stuffer = Stuffer()
        held = b""
        self._sending = True
        try:
            async for chunk in content.chunks():
                if held:
                    await self._write(held)
                if self._broken is not None or self._kept is not None:
                    break
                held = stuffer.feed(chunk)
        finally:
            self._sending = False
        if self._broken is not None:
            return self._advance(self._broken)
        if self._kept is not None:
            return self._advance(self._refused_midway(self._kept))
        ending = stuffer.end()
        self.transcript.sent("(the content)")
        # With the last block: small mail is one packet, its dot and all.
        self._transport.write(held + ending)
        self._dotted = True
        self._owed = True
        self._wait(self.settings.final_timeout, "reply to the content")
        return None

    def _refused_midway(self, reply: Reply) -> Reply | Broken:
        """It answered before the final dot: a refusal is one, anything else is nonsense."""
        self._kept = None
        self._end(nonsense("it answered before the end of the content"))
        self._transport.abort()
        assert self._broken is not None
        return reply if reply.transient or reply.permanent else self._broken

    async def _write(self, block: bytes) -> None:
        self._transport.write(block)
        if self._paused and self._broken is None and self._kept is None:
            self._room = self._loop.create_future()
            self._wait(self.settings.content_timeout, "taking of the content")
            try:
                await self._room
            finally:
                self._room = None
                self._deadline = 0.0

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
        if not (self._owed or self._sending):
            self._fail(nonsense("it spoke before it was asked"))
            return
        if not replies:
            return
        reply = replies[0]
        self.transcript.received(reply)
        if len(replies) > 1 or self._reader.amid:
            # The first reply was asked for and holds; nothing more is said to this server.
            self._end(nonsense("it said more than it was asked"))
            self._transport.abort()
        if self._sending or self._dialogue is None:
            self._kept = reply
            self._owed = False
            self._free()
        else:
            self._dotted = False
            self._answer(reply)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        why = f": {fault(error)}" if isinstance(error, OSError) else ""
        self._fail(lost(f"it closed the connection{why}"))

    def pause_writing(self) -> None:
        """The socket's buffer is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """The socket's buffer has room again."""
        self._paused = False
        self._free()

    # Deadlines and endings.

    def _free(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _wait(self, seconds: float, what: str) -> None:
        """From now on *what* must come within *seconds*.

        One timer serves all waits of a connection: it looks at the deadline when it rings,
        so that a command costs no timer of its own.
        """
        self._deadline = self._loop.time() + seconds
        self._awaited = what
        self._seconds = seconds
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if not self._deadline or self._broken is not None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._ring)
            return
        if self._dotted and self._transport.get_write_buffer_size():
            self._dotted = False  # The dot has not left: the server cannot have the message.
        self._fail(lost(f"no {self._awaited} within {Duration(self._seconds)}"))

    def _fail(self, broken: Broken) -> None:
        """The session is over; whoever waits is told."""
        if self._broken is not None:
            return
        self._end(broken)
        self.transcript.remark(broken.reply.text)
        self._transport.abort()
        self._free()
        if self._owed:
            self._answer(Broken(broken.reply, dotted=self._dotted))

    def _end(self, broken: Broken) -> None:
        if self._broken is None:
            # One of its own: an exception collects the places it was raised from.
            self._broken = Broken(broken.reply, dotted=self._dotted)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def fault(error: BaseException) -> str:
    """What went wrong, for an operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return safe_text(error.verify_message, 200)
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return safe_text(str(error) or type(error).__name__, 200)
