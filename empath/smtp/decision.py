"""What is to be done about one command of a client: the values an inbound session returns.

Each holds the reply as a value, for events, and as the octets for the wire, made once.
Whoever owns the socket matches on these and acts; nothing else needs to be known of SMTP
there.
"""

from __future__ import annotations

from typing import Final

from empath.reply import Reply


def render(reply: Reply) -> bytes:
    """The octets of *reply*: each line of its text with the code, the last one with a blank
    (RFC 5321 4.2.1), the enhanced code on each line (RFC 2034 4).
    """
    enhanced = f"{reply.enhanced} " if reply.enhanced else ""
    *lines, last = reply.text.split("\n")
    wire = "".join(f"{reply.code}-{enhanced}{line}\r\n" for line in lines)
    return f"{wire}{reply.code} {enhanced}{last}\r\n".encode("ascii", "backslashreplace")


class Answer:
    """Say this and go on."""

    __slots__ = ("reply", "wire")

    def __init__(self, reply: Reply) -> None:
        self.reply: Final = reply
        self.wire: Final = render(reply)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.reply}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and repr(other) == repr(self)

    def __hash__(self) -> int:
        return hash(self.wire)


class _Complaint(Answer):
    __slots__ = ("stage", "subject")

    def __init__(self, reply: Reply, stage: str = "", subject: str = "") -> None:
        super().__init__(reply)
        self.stage: Final = stage
        """The verb, ``COMMAND`` or ``CONTENT``; empty where nothing was refused (QUIT)."""
        self.subject: Final = subject
        """What was refused, sanitised; may be empty."""


class Refuse(_Complaint):
    """Say no to this command and go on."""

    __slots__ = ()


class Hangup(_Complaint):
    """Say this, then close the connection."""

    __slots__ = ()


class ReceiveContent(Answer):
    """Say 354; what follows is content up to the end of data."""

    __slots__ = ()


class StartTls(Answer):
    """Say 220; what follows is a TLS handshake."""

    __slots__ = ()


class OpenTransaction:
    """MAIL is in order: ask the spool for a draft, then tell the session."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<OpenTransaction>"


Decision = Answer | OpenTransaction
