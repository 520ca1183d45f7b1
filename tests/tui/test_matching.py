"""Whether a filter means a row, as `n` goes from match to match."""

from __future__ import annotations

import msgspec
import pytest

from empath.query import parse_query
from tests.fakes.console import item
from tui.matching import matches

NOW = 1_790_000_000.0
ROW = msgspec.structs.replace(item(7200), client="192.0.2.1", priority="bulk")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", True),
        ("GREYLISTED", True),
        ("nothing", False),
        ("!nothing", True),
        ("state:deferred", True),
        ("state:held", False),
        ("dest:bigmail.example", True),
        ("dest:~BIG", True),
        ("from:<>", False),
        ("rcpt:ada@bigmail.example", True),
        ("subject:hel", True),
        ("subject:~llo", True),
        ("reply:451", True),
        ("reply:4.7.1", False),
        ("client:192.0.2.1", True),
        ("prio:bulk", True),
        ("age:>1h", True),
        ("age:<1h", False),
        ("next:<10m", True),
        ("next:>10m", False),
        ("size:>8kb", True),
        ("tries:2", True),
        ("tries:>2", False),
        ("state:deferred !prio:bulk", False),
    ],
)
def test_terms(text: str, means: bool) -> None:
    """Each term of the filter language, on what a row shows."""
    assert matches(ROW, parse_query(text), NOW) is means


def test_what_has_no_next_attempt_is_neither_soon_nor_late() -> None:
    """Held mail is not tried again: no bound of time holds for it."""
    held = item(5, state="held")
    assert not matches(held, parse_query("next:<1d"), NOW)
    assert matches(held, parse_query("!next:>1d"), NOW)
