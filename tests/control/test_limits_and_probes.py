"""Limits and probes that an operator asks for, and what of gates needs attention."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.address import Domain
from empath.config.model import Config
from empath.control.link import (
    GetStatus,
    LiftLimit,
    LimitDestination,
    ListGates,
    NotFound,
    OpenBreaker,
    ProbeDestination,
    RequestRefused,
    RequestUnclear,
    ResumeDestination,
    SuspendDestination,
)
from empath.delivery.gates import Gates
from tests.fakes.operator_desk import desk

NET, ORG = Domain("example.net"), Domain("example.org")


async def test_a_limit_is_set_and_lifted(tmp_path: Path) -> None:
    """It goes before the rate of the config, is on record, and is written down for a restart."""
    async with desk(tmp_path) as engine:
        ask, now = engine.link.acting("ada").ask, engine.clock.now()
        gates = engine.figures.gates
        with pytest.raises(NotFound):
            await ask(LiftLimit(destination=NET))
        for wrong in (0.0, -1.0, 1e9, 1e-320, float("nan")):
            with pytest.raises(RequestUnclear, match="suspend stops all mail"):
                await ask(LimitDestination(destination=NET, per_second=wrong))
        found = await ask(LimitDestination(destination=NET, per_second=5.0, seconds=60, reason="r"))
        (gate,) = found.gates
        assert (gate.gate, gate.state, gate.until) == ("limit", "limited to 5/s", now + 60)
        level = gates.level(NET, now)
        assert level is not None
        assert (level[0].per_second, level[0].source) == (5.0, "limited by ada")
        again = Gates(Config)
        again.restore(engine.figures.kept[-1])
        assert again.throttles.standing(now) == gates.throttles.standing(now)
        await ask(LiftLimit(destination=NET))
        assert (await ask(ListGates())).gates == ()
        assert gates.level(NET, now) is None
        actions = [getattr(event, "action", "") for event in engine.published]
        assert actions[-2:] == ["limited to 5/s", "limit lifted"]


async def test_a_probe_is_asked_for(tmp_path: Path) -> None:
    """An open breaker lets one attempt through now; one that is not open refuses."""
    async with desk(tmp_path) as engine:
        ask, now = engine.link.acting("ada").ask, engine.clock.now()
        with pytest.raises(NotFound, match="nothing keeps an attempt"):
            await ask(ProbeDestination(destination=NET))
        await ask(OpenBreaker(destination=NET, seconds=600, reason="too slow"))
        (gate,) = (await ask(ProbeDestination(destination=NET))).gates
        assert (gate.state, gate.until, gate.reason) == ("half-open", now, "too slow")
        assert engine.figures.gates.breakers.verdict(NET, now) is None
        assert not engine.figures.gates.breakers.probe(NET, now)


async def test_a_suspended_destination_is_not_probed(tmp_path: Path) -> None:
    """No attempt could go: the answer names what holds it, and the breaker stays as it is."""
    async with desk(tmp_path) as engine:
        ask, now = engine.link.acting("ada").ask, engine.clock.now()
        await ask(OpenBreaker(destination=NET, seconds=600))
        await ask(SuspendDestination(destination=NET))
        with pytest.raises(RequestRefused, match=r"suspended: .* destination resume example\.net"):
            await ask(ProbeDestination(destination=NET))
        assert engine.figures.gates.breakers.verdict(NET, now) is not None
        await ask(ResumeDestination(destination=NET))
        await ask(ProbeDestination(destination=NET))


async def test_a_breaker_that_keeps_mail_needs_attention(tmp_path: Path) -> None:
    """With how many wait, for how long, and why; not where nothing waits."""
    async with desk(tmp_path) as engine:
        ask = engine.link.acting("ada").ask
        await ask(OpenBreaker(destination=ORG, seconds=600))
        assert (await ask(GetStatus())).attention == ()
        await engine.accept("a@example.net")
        engine.clock.advance(10)
        await ask(OpenBreaker(destination=NET, seconds=600, reason="too slow"))
        (item,) = (await ask(GetStatus())).attention
        assert (item.severity, item.subject, item.destination) == ("error", NET, NET)
        assert item.sentence == "breaker open for 10 m more, 1 wait: ada: too slow"
        await ask(SuspendDestination(destination=NET))
        said = [each.sentence for each in (await ask(GetStatus())).attention]
        assert "suspended until it is resumed, 1 wait: ada" in said
