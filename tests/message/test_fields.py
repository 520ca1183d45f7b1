"""Looking for header fields, and taking one out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.fields import FieldFinder, without

FINDER = FieldFinder({"mt-priority", "priority", "x-kind"})


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"", {}),
        (b"Priority: urgent\r\n", {"priority": "urgent"}),
        (b"Subject: x\r\nPRIORITY:  urgent \r\n", {"priority": "urgent"}),
        (b"X-Kind : a\r\n\tb\r\nPriority: c\r\n", {"x-kind": "a b", "priority": "c"}),
        (b"Priority: first\r\nPriority: second\r\n", {"priority": "first"}),
        (b"Priority-Of: x\r\nPriority: y\r\n", {"priority": "y"}),
        (b"Subject: a\r\n Priority: folded\r\n", {}),
        (b"Subject: Priority: no\r\nPriorityX: no\r\n", {}),
        (b"MT-Priority:\r\n", {"mt-priority": ""}),
        (b"X-Kind: last", {"x-kind": "last"}),
    ],
)
def test_fields_are_found_by_name(header: bytes, found: dict[str, str]) -> None:
    """The first field of a name counts, unfolded; text within another field does not."""
    assert FINDER.values(header) == found


def test_values_are_sanitised_and_short() -> None:
    """What a peer wrote may be shown: no control characters, a bounded length."""
    value = FINDER.values(b"X-Kind: \x1b[31m" + b"y" * 5000 + b"\r\n")["x-kind"]
    assert "\x1b" not in value
    assert len(value) <= 200


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"MT-Priority: 9\r\nSubject: x\r\n\r\nbody\r\n", b"Subject: x\r\n\r\nbody\r\n"),
        (b"A: b\r\nmt-priority :\r\n 9\r\n\t9\r\nC: d\r\n\r\n", b"A: b\r\nC: d\r\n\r\n"),
        (b"MT-Priority: 1\r\nMT-PRIORITY: 2\r\n\r\n", b"\r\n"),
        (
            b"X-MT-Priority: 1\r\n\r\nMT-Priority: 2\r\n",
            b"X-MT-Priority: 1\r\n\r\nMT-Priority: 2\r\n",
        ),
        (b"A: b\r\n MT-Priority: 1\r\n\r\n", b"A: b\r\n MT-Priority: 1\r\n\r\n"),
        (b"MT-Priority: 1", b""),
    ],
)
def test_a_field_is_taken_out(content: bytes, left: bytes) -> None:
    """Every field of the name goes, with what is folded below it; all else stays."""
    header = content.find(b"\r\n\r\n")
    octets = header + 2 if header >= 0 else len(content)
    assert without(content, octets, "mt-priority") == left


LINES = st.sampled_from(
    [b"MT-Priority: 9", b"mt-priority\t:1", b" folded", b"\tMT-Priority: 2", b"Subject: x", b"MT-P"]
)


@given(st.lists(LINES))
def test_what_is_found_is_removed(lines: list[bytes]) -> None:
    """Nothing is left to be found, and other fields keep their octets and order."""
    header = b"".join(line + b"\r\n" for line in lines)
    left = without(header, len(header), "mt-priority")
    assert "mt-priority" not in FINDER.values(left)
    assert left.count(b"Subject: x") == header.count(b"Subject: x")
    if "mt-priority" not in FINDER.values(header):
        assert left == header


def test_a_finder_says_what_it_looks_for() -> None:
    """The names stand in its repr, for who meets it in a debugger."""
    assert repr(FieldFinder({"x-kind", "list-id"})) == "<FieldFinder list-id, x-kind>"


def test_a_name_that_begins_like_another_is_no_field_of_that_name() -> None:
    """The search goes on behind a longer name, and behind a line that has no colon."""
    header = b"MT-Priority-Old: 9\r\nMT-Priority\r\nMT-Priority: 1\r\n"
    assert FINDER.values(header) == {"mt-priority": "1"}
    left = without(header, len(header), "mt-priority")
    assert left == b"MT-Priority-Old: 9\r\nMT-Priority\r\n"
