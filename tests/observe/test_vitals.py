"""What a config on trial is judged by."""

from __future__ import annotations

from empath.events import ConfigLoaded, SessionRefused, SpoolFault, TaskFailed
from empath.observe.health import LoopLag
from empath.observe.metrics import Counters
from empath.observe.vitals import Vitals
from empath.policy.probation import Health
from tests.fakes.clock import HandClock


def test_faults_are_counted_and_put_beside_what_was_delivered() -> None:
    """What the spool refused, errors of tasks; nothing that a client does wrong."""
    lag = LoopLag(HandClock())
    lag.note(0.5)
    vitals = Vitals(Counters(delivered=7, deferrals=2, bounced=1), lag)
    for event in (
        SpoolFault(1.0, "no room"),
        SessionRefused(1.0, "c", "h", "CONTENT", "", "452 4.3.1 Not enough disk space"),
        SessionRefused(1.0, "c", "h", "CONTENT", "", "451 4.3.0 A local problem"),
        SessionRefused(1.0, "c", "h", "RCPT", "x", "554 5.7.1 no relay"),
        TaskFailed(1.0, "delivery", "KeyError"),
        ConfigLoaded(1.0, "empath.toml"),
    ):
        vitals(event)
    assert vitals.health() == Health(delivered=7, failed=3, refusals=3, errors=1, lag=0.5)
