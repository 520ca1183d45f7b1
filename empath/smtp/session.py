"""The inbound SMTP dialogue: one object that answers command lines, by the table in `states`.

No socket, no clock: `Session.receive` takes a line and returns a decision; whoever owns the
socket acts on it and tells the session what came of it (`opened`, `secured`, `received`).

What may survive STARTTLS is separated by type from what must not (RFC 3207 4.2): `Connection`
holds facts of ours about the peer and counts that can only be held against it; all that the
client said is in `Dialogue`, of which a new one is made when the connection is secured.

Promises: commands out of turn are 503, a reply never holds a client's octets, every command
gets exactly one decision, and a client that only errs or chatters is sent away in the end.
What can go wrong: `OutOfTurn`, a bug of the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Protocol

from empath.address import EmailAddress
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.smtp.command import parse_host, parse_mail, parse_rcpt
from empath.smtp.decision import (
    Answer,
    Decision,
    Hangup,
    OpenTransaction,
    ReceiveContent,
    Refuse,
    StartTls,
)
from empath.smtp.knowledge import Connection, Dialogue, Terms, Transaction
from empath.smtp.states import TRANSITIONS, Did, State


class OutOfTurn(Exception):
    """The session was told of something that cannot have happened in its state."""


class Policy(Protocol):
    """What the session asks about a recipient."""

    def refusal_of(self, recipient: EmailAddress) -> Reply | None:
        """None when mail for *recipient* is taken from this client."""
        ...


_OK = Answer(Reply.of("250 2.0.0 Ok"))
_MAIL_OK = Answer(Reply.of("250 2.1.0 Ok"))
# RFC 6710: X.3.6, then the new priority, then words.
_MAIL_LOWERED = Answer(Reply.of("250 2.3.6 0 is the highest priority this server gives you"))
_RCPT_OK = Answer(Reply.of("250 2.1.5 Ok"))
_VRFY = Answer(Reply.of("252 2.0.0 Send some mail and it will be tried"))
_HELP = Answer(Reply.of("214 2.0.0 Commands are those of RFC 5321"))
_GO_ON = ReceiveContent(Reply.of("354 End data with <CR><LF>.<CR><LF>"))
_BYE = Hangup(Reply.of("221 2.0.0 Bye"))
_GO_SECURE = StartTls(Reply.of("220 2.0.0 Ready to start TLS"))

_OUT_OF_TURN = Reply.of("503 5.5.1 Command out of sequence")
_EHLO_FIRST = Reply.of("503 5.5.1 Say EHLO or HELO first")
_NESTED = Reply.of("503 5.5.1 A transaction is open already")
_NO_RECIPIENTS = Reply.of("554 5.5.1 No valid recipients")
_NOT_KNOWN = Reply.of("500 5.5.2 Command not recognized")
_NOT_HERE = Reply.of("502 5.5.1 Command not implemented")
_NO_ARGUMENT = Reply.of("501 5.5.4 The command takes no argument")
_NEEDS_ARGUMENT = Reply.of("501 5.5.4 The command needs an argument")
_TOO_MANY_RECIPIENTS = Reply.of("452 4.5.3 Too many recipients")
_TOO_MANY_ERRORS = Reply.of("421 4.7.0 Too many errors, closing the connection")
_TOO_MUCH_CHATTER = Reply.of("421 4.7.0 Too many commands without mail, closing the connection")
_AUTH_NOT_OFFERED = Reply.of("503 5.5.1 Authentication is not offered")
_SECURE_ALREADY = Reply.of("503 5.5.1 TLS is already active")
_NOT_SMTP = Reply.of("554 5.5.1 This is an SMTP server")
_INJECTED = Reply.of("554 5.5.0 Input behind STARTTLS, closing the connection")


_OPEN = OpenTransaction()

FOREIGN: Final = frozenset(b"GET POST PUT HEAD DELETE OPTIONS CONNECT TRACE PATCH PRI".split())
"""HTTP's methods: a browser or a proxy is being used against us (Postfix, ALPACA)."""

_Row = tuple[str, Did | None, Callable[["Session", bytes], Decision]]


