"""Large mail passes through without being held (promise P3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.large import Line

MEGABYTE = 1_000_000


@pytest.mark.timeout(300)
def test_memory_stays_flat_for_messages_of_100_mb(tmp_path: Path) -> None:
    """One message of 100 MB, then four at once: under 10 MB of memory each, bytes identical."""
    with Line(tmp_path) as line:
        # What Python loads on first use is not memory of a message.
        assert line.passage("warm", count=4, size=MEGABYTE).intact
        one = line.passage("one", count=1, size=100 * MEGABYTE)
        assert one.intact
        assert one.growth < 10 * MEGABYTE, one
        four = line.passage("four", count=4, size=100 * MEGABYTE)
        assert four.intact
        assert four.growth < 40 * MEGABYTE, four
