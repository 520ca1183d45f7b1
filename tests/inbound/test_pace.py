"""How fast content has to come."""

from __future__ import annotations

import msgspec
import pytest

from empath.config.model import Inbound
from empath.inbound.pace import RATE_WINDOW, Pace

LIMITS = msgspec.structs.replace(
    Inbound(), content_timeout=60.0, content_deadline=600.0, content_rate=10
)


@pytest.mark.parametrize(
    ("now", "heard_at", "octets", "late"),
    [
        (60.0, 0.0, 0, False),
        (60.1, 0.0, 0, True),  # silent
        (119.9, 119.0, 0, False),
        (120.0, 119.0, 1200, False),
        (120.0, 119.0, 1199, True),  # slower than the rate over a whole window
        (600.0, 600.0, 10**6, False),
        (600.1, 600.0, 10**6, True),  # however fast, the whole has its deadline
    ],
)
def test_silence_rate_and_deadline(now: float, heard_at: float, octets: int, late: bool) -> None:
    """L3: content is late by its silence, by its rate and as a whole."""
    assert Pace(0.0).late(now, heard_at, octets, LIMITS) is late


def test_the_rate_is_that_of_each_window() -> None:
    """L3: what came fast at first is no credit for what is dripped later."""
    pace = Pace(0.0)
    assert not pace.late(RATE_WINDOW, RATE_WINDOW, 10**6, LIMITS)
    assert pace.late(2 * RATE_WINDOW, 2 * RATE_WINDOW, 10**6 + 1199, LIMITS)


def test_our_own_delay_is_forgiven() -> None:
    """While the disk is behind the client cannot send, which its rate does not suffer from."""
    pace = Pace(0.0)
    pace.forgive(30.0)
    assert not pace.late(RATE_WINDOW + 29.9, RATE_WINDOW, 0, LIMITS)
    assert pace.late(RATE_WINDOW + 30.0, RATE_WINDOW, 0, LIMITS)
    assert "octets=0" in repr(pace)
