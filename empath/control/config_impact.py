"""What a change of the config would do to queued mail, as operators read it before it is a fact.

`empath.policy.impact` says what it means for a destination or for a rule of retrying; the spool
counts how much mail that is; what is known of last attempts says where it would go wrong.  The
loop decides in slices of well under a millisecond, the counting is done in a reader's thread.
At most `MOST` consequences are told, warnings before others; those of a small destination may
be left out, never those of a large one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, final

from empath.address import Domain, ServerId
from empath.clock import Clock
from empath.config.model import Config, TlsPolicy
from empath.control.aside import aside
from empath.control.config_requests import QueueImpact
from empath.envelope import MessageId
from empath.events import AttemptEnded
from empath.observe.encryption import EncryptionLedger, tells
from empath.policy.impact import Comparison, Consequence, RetryChange
from empath.policy.outlook import Seen, outlook
from empath.policy.override import Override
from empath.policy.tls import Source, TlsFault
from empath.spool.face import MessageRecord
from empath.spool.weighing import Part, Scales, Weight

MOST: Final = 1000
"""Consequences that are told."""
_ELSEWHERE: Final = (ServerId("rerouted.invalid:25"),)
"""Stands for whatever host an operator re-routed single recipients to."""
_SERVER: Final = re.compile(r"(?P<host>\S+) \[(?P<address>[^\]]+)\]")
"""As `AttemptEnded.server` writes it: ``mx1.example.org [192.0.2.1]:25``."""


class Weighing(Protocol):
    """What is asked of `empath.spool.store.Store`."""

    @property
    def waiting(self) -> int:
        """Messages with a recipient that is not final."""
        ...

    def scales(self, change: RetryChange, now: float, *, kept: int) -> Scales:
        """Weighs the mail that a change of the config touches; *kept* are `dev.keep`."""
        ...

    async def message(self, id: MessageId) -> MessageRecord | None:
        """One message."""
        ...


class Overrides(Protocol):
    """What is asked of `empath.delivery.route.RouteFinder`."""

    def overrides(self) -> Mapping[Domain, Override]:
        """The overrides in force, by domain."""
        ...


@final
@dataclass(frozen=True, slots=True)
class _Found:
    """One consequence for one destination."""

    destination: Domain
    consequence: Consequence
    part: Part
    messages: int
    recipients: int
    judged: bool = False
    """The last attempt has been looked at."""


@final
class ConfigImpact:
    """Tells it; one for the whole engine."""

    def __init__(
        self,
        *,
        spool: Weighing,
        finder: Overrides,
        encryption: EncryptionLedger,
        clock: Clock,
        most: int = MOST,
    ) -> None:
        self._spool = spool
        self._finder = finder
        self._encryption = encryption
        self._clock = clock
        self._most = most

    def __repr__(self) -> str:
        return f"<ConfigImpact {self._encryption!r}>"

    async def impact(self, old: Config, new: Config) -> tuple[Sequence[QueueImpact], int]:
        """What *new* in the place of *old* means for queued mail, the largest first; and how many
        messages were considered.  Raises `SpoolRefused`.
        """
        considered = self._spool.waiting
        if _told(old) == _told(new):
            return (), considered
        now = self._clock.now()
        overrides = self._finder.overrides()
        # Ten thousand routes take milliseconds to be put in order.
        comparison = await aside(Comparison, old, new)
        scales = self._spool.scales(comparison.retry, now, kept=new.dev.keep)
        always = dict(_always(comparison))

        def meaning(destination: Domain) -> Mapping[Part, Sequence[Consequence]]:
            override = overrides.get(destination)
            own = comparison.of(destination, override.hosts if override else ())
            if override is None:
                own += self._of_server(destination, comparison)
            other = comparison.of(destination, _ELSEWHERE)
            special = {Part.OWN_WAY: own, Part.REROUTED: tuple(map(_unjudged, other))}
            return {part: each for part, each in special.items() if each} | always

        kept: list[_Found] = []
        async for weight in scales.weigh(meaning):
            for found in _found(weight, meaning(weight.destination)):
                overridden = weight.destination in overrides
                kept.append(self._judged(found, now, overridden=overridden))
            if len(kept) > 2 * self._most:
                kept = _cut(kept, self._most)
        kept = _cut(kept, self._most)
        told = [await self._tell(found, scales, now) for found in kept]
        told.sort(key=lambda each: (-each.messages, not each.warning, each.destination))
        return tuple(told), considered

    def _of_server(self, destination: Domain, comparison: Comparison) -> tuple[Consequence, ...]:
        """What it means that mail went to the server it went to last."""
        last = self._encryption.last(destination)
        place = _SERVER.match(last.server) if last is not None else None
        if last is None or place is None or last.tls_source == Source.OVERRIDE:
            return ()
        try:
            found = comparison.of_server(destination, ipaddress.ip_address(place["address"]))
        except ValueError:
            return ()
        return () if found is None else (found,)

    def _judged(self, found: _Found, now: float, *, overridden: bool) -> _Found:
        """With what is remembered of the last attempt."""
        if found.consequence.need is None:
            return found
        last = self._encryption.last(found.destination)
        # The server that an operator re-routed it to says nothing about its own.
        if last is None or (last.tls_source == Source.OVERRIDE) != overridden:
            return found
        return _with(found, last, now)

    async def _tell(self, found: _Found, scales: Scales, now: float) -> QueueImpact:
        examples = await scales.examples(found.destination, found.part)
        if found.consequence.need is not None and not found.judged:
            for tried in await scales.examples(found.destination, Part.TRIED):
                last = await self._last(tried, found.destination)
                if last is not None:
                    found = _with(found, last, now)
                    break
        return QueueImpact(
            destination=found.destination,
            what=found.consequence.what,
            messages=found.messages,
            recipients=found.recipients,
            sentence=found.consequence.sentence,
            warning=found.consequence.warning,
            examples=examples,
        )

    async def _last(self, id: MessageId, destination: Domain) -> AttemptEnded | None:
        """The last attempt at a message that tells how mail is encrypted there."""
        record = await self._spool.message(id)
        if record is None:
            return None
        for event in reversed(record.timeline):
            if (
                isinstance(event, AttemptEnded)
                and event.destination == destination
                and event.tls_source != Source.OVERRIDE
                and tells(event)
            ):
                return event
        return None


def _told(config: Config) -> tuple[object, ...]:
    """All of a config that can mean anything for queued mail."""
    return (
        config.mode,
        config.spool.path,
        config.hostname,
        config.route,
        config.destination,
        config.delivery,
        config.dev.keep,
    )


def _always(comparison: Comparison) -> Iterator[tuple[Part, Sequence[Consequence]]]:
    """What it means for parts of the mail of every destination."""
    for priority, consequence in comparison.classes.items():
        yield Part[priority.name], (consequence,)
    if comparison.surplus is not None:
        yield Part.SURPLUS, (comparison.surplus,)
    retry = comparison.retry
    if retry.ends:
        yield Part.GIVEN_UP, (retry.given_up(),)
        yield Part.KEPT, (retry.kept(),)
        yield Part.OTHERWISE, (retry.otherwise(),)
    if retry.waits:
        yield Part.LONGER, (retry.waiting(longer=True),)
        yield Part.SHORTER, (retry.waiting(longer=False),)
    if retry.notices:
        yield Part.NOTICED, (retry.noticed(),)


def _found(weight: Weight, meaning: Mapping[Part, Sequence[Consequence]]) -> list[_Found]:
    """The consequences for one destination; what is the same for two parts is one."""
    found: dict[tuple[str, str], _Found] = {}
    for part, consequences in meaning.items():
        messages, recipients = weight.shares.get(part, (0, 0))
        if not recipients:
            continue
        for consequence in consequences:
            key = (consequence.what, consequence.sentence)
            one = found.get(key) or _Found(weight.destination, consequence, part, 0, 0)
            found[key] = replace(
                one, messages=one.messages + messages, recipients=one.recipients + recipients
            )
    return list(found.values())


def _unjudged(consequence: Consequence) -> Consequence:
    return replace(consequence, need=None) if consequence.need is not None else consequence


def _with(found: _Found, last: AttemptEnded, now: float) -> _Found:
    """*found* with the verdict of the last attempt."""
    consequence = found.consequence
    assert consequence.need is not None
    shown = seen(last)
    said = shown and outlook(consequence.need, shown, consequence.on_failure, now)
    if said:
        sentence = f"{consequence.sentence}; {said}"
        consequence = replace(consequence, sentence=sentence, warning=True)
    return replace(found, consequence=consequence, judged=True)


def seen(last: AttemptEnded) -> Seen | None:
    """What an attempt showed of the encryption at its destination; None if nothing."""
    session = last.tls
    place = _SERVER.match(last.server)
    named = place["host"] if place else ""
    if session is not None:
        return Seen(
            encrypted=True,
            verified=bool(session.verified),
            host=named,
            names=session.names,
            expires_at=session.expires_at,
            self_signed=session.self_signed,
        )
    if last.tls_policy == TlsPolicy.DISABLED:
        return None
    fault = None
    if last.tls_failures and last.tls_failures[-1].fault in {each.value for each in TlsFault}:
        fault = TlsFault(last.tls_failures[-1].fault)
    return Seen(encrypted=False, host=named, fault=fault)


def _cut(found: list[_Found], most: int) -> list[_Found]:
    """The *most* weighty, warnings before others."""
    found.sort(key=lambda each: (not each.consequence.warning, -each.messages, each.destination))
    return found[:most]
