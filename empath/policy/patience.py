"""How long an attempt may stand still at each of its steps, and how long it may take in all.

Every step has its own deadline where it waits; this is what the watchdog holds against the
whole, for what no deadline sees: a disk that does not answer, a step that was forgotten.  It
is longer than each of those by `SLACK`, so that they speak first.  After the end of the
content a server has at least ten minutes to answer (RFC 5321 4.5.3.2.6): cut short, it may
have taken the message, and gets it again.
"""

from __future__ import annotations

import enum
from typing import Final

from empath.config.model import Config

SLACK: Final = 30.0
"""Seconds by which the watchdog is more patient than the step itself."""
FINAL: Final = 600.0
"""RFC 5321 4.5.3.2.6."""
ADDRESSES: Final = 10
"""Addresses one attempt tries in all, so that it ends in bounded time."""
_BLOCK: Final = 65536
_LOOKUPS: Final = 2 * ADDRESSES + 1


class Stage(enum.StrEnum):
    """What an attempt waits for."""

    LOOKUP = "DNS"
    TURN = "QUEUE"
    """For one of the connections that a host may have."""
    CONNECT = "CONNECT"
    GREETING = "GREETING"
    TLS = "STARTTLS"
    """The handshake."""
    COMMAND = "COMMAND"
    """The reply to a command."""
    BODY = "BODY"
    """The stored body."""
    CONTENT = "CONTENT"
    """The server, to take the content."""
    FINAL = "FINAL"
    """The reply to the final dot, or to the last BDAT."""
    RECORD = "RECORD"
    """The spool, to write down what came of it."""

    @property
    def ours(self) -> bool:
        """It says nothing about the server when this one lasts."""
        return self in _OURS


_OURS: Final = frozenset({Stage.LOOKUP, Stage.TURN, Stage.BODY, Stage.RECORD})


def standstill(stage: Stage, config: Config) -> float:
    """Seconds for which an attempt may stand at *stage* and nothing move; endless for RECORD.

    What came of an attempt is written down, however long that takes: giving it up would send
    the message again.
    """
    return _of_step(stage, config) + SLACK


def _of_step(stage: Stage, config: Config) -> float:
    delivery = config.delivery
    match stage:
        case Stage.LOOKUP:
            return 4 * float(config.dns.timeout)
        case Stage.TURN:
            return float(delivery.final_timeout)
        case Stage.CONNECT | Stage.GREETING | Stage.TLS:
            return float(delivery.connect_timeout)
        case Stage.COMMAND:
            return float(delivery.command_timeout)
        case Stage.BODY | Stage.CONTENT:
            return float(delivery.content_timeout)
        case Stage.FINAL:
            return max(FINAL, float(delivery.final_timeout))
        case Stage.RECORD:
            return float("inf")


def in_sum(config: Config, *, recipients: int, size: int) -> float:
    """Seconds that all steps of an attempt may take together, each as long as it may.

    *size* is that of the content in octets.
    """
    delivery = config.delivery
    connect, command = float(delivery.connect_timeout), float(delivery.command_timeout)
    # Connection, greeting, handshake; EHLO twice, STARTTLS, AUTH in three: in TLS and in clear.
    opening = 2 * (3 * connect + 6 * command)
    # RSET, MAIL and DATA beside the recipients.
    transaction = (recipients + 3) * command
    content = (size // _BLOCK + 1) * float(delivery.content_timeout)
    final = max(FINAL, float(delivery.final_timeout))
    lookups = _LOOKUPS * float(config.dns.timeout)
    waits = final * (1 + delivery.in_flight)  # For a connection, and behind others on it.
    return lookups + ADDRESSES * opening + transaction + content + waits + SLACK
