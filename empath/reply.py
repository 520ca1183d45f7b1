"""The words for answers: replies with enhanced codes, and what they mean for a recipient.

A `Reply` is what an SMTP server says, ours or a peer's.  An `Outcome` is what came of
one recipient in one attempt.  Whether a failure is temporary is derived from the code
(RFC 5321 4.2.1), never stored beside it.
"""

from __future__ import annotations

import re
from typing import Final, Self, final

from msgspec import Struct

_ENHANCED: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s+|$)")


@final
class EnhancedCode(str):
    """An RFC 3463 status code such as ``4.3.0``; its class is 2, 4 or 5."""

    __slots__ = ()

    def __new__(cls, text: str, /) -> Self:
        """Check *text* and make it one."""
        match = _ENHANCED.fullmatch(text)
        if match is None:
            raise ValueError(f"not an enhanced status code: {text!r}")
        return super().__new__(cls, text)


class Reply(Struct, frozen=True):
    r"""One SMTP reply: code, enhanced code if there is one, and its text.

    *text* is sanitised and may hold several lines, separated by ``\n``.
    """

    code: int
    enhanced: EnhancedCode | None
    text: str

    @classmethod
    def of(cls, line: str) -> Self:
        """Read ``"250 2.1.0 Ok"`` as a reply; for our own fixed replies and for tests."""
        code, _, text = line.partition(" ")
        return cls.read(int(code), text)

    @classmethod
    def read(cls, code: int, text: str) -> Self:
        """Take the enhanced code off *text* where its class fits *code* (RFC 2034 4)."""
        match = _ENHANCED.match(text)
        if match is None or match[1] != str(code // 100):
            return cls(code, None, text)
        return cls(code, EnhancedCode(match[0].rstrip()), text[match.end() :])

    @property
    def positive(self) -> bool:
        """2xx: done."""
        return self.code // 100 == 2

    @property
    def intermediate(self) -> bool:
        """3xx: go on."""
        return self.code // 100 == 3

    @property
    def transient(self) -> bool:
        """4xx: try again later."""
        return self.code // 100 == 4

    @property
    def permanent(self) -> bool:
        """5xx: do not try again."""
        return self.code // 100 == 5

    @property
    def status(self) -> EnhancedCode:
        """The enhanced code, or the class's ``X.0.0`` where the peer gave none."""
        return self.enhanced or EnhancedCode(f"{self.code // 100}.0.0")

    def __str__(self) -> str:
        enhanced = f"{self.enhanced} " if self.enhanced else ""
        return f"{self.code} {enhanced}{self.text}".replace("\n", " ").rstrip()


class Delivered(Struct, frozen=True):
    """The peer has taken responsibility for the recipient."""

    reply: Reply


class Deferred(Struct, frozen=True):
    """Not now: the recipient is tried again.

    *reply* is the peer's, or one of ours (``4.4.x``) where no peer spoke.
    *uncertain* marks the only case in which the peer may have taken the message all the
    same: the connection ended after the final dot.
    """

    reply: Reply
    uncertain: bool = False


class Failed(Struct, frozen=True):
    """Never: the recipient is given up and its sender told."""

    reply: Reply


Outcome = Delivered | Deferred | Failed


def outcome_of(reply: Reply) -> Outcome:
    """What *reply*, as the last word on a recipient, means for it (RFC 5321 4.2.1)."""
    if reply.positive:
        return Delivered(reply)
    if reply.permanent:
        return Failed(reply)
    return Deferred(reply)
