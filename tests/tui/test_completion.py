"""What is offered while a filter is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.query import FIELDS
from tui.completion import HINTS, complete, hint, take

PLACES = ("mail.example", "mx.example", "other.test")


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("st", ("state:",)),
        ("!st", ("!state:",)),
        ("dest:x s", ("state:", "subject:", "size:")),
        ("state:de", ("state:deferred", "state:delivered", "state:deleted")),
        ("prio:b", ("prio:bulk",)),
        ("age:", ("age:>1h",)),
        ("dest:m", ("dest:mail.example", "dest:mx.example")),
        ("from:x", ()),
        ("invoice", ()),
    ],
)
def test_candidates(text: str, candidates: tuple[str, ...]) -> None:
    """Fields, states, classes, an example for what is compared, and destinations with mail."""
    assert complete(text, len(text), PLACES).candidates == candidates


@pytest.mark.parametrize(
    ("text", "cursor", "taken", "after"),
    [
        ("st", 2, "state:", 6),
        ("state:h", 7, "state:held ", 11),
        ("dest:m", 6, "dest:m", 6),
        ("dest:mai", 8, "dest:mail.example ", 18),
        ("sta x", 3, "state: x", 6),
        ("state:h x", 7, "state:held x", 11),
        ("zzz", 3, "zzz", 3),
    ],
)
def test_tab_takes_what_is_certain(text: str, cursor: int, taken: str, after: int) -> None:
    """The word grows by what all candidates share; a whole value ends with a blank."""
    found = complete(text, cursor, PLACES)
    if not found.candidates:
        assert found.common == ""
        return
    assert take(text, found) == (taken, after)


def test_every_field_says_what_it_takes() -> None:
    """Behind the colon of each field there is a hint, until something is typed."""
    assert set(FIELDS) <= set(HINTS)
    assert "domain" in hint("state:held !dest:", 17)
    assert hint("dest:x", 6) == ""
    assert hint("word", 4) == ""


@given(st.text(max_size=40), st.integers(0, 40))
def test_completion_never_loses_what_was_typed(text: str, cursor: int) -> None:
    """Whatever is typed, completing keeps everything before and behind the word."""
    at = min(cursor, len(text))
    found = complete(text, at, PLACES)
    if found.candidates:
        taken, after = take(text, found)
        assert taken.startswith(text[: found.start])
        assert taken.endswith(text[found.stop :].lstrip(" ") if text[found.stop :].strip() else "")
        assert after <= len(taken)
