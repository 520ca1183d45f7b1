"""What became of mail lately, by destination and by class: a fold over the events.

Promises: memory for `MOST` destinations, those heard of last, about 3 kB each; columns of five
minutes for two hours; two or three microseconds an event.  Call it with each event
(``bus.fold(outcomes)``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final, final

from empath.address import Domain
from empath.envelope import Priority
from empath.events import AttemptEnded, Event, RecipientResult
from empath.observe.delays import Delays, Percentiles
from empath.observe.ring import Ring

MOST: Final = 2000
"""Destinations that are remembered."""
COLUMN: Final = 300
"""Seconds of a column."""
COLUMNS: Final = 24
HOUR: Final = 3600 // COLUMN
"""Columns of the last hour."""
CODES: Final = 16
"""Different codes that are counted in half an hour at one destination; the rest are "other"."""
OTHER: Final = "other"
_HALF: Final = 1800

DELIVERED, DEFERRED, FAILED, UNREACHED = range(4)
"""What a recipient's attempt came to: the places in a column."""
_PLACES: Final = {"delivered": DELIVERED, "deferred": DEFERRED, "failed": FAILED, "expired": FAILED}
_NO_CODES: Final[dict[str, int]] = {}
"""Never written to: most destinations take all their mail."""
_NO_SESSION: Final = frozenset({"DNS", "CONNECT", "GREETING"})
"""Stages at which no server was talked to."""


@final
class Known:
    """What is known of one destination."""

    __slots__ = ("attempts", "before", "codes", "half", "last_at", "latency", "results")

    def __init__(self) -> None:
        self.results = Ring(COLUMNS, COLUMN, 4)
        self.attempts = Delays()
        """How long attempts took."""
        self.latency: Delays | None = None
        """From arrival to delivery; None as long as nothing was delivered."""
        self.codes: dict[str, int] = _NO_CODES
        self.before: dict[str, int] = _NO_CODES
        """The codes of the half hour before."""
        self.half = 0
        self.last_at = 0.0

    def top(self, at: float) -> list[tuple[str, int]]:
        """The codes of this half hour and the one before, most frequent first."""
        number = int(at) // _HALF
        kept = [self.codes] if number <= self.half + 1 else []
        kept += [self.before] if number <= self.half else []
        counts: dict[str, int] = {}
        for each in kept:
            for code, count in each.items():
                counts[code] = counts.get(code, 0) + count
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def note(self, at: float, result: RecipientResult, stage: str) -> None:
        """Count what is not delivered."""
        number = int(at) // _HALF
        if number > self.half:
            self.before = self.codes if number == self.half + 1 else {}
            self.codes, self.half = {}, number
        code = code_of(result.reply, stage)
        if code not in self.codes and len(self.codes) >= CODES:
            code = OTHER
        self.codes[code] = self.codes.get(code, 0) + 1


@final
class Outcomes:
    """The fold."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[Domain, Known] = OrderedDict()
        self._classes = {priority: Delays() for priority in Priority}

    def __repr__(self) -> str:
        return f"<Outcomes {len(self._known)} of {self._most}>"

    def __call__(self, event: Event) -> None:
        """Count one attempt; every other event is nothing to it."""
        if type(event) is not AttemptEnded:
            return
        known = self._known.get(event.destination)
        if known is None:
            known = self._known[event.destination] = Known()
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(event.destination)
        at = known.last_at = event.at
        results = known.results
        delivered = False
        for result in event.results:
            place = _PLACES.get(result.result, FAILED)
            if place == DELIVERED:
                delivered = True
            else:
                known.note(at, result, event.stage)
                if place == DEFERRED and event.stage in _NO_SESSION:
                    place = UNREACHED
            results.add(at, place)
        known.attempts.note(at, event.seconds)
        if delivered:
            if known.latency is None:
                known.latency = Delays()
            known.latency.note(at, event.latency)
            self._classes[event.priority].note(at, event.latency)

    def of(self, destination: Domain) -> Known | None:
        """What is known of *destination*; None if nothing was heard of it lately."""
        return self._known.get(destination)

    def names(self) -> Sequence[Domain]:
        """The destinations that are remembered, those heard of last first."""
        return [*reversed(self._known)]

    def classes(self, at: float) -> Mapping[Priority, Percentiles]:
        """From arrival to delivery, by class."""
        return {priority: delays.percentiles(at) for priority, delays in self._classes.items()}


def code_of(reply: str, stage: str) -> str:
    """What a reply is counted as: ``421 4.7.0``, or the stage where no server was reached."""
    if stage in _NO_SESSION:
        return f"no {'address' if stage == 'DNS' else 'connection'}"
    code, _, rest = reply.partition(" ")
    enhanced = rest.partition(" ")[0]
    if len(code) != 3 or not code.isdigit():
        return OTHER
    return f"{code} {enhanced}" if enhanced[:2] in {"2.", "4.", "5."} else code
