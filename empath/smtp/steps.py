"""The steps of an outbound dialogue: what a dialogue asks of whoever holds the socket.

A dialogue is a generator.  It yields a step and is sent the server's `Reply` to it, or is
thrown `Broken` when no reply can come; its return value is the result.  It never waits,
reads or writes itself, so a test plays it as a script (`tests/fakes/script.py`).
Several commands said at once (RFC 2920) would be one more step here, answered reply by reply.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeVar, final

from empath.reply import EnhancedCode, Reply

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
@dataclass(frozen=True, slots=True)
class UpgradeTls:
    """Wrap the connection in TLS now (RFC 3207); the answer is 220, or `Broken`."""


@final
@dataclass(frozen=True, slots=True)
class SendContent:
    """Send the message, dot-stuffed, with the final dot; the answer is the reply to that."""


Step = Greeting | Say | UpgradeTls | SendContent
Dialogue = Generator[Step, Reply, R]

GREETING: Final = Greeting()
UPGRADE_TLS: Final = UpgradeTls()
SEND_CONTENT: Final = SendContent()


@final
class Broken(Exception):
    """The connection is of no more use: closed, silent beyond a deadline, or talking nonsense.

    *reply* is ours (``4.4.2``, ``4.5.0`` …), its text the reason.  *dotted* tells that the
    final dot had been sent: the server may have taken the message.
    """

    def __init__(self, reply: Reply, *, dotted: bool = False) -> None:
        super().__init__(str(reply))
        self.reply = reply
        self.dotted = dotted


def lost(reason: str, *, dotted: bool = False) -> Broken:
    """The server closed the connection or fell silent (RFC 3463 X.4.2)."""
    return Broken(Reply(421, EnhancedCode("4.4.2"), reason), dotted=dotted)


def nonsense(reason: str, *, dotted: bool = False) -> Broken:
    """The server broke the protocol (RFC 3463 X.5.0)."""
    return Broken(Reply(451, EnhancedCode("4.5.0"), reason), dotted=dotted)
