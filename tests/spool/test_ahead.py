"""What is due before a message, counted in a real spool."""

from __future__ import annotations

from pathlib import Path

from empath.address import Domain
from empath.envelope import Priority
from empath.policy.turns import Ahead
from empath.query import QueueQuery
from tests.fakes.operator_desk import desk

NET, ORG = Domain("example.net"), Domain("example.org")
NORMAL, BULK = Priority.NORMAL, Priority.BULK


async def test_what_is_due_before_a_message_is_counted(tmp_path: Path) -> None:
    """A message to several recipients is one attempt; what is held, on its way, or due later, and
    what has another destination, is not before it; other classes are counted apart.
    """
    async with desk(tmp_path) as engine:
        store, clock = engine.store, engine.clock
        first = await engine.accept("a@example.net", "b@example.net")
        second = await engine.accept()
        await engine.accept(hold="looks like spam")
        bulk = await engine.accept()
        await store.prioritize(
            QueueQuery(ids=(bulk,)), BULK, actor="ada", at=clock.now(), reason=""
        )
        await engine.accept("bob@example.org")
        clock.advance(1)
        mine = await engine.accept()
        clock.advance(1)
        await engine.accept()
        now, due_at = clock.now(), clock.now() - 1

        def ask(*, of_class: bool) -> object:
            return store.ahead((NET, NORMAL), mine, due_at, now, of_class=of_class)

        at_net = {(NET, NORMAL): 4, (NET, BULK): 1}
        assert await ask(of_class=False) == Ahead(2, at_net)  # type: ignore[misc]
        of_class = {(NET, NORMAL): 4, (ORG, NORMAL): 1}
        assert await ask(of_class=True) == Ahead(2, of_class)  # type: ignore[misc]
        lots = await store.due(now, limit=9, per_destination=9)
        (lot,) = [each for each in lots if each.id == second]
        assert store.begin(lot)
        assert await ask(of_class=False) == Ahead(1, {(NET, NORMAL): 3, (NET, BULK): 1})  # type: ignore[misc]
        assert first < second
