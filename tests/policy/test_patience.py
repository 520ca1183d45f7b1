"""How long an attempt may stand still, and how long it may take in all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.model import Config, Delivery, Dns
from empath.config.units import Duration
from empath.policy.patience import FINAL, SLACK, Stage, in_sum, standstill

CONFIG = Config(
    dns=Dns(timeout=Duration(10)),
    delivery=Delivery(
        connect_timeout=Duration(20),
        command_timeout=Duration(300),
        content_timeout=Duration(180),
        final_timeout=Duration(700),
    ),
)


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [
        (Stage.LOOKUP, 40),
        (Stage.TURN, 700),
        (Stage.CONNECT, 20),
        (Stage.GREETING, 20),
        (Stage.TLS, 20),
        (Stage.COMMAND, 300),
        (Stage.BODY, 180),
        (Stage.CONTENT, 180),
        (Stage.FINAL, 700),
        (Stage.RECORD, float("inf")),
    ],
)
def test_a_step_may_last_as_long_as_its_setting_and_some(stage: Stage, seconds: float) -> None:
    """The step's own deadline speaks first; writing down is never given up."""
    assert standstill(stage, CONFIG) == seconds + SLACK


@pytest.mark.parametrize("setting", [1, 600])
def test_the_final_dot_is_given_ten_minutes_whatever_is_set(setting: float) -> None:
    """RFC 5321 4.5.3.2.6: cut off earlier, the server may have the message."""
    config = Config(delivery=Delivery(final_timeout=Duration(setting)))
    assert standstill(Stage.FINAL, config) >= FINAL


@pytest.mark.parametrize("stage", Stage)
def test_who_is_to_blame(stage: Stage) -> None:
    """What this machine does not do says nothing about the server."""
    ours = stage in {Stage.LOOKUP, Stage.TURN, Stage.BODY, Stage.RECORD}
    assert stage.ours is ours


@given(st.integers(1, 1000), st.integers(0, 2**31))
def test_the_sum_leaves_time_for_every_step(recipients: int, size: int) -> None:
    """A server that takes as long as it may at each of them is not cut off."""
    whole = in_sum(CONFIG, recipients=recipients, size=size)
    assert whole >= (recipients + 3) * 300 + size / 65536 * 180 + 700
    assert in_sum(CONFIG, recipients=recipients + 1, size=size) == whole + 300
