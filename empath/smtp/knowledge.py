"""What an inbound session knows, separated by how long it may be known.

`Terms` hold for every session under one config.  `Connection` lasts as long as the socket and
survives STARTTLS: facts of our own, and counts that can only be held against the client.
`Dialogue` is what the client has said; RFC 3207 4.2 wants it forgotten at STARTTLS, so it is
one object that is thrown away whole.  `Transaction` lasts from MAIL to the end of content.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from empath.address import BannerHostname, EmailAddress
from empath.envelope import Envelope, Priority, Recipient
from empath.reply import Reply
from empath.smtp.command import MailFrom
from empath.smtp.decision import Answer


@dataclass(frozen=True, slots=True)
class Terms:
    """What is offered and tolerated, the same for every session under one config."""

    hostname: BannerHostname
    message_size: int
    recipients: int
    errors: int
    chatter: int = 100
    """Commands that move no mail (NOOP, RSET, EHLO …) in a row before a client is sent away."""
    starttls: bool = False
    greeting: Answer = field(init=False)
    helo: Answer = field(init=False)
    ehlo: Answer = field(init=False)
    ehlo_secured: Answer = field(init=False)
    postmaster: EmailAddress = field(init=False)

    def __post_init__(self) -> None:
        offers = [
            str(self.hostname),
            "PIPELINING",
            f"SIZE {int(self.message_size)}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "DSN",
            "MT-PRIORITY",
        ]
        secured = Answer(Reply(250, None, "\n".join(offers)))
        clear = Answer(Reply(250, None, "\n".join([*offers, "STARTTLS"])))
        object.__setattr__(self, "greeting", Answer(Reply(220, None, f"{self.hostname} ESMTP")))
        object.__setattr__(self, "helo", Answer(Reply(250, None, self.hostname)))
        object.__setattr__(self, "ehlo_secured", secured)
        object.__setattr__(self, "ehlo", clear if self.starttls else secured)
        object.__setattr__(self, "postmaster", EmailAddress(f"postmaster@{self.hostname}"))


@dataclass(slots=True)
class Connection:
    """What survives STARTTLS: our own facts, and counts that only tighten."""

    client: str
    listener: str
    opened_at: float
    tls: str = ""
    """``TLSv1.3 TLS_AES_256_GCM_SHA384``, or empty while in clear."""
    errors: int = 0
    chatter: int = 0
    may_raise: bool = False
    """Its mail may be more urgent than normal (`priority.trusted`)."""


@dataclass(slots=True)
class Transaction:
    """MAIL was accepted; the recipients accepted so far."""

    mail: MailFrom
    recipients: list[Recipient] = field(default_factory=list)

    def envelope(self, priority: Priority = Priority.NORMAL, mt_priority: int = 0) -> Envelope:
        """The envelope as it stands, with the priority that was found for the message."""
        mail = self.mail
        return Envelope(
            mail.reverse_path,
            tuple(self.recipients),
            priority,
            mt_priority=mt_priority,
            body=mail.body,
            smtputf8=mail.smtputf8,
            envid=mail.envid,
            return_headers_only=mail.return_headers_only,
        )


@dataclass(slots=True)
class Dialogue:
    """What the client has said; forgotten as a whole at STARTTLS."""

    helo: str = ""
    esmtp: bool = False
    transaction: Transaction | None = None
