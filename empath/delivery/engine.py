"""The delivery engine: what is due, who goes next, and its start.

One loop decides and a `Crew` acts; what becomes of a lot that was started is the `Agent`'s.
Promises: lots in memory are bounded by `delivery.window`, attempts that run by
`delivery.concurrency`; the loop sleeps until mail arrives, an attempt ends or something becomes
due, and never spins.  When the spool cannot be read it is asked again a second later.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

from empath.address import Domain
from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.delivery.agent import Agent
from empath.delivery.attempt import Attempts
from empath.delivery.crew import Crew
from empath.delivery.gates import Gates
from empath.delivery.keeping import Keeping
from empath.delivery.pool import Pool
from empath.delivery.progress import Position, Progress
from empath.delivery.recorder import Recorder
from empath.delivery.route import RouteFinder
from empath.delivery.watchdog import Watchdog
from empath.envelope import Lot, MessageId, Priority
from empath.events import SpoolFault
from empath.policy.blame import Word
from empath.policy.reachability import Place, Unreached
from empath.policy.room import CLASSES, Room
from empath.policy.schedule import Window
from empath.policy.verdict import Hold
from empath.spool.face import Spool, SpoolRefused
from empath.tls import ClientContexts

LONGEST_SLEEP: Final = 60.0
"""Seconds after which the queue is looked at even if nothing was heard: clocks are set."""
SOON: Final = 0.02
"""Seconds after which it is looked at again when there may be more."""
SHORTEST_SLEEP: Final = 0.002
"""Seconds between two looks while attempts wait."""
_CROWD: Final = 4
"""Lots of one lane held in memory, as a multiple of a destination's attempts at once."""
_FEW: Final = 4
"""Lots of one lane that are held in memory however full the window is."""
_AFTER: Final = 0.001
"""Seconds after which a gate that was to open is asked: clocks are not exact."""


