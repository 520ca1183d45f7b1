"""What was looked up, for as long as it holds: bounded in number and in time.

The least recently used answer goes first.  Time is monotonic, so a clock that is set back
keeps nothing alive.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from empath.address import IpAddress
from empath.policy.answer import Answer, Found, LookupFailed, MailExchanger
from empath.resolver.wire import Kind

AnyAnswer = Answer[MailExchanger | IpAddress]


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer as a list shows it."""

    name: str
    kind: str
    """``MX``, ``A`` or ``AAAA``."""
    answer: tuple[str, ...]
    """``10 mx.example.org`` or addresses; empty for "there is none"."""
    expires_at: float
    """When it is forgotten, in seconds since the epoch."""


class Cache:
    """Answers by name and kind."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Kind], tuple[AnyAnswer, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<Cache answers={len(self._kept)}>"

    def get(self, name: str, kind: Kind, now: float) -> AnyAnswer | None:
        """The answer, if it still holds."""
        entry = self._kept.get((name, kind))
        if entry is None:
            return None
        answer, until = entry
        if until <= now:
            del self._kept[name, kind]
            return None
        self._kept.move_to_end((name, kind))
        return answer

    def put(self, name: str, kind: Kind, answer: AnyAnswer, *, until: float, limit: int) -> None:
        """Keep *answer*, and of all answers at most *limit*."""
        self._kept[name, kind] = answer, until
        self._kept.move_to_end((name, kind))
        while len(self._kept) > limit:
            self._kept.popitem(last=False)

    def clear(self, name: str = "") -> int:
        """Forget everything, or what is known of *name*; returns how many answers that were."""
        keys = [key for key in self._kept if not name or key[0] == name.lower()]
        for key in keys:
            del self._kept[key]
        return len(keys)

    def names(self) -> list[str]:
        """Of which something is kept, in order."""
        return sorted({name for name, _ in self._kept})

    def entries(self, names: Iterable[str], now: float, ahead: float) -> Iterator[Kept]:
        """What still holds of *names*; failed look-ups are left out.

        *ahead* is by how much the clock on the wall is ahead of the monotonic one.
        """
        for name in names:
            for kind in Kind:
                answer, until = self._kept.get((name, kind), (None, now))
                if answer is not None and until > now and not isinstance(answer, LookupFailed):
                    yield Kept(name, kind.name, _words(answer), until + ahead)


def _words(answer: AnyAnswer) -> tuple[str, ...]:
    records = answer.records if isinstance(answer, Found) else ()
    return tuple(
        f"{record.preference} {record.text}" if isinstance(record, MailExchanger) else str(record)
        for record in records
    )
