"""The spool against a model of it: a dictionary of recipients, and what each step does to it."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import Lot, MessageId, State
from empath.query import EVERYTHING, parse_query
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, NEVER, PREFIX, TAKEN, accept, octets, record

DESTINATIONS = ("one.test", "two.test", "three.test")
OUTCOMES = {
    "taken": (TAKEN, State.DELIVERED),
    "later": (LATER, State.DEFERRED),
    "never": (NEVER, State.FAILED),
}
STEPS = (
    "accept", "accept", "large", "due", "due", "begin", "taken", "later", "never",
    "give back", "postpone", "hold", "release", "retry", "delete", "wait", "restart",
)  # fmt: skip


class Recipient:
    """What the model knows of one recipient."""

    def __init__(self, destination: str, due_at: float) -> None:
        self.destination = destination
        self.state = State.QUEUED
        self.due_at = due_at


class Model:
    """What the spool should be."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.clock = HandClock()
        self.settings = Settings(path=folder, inline_limit=ByteSize(2000), min_free=ByteSize(0))
        self.mail: dict[MessageId, list[Recipient]] = {}
        self.bodies: dict[MessageId, bytes] = {}
        self.leased: list[Lot] = []
        self.begun: list[Lot] = []
        self.store: Store

    async def run(self, steps: list[str]) -> None:
        """Take the steps, and compare after each."""
        self.store = await Store.open(self.settings, clock=self.clock)
        try:
            for step in steps:
                await self.step(step)
                await self.compare()
        finally:
            await self.store.close()

    def pick(self, lots: list[Lot]) -> Lot | None:
        return lots.pop(self.random.randrange(len(lots))) if lots else None

    def of(self, lot: Lot) -> list[Recipient]:
        return [self.mail[lot.id][waiting.number] for waiting in lot.recipients]

    def flying(self, name: MessageId) -> set[int]:
        lots = [lot for lot in self.begun if lot.id == name]
        return {waiting.number for lot in lots for waiting in lot.recipients}

    async def step(self, step: str) -> None:
        now = self.clock.now()
        match step:
            case "accept" | "large":
                await self.receive(5000 if step == "large" else 50, now)
            case "due":
                await self.ask(now)
            case "begin":
                await self.begin()
            case "taken" | "later" | "never":
                await self.rule(step, now)
            case "give back" | "postpone":
                await self.put_back(now + 20 if step == "postpone" else None)
            case "hold" | "release" | "retry" | "delete":
                await self.operate(step, now)
            case "wait":
                self.clock.advance(self.random.randint(1, 60))
            case _:
                await self.store.close()
                self.leased.clear()
                self.begun.clear()
                self.clock.advance(1)
                self.store = await Store.open(self.settings, clock=self.clock)

    async def receive(self, size: int, now: float) -> None:
        places = [self.random.choice(DESTINATIONS) for _ in range(self.random.randint(1, 4))]
        body = self.random.randbytes(size)
        people = [f"u{number}@{place}" for number, place in enumerate(places)]
        name = await accept(self.store, *people, body=body)
        self.mail[name] = [Recipient(place, now) for place in places]
        self.bodies[name] = body

    async def ask(self, now: float) -> None:
        limit = self.random.randint(1, 6)
        got = await self.store.due(now, limit=limit, per_destination=3)
        for lot in got:
            assert all(r.due_at <= now and r.state < 2 for r in self.of(lot))
        if not got:
            assert not self.due(now)
        self.leased += got

    async def begin(self) -> None:
        lot = self.pick(self.leased)
        if lot is None:
            return
        stays = all(r.state < 2 for r in self.of(lot))
        begun = self.store.begin(lot)
        assert begun is None or stays
        if begun is not None:
            self.begun.append(begun)
            content = await self.store.content(lot.id)
            assert await octets(content) == PREFIX + self.bodies[lot.id]

    async def rule(self, word: str, now: float) -> None:
        lot = self.pick(self.begun)
        if lot is None:
            return
        outcome, state = OUTCOMES[word]
        next_at = now + self.random.randint(0, 50) if word == "later" else None
        await record(self.store, lot, outcome, next_at)
        for recipient in self.of(lot):
            recipient.state = state
            recipient.due_at = next_at or 0.0

    async def put_back(self, due_at: float | None) -> None:
        lot = self.pick(self.begun)
        if lot is None:
            return
        await self.store.give_back(lot, due_at)
        for recipient in self.of(lot):
            recipient.due_at = due_at or recipient.due_at

    async def operate(self, action: str, now: float) -> None:
        place = self.random.choice((*DESTINATIONS, ""))
        query = parse_query(f"dest:{place}") if place else EVERYTHING
        eligible = {"hold": (0, 1), "release": (2,), "retry": (0, 1), "delete": (0, 1, 2)}[action]
        count = 0
        for name, recipients in self.mail.items():
            flying = self.flying(name)
            for number, recipient in enumerate(recipients):
                if recipient.state not in eligible or place not in {"", recipient.destination}:
                    continue
                if number in flying:
                    continue
                count += 1
                match action:
                    case "hold":
                        recipient.state = State.HELD
                    case "delete":
                        recipient.state = State.DELETED
                    case "release":
                        recipient.state, recipient.due_at = State.QUEUED, now
                    case _:
                        recipient.due_at = now
        match action:
            case "hold":
                changed = await self.store.hold(query, actor="m", reason="r", at=now)
            case "release":
                changed = await self.store.release(query, actor="m", at=now)
            case "retry":
                changed = await self.store.retry(query, actor="m", at=now)
            case _:
                changed = await self.store.delete(query, actor="m", reason="r", at=now)
        assert changed.recipients == count

    def due(self, now: float) -> bool:
        """Something is due that nobody has."""
        had = {(lot.id, lot.destination) for lot in (*self.leased, *self.begun)}
        return any(
            r.state < 2 and r.due_at <= now and (name, r.destination) not in had
            for name, recipients in self.mail.items()
            for r in recipients
        )

    async def compare(self) -> None:
        counts = dict.fromkeys((State.QUEUED, State.DEFERRED, State.HELD, State.ACTIVE), 0)
        for name, recipients in self.mail.items():
            flying = self.flying(name)
            found = await self.store.message(name)
            assert found is not None
            for number, recipient in enumerate(recipients):
                state = State.ACTIVE if number in flying else recipient.state
                assert found.recipients[number].state is state
                if not state.final:
                    counts[state] += 1
                if state < 2:
                    assert found.recipients[number].next_at == pytest.approx(
                        recipient.due_at, abs=0.001
                    )
            assert found.body_stored == any(not r.state.final for r in recipients)
        stats = await self.store.stats()
        assert dict(stats.recipients) == counts
        waiting = [rs for rs in self.mail.values() if any(not r.state.final for r in rs)]
        assert (stats.messages, stats.finished) == (len(waiting), len(self.mail) - len(waiting))
        rows = await self.store.destinations()
        assert sum(sum(row.counts.values()) for row in rows) == sum(counts.values())
        page = await self.store.page(EVERYTHING, limit=1000)
        assert len(page.rows) == page.matched == len(waiting)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=40), seed=st.integers(0, 999))
def test_the_spool_is_what_its_model_is(steps: list[str], seed: int) -> None:
    """After any steps of clients, engine, operators and restarts, nothing is lost or invented."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(Model(seed, Path(folder, "spool")).run(steps))
