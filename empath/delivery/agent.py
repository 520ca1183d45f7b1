"""The delivery agent: sees one lot through, from the start of its attempt to its record.

Promises: a result is recorded, then published, and only then the connection may carry the next
message; whatever goes wrong the lot's lease ends, and a bug in one attempt costs nobody else
anything.  What the attempt says of its destination is told to the gates.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import final

from empath.bus import Bus
from empath.clock import Clock
from empath.config.model import Config
from empath.delivery.attempt import Attempts
from empath.delivery.gates import Gates
from empath.delivery.keeping import Keeping
from empath.delivery.pool import Pool
from empath.delivery.progress import Progress
from empath.delivery.recorder import Recorder
from empath.delivery.ruling import judge
from empath.delivery.watchdog import cut_short
from empath.envelope import Lot
from empath.events import SpoolFault
from empath.policy.blame import Word, word_on
from empath.spool.face import BodyUnfit, Spool, SpoolRefused


@final
class Agent:
    """Makes attempts and has them recorded; which lot and when is the engine's to say."""

    def __init__(
        self,
        *,
        spool: Spool,
        attempts: Attempts,
        recorder: Recorder,
        gates: Gates,
        keeping: Keeping,
        pool: Pool,
        config: Callable[[], Config],
        bus: Bus,
        clock: Clock,
        random: random.Random,
        due_again: Callable[[], None],
    ) -> None:
        """*due_again* is called when recipients of a lot are due at once after its attempt."""
        self._spool = spool
        self._attempts = attempts
        self._recorder = recorder
        self._gates = gates
        self._keeping = keeping
        self._pool = pool
        self._config = config
        self._bus = bus
        self._clock = clock
        self._random = random
        self._due_again = due_again
        self.draining = False
        """No attempt follows: connections are ended instead of kept."""

    def __repr__(self) -> str:
        return f"<Agent pool={len(self._pool)} draining={self.draining}>"

    async def attempt(self, progress: Progress) -> None:
        """Make one attempt; raises nothing but what cancels it."""
        lot = progress.lot
        try:
            await self._deliver(lot, progress)
        except SpoolRefused as error:
            self._bus.publish(SpoolFault(at=self._clock.now(), sentence=str(error)))
            await self._postpone(lot)
        except Exception as bug:  # noqa: BLE001 - a bug in one attempt is not the others' end
            self._recorder.failed(lot, bug)
            await self._postpone(lot)

    async def _deliver(self, lot: Lot, progress: Progress) -> None:
        started = self._clock.monotonic()
        destination = lot.destination
        try:
            report = await self._attempts.deliver(lot, progress)
        except BaseException as error:
            cut = cut_short(progress, error)
            if cut is None:
                self._gates.answered(destination, Word.NOTHING, "", self._clock.now())
                if not isinstance(error, BodyUnfit):
                    raise
                await self._recorder.quarantine(lot, str(error))
                return
            report = cut
        finally:
            progress.recording()
        # Another next hop says nothing about the servers of the destination.
        word = Word.NOTHING if report.rerouted else word_on(report.stage, report.outcomes)
        why = str(report.outcomes[0].reply)
        turned = self._gates.answered(destination, word, why, self._clock.now())
        judgement = judge(
            lot,
            report,
            progress.config.delivery.retry,
            jitter_draw=self._random.random(),
            now=self._clock.now(),
            seconds=self._clock.monotonic() - started,
        )
        try:
            at_once = await self._recorder.record(lot, judgement)
        except BaseException:
            if report.connection is not None:
                report.connection.quit()
            raise
        finally:
            if turned:
                self._keeping.turned()
        if len(report.outcomes) < len(lot.recipients):
            self._due_again()  # Those the server had no room for are due, and go next.
        if report.connection is None or report.key is None:
            return
        # Only now: what a server took is written down before it gets the next message.
        if at_once and not self.draining:
            self._pool.put(report.key, report.connection)
        else:
            report.connection.quit()

    async def _postpone(self, lot: Lot) -> None:
        """Give the lot back for later; where even that fails, a restart releases it."""
        due_at = self._clock.now() + self._config().delivery.retry.base
        try:
            await self._spool.give_back(lot, due_at)
        except Exception as bug:  # noqa: BLE001 - the last thing a failed task does
            self._recorder.failed(lot, bug)
