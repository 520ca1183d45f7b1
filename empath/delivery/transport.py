"""A connection to a server, as an attempt has it: dialogues, TLS, and the content of messages.

Promises: what is upgraded to TLS is checked as its context says, and what was agreed is kept;
content is read no faster than the server takes it, so that memory is bounded by one block and
the socket's buffer, and never leaves with a CR or LF that stands alone.  What can go wrong
reaches the dialogue as `Broken`; what is wrong with the content is raised out of `run`.
Commands and replies are `exchange`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final, TypeVar, cast, final

from empath.config.model import Delivery
from empath.delivery import certificate
from empath.delivery.exchange import Exchange
from empath.delivery.faults import fault
from empath.delivery.flight import Done, Flight, Following
from empath.delivery.outgoing import Chunks, chunked, chunks_of, small, stuffed
from empath.delivery.transcript import Transcript
from empath.events import TlsSession
from empath.policy.tls import TlsFault
from empath.reply import Reply
from empath.smtp.opening import Extensions
from empath.smtp.steps import Broken, Dialogue, SendChunks, UpgradeTls, lost
from empath.tls import fault_of

R = TypeVar("R")

_SECURED: Final = Reply(220, None, "")


@final
class Connection(Exchange):
    """One session with one server, used for one dialogue after another."""

    def __init__(
        self, *, name: str, sni: str | None, settings: Delivery, transcript: Transcript
    ) -> None:
        """*name* is what operators read, such as ``mx.example.org [192.0.2.1]:25``."""
        super().__init__(settings)
        self.name = name
        self.transcript = transcript
        """Of the dialogue that runs next."""
        self.tls: TlsSession | None = None
        self.tls_fault: TlsFault | None = None
        """Why the handshake failed."""
        self.extensions: Extensions = {}
        self.messages = 0
        """Transactions begun on it."""
        self.dirty = False
        """A refused transaction may still be open: RSET comes first."""
        self.room = 0
        """Recipients the server takes in one transaction, or 0 if it never said so."""
        self._sni = sni
        self._context: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        state = "usable" if self.usable else "closed"
        return f"<Connection {self.name} {state} messages={self.messages}>"

    async def run(
        self,
        dialogue: Dialogue[R],
        *,
        content: Chunks | None = None,
        context: ssl.SSLContext | None = None,
        said: Callable[[], None] | None = None,
    ) -> R:
        """Play *dialogue* to its end and return its result.

        What a server does wrong is the dialogue's to answer for.  An exception out of
        *content* (`BodyUnfit`, `BareNewline`) comes out here, the connection cut before
        the final dot.  *context* is for a dialogue that upgrades to TLS.  *said* is called
        when the end of the content has been sent: from then on another dialogue may run.
        """
        flight = Flight(dialogue, self.transcript, said, small(content))
        self._flights.append(flight)
        self._context = context
        self.speaking = True
        try:
            following = self._advance(flight, None)
            while True:
                if following is None:
                    flight.turn = self._loop.create_future()
                    following = await flight.turn
                if isinstance(following, Done):
                    return cast("R", following.value)
                if isinstance(following, UpgradeTls):
                    following = await self._upgrade(flight)
                else:
                    assert content is not None
                    if not isinstance(following, SendChunks):
                        following = await self._send(flight, content, 0)
                    elif following.lines:
                        following = await self._send_whole(flight, following, content)
                    else:
                        following = await self._send(flight, content, following.size)
        except BaseException:
            if flight in self._flights:
                self._flights.remove(flight)
            self.abort()
            raise

    # TLS.

    async def _upgrade(self, flight: Flight) -> Following:
        """STARTTLS was answered 220, and nothing in clear came behind it (RFC 3207 6)."""
        context = self._context
        assert context is not None
        self._deadline.lift()
        if self._broken is not None:
            return self._advance(flight, self._gone())
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
        return self._advance(flight, answer)

    def secured(self) -> None:
        """Note what was agreed in the handshake."""
        wrapping = self._transport.get_extra_info("ssl_object")
        names, expires_at, self_signed = certificate.shown(wrapping)
        checked = wrapping.context.verify_mode is ssl.CERT_REQUIRED
        self.tls = TlsSession(
            version=wrapping.version(),
            cipher=wrapping.cipher()[0],
            verified="chain" if checked else "",
            names=names,
            expires_at=expires_at,
            self_signed=self_signed,
        )
        verified = f"peer verified as {self._sni}" if checked else "peer not verified"
        self.transcript.remark(f"{self.tls.version} {self.tls.cipher}, {verified}")

    # The content.

    async def _send(self, flight: Flight, content: Chunks, size: int) -> Following:
        """Send the content and its end, behind 354 or, with *size*, in chunks.

        The answer comes as any reply does.
        """
        flight.chunks = chunks_of(size) - 1 if size else 0
        flight.chunked = size > 0
        self._expect(flight, flight.chunks + 1)
        self._deadline.lift()
        flight.sending = True
        flight.moved = self._loop.time()
        held = b""
        try:
            async for block in chunked(content, size) if size else stuffed(content):
                if held:
                    await self._write(held)
                    flight.octets += len(held)
                    flight.moved = self._loop.time()
                if self._broken is not None or self._kept is not None:
                    break
                held = block
        finally:
            flight.sending = False
        if self._broken is not None:
            return self._advance(flight, self._gone())
        if self._kept is not None:
            return self._advance(flight, self._refused_midway(self._kept))
        flight.transcript.sent("(the content)")
        self._transport.write(held)
        flight.dotted = True
        self._arm(flight)
        self._said(flight)
        return None

    async def _send_whole(self, flight: Flight, step: SendChunks, content: Chunks) -> Following:
        """Send the envelope and small content that is in a file in one write."""
        body = b"".join([part async for part in content.chunks()])
        if self._broken is not None:
            return self._advance(flight, self._gone())
        self._send_small(flight, step, body)
        return None

    async def _write(self, block: bytes) -> None:
        self._transport.write(block)
        if self._paused and self._broken is None and self._kept is None:
            self._room = self._loop.create_future()
            self._deadline.set(self.settings.content_timeout, "taking of the content")
            try:
                await self._room
            finally:
                self._room = None
                self._deadline.lift()
