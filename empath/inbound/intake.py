"""One client's mail on its way into the spool: session, policy and draft put together.

`Intake` is told command lines and content and says what to answer; it never touches a socket.
Promises: 250 for a message only after the spool has committed it (the caller then says it and
publishes the event: durable, reply, publish); whatever ends a transaction otherwise aborts its
draft; what the client is told of our own faults is a fixed sentence (SMTP-RULES L1).
What can go wrong: the spool refuses, which is 452 when it is full and 451 otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from empath.config.model import BareNewlines, Config, Mode
from empath.envelope import MessageId, Origin, Priority
from empath.events import MessageAccepted, SessionLost, SessionRefused, TaskFailed
from empath.inbound.desk import Desk
from empath.message.fields import FieldFinder, without
from empath.message.trace import protocol_name, read_header, received
from empath.policy.priority import OWN, Message, Ranked, rank
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.smtp.data import ContentReader, HeaderSection
from empath.smtp.decision import Answer, Hangup, OpenTransaction, ReceiveContent, Refuse
from empath.smtp.session import Session
from empath.smtp.states import State
from empath.spool.face import Draft, SpoolFull, SpoolRefused
from empath.spool.operating import CAPTURED

_FULL: Final = Reply.of("452 4.3.1 Not enough disk space, try again later")
_FAULT: Final = Reply.of("451 4.3.0 A local problem keeps this from being done, try again later")
_TOO_BIG: Final = Reply.of("552 5.3.4 The message is larger than this server accepts")
_HEADER_TOO_BIG: Final = Reply.of("552 5.3.4 The header section is too large")
_TOO_MANY_FIELDS: Final = Reply.of("552 5.3.4 The message has too many header fields")
_LOOP: Final = Reply.of("554 5.4.6 Too many hops: the message goes in a circle")
_BARE: Final = Reply.of("550 5.5.2 Bare CR or LF in message")

_STAGES: Final = {State.MAIL: "MAIL", State.RCPT: "RCPT", State.DATA: "CONTENT"}


class Intake:
    """From a client's words to a message in the spool."""

    __slots__ = (
        "_accepted",
        "_config",
        "_desk",
        "_draft",
        "_finder",
        "_header",
        "_held",
        "_ranked",
        "_reader",
        "_refusal",
        "_subject",
        "committing",
        "session",
    )

    def __init__(self, desk: Desk, session: Session, config: Config, finder: FieldFinder) -> None:
        """*config* is the one the session began under; *finder* finds `priority.wanted`."""
        self._desk = desk
        self._config = config
        self.session = session
        self.committing = False
        """The final dot has come; the spool has the word."""
        self._accepted: MessageAccepted | None = None
        self._draft: Draft | None = None
        self._reader = _NO_CONTENT
        self._header = _NO_HEADER
        self._finder = finder
        self._held: list[bytes] = []
        self._ranked = _UNRANKED
        self._refusal: Reply | None = None
        self._subject = ""

    def __repr__(self) -> str:
        return f"<Intake {self.session!r} draft={self._draft is not None}>"

    # Commands.

    def command(self, line: bytes) -> Answer:
        """Answer one command line, given without its CRLF."""
        decision = self.session.receive(line)
        if isinstance(decision, OpenTransaction):
            return self._open()
        if type(decision) is Answer:
            if self._draft is not None and self.session.dialogue.transaction is None:
                self._drop()  # RSET or EHLO has ended the transaction
        elif isinstance(decision, ReceiveContent):
            self._reader = ContentReader()
            self._header = HeaderSection(self._config.inbound.header_size)
            self._held = []
            self._refusal = None
            self._subject = ""
        else:
            self.note(decision)
        return decision

    def refuse(self, reply: Reply, stage: str = "COMMAND") -> Answer:
        """Refuse what is no command line at all, such as one without CRLF."""
        decision = self.session.refuse(reply, stage)
        self.note(decision)
        return decision

    def injected(self) -> Answer:
        """Refuse what stood behind STARTTLS; the connection is to end."""
        decision = self.session.injected()
        self.note(decision)
        return decision

    def note(self, decision: Answer | OpenTransaction) -> None:
        """Publish a refusal."""
        if isinstance(decision, Refuse | Hangup) and decision.stage:
            self._desk.bus.publish(
                SessionRefused(
                    self._desk.clock.now(),
                    self.session.connection.client,
                    self.session.dialogue.helo,
                    decision.stage,
                    decision.subject,
                    str(decision.reply),
                )
            )

    def _open(self) -> Answer:
        # Each MAIL asks anew whether there is room, so a draft is never taken over.
        self._drop()
        try:
            self._draft = self._desk.spool.draft()
        except SpoolFull:
            decision = self.session.unopened(_FULL)
        except SpoolRefused:
            decision = self.session.unopened(_FAULT)
        else:
            return self.session.opened()
        self.note(decision)
        return decision

    # Content.

    @property
    def pressed(self) -> bool:
        """The disk is behind: `drain` before more content is given."""
        return self._draft is not None and self._draft.pressed

    @property
    def octets(self) -> int:
        """How much content has come."""
        return max(self._reader.size, 0)

    def content(self, chunk: bytes) -> bool:
        """Take octets that follow 354; True when the end of data was among them."""
        reader = self._reader
        piece = reader.feed(chunk)
        if piece and self._draft is not None:
            header = self._header
            if not header.complete:
                header.feed(piece)
                # Until all of the header is here, nobody knows what must be taken out of it.
                self._held.append(piece)
                piece = b""
                if header.complete:
                    piece = self._judge_header()
            if reader.size > self._config.inbound.message_size:
                self._refusal = _TOO_BIG
            if self._refusal is not None:
                self._drop()  # the rest is read to its end, and goes nowhere
            elif piece:
                self._draft.write(piece)
        return reader.ended

    async def drain(self) -> None:
        """Wait until the disk has caught up; a spool that refuses has its say at the end."""
        if self._draft is not None:
            try:
                await self._draft.drain()
            except SpoolRefused as error:
                self._refusal = _FULL if isinstance(error, SpoolFull) else _FAULT
                self._drop()

    @property
    def rest(self) -> bytes:
        """What had come behind the end of data."""
        return self._reader.rest

    def conclude(self) -> Answer | None:
        """The end of data is there: the refusal of the message, or None when it is to be
        committed.
        """
        if not self._header.complete:
            self._header.end()
            piece = self._judge_header()
            if piece and self._draft is not None:
                self._draft.write(piece)
        if self._refusal is None and self._reader.bare_newlines and self._rejects_bare:
            self._refusal = _BARE
        if self._refusal is None:
            return None
        self._drop()
        return self._refused(self._refusal)

    @property
    def _rejects_bare(self) -> bool:
        return self._config.inbound.bare_newlines is BareNewlines.REJECT

    def _judge_header(self) -> bytes:
        """Look at the header section; returns the content up to now as it is to be stored."""
        header = self._header.content
        facts = read_header(header)
        self._subject = facts.subject
        limits = self._desk.config().inbound
        if self._header.oversized:
            self._refusal = _HEADER_TOO_BIG
        elif facts.fields > self._config.inbound.header_fields:
            self._refusal = _TOO_MANY_FIELDS
        elif facts.hops >= limits.received_hops:
            self._refusal = _LOOP
        held, self._held = self._held, []
        if self._refusal is not None:
            return b""
        fields = self._finder.values(header)
        self._ranked = self._rank(fields)
        content = held[0] if len(held) == 1 else b"".join(held)
        # It tunnels through servers without MT-PRIORITY and ends here: what it says is in the
        # envelope now, or was not for this client to say (RFC 6758 3.3).
        return without(content, len(header), OWN) if OWN in fields else content

    def _rank(self, fields: Mapping[str, str]) -> Ranked:
        session = self.session
        mail = session.transaction.mail
        rules = self._config.priority.rule
        if not fields and not rules and not mail.mt_priority:
            return _UNRANKED
        return rank(
            Message(
                mail.mt_priority,
                fields,
                mail.reverse_path,
                [recipient.address for recipient in session.transaction.recipients],
                session.connection.listener,
            ),
            rules,
            may_raise=session.connection.may_raise,
        )

    def _refused(self, reply: Reply) -> Answer:
        sender = self.session.transaction.mail.reverse_path or ""
        self.session.received()
        decision: Answer
        if reply.transient:  # our own fault is not held against the client
            decision = Refuse(reply, "CONTENT", sender)
        elif reply is _BARE and self.rest:
            # What follows may be the smuggled half of the message (SMTP-RULES 3.1).
            decision = Hangup(reply, "CONTENT", sender)
        else:
            decision = self.session.refuse(reply, "CONTENT", sender)
        self.note(decision)
        return decision

    def commit(self) -> asyncio.Future[MessageId]:
        """Give the message to the spool; `committed` is to hear what came of it."""
        draft = self._draft
        assert draft is not None
        self._draft = None
        session, desk = self.session, self._desk
        connection, helo = session.connection, session.dialogue.helo
        envelope = session.transaction.envelope(self._ranked.priority, self._ranked.number)
        protocol = protocol_name(
            session.dialogue.esmtp, secured=bool(connection.tls), smtputf8=envelope.smtputf8
        )
        now, size = desk.clock.now(), draft.size
        recipients = envelope.recipients
        trace = received(
            helo=helo,
            client=connection.client,
            by=self._config.hostname,
            protocol=protocol,
            id=draft.id,
            at=now,
            recipient=recipients[0].address if len(recipients) == 1 else None,
            tls=connection.tls,
        )
        hold = CAPTURED if self._config.mode is Mode.DEV else ""
        origin = Origin(connection.client, helo, protocol, connection.listener, connection.tls)
        self._accepted = MessageAccepted(
            now,
            draft.id,
            envelope.reverse_path,
            tuple(recipient.address for recipient in recipients),
            size + len(trace),
            connection.client,
            helo,
            protocol,
            envelope.priority,
            self._subject,
            bool(hold),
        )
        self.committing = True
        return draft.commit(envelope, origin, prefix=trace, subject=self._subject, hold=hold)

    def committed(self, commit: asyncio.Future[MessageId]) -> tuple[bytes, MessageAccepted | None]:
        """The spool is done: the reply to say now, and the event to publish then."""
        self.committing = False
        try:
            queued = commit.result()
        except SpoolFull:
            return self._refused(_FULL).wire, None
        except SpoolRefused:
            return self._refused(_FAULT).wire, None
        except Exception as error:  # noqa: BLE001 - a bug in the spool: the client is told 451
            desk = self._desk
            desk.bus.publish(TaskFailed(desk.clock.now(), "commit", safe_text(repr(error))))
            return self._refused(_FAULT).wire, None
        self.session.received()
        return b"250 2.0.0 Ok: queued as %b\r\n" % queued.encode(), self._accepted

    # The end.

    def lost(self, reason: str) -> None:
        """The client is gone or is being sent away: end the transaction, if there is one."""
        if self.committing:
            return  # the spool has the word, and keeps it (SMTP-RULES L2)
        self._drop()
        session = self.session
        stage = _STAGES.get(session.state)
        session.abandoned()
        if stage is not None:
            self._desk.bus.publish(
                SessionLost(
                    self._desk.clock.now(),
                    session.connection.client,
                    session.dialogue.helo,
                    stage,
                    reason,
                )
            )

    def _drop(self) -> None:
        draft, self._draft = self._draft, None
        self._held = []
        if draft is not None:
            self._desk.spawn(draft.abort())


_UNRANKED: Final = Ranked(Priority.NORMAL, 0, "default")
_NO_CONTENT: Final = ContentReader()
_NO_HEADER: Final = HeaderSection(0)
