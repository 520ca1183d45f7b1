"""A config that is not in force yet, compared with the one that is: what a plan tells of.

Everything here blocks, on the files that a config names: call it in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from empath.config.config_file import refuse_emptied, refuse_too_long
from empath.config.diff import at_once, differences
from empath.config.model import Config
from empath.config.origin import Origin, digest_of
from empath.config.problem import ConfigUnusable
from empath.config.renewal import Renewal
from empath.config.staged_file import sweep
from empath.control import config_words as words
from empath.control.config_history import ENGINE, History, Kept
from empath.control.config_requests import ConfigChange, ConfigFault, Plan, QueueImpact
from empath.control.standing_config import InForce


@dataclass(frozen=True, slots=True)
class Draft:
    """A text, what it changes, and the config that would be in force."""

    before: InForce
    text: str
    running: Config
    """What would be in force at once."""
    config: Config | None = None
    """What the text says; None where it is faulty."""
    faults: tuple[ConfigFault, ...] = ()
    changes: tuple[ConfigChange, ...] = ()
    pending: tuple[ConfigChange, ...] = ()
    digest: str = ""
    """Names the text to operators."""
    warnings: tuple[ConfigFault, ...] = ()
    renewed: tuple[str, ...] = ()

    @property
    def same_text(self) -> bool:
        """It is what is in force already, to the letter."""
        return self.text == self.before.text

    def plan(self, file: str, impact: Sequence[QueueImpact] = (), examined: int = 0) -> Plan:
        """The draft as an operator sees it."""
        return Plan(
            file=file,
            base=self.before.version,
            faults=self.faults,
            changes=self.changes,
            pending=self.pending,
            impact=tuple(impact),
            examined=examined,
            digest=self.digest,
            warnings=self.warnings,
            renewed=self.renewed,
        )

    def built(self, renewals: Iterable[Renewal], file: str) -> Draft:
        """The draft, with what the parts of the engine found when they made ready for it."""
        found = tuple(renewals)
        return replace(
            self,
            warnings=words.doubted(file, (each for one in found for each in one.doubts), self.text),
            renewed=tuple(sentence for one in found for sentence in one.renewed),
        )


def compare(
    origin: Origin,
    text: str | None,
    before: InForce,
    *,
    ran_before: bool = False,
    reveal: Callable[[str], str] = str,
    named: Callable[[str], str] = digest_of,
) -> Draft:
    """What *text*, or the file where it is None, would change of what is in force.

    An empty one is a fault, unless it *ran_before* and one goes back to it.  *reveal* puts the
    secrets into a text that came without, and may raise `ConfigUnusable`; *named* names a text.
    """
    try:
        if text is not None:
            text = reveal(text)
            refuse_too_long(origin.name, len(text.encode()))
        reading = origin.read() if text is None else origin.parse(text)
        if not ran_before:
            refuse_emptied(origin.name, before.text, reading.text)
    except ConfigUnusable as error:
        faults, said = words.faults(error), _text(origin, text)
        return Draft(before, said, before.running, None, faults, digest=named(said))
    running, pending = at_once(before.running, reading.config)
    return Draft(
        before,
        reading.text,
        running,
        reading.config,
        changes=words.changes(differences(before.wanted, reading.config)),
        pending=words.changes(pending),
        digest=named(reading.text),
    )


def _text(origin: Origin, text: str | None) -> str:
    """What is faulty; nothing where it cannot be read."""
    if text is not None:
        return text
    try:
        return origin.text()
    except ConfigUnusable:
        return ""


def adopt(history: History, origin: Origin, state: InForce) -> InForce:
    """*state* of an engine that starts, with its version and who put it in force.

    A text that is not that of the newest record is recorded.  Raises `HistoryUnusable`.
    """
    history.settle(state.digest)
    if origin.file is not None:
        sweep(Path(os.path.realpath(origin.file)), ENGINE)
    history.expire(state.wanted.reload.keep)
    last = history.newest()
    if last is not None and last.text == state.text:
        return replace(state, version=last.version, at=last.at, actor=last.actor)
    version, actor = history.next_version(), "start"
    kept = Kept(
        version=version,
        at=state.at,
        actor=actor,
        reason="",
        source="start",
        file=origin.name,
        text=state.text,
        changes=() if last is None else _since(last, origin, state.wanted),
    )
    history.record(kept)
    history.expire(state.wanted.reload.keep)
    return replace(state, version=version, actor=actor)


def _since(last: Kept, origin: Origin, config: Config) -> tuple[ConfigChange, ...]:
    """What an operator changed while no engine ran."""
    try:
        return words.changes(differences(origin.parse(last.text).config, config))
    except ConfigUnusable:
        return ()  # a file that it names is gone, or another version of Empath wrote it
