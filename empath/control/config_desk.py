"""The desk for everything about the config: plans it, and puts it in force.

One for the engine.  Changes are serialised: a second reload waits for the first and gets its own
plan.  Reading, checking and writing are done in threads, the swap in one turn of the loop.  What
is in force and what was is told by `config_shown`, the text by `config_texts`.
What is refused leaves the config in force whole and says why: faults of the text are in the
plan's `faults`, what the engine or the disk cannot do is a `RequestRefused`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias, final

import msgspec

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.config.renewal import Renew, RenewalRefused
from empath.control import config_texts, link
from empath.control import config_words as words
from empath.control.aside import aside
from empath.control.config_apply import Wish, Writing, build_aside, finish, is_another, next_version
from empath.control.config_draft import Draft, adopt
from empath.control.config_history import History, HistoryUnusable
from empath.control.config_shown import ConfigShown
from empath.control.config_texts import ConfigTexts
from empath.control.config_trial import ConfigTrial, duration_of
from empath.control.ledger import REASON_LIMIT, Ledger
from empath.control.link import (
    AppliedConfig,
    AttentionItem,
    Plan,
    QueueImpact,
    Request,
    RequestRefused,
)
from empath.control.standing_config import InForce, StandingConfig
from empath.events import ConfigRefused, ConfigReloaded, SpoolFault
from empath.policy.probation import Health
from empath.safe_text import safe_text
from empath.spool.face import Spool

Impact: TypeAlias = Callable[[Config, Config], Awaitable[tuple[Sequence[QueueImpact], int]]]
"""What going from one config to the other does to queued mail, and how many were looked at."""

ANSWERED: Final[tuple[type[Request[Any]], ...]] = (
    link.PlanConfig,
    link.ApplyConfig,
    link.GetConfig,
    link.ListConfigHistory,
    link.RollBackConfig,
    link.GetWatch,
    link.KeepConfig,
    *config_texts.ANSWERED,
)


@final
class ConfigDesk:
    """Plans configs and puts them in force."""

    def __init__(
        self,
        *,
        standing: StandingConfig,
        history: History,
        renewals: Sequence[Renew],
        impact: Impact,
        spool: Spool,
        bus: Bus,
        clock: Clock,
        health: Callable[[], Health] = Health,
    ) -> None:
        """*renewals* are asked in order; what they built is taken in the same.  By *health* a
        config on trial is judged.
        """
        self._standing = standing
        self._history = history
        self._renewals = renewals
        self._impact = impact
        self._spool = spool
        self._bus = bus
        self._clock = clock
        self._changing = asyncio.Lock()
        self._texts = ConfigTexts(standing, history)
        self.shown = ConfigShown(standing, history, self._texts)
        self.trial = ConfigTrial(
            standing=standing,
            folder=history.folder,
            health=health,
            go_back=self._go_back,
            bus=bus,
            clock=clock,
        )

    def __repr__(self) -> str:
        return f"<ConfigDesk {self._standing!r}>"

    # Asked over the link.

    async def answer(self, request: Request[Any], actor: str) -> Any:
        """Answer one of `ANSWERED`.  Raises `RequestRefused`."""
        match request:
            case link.PlanConfig():
                return await self.plan(request.text)
            case link.ApplyConfig():
                source = "reload" if request.text is None else "edit"
                return await self.change(
                    Wish(
                        actor=actor,
                        source=source,
                        text=request.text,
                        write=request.text is not None,
                        expect=request.expect,
                        reason=request.reason,
                        watch=duration_of(request.watch),
                    )
                )
            case link.GetWatch():
                return self.trial.view()
            case link.KeepConfig():
                return await self._keep(request.reason, actor)
            case link.GetConfig():
                return await self.shown.view(written_only=request.written_only)
            case link.ListConfigHistory():
                return await self.shown.listed(request.limit)
            case link.RollBackConfig():
                return await self._roll_back(request, actor)
            case _:
                return await aside(self._texts.answer, request)

    async def plan(self, text: str | None, *, ran_before: bool = False) -> Plan:
        """What *text* would do, or what the file says.  Raises `RequestRefused`."""
        draft = await self._draft(text, ran_before=ran_before)
        impact: Sequence[QueueImpact] = ()
        examined = 0
        wanted = draft.config
        if wanted is not None:
            draft = await self._try_out(draft)
            if not draft.faults and wanted != draft.before.running:
                # What waits for a restart is told too: dev mode would keep all mail waiting.
                impact, examined = await self._impact(draft.before.running, wanted)
        return draft.plan(self._standing.origin.name, impact, examined)

    async def change(self, wish: Wish) -> AppliedConfig:
        """Put a config in force, in turn.  Raises `RequestRefused`, also when it is refused for
        what the disk or the engine cannot do.
        """
        async with self._changing:
            if wish.instead_of and wish.instead_of != self._standing.state.version:
                raise RequestRefused(f"Version {wish.instead_of} is not in force any more.")
            try:
                return await self._change(wish)
            except RequestRefused as refusal:
                self._refused(wish, (str(refusal),))
                raise

    async def _change(self, wish: Wish) -> AppliedConfig:
        if wish.write and self._standing.origin.file is None:
            raise RequestRefused(words.no_file("write"))
        draft = await self._draft(wish.text, ran_before=bool(wish.back_to))
        if wish.expect is not None and wish.expect != draft.digest:
            raise RequestRefused(
                f"{self._standing.origin.name} has changed since the plan was made: look at the"
                " new plan."
            )
        wanted = draft.config
        if wanted is None:
            return self._faulty(wish, draft)
        try:
            built = await build_aside(self._renewals, draft.before.running, wanted)
        except RenewalRefused as error:
            faults = words.unbuilt(self._standing.origin.name, error, draft.text)
            return self._faulty(wish, replace(draft, faults=faults))
        draft = draft.built(built, self._standing.origin.name)
        standing = self._standing
        before, gone = draft.before, False
        version, at = before.version, before.at
        told = draft.changes
        kept_anew = await aside(is_another, wish, draft, standing.origin)
        if kept_anew:
            before, version = await aside(
                next_version, self._history, standing.origin, standing.state
            )
            standing.state, at = before, self._clock.now()
        base, watched_until = self.trial.base(), None
        if kept_anew:
            writing = Writing(
                self._history,
                wish.kept(version, at, standing.origin.name, draft.text, told),
                wanted.reload.keep,
                standing.origin,
                wish.write,
                before.digest,
                partial(self.trial.write, version, wish),
            )
            gone = await finish(writing)
        # From here to the last line of this block nothing waits and nothing fails: one turn.
        began = self._clock.monotonic()
        self._standing.swap(
            InForce(
                running=draft.running,
                wanted=wanted,
                pending=draft.pending,
                text=draft.text,
                version=version,
                at=at,
                actor=wish.actor if kept_anew else before.actor,
            )
        )
        for one in built:
            one.take()
        self._bus.publish(
            ConfigReloaded(
                at=self._clock.now(),
                path=self._standing.origin.name,
                version=version,
                source=wish.source,
                actor=wish.actor,
                reason=safe_text(wish.reason, REASON_LIMIT),
                changes=words.lines(told),
                pending=tuple(one.key for one in draft.pending),
                renewed=draft.renewed,
                warnings=tuple(map(words.written, draft.warnings)),
                back_to=wish.back_to,
            )
        )
        if kept_anew:
            watched_until = self.trial.changed(wish, version, base)
        held = self._clock.monotonic() - began
        if gone:
            raise asyncio.CancelledError
        if kept_anew or draft.renewed:
            await self._note(wish, version, len(told))
        plan = draft.plan(self._standing.origin.name)
        return AppliedConfig(
            version=version,
            plan=plan,
            held=held,
            watched_until=watched_until,
            back_to=wish.back_to,
        )

    async def _go_back(self, wish: Wish) -> str:
        """Do what the trial's end asks for; why it could not be done, or nothing."""
        try:
            applied = await self.change(wish)
        except RequestRefused as refusal:
            return str(refusal)
        return "; ".join(map(words.written, applied.plan.faults))

    async def _keep(self, reason: str, actor: str) -> link.ConfigWatchView:
        view = await self.trial.keep(actor, reason)
        await self._ledger(actor).note(
            "keep",
            self._standing.origin.name,
            detail=f"version {view.version}",
            reason=safe_text(reason, REASON_LIMIT),
        )
        return view

    def _faulty(self, wish: Wish, draft: Draft) -> AppliedConfig:
        self._refused(wish, tuple(map(words.written, draft.faults)))
        self._standing.faulty |= wish.text is None
        plan = draft.plan(self._standing.origin.name)
        return AppliedConfig(version=draft.before.version, plan=plan)

    def _refused(self, wish: Wish, sentences: tuple[str, ...]) -> None:
        self._standing.refused = True
        self._bus.publish(
            ConfigRefused(
                at=self._clock.now(),
                path=self._standing.origin.name,
                source=wish.source,
                actor=wish.actor,
                sentences=tuple(safe_text(one, 1000) for one in sentences),
            )
        )

    async def _draft(self, text: str | None, *, ran_before: bool) -> Draft:
        """Read and compare; both are done in a thread.  Raises `RequestRefused`."""
        return await aside(self._texts.compare, text, ran_before=ran_before)

    async def _try_out(self, draft: Draft) -> Draft:
        """With what the parts of the engine say to it; what they build is thrown away."""
        assert draft.config is not None
        file = self._standing.origin.name
        try:
            built = await build_aside(self._renewals, draft.before.running, draft.config)
        except RenewalRefused as error:
            return replace(draft, faults=words.unbuilt(file, error, draft.text))
        return draft.built(built, file)

    async def _note(self, wish: Wish, version: int, changed: int) -> None:
        several = "" if changed == 1 else "s"
        back = f"to version {wish.back_to}, as " if wish.back_to else ""
        await self._ledger(wish.actor).note(
            wish.source if wish.source in ("edit", "rollback") else "reload",
            self._standing.origin.name,
            detail=f"{back}version {version}, {changed} change{several}",
            reason=safe_text(wish.reason, REASON_LIMIT),
        )

    def _ledger(self, actor: str) -> Ledger:
        return Ledger(spool=self._spool, bus=self._bus, clock=self._clock, actor=actor)

    async def begin(self) -> None:
        """Record what the engine starts with, if it is not what ran last."""
        standing = self._standing
        try:
            state = await aside(adopt, self._history, standing.origin, standing.state)
        except HistoryUnusable as error:
            sentence = error.so("what is in force now is not in the history")
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=sentence))
            return
        standing.swap(state)
        await self.trial.begin()

    async def _roll_back(self, request: link.RollBackConfig, actor: str) -> AppliedConfig:
        running = self._standing.state.version
        kept, again = await self.shown.earlier(request.version)
        if request.dry_run:
            plan = await self.plan(kept.text, ran_before=True)
            return AppliedConfig(version=running, plan=plan, back_to=kept.version, again=again)
        applied = await self.change(
            Wish(
                actor=actor,
                source="rollback",
                text=kept.text,
                write=True,
                reason=request.reason,
                back_to=kept.version,
            )
        )
        return msgspec.structs.replace(applied, again=again)

    def attention(self) -> tuple[AttentionItem, ...]:
        """What an operator should see to: settings that wait for a restart, a changed file."""
        standing, name = self._standing, self._standing.origin.name
        drift, faulty = standing.drift, standing.faulty
        found = words.attention(standing.state.pending, name, drift=drift, faulty=faulty)
        return (*self.trial.attention(), *found)
