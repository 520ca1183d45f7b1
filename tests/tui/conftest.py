"""Times of day on golden pages are those of Greenwich, wherever the tests run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.fakes.clock import HandClock


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


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands still."""
    return HandClock()
