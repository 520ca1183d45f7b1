"""The words for a message on its way: its id, envelope, recipients and their states."""

from __future__ import annotations

import enum
import re
from typing import Final, Self, final

from msgspec import Struct

from empath.address import Domain, EmailAddress, ServerId
from empath.reply import Reply

_ID: Final = re.compile(r"[0-9a-f]{16}")
_TAIL_BITS: Final = 21


class BadMessageId(ValueError):
    """The text is not a message id."""


@final
class MessageId(str):
    """Sixteen hexadecimal digits: 42 bits of milliseconds since 1970, then 21 bits of tail.

    Ids sort by time of arrival, are safe in file names and URLs, and are the spool's
    integer key, so that no index is needed to find a message by its id.
    """

    __slots__ = ()

    def __new__(cls, text: str, /) -> Self:
        """Check *text* and make it one."""
        if type(text) is cls:
            return text
        if not _ID.fullmatch(text):
            raise BadMessageId("a message id is 16 hexadecimal digits, such as 0197a8c0f3e41b2c")
        return super().__new__(cls, text)

    @classmethod
    def compose(cls, milliseconds: int, tail: int) -> Self:
        """Build an id from a time and a tail; the tail is taken modulo 2**21."""
        return cls.from_key(milliseconds << _TAIL_BITS | tail & (1 << _TAIL_BITS) - 1)

    @classmethod
    def from_key(cls, key: int) -> Self:
        """The id whose integer key is *key*."""
        return str.__new__(cls, f"{key:016x}")

    @property
    def key(self) -> int:
        """A positive 63-bit integer that sorts as the id does."""
        return int(self, 16)


class Priority(enum.IntEnum):
    """Five classes; a higher number goes first (DESIGN 5, SMTP-RULES 3.6)."""

    BULK = -2
    LOW = -1
    NORMAL = 0
    HIGH = 1
    CRITICAL = 2

    @classmethod
    def of(cls, number: int) -> Priority:
        """The class of a transfer priority of RFC 6710, -9 to 9 (SMTP-RULES 3.6)."""
        if number >= 2:
            return cls.CRITICAL if number >= 6 else cls.HIGH
        if number >= -1:
            return cls.NORMAL
        return cls.LOW if number >= -4 else cls.BULK

    @property
    def number(self) -> int:
        """The transfer priority that stands for the class where no other is known."""
        return _NUMBERS[self]

    @property
    def word(self) -> str:
        """The class as operators read and write it, such as ``critical``."""
        return self.name.lower()


_NUMBERS: Final = {
    # High and low are "urgent" and "non-urgent" of the MIXER policy (RFC 6710, appendix).
    Priority.CRITICAL: 6,
    Priority.HIGH: 4,
    Priority.NORMAL: 0,
    Priority.LOW: -4,
    Priority.BULK: -6,
}


Lane = tuple[Domain, Priority]
"""The mail of one class at one destination."""


class State(enum.IntEnum):
    """Where one recipient of a message is.

    ``QUEUED`` and ``DEFERRED`` wait for their time, ``ACTIVE`` is being delivered now,
    ``HELD`` waits for an operator.  The others are final.
    """

    QUEUED = 0
    DEFERRED = 1
    HELD = 2
    ACTIVE = 3
    DELIVERED = 10
    FAILED = 11
    EXPIRED = 12
    DELETED = 13

    @property
    def final(self) -> bool:
        """Nothing more will happen to the recipient."""
        return self >= State.DELIVERED

    @property
    def word(self) -> str:
        """The state as operators read and write it, such as ``deferred``."""
        return self.name.lower()


class Body(enum.StrEnum):
    """The BODY parameter of MAIL (RFC 6152, RFC 3030)."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"


class Notify(enum.Flag):
    """When a sender wants to be told about a recipient (RFC 3461 4.1)."""

    NEVER = 0
    SUCCESS = enum.auto()
    FAILURE = enum.auto()
    DELAY = enum.auto()


class Recipient(Struct, frozen=True):
    """One forward-path, with its delivery status options (RFC 3461)."""

    address: EmailAddress
    notify: Notify = Notify.FAILURE | Notify.DELAY
    original: str = ""
    """ORCPT as the client gave it (``rfc822;user@example.org``), sanitised; or empty."""


class Envelope(Struct, frozen=True):
    """What a client asked for: from whom, to whom, how.  The content is elsewhere.

    *reverse_path* is None for the null sender of a notification (RFC 5321 4.5.5).
    """

    reverse_path: EmailAddress | None
    recipients: tuple[Recipient, ...]
    priority: Priority = Priority.NORMAL
    body: Body = Body.SEVEN_BIT
    smtputf8: bool = False
    envid: str = ""
    """ENVID (RFC 3461 4.4), sanitised; or empty."""
    return_headers_only: bool = True
    """RET=HDRS rather than FULL (RFC 3461 4.3)."""
    mt_priority: int = 0
    """What the next server is told of the priority (RFC 6710), -9 to 9; 0 for nothing."""


class Origin(Struct, frozen=True):
    """How a message came in: who brought it, over what.  Every string is sanitised."""

    client: str
    """The peer's address such as ``192.0.2.1``, or ``local`` for mail made by Empath."""
    helo: str = ""
    protocol: str = "ESMTP"
    """SMTP, ESMTP, ESMTPS, UTF8SMTP … (RFC 3848, RFC 6531)."""
    listener: str = ""
    tls: str = ""
    """``TLSv1.3 TLS_AES_256_GCM_SHA384``, or empty for a session in clear."""


LOCAL: Final = Origin(client="local", protocol="local")
"""The origin of mail that Empath makes itself, such as delivery status notifications."""


class NextHop(Struct, frozen=True):
    """Where an operator re-routed one recipient, instead of to its destination's servers."""

    host: ServerId
    until: float | None = None
    """From when on it no longer holds; None: until it is taken back."""


class Waiting(Struct, frozen=True):
    """One recipient inside a lot: its number in the message and what has happened so far."""

    number: int
    recipient: Recipient
    attempts: int
    delay_noticed: bool = False
    last: Reply | None = None
    next_hop: NextHop | None = None


class Lot(Struct, frozen=True, eq=False):
    """All recipients of one message at one destination that are due: what one attempt takes.

    A lot is leased: nobody else gets its recipients until it is recorded or given back.
    Two lots are the same only if they are the same object.
    """

    id: MessageId
    destination: Domain
    recipients: tuple[Waiting, ...]
    reverse_path: EmailAddress | None
    priority: Priority
    received_at: float
    due_at: float
    size: int
    """Octets of the content as it is stored, before dot-stuffing."""
    body: Body = Body.SEVEN_BIT
    smtputf8: bool = False
    envid: str = ""
    return_headers_only: bool = True
    mt_priority: int = 0
    """What the server is told of the priority (RFC 6710), -9 to 9; 0 for nothing."""

    @property
    def attempts(self) -> int:
        """How often the most often tried of its recipients was tried."""
        return max(waiting.attempts for waiting in self.recipients)
