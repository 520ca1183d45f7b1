"""How mail to each destination is encrypted, folded from the attempts: what an operator asks.

Promises: memory for `MOST` destinations and no more, those heard of last; exact counts for as
long as a destination is kept.  Call it with each event (``bus.fold(ledger)``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

import msgspec

from empath.address import Domain
from empath.events import AttemptEnded, Event

MOST: Final = 1000
"""Destinations that are remembered."""
_BEFORE_MAIL: Final = frozenset({"", "DNS", "CONNECT", "EHLO", "STARTTLS", "AUTH"})
"""Stages at which an attempt ended without a session that took mail."""


@final
@dataclass(slots=True)
class Encryption:
    """What is known of one destination since it was first heard of."""

    destination: Domain
    versions: dict[str, int] = field(default_factory=dict)
    """Attempts by version of TLS; those in clear are not among them."""
    verified: int = 0
    """Of those, the ones whose server proved its name."""
    plaintext: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    """Servers whose encryption failed, by `empath.policy.tls.TlsFault`."""
    policy: str = ""
    source: str = ""
    names: tuple[str, ...] = ()
    """Of the last certificate."""
    expires_at: float | None = None
    last_at: float = 0.0
    last_failure: str = ""
    last_failure_at: float | None = None
    last: AttemptEnded | None = None
    """The last attempt that tells how mail is encrypted there, without its transcript."""


@final
class EncryptionLedger:
    """What is known of all destinations."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Domain, Encryption] = OrderedDict()

    def __repr__(self) -> str:
        return f"<EncryptionLedger {len(self._kept)} of {self._most}>"

    def __call__(self, event: Event) -> None:
        """Count one attempt; every other event is nothing to it."""
        if not isinstance(event, AttemptEnded) or not event.tls_policy:
            return
        known = self._kept.get(event.destination)
        if known is None:
            known = self._kept[event.destination] = Encryption(event.destination)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(event.destination)
        _count(known, event)

    def latest(self) -> Sequence[Encryption]:
        """Every destination that is remembered, the one heard of last first."""
        return list(reversed(self._kept.values()))

    def of(self, destination: Domain) -> Encryption | None:
        """What is known of *destination*."""
        return self._kept.get(destination)

    def last(self, destination: Domain) -> AttemptEnded | None:
        """The last attempt there that tells how mail is encrypted; None where none is known."""
        known = self._kept.get(destination)
        return None if known is None else known.last


def tells(event: AttemptEnded) -> bool:
    """Whether an attempt came far enough to tell how mail is encrypted there."""
    return bool(event.tls or event.tls_failures or event.stage not in _BEFORE_MAIL)


def _count(known: Encryption, event: AttemptEnded) -> None:
    known.policy, known.source, known.last_at = event.tls_policy, event.tls_source, event.at
    session = event.tls
    if tells(event):
        known.last = msgspec.structs.replace(event, results=(), transcript=())
    if session is not None:
        known.versions[session.version] = known.versions.get(session.version, 0) + 1
        known.verified += bool(session.verified)
        known.names, known.expires_at = session.names, session.expires_at
    elif event.stage not in _BEFORE_MAIL:
        known.plaintext += 1
    for failure in event.tls_failures:
        known.failures[failure.fault] = known.failures.get(failure.fault, 0) + 1
        known.last_failure, known.last_failure_at = failure.reason, event.at
