"""The steps of an outbound dialogue: what a dialogue asks of whoever holds the socket.

A dialogue is a generator.  It yields a step and is sent the server's `Reply` to it, or is
thrown `Broken` when no reply can come; its return value is the result.  It never waits,
reads or writes itself, so a test plays it as a script (`tests/fakes/script.py`).
Several commands said at once (RFC 2920) are one step, answered reply by reply: the first is
the answer to the step, each further one the answer to a `Next`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeVar, final

from empath.reply import Reply

R = TypeVar("R")


@final
@dataclass(frozen=True, slots=True)
class Greeting:
    """Wait for what the server says first."""


@final
@dataclass(slots=True)
class Say:
    """Send one command line (without its CRLF) and wait for the reply."""

    line: str
    shown: str = ""
    """What a transcript shows instead, for a line with a secret."""


@final
@dataclass(slots=True)
class Batch:
    """Send command lines in one write (RFC 2920) and wait for the reply to the first."""

    lines: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Next:
    """Wait for the reply to the next of the commands that were said at once."""


@final
@dataclass(frozen=True, slots=True)
class UpgradeTls:
    """Wrap the connection in TLS now (RFC 3207); the answer is 220, or `Broken`."""


@final
@dataclass(frozen=True, slots=True)
class SendContent:
    """Send the message, dot-stuffed, with the final dot; the answer is the reply to that."""


@final
@dataclass(slots=True)
class SendChunks:
    """Send *lines*, if there are any, and the message behind them as BDAT (RFC 3030).

    With lines the message is one chunk in the same write, and the answer is the reply to the
    first line.  Without, it goes in chunks, and the answer is the reply to the last of them
    or the first refusal.
    """

    lines: tuple[str, ...]
    size: int
    """Octets of the message, which are announced before they are read."""


Step = Greeting | Say | Batch | Next | UpgradeTls | SendContent | SendChunks
Dialogue = Generator[Step, Reply, R]

GREETING: Final = Greeting()
NEXT: Final = Next()
UPGRADE_TLS: Final = UpgradeTls()
SEND_CONTENT: Final = SendContent()


@final
class Broken(Exception):
    """The connection is of no more use: closed, silent beyond a deadline, or talking nonsense.

    *reply* is ours (``4.4.2``, ``4.5.0`` …), its text the reason.  *dotted* tells that the
    end of the content had been sent: the server may have taken the message.  *closed* tells
    that the server ended the connection itself, which any server may.
    """

    def __init__(self, reply: Reply, *, dotted: bool = False, closed: bool = False) -> None:
        super().__init__(str(reply))
        self.reply = reply
        self.dotted = dotted
        self.closed = closed


def lost(reason: str, *, dotted: bool = False, closed: bool = False) -> Broken:
    """The server closed the connection or fell silent (RFC 3463 X.4.2)."""
    return Broken(Reply.own(421, "4.4.2", reason), dotted=dotted, closed=closed)


def nonsense(reason: str, *, dotted: bool = False) -> Broken:
    """The server broke the protocol (RFC 3463 X.5.0)."""
    return Broken(Reply.own(451, "4.5.0", reason), dotted=dotted)
