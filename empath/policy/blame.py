"""Whether an attempt says something about its destination as a whole.

Only failures of the destination itself count for its breaker and its concurrency: that it
cannot be reached, breaks off, says 421, or refuses a session or a transaction before any
recipient is named.  What it says of one recipient or one message, what our own config asks
for (TLS, AUTH) and what the DNS lacks does not.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

from empath.reply import Deferred, Outcome

_OF_SESSION: Final = frozenset({"CONNECT", "GREETING", "EHLO", "HELO", "MAIL"})
_LOST: Final = frozenset({"4.4.1", "4.4.2"})
"""RFC 3463: no answer from host, bad connection."""
_OURS: Final = frozenset({"4.4.5", "4.3.5"})
"""Before there is a connection: all those that we allow to the host are busy; our settings
name what this machine does not have.
"""


class Word(enum.Enum):
    """What an attempt says about its destination."""

    WELL = enum.auto()
    FAILED = enum.auto()
    NOTHING = enum.auto()


def word_on(stage: str, outcomes: Sequence[Outcome]) -> Word:
    """What an attempt that ended at *stage* with *outcomes* says about its destination."""
    if stage == "DNS":
        return Word.NOTHING
    for outcome in outcomes:
        if not isinstance(outcome, Deferred):
            continue
        reply = outcome.reply
        if stage == "CONNECT" and reply.enhanced in _OURS:
            return Word.NOTHING
        if stage in _OF_SESSION or reply.code == 421 or reply.enhanced in _LOST:
            return Word.FAILED
    return Word.NOTHING if stage in {"STARTTLS", "AUTH"} else Word.WELL
