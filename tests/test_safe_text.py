"""Text of peers is harmless wherever it is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.safe_text import safe_text

_ANY = st.text(st.characters(), max_size=200) | st.text(
    st.characters(max_codepoint=0xFF), max_size=50
)


@given(_ANY | st.binary(max_size=200), st.integers(1, 300))
def test_nothing_dangerous_comes_out(value: str | bytes, limit: int) -> None:
    """Whatever goes in: no control, no bidi override, no surrogate, no line break, bounded."""
    text = safe_text(value, limit)
    assert len(text) <= limit
    assert text.isprintable()
    for character in text:
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u200b"
    text.encode()


@given(_ANY, st.integers(1, 300))
def test_safe_text_stays_as_it_is(value: str, limit: int) -> None:
    """Sanitising twice is sanitising once."""
    once = safe_text(value, limit)
    assert safe_text(once, limit) == once


def test_no_mark_is_overlooked() -> None:
    """Nine of any combining mark in a row are cut to eight: the quick look knows them all."""
    for point in range(0x110000):
        mark = chr(point)
        if unicodedata.category(mark)[0] == "M" and not "\ufe00" <= mark <= "\ufe0f":
            assert safe_text(mark * 9) != mark * 9


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain text", "plain text"),
        ("Grüße, 世界 – ok", "Grüße, 世界 – ok"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\r\nb", r"a\x0d\x0ab"),
        ("a\x9bb", r"a\x9bb"),
        ("a\u202eb", r"a\u202eb"),
        ("a\ud800b", r"a\ud800b"),
        ("\U000e0041", r"\U000e0041"),
        ("\U000e01001", r"\U000e01001"),
        ("\ud7fc:", r"\ud7fc:"),
        ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
        ("a\xadb\ue000", r"a\xadb\ue000"),
        ("a\xa0b", r"a\xa0b"),
        ("e" + "\u0301" * 10, "e" + "\u0301" * 8 + r"\u0301\u0301"),
        ("नमस्ते", "नमस्ते"),
        ("─" * 20 + "⣿", "─" * 20 + "⣿"),
        (b"\xff ok", r"\xff ok"),
        ("Gr\xfc\xdfe".encode(), "Grüße"),
    ],
)
def test_what_is_unsafe_shows_as_an_escape(value: str | bytes, shown: str) -> None:
    """Unsafe characters are seen, as escapes, and safe ones in every script are kept."""
    assert safe_text(value) == shown


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("\x00\x00", 5, "\\x00…"),
        (b"abcdef", 5, "abcd…"),
        ("é" * 8, 4, "ééé…"),
    ],
)
def test_long_text_ends_in_an_ellipsis(value: str | bytes, limit: int, shown: str) -> None:
    """No more than the limit comes back, escapes counted."""
    assert safe_text(value, limit) == shown