class Session:
    """One client's dialogue, up to QUIT and across STARTTLS."""

    __slots__ = ("_policy", "_terms", "connection", "dialogue", "state")

    def __init__(self, connection: Connection, terms: Terms, policy: Policy) -> None:
        self.connection = connection
        self.dialogue = Dialogue()
        self.state = State.GREETED
        self._terms = terms
        self._policy = policy

    def __repr__(self) -> str:
        return f"<Session {self.connection.client} {self.state.name}>"

    @property
    def transaction(self) -> Transaction:
        """The open transaction.  Raises `OutOfTurn` when there is none."""
        if self.dialogue.transaction is None:
            raise OutOfTurn(f"no transaction in {self.state.name}")
        return self.dialogue.transaction

    def receive(self, line: bytes) -> Decision:
        """Decide about one command line, given without its CRLF."""
        verb, _, argument = line.partition(b" ")
        row = self._COMMANDS.get(verb) or self._COMMANDS.get(verb.upper())
        if row is None:
            return self._stray(line)
        stage, did, decide = row
        if did is not None and did not in TRANSITIONS[self.state]:
            return self.refuse(self._why_not_now(did), stage)
        return decide(self, argument.strip(b" \t"))

    def opened(self) -> Answer:
        """The spool has room: MAIL is accepted."""
        self._advance(Did.MAIL)
        asked = self.transaction.mail.mt_priority or 0
        return _MAIL_LOWERED if asked > 0 and not self.connection.may_raise else _MAIL_OK

    def unopened(self, reply: Reply) -> Answer:
        """The spool has none; this is not held against the client."""
        self.dialogue.transaction = None
        return Refuse(reply, "MAIL", "")

    def secured(self, tls: str) -> None:
        """The handshake is done: forget all that was said in clear (RFC 3207 4.2)."""
        self._advance(Did.SECURED)
        self.connection.tls = tls
        self.dialogue = Dialogue()

    def received(self) -> None:
        """The content was accepted or refused: either way the transaction is over."""
        self._advance(Did.RECEIVED)
        self.dialogue.transaction = None
        self.connection.chatter = 0

    def abandoned(self) -> None:
        """The connection has ended, or is about to without the client's QUIT."""
        self.state = State.CLOSED
        self.dialogue.transaction = None

    def injected(self) -> Answer:
        """Octets stood behind STARTTLS in its group (RFC 2920 3.1; CVE-2021-33515)."""
        return self._hang_up(_INJECTED, "STARTTLS")

    def refuse(self, reply: Reply, stage: str, subject: bytes | str = b"") -> Answer:
        """Refuse, and hold it against the client; too many refusals send it away."""
        self.connection.errors += 1
        if self.connection.errors > self._terms.errors:
            return self._hang_up(_TOO_MANY_ERRORS, stage)
        return Refuse(reply, stage, safe_text(subject, 320))

    def _advance(self, did: Did) -> None:
        following = TRANSITIONS[self.state].get(did)
        if following is None:
            raise OutOfTurn(f"{did.name} in {self.state.name}")
        self.state = following

    def _hang_up(self, reply: Reply, stage: str) -> Hangup:
        self.state = State.CLOSED
        return Hangup(reply, stage)

    def _why_not_now(self, did: Did) -> Reply:
        if did is Did.STARTTLS and self.connection.tls:
            return _SECURE_ALREADY
        if self.state is State.GREETED:
            return _EHLO_FIRST
        if did is Did.MAIL:
            return _NESTED
        return _NO_RECIPIENTS if did is Did.DATA and self.state is State.MAIL else _OUT_OF_TURN

    def _stray(self, line: bytes) -> Decision:
        """Not a command of SMTP: a slip, or another protocol (cross-protocol attacks)."""
        if line and not line[:1].isalpha():
            return self._hang_up(_NOT_SMTP, "CONNECT")
        if line.partition(b" ")[0].upper() in FOREIGN:
            return self._hang_up(_NOT_SMTP, "CONNECT")
        return self.refuse(_NOT_KNOWN, "COMMAND", line[:80])

    def _idle(self, reply: Answer) -> Decision:
        self.connection.chatter += 1
        if self.connection.chatter > self._terms.chatter:
            return self._hang_up(_TOO_MUCH_CHATTER, "COMMAND")
        return reply

    def _greet(self, argument: bytes, *, extended: bool) -> Decision:
        host = parse_host(argument)
        if isinstance(host, Reply):
            return self.refuse(host, "EHLO", argument)
        self._advance(Did.EHLO)  # and end any transaction (RFC 5321 4.1.4)
        self.dialogue = Dialogue(str(host), extended)
        if not extended:
            return self._idle(self._terms.helo)
        secured = self.connection.tls
        return self._idle(self._terms.ehlo_secured if secured else self._terms.ehlo)

    def _ehlo(self, argument: bytes) -> Decision:
        return self._greet(argument, extended=True)

    def _helo(self, argument: bytes) -> Decision:
        return self._greet(argument, extended=False)

    def _mail(self, argument: bytes) -> Decision:
        mail = parse_mail(argument, largest=self._terms.message_size, extended=self.dialogue.esmtp)
        if isinstance(mail, Reply):
            return self.refuse(mail, "MAIL", argument)
        self.dialogue.transaction = Transaction(mail)
        return _OPEN

    def _rcpt(self, argument: bytes) -> Decision:
        transaction = self.transaction
        recipient = parse_rcpt(
            argument,
            postmaster=self._terms.postmaster,
            smtputf8=transaction.mail.smtputf8,
            extended=self.dialogue.esmtp,
        )
        if isinstance(recipient, Reply):
            return self.refuse(recipient, "RCPT", argument)
        refusal = self._policy.refusal_of(recipient.address)
        if refusal is not None:
            return self.refuse(refusal, "RCPT", recipient.address)
        if len(transaction.recipients) >= self._terms.recipients:
            return Refuse(_TOO_MANY_RECIPIENTS, "RCPT", safe_text(recipient.address, 320))
        self._advance(Did.RCPT)
        transaction.recipients.append(recipient)
        return _RCPT_OK

    def _data(self, argument: bytes) -> Decision:
        if argument:
            return self.refuse(_NO_ARGUMENT, "DATA")
        self._advance(Did.DATA)
        return _GO_ON

    def _rset(self, argument: bytes) -> Decision:
        if argument:
            return self.refuse(_NO_ARGUMENT, "RSET")
        self._advance(Did.RSET)
        self.dialogue.transaction = None
        return self._idle(_OK)

    def _quit(self, argument: bytes) -> Decision:
        if argument:
            return self.refuse(_NO_ARGUMENT, "QUIT")
        self._advance(Did.QUIT)
        return _BYE

    def _starttls(self, argument: bytes) -> Decision:
        if self.connection.tls:
            return self.refuse(_SECURE_ALREADY, "STARTTLS")
        if not self._terms.starttls:
            return self.refuse(_NOT_HERE, "STARTTLS")
        if argument:
            return self.refuse(_NO_ARGUMENT, "STARTTLS")  # RFC 3207 4
        self._advance(Did.STARTTLS)
        return _GO_SECURE

    def _noop(self, _argument: bytes) -> Decision:
        return self._idle(_OK)

    def _vrfy(self, argument: bytes) -> Decision:
        return self._idle(_VRFY) if argument else self.refuse(_NEEDS_ARGUMENT, "VRFY")

    def _help(self, _argument: bytes) -> Decision:
        return self._idle(_HELP)

    def _auth(self, _argument: bytes) -> Decision:
        return self.refuse(_AUTH_NOT_OFFERED, "AUTH")  # never the line: it may hold a password

    def _bdat(self, _argument: bytes) -> Decision:
        # The chunk behind it must not be read as commands, and it may be of any length.
        return self._hang_up(_NOT_HERE, "BDAT")

    def _not_here(self, _argument: bytes) -> Decision:
        return self.refuse(_NOT_HERE, "COMMAND")

    _COMMANDS: ClassVar[dict[bytes, _Row]] = {
        b"EHLO": ("EHLO", Did.EHLO, _ehlo),
        b"HELO": ("EHLO", Did.EHLO, _helo),
        b"MAIL": ("MAIL", Did.MAIL, _mail),
        b"RCPT": ("RCPT", Did.RCPT, _rcpt),
        b"DATA": ("DATA", Did.DATA, _data),
        b"RSET": ("RSET", Did.RSET, _rset),
        b"QUIT": ("QUIT", Did.QUIT, _quit),
        b"STARTTLS": ("STARTTLS", Did.STARTTLS, _starttls),
        b"NOOP": ("NOOP", None, _noop),
        b"VRFY": ("VRFY", None, _vrfy),
        b"HELP": ("HELP", None, _help),
        b"AUTH": ("AUTH", None, _auth),
        b"BDAT": ("BDAT", None, _bdat),
        b"EXPN": ("COMMAND", None, _not_here),
        b"ETRN": ("COMMAND", None, _not_here),
        b"TURN": ("COMMAND", None, _not_here),
        b"SEND": ("COMMAND", None, _not_here),
        b"SOML": ("COMMAND", None, _not_here),
        b"SAML": ("COMMAND", None, _not_here),
    }
