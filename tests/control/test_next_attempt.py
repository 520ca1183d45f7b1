"""When mail is tried next, told where a gate keeps its destination for longer."""

from __future__ import annotations

from pathlib import Path

from empath.address import Domain
from empath.control.link import (
    GetShape,
    ListDestinations,
    ListQueue,
    ListUpcoming,
    OpenBreaker,
    ResumeDestination,
    SuspendDestination,
    ViewDestination,
)
from tests.fakes.operator_desk import Desk, desk

NET = Domain("example.net")


async def told(engine: Desk) -> set[float | None]:
    """When mail for example.net goes, in all places that tell it."""
    ask = engine.link.ask
    queue = await ask(ListQueue(query="dest:example.net"))
    destinations = await ask(ListDestinations())
    return {
        (await ask(ViewDestination(destination=NET))).next_at,
        *(item.next_at for item in queue.items),
        *(row.next_at for row in (await ask(GetShape())).rows if row.name == NET),
        *(item.next_at for item in destinations.items if item.destination == NET),
    }


async def test_due_mail_goes_when_its_gate_opens(tmp_path: Path) -> None:
    """At the end of an open breaker or a suspension, and at no known time where that has none."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net")
        await engine.accept("b@example.net", "c@example.net")
        ask, now = engine.link.acting("ada").ask, engine.clock.now()
        assert await told(engine) == {now}
        await ask(OpenBreaker(destination=NET, seconds=600))
        assert await told(engine) == {now + 600}
        await ask(SuspendDestination(destination=NET))
        assert await told(engine) == {None}
        await ask(ResumeDestination(destination=NET))
        engine.clock.advance(600)
        assert await told(engine) == {now}


async def test_what_goes_soon_leaves_out_what_a_gate_keeps(tmp_path: Path) -> None:
    """It counts where the gate opens, and nowhere while that has no end."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net", "b@example.net")
        await engine.accept("c@example.org")
        ask = engine.link.acting("ada").ask
        assert (await ask(ListUpcoming())).due == (3, 0, 0, 0, 0, 0, 0, 0)
        await ask(OpenBreaker(destination=NET, seconds=200))
        assert (await ask(ListUpcoming())).due[0] == 3
        await ask(OpenBreaker(destination=NET, seconds=500))
        assert (await ask(ListUpcoming())).due == (1, 2, 0, 0, 0, 0, 0, 0)
        await ask(SuspendDestination(destination=NET))
        assert (await ask(ListUpcoming())).due == (1, 0, 0, 0, 0, 0, 0, 0)
