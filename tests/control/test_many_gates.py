"""The gates of many destinations, looked at beside everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from empath.address import Domain
from empath.control.link import (
    GetShape,
    GetStatus,
    ListGates,
    ListUpcoming,
    Request,
    ViewDestination,
)
from empath.control.operator import LocalLink
from empath.policy.suspension import Suspension
from tests.fakes.operator_desk import desk
from tests.fakes.turns import AT_MOST, longest_turn

NET = Domain("example.net")


@pytest.mark.parametrize(
    "request_",
    [
        GetStatus(),
        GetShape(),
        GetShape(quiet=True, sort="gate"),
        ListUpcoming(),
        ViewDestination(destination=NET),
        ListGates(),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_ten_thousand_open_breakers_hold_nobody_up(
    tmp_path: Path, request_: Request[Any]
) -> None:
    """As when the network is away: consoles that look do not keep the loop from mail."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        gates, until = engine.figures.gates, engine.clock.now() + 600
        for number in range(10_000):
            place = Domain(f"d{number}.test")
            gates.breakers.open(place, until, actor="", reason="no route to host")
            if number < 500:
                gates.suspensions.suspend(place, Suspension("ada", "moving", 0.0))
        assert await longest_turn(lambda: LocalLink.ask(engine.link, request_)) < AT_MOST
