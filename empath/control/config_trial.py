"""A config on trial: put in force with a watch, and gone back from if the engine is worse off.

The engine watches, not whoever asked: a console may go away.  A change by an operator meanwhile
ends the trial; one with a watch of its own goes back to what was in force before the first.
A restart of the engine ends it too: the file stays as it is, and the start says so, since what a
fresh engine counts cannot be held against what the old one did.
Going back that is refused (a full disk, a file that is gone) is tried again every few seconds and
told as ``stuck`` until it succeeds or an operator decides.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias, final

import msgspec

from empath import codec
from empath.bus import Bus
from empath.clock import Clock
from empath.config.staged_file import write_durably
from empath.control.config_apply import Wish
from empath.control.config_text_requests import ConfigWatchView
from empath.control.request import RequestRefused, RequestUnclear
from empath.control.standing_config import InForce, StandingConfig
from empath.control.system_requests import AttentionItem
from empath.events import ConfigWatched, TaskFailed
from empath.policy.probation import BEFORE, Health, Trial
from empath.safe_text import safe_text

WATCHER: Final = "config watch"
"""Who goes back by itself, in the history and the record."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks."""
SHORTEST: Final = 5.0
LONGEST: Final = 3600.0
_SAMPLE_EVERY: Final = 5.0
_AGAIN_AFTER: Final = 5.0
_NAME: Final = "watch.json"
_GOOD: Final = frozenset({"passed", "kept"})
"""How a trial ends whose config is what will have been before."""

GoBack: TypeAlias = Callable[[Wish], Awaitable[str]]
"""Puts a config in force; says why not, or nothing."""


class _Note(msgspec.Struct, frozen=True):
    """What the disk knows of a trial, for the start after a crash."""

    version: int
    back_to: int
    actor: str


@dataclass(slots=True)
class _OnTrial:
    """One trial under way."""

    trial: Trial
    version: int
    base: InForce
    """What would be gone back to."""
    actor: str
    began_at: float
    ends_at: float
    breach: str = ""
    stuck: str = ""
    next_try: float = 0.0


