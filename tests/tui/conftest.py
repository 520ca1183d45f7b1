"""What tests of the console share: the time zone of golden pages, telling which actions they do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.every_action import DID
from tests.fakes.clock import HandClock
from tui.actions import ACTIONS
from tui.screens.acting import Acting


@pytest.fixture(autouse=True)
def _greenwich() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture(autouse=True)
def _told_actions(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Report the actions that run in this test, and do not merely say why they are off."""
    did = set()
    perform = Acting.perform_by_id

    def performed(self: Acting, id: str, argument: str = "") -> None:
        act = ACTIONS.get(id)
        if not self.why_off(act) and (argument or not act.needs):
            did.add(id)
        perform(self, id, argument)

    monkeypatch.setattr(Acting, "perform_by_id", performed)
    yield
    request.node.user_properties += [(DID, one) for one in sorted(did)]


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands still."""
    return HandClock()