@final
class Engine:
    """Delivers what the spool holds, until its `run` is cancelled."""

    def __init__(
        self,
        *,
        spool: Spool,
        finder: RouteFinder,
        config: Callable[[], Config],
        bus: Bus,
        clock: Clock,
        random: random.Random,
    ) -> None:
        """*random* varies retries; one seed gives one course of events."""
        self._spool = spool
        self._config = config
        self._bus = bus
        self._clock = clock
        self._pool = Pool()
        self._window = Window()
        self._gates = Gates(config)
        self._keeping = Keeping(self._gates, spool, bus, clock)
        self.contexts = ClientContexts(lambda: config().delivery.tls)
        self._attempts = Attempts(spool, finder, self._pool, config, self.contexts, clock=clock)
        self._watchdog = Watchdog(bus, clock)
        self._recorder = Recorder(spool, config, bus, clock, random)
        self._agent = Agent(
            spool=spool,
            attempts=self._attempts,
            recorder=self._recorder,
            gates=self._gates,
            keeping=self._keeping,
            pool=self._pool,
            config=config,
            bus=bus,
            clock=clock,
            random=random,
            due_again=self.wake,
        )
        self._crew = Crew(self._agent.attempt, self._ended)
        self._wake = asyncio.Event()
        self._shut: Mapping[Domain, float | None] = {}
        self._progress: dict[tuple[MessageId, Domain], Progress] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._arrived = True
        self._more = False
        self._look_at = 0.0
        self._looked_at = 0.0
        self._draining = False

    def __repr__(self) -> str:
        return f"<Engine active={self.active} window={len(self._window)} pool={len(self._pool)}>"

    @property
    def active(self) -> int:
        """Attempts that run now."""
        return len(self._crew)

    def connections(self) -> Mapping[Domain, int]:
        """Attempts that run now, by destination; each holds at most one connection."""
        return dict(self._gates.concurrency.running)

    @property
    def gates(self) -> Gates:
        """What keeps destinations from their turn, for operators to look at and change."""
        return self._gates

    def wake(self) -> None:
        """A gate or a limit was changed: look again who may go."""
        self._arrived = True
        self._wake.set()

    def route_changed(self, destinations: Sequence[Domain]) -> None:
        """Mail for *destinations* goes to other servers now: forget what was learnt of the old,
        but not what an operator decided.
        """
        for name in destinations:
            self._gates.breakers.forget(name)
            self._gates.concurrency.forget(name)
            self._keeping.turned()

    def verdicts(self) -> Mapping[Domain, Hold]:
        """What last held each destination whose mail waits in memory."""
        return dict(self._window.verdicts)

    def explain(self, destination: Domain, priority: Priority) -> tuple[Hold, ...]:
        """All that holds mail of this class at *destination* at this moment; empty when it goes
        as soon as it is chosen.
        """
        now = self._clock.now()
        holds = [*self._gates.holds(destination, now)]
        of_class = self._gates.classes.closed.get(priority)
        if of_class is not None and of_class.outlasts(now):
            holds.append(of_class)
        most = self._config().delivery.concurrency
        if len(self._crew) >= most:
            reason = f"{most} attempts run, as many as may (delivery.concurrency)"
            holds.append(Hold(reason, None, "delivery.concurrency", "end of an attempt"))
        return tuple(holds)

    def position(self, id: MessageId, destination: Domain) -> Position | None:
        """Where the attempt at this message stands that runs now; None if none runs."""
        progress = self._progress.get((id, destination))
        return None if progress is None else progress.told(self._clock.now())

    def unreached(self) -> Mapping[Place, Unreached]:
        """Hosts and addresses that could not be reached lately, which are tried last."""
        return self._attempts.reachability.standing(self._clock.now())

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            await self._keeping.restore()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(), name="delivery arrivals")
                watch = self._watchdog.run(self._progress.values)
                group.create_task(watch, name="delivery watchdog")
                group.create_task(self._keeping.run(), name="delivery gates")
                await self._loop(group)
        finally:
            self._pool.close()

    async def drain(self, timeout: float) -> None:
        """Start nothing more; wait *timeout* seconds for what runs, then cut it off.

        What was cut off stays queued: its lease goes with this process.
        """
        self._draining = self._agent.draining = True
        await self._return_window()
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            self._crew.cancel()
            await self._idle.wait()
        self._pool.close()
        await self._keeping.finish()

    # The loop: decide, then act.

    async def _loop(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            self._start(group)
            await self._return_shut()
            if self._refill_due():
                await self._refill()
                self._start(group)
            try:
                async with asyncio.timeout_at(self._next_look()):
                    await self._wake.wait()
            except TimeoutError:
                pass  # Something is due, or it is time to look again.

    def _start(self, group: asyncio.TaskGroup) -> None:
        """Start as many attempts as may run."""
        if self._draining or not self._window:
            return
        gates, now = self._gates, self._clock.now()
        config = self._config()
        free = config.delivery.concurrency - len(self._crew)
        if free <= 0:
            return
        self._window.weights = gates.begin(now)
        for lot in self._window.choose(free, gates.asked, now, gates.classes):
            begun = self._spool.begin(lot)
            if begun is None:
                gates.answered(lot.destination, Word.NOTHING, "", now)
                gates.ended(lot.destination)
                continue
            progress = Progress(begun, now, config)
            self._progress[lot.id, lot.destination] = progress
            self._crew.give(progress, group)
            self._idle.clear()

    def _ended(self, progress: Progress) -> None:
        lot = progress.lot
        self._progress.pop((lot.id, lot.destination), None)
        self._gates.ended(lot.destination)
        if not self._crew:
            self._idle.set()
        self._wake.set()

    def _refill_due(self) -> bool:
        """Whether the spool is asked now; moves the next look where it must wait."""
        now = asyncio.get_running_loop().time()
        settings = self._config().delivery
        if self._draining:
            self._look_at = now + LONGEST_SLEEP
            return False
        low = min(settings.concurrency, _CROWD * settings.per_destination) // 2
        wanted = self._arrived or self._look_at <= now
        low_now = self._window.hungry or len(self._window) <= low
        if not wanted and not (self._more and low_now):
            return False
        if self._window and now < self._looked_at + SHORTEST_SLEEP:
            # Mail that comes in fast is taken in batches while there is other work.
            self._look_at = self._looked_at + SHORTEST_SLEEP
            return False
        return True

    async def _refill(self) -> None:
        """Take what is due into the window, and decide when to look again."""
        loop = asyncio.get_running_loop()
        settings = self._config().delivery
        now = self._clock.now()
        room = Room.within(settings.window, self._window.counts)
        # The fuller the window the less one lane gets, so that slow ones never fill it.
        crowd = min(_CROWD * settings.per_destination, max(_FEW, room.left // 8))
        crowded = frozenset(self._window.crowded((crowd + 1) // 2))
        shut = self._gates.shut(now)
        tight = any(room.of(priority) <= 0 for priority in CLASSES)
        self._arrived = False
        self._looked_at = loop.time()
        sleep = LONGEST_SLEEP
        try:
            lots = await self._spool.due(
                now,
                limit=room,
                per_destination=crowd,
                full=shut.keys(),
                crowded=crowded,
            )
            # Whatever waits in a crowded lane, or has no room, was not asked for.
            self._more = bool(lots or crowded or tight)
            self._window.watch(crowded, crowd // 4)
            if lots or tight:
                self._window.add(lots)
                sleep = SOON
            else:
                next_due = await self._spool.next_due(now)
                if next_due is not None:
                    # Due already, but not given: its destination has enough in the window.
                    self._more = self._more or next_due <= now
                    sleep = min(max(next_due - now, SOON), LONGEST_SLEEP)
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=now, sentence=str(error)))
            sleep = 1.0
        self._look_at = loop.time() + sleep
        if self._draining:
            await self._return_window()

    def _next_look(self) -> float:
        """When the loop goes round again by itself: to ask the spool, or since a gate opens."""
        now, opens = self._clock.now(), self._look_at
        waits = [verdict.until for verdict in self._window.verdicts.values()]
        waits += [hold.until for hold in self._gates.classes.closed.values()]
        waits.append(self._gates.opens_at(now))
        soonest = min((until for until in waits if until is not None and until > now), default=None)
        if soonest is not None:
            opens = min(opens, asyncio.get_running_loop().time() + soonest - now + _AFTER)
        return opens

    async def _return_shut(self) -> None:
        """Give back what waits for destinations that are left alone for long; ask for the mail
        of those that no longer are.
        """
        shut = self._gates.shut(self._clock.now())
        if shut is not self._shut:
            self._arrived = self._arrived or bool(self._shut.keys() - shut.keys())
            self._shut = shut
        for destination in self._window.destinations & shut.keys():
            await self._give_back(self._window.withdraw(destination))

    async def _return_window(self) -> None:
        await self._give_back(self._window.clear())

    async def _give_back(self, lots: Sequence[Lot]) -> None:
        for lot in lots:
            try:
                await self._spool.give_back(lot)
            except SpoolRefused as error:  # Its lease ends with this process.
                self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))

    async def _listen(self) -> None:
        """Wake the loop when mail arrives or an operator acts."""
        while True:
            await self._spool.wait_arrival()
            self._arrived = True
            self._wake.set()
            # One turn of the loop for all that arrive in it.
            await asyncio.sleep(0)

    async def keep_gates(self) -> None:
        """Write down what a restart must know of breakers and suspensions."""
        await self._keeping.keep()
