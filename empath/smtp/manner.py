"""How much of a transaction is said at once: a command at a time, or as many as are safe.

A server that offers PIPELINING (RFC 2920) is sent its commands in groups.  Promises: the octets
of a group are bounded, so that neither side waits for the other to read; what was not learnt to
be safe (`PLAIN`) is said one by one.
"""

from __future__ import annotations

from typing import Final, final

from msgspec import Struct

BATCH_OCTETS: Final = 16 * 1024
"""Octets of commands that are sent before their replies are read: they and the replies to
them fit into the windows and buffers of any TCP, so that nobody waits for nobody (RFC 2920 3.1).
"""
WHOLE_OCTETS: Final = 64 * 1024
"""Content up to this size goes with its envelope, as one BDAT; larger content waits until
somebody is there to take it.
"""


@final
class Manner(Struct, frozen=True):
    """How much is said at once."""

    pipelining: bool = False
    chunking: bool = False
    """BDAT in the place of DATA (RFC 3030); only with *pipelining*."""
    most: int = 0
    """Recipients the server takes in one transaction (RFC 9422 RCPTMAX), or 0 if not known."""


PLAIN: Final = Manner()


@final
class Command(Struct, frozen=True):
    """One command before the content, and what the reply to it is about."""

    line: str
    stage: str
    place: int = -1
    """Of the recipient in the lot, for RCPT."""


def groups(commands: list[Command], manner: Manner) -> list[list[Command]]:
    """*commands* as they are sent: one by one, or as many at once as are bounded."""
    if not manner.pipelining:
        return [[command] for command in commands]
    grouped: list[list[Command]] = [[]]
    octets = 0
    for command in commands:
        octets += len(command.line) + 2
        if octets > BATCH_OCTETS and grouped[-1]:
            grouped.append([])
            octets = len(command.line) + 2
        grouped[-1].append(command)
    return grouped