@final
class ConfigTrial:
    """Watches what is on trial; `run` until cancelled."""

    def __init__(
        self,
        *,
        standing: StandingConfig,
        folder: Path,
        health: Callable[[], Health],
        go_back: GoBack,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """*folder* is that of the history."""
        self._standing = standing
        self._file = folder / _NAME
        self._health = health
        self._go_back = go_back
        self._bus = bus
        self._clock = clock
        self._samples: deque[tuple[float, Health]] = deque(maxlen=int(BEFORE / _SAMPLE_EVERY) + 1)
        self._now: _OnTrial | None = None
        self._last = ConfigWatchView(
            watching=False,
            version=0,
            back_to=0,
            began_at=0.0,
            ends_at=0.0,
            now=0.0,
            actor="",
            outcome="",
            sentence="No config was put on trial since the start.",
        )

    def __repr__(self) -> str:
        return f"<ConfigTrial {self._now.version if self._now else 'of none'}>"

    async def begin(self) -> None:
        """At the start: say so if a trial was cut short."""
        note = await asyncio.to_thread(self._left)
        if note is None:
            return
        back = f"`empathctl config rollback {note.back_to}` goes back." if note.back_to else ""
        sentence = (
            f"The engine was restarted while version {note.version} was watched: the file stays as"
            f" it is, and is not watched any more. {back}".rstrip()
        )
        now = self._clock.now()
        self._last = msgspec.structs.replace(
            self._last,
            version=note.version,
            back_to=note.back_to,
            actor=note.actor,
            ends_at=now,
            outcome="restarted",
            sentence=sentence,
        )
        self._publish(note.version, "restarted", "the start", sentence)

    def _left(self) -> _Note | None:
        """What a trial that was cut short left on the disk, once.  Blocks."""
        note: _Note | None
        try:
            note = codec.decode(_Note, self._file.read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            note = None
        self._file.unlink(missing_ok=True)
        return note

    def base(self) -> InForce:
        """What a trial that begins now goes back to: nothing that is on trial itself."""
        return self._now.base if self._now else self._standing.state

    def write(self, version: int, wish: Wish) -> None:
        """Note on the disk that *version* is on trial, or that none is.  Blocks; raises OSError."""
        if wish.watch:
            note = _Note(version, self.base().version, wish.actor)
            write_durably(self._file, codec.encode(note), mode=0o600)
        else:
            self._file.unlink(missing_ok=True)

    def changed(self, wish: Wish, version: int, base: InForce) -> float | None:
        """*version* is in force now, for *wish*; until when it is on trial."""
        before = self._now.trial.before if self._now else None
        if self._now is not None and wish.actor != WATCHER:
            said = f"Version {version} by {wish.actor} took its place."
            self._end("superseded", wish.actor, said)
        if not wish.watch:
            return None
        self._sample()
        at, now = self._clock.monotonic(), self._clock.now()
        health = self._samples[-1][1]
        self._now = _OnTrial(
            trial=Trial(
                before=before or health.since(self._samples[0][1]),
                start=health,
                until=at + wish.watch,
            ),
            version=version,
            base=base,
            actor=wish.actor,
            began_at=now,
            ends_at=now + wish.watch,
        )
        sentence = (
            f"Watched for {wish.watch:,.0f} s; version {base.version} comes back if the engine is"
            " worse off."
        )
        self._publish(version, "watched", wish.actor, sentence)
        return self._now.ends_at

    async def keep(self, actor: str, reason: str) -> ConfigWatchView:
        """End the trial: what is in force stays.  Raises `RequestRefused`."""
        if self._now is None:
            raise RequestRefused("No config is on trial: what is in force stays anyway.")
        because = f": {safe_text(reason, 200)}" if reason else "."
        self._end("kept", actor, f"{actor} keeps version {self._now.version}{because}")
        await self._forget()
        return self.view()

    def view(self) -> ConfigWatchView:
        """What there is to see."""
        now, on = self._clock.now(), self._now
        if on is None:
            return msgspec.structs.replace(self._last, now=now)
        return ConfigWatchView(
            watching=True,
            version=on.version,
            back_to=on.base.version,
            began_at=on.began_at,
            ends_at=on.ends_at,
            now=now,
            actor=on.actor,
            outcome="stuck" if on.stuck else "",
            sentence=on.stuck or on.trial.told(self._health()),
        )

    def attention(self) -> tuple[AttentionItem, ...]:
        """That a config is on trial, for whoever asks what he should see to."""
        if self._now is None:
            return ()
        view = self.view()
        left = max(0.0, view.ends_at - view.now)
        sentence = view.sentence
        if not self._now.stuck:
            sentence = f"Version {view.version} is on trial for {left:,.0f} s more. {sentence}"
        severity = "error" if self._now.stuck else "warning"
        return (AttentionItem(severity=severity, subject="config", sentence=sentence),)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the task's top: the next look comes
                said = safe_text(f"{type(error).__name__}: {error}")
                self._bus.publish(TaskFailed(at=self._clock.now(), task="config trial", error=said))

    async def look(self) -> None:
        """Look once, and go back if it has to be."""
        on, at = self._now, self._clock.monotonic()
        if not self._samples or at - self._samples[-1][0] >= _SAMPLE_EVERY:
            self._sample()
        if on is None:
            return
        if not on.breach:
            on.trial, breach = on.trial.look(self._health(), at)
            on.breach = breach or ""
        if on.breach:
            if at >= on.next_try:
                on.next_try = at + _AGAIN_AFTER
                await self._back(on)
        elif on.trial.over(at):
            self._end("passed", on.actor, on.trial.told(self._health()))
            await self._forget()

    async def _back(self, on: _OnTrial) -> None:
        """Go back, or say why one cannot."""
        wish = Wish(
            actor=WATCHER,
            source="rollback",
            text=on.base.text,
            write=self._standing.origin.file is not None,
            reason=on.breach,
            back_to=on.base.version,
            instead_of=on.version,
        )
        refusal = await self._go_back(wish)
        if self._now is not on:
            return  # an operator was quicker
        if not refusal:
            self._end("rolled back", WATCHER, f"Back to version {on.base.version}: {on.breach}")
        elif not on.stuck:
            on.stuck = f"{on.breach} Going back is refused, and tried again: {refusal}"
            self._publish(on.version, "stuck", WATCHER, on.stuck)

    def _end(self, outcome: str, actor: str, sentence: str) -> None:
        on = self._now
        assert on is not None  # asked before
        view = self.view()
        self._now = None
        if outcome not in _GOOD:
            self._samples.clear()  # what was counted on trial is nobody's usual
        self._last = msgspec.structs.replace(
            view, watching=False, ends_at=view.now, actor=actor, outcome=outcome, sentence=sentence
        )
        self._publish(on.version, outcome, actor, sentence)

    async def _forget(self) -> None:
        """Take the note off the disk."""
        await asyncio.to_thread(partial(self._file.unlink, missing_ok=True))

    def _sample(self) -> None:
        self._samples.append((self._clock.monotonic(), self._health()))

    def _publish(self, version: int, outcome: str, actor: str, sentence: str) -> None:
        self._bus.publish(
            ConfigWatched(
                at=self._clock.now(),
                path=self._standing.origin.name,
                version=version,
                outcome=outcome,
                actor=actor,
                sentence=safe_text(sentence, 1000),
            )
        )


def duration_of(watch: float | None) -> float:
    """The seconds that a request asks for; 0 for none.  Raises `RequestUnclear`."""
    if watch is None or watch == 0:
        return 0.0
    if not SHORTEST <= watch <= LONGEST:
        raise RequestUnclear(f"watch is a number of seconds, {SHORTEST:.0f} to {LONGEST:.0f}.")
    return watch
