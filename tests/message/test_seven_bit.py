"""Any text, in a message of printable ASCII."""

from __future__ import annotations

import email.header
import quopri
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from empath.message.seven_bit import (
    decode_xtext,
    encoded_words,
    escape,
    field,
    is_clean,
    quoted_printable,
    read_encoded_words,
)


def test_what_is_not_ascii_is_written_as_rfc_6533_does() -> None:
    r"""``\x{F6}`` for a letter, and the escapes of safe_text for controls."""
    assert escape("jörg") == "j\\x{F6}rg"
    assert escape("a\r\nb\x1b[31m") == "a\\x0d\\x0ab\\x1b[31m"
    assert escape("ö" * 50, limit=20) == "\\x{F6}\\x{F6}\\x{F6..."


@given(st.text(max_size=3000))
def test_a_field_is_one_field(value: str) -> None:
    """No value, folded or not, makes a second field, a blank line or an overlong line."""
    text = field("Diagnostic-Code", value)
    assert text.isascii()
    assert text.endswith("\r\n")
    first, *more = text.removesuffix("\r\n").split("\r\n")
    assert first.startswith("Diagnostic-Code:")
    assert all(line.startswith(" ") and line.strip() for line in more)
    assert all(len(line) <= 998 and line.isprintable() for line in (first, *more))


@given(st.lists(st.from_regex(r"[!-~]{1,20}", fullmatch=True), min_size=1, max_size=40))
def test_unfolding_gives_the_value_back(words: list[str]) -> None:
    """Folds stand at blanks only, so a reader gets what was written."""
    text = field("Subject", " ".join(words))
    assert text.replace("\r\n ", " ").removesuffix("\r\n") == "Subject: " + " ".join(words)
    assert all(len(line) <= 78 for line in text.split("\r\n"))


@given(st.text(max_size=300))
def test_encoded_words_come_back_as_they_were(text: str) -> None:
    """RFC 2047: each word stands alone, no character is cut in two, no line is too long."""
    written = encoded_words(text)
    assert written.isascii()
    assert all(len(line) <= 76 for line in written.split("\r\n"))
    parts = email.header.decode_header(written.replace("\r\n", ""))
    back = "".join(
        octets.decode(charset or "ascii") if isinstance(octets, bytes) else octets
        for octets, charset in parts
    )
    assert back == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?= all", "Grüße all"),
        ("=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        ("=?utf-8?q?=FF?=", "=?utf-8?q?=FF?="),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
    ],
)
def test_what_cannot_be_decoded_stays_as_it_stands(value: str, read: str) -> None:
    """A broken Subject is shown as written, it does not stop a notification."""
    assert read_encoded_words(value) == read


def test_xtext_is_undone() -> None:
    """RFC 3461 4: plus and two digits are one character; anything else stays."""
    assert decode_xtext("a+2Bb+3Dc") == "a+b=c"
    assert decode_xtext("a+2b+") == "a+2b+"


@given(st.binary(max_size=400))
@example(b"trailing blank \r\n\r\nFrom here\r\n.\r\n")
@example(b"\0\x1b\xff" * 100)
def test_quoted_printable_is_clean_and_comes_back(octets: bytes) -> None:
    """Every line is legal, and a reader gets the same lines back."""
    written = quoted_printable(octets)
    assert is_clean(written)
    assert all(len(line) <= 76 for line in written.split(b"\r\n"))
    lines = re.split(rb"\r\n|\r|\n", octets.removesuffix(b"\r\n"))
    back = quopri.decodestring(written.replace(b"\r\n", b"\n"))
    assert back == b"\n".join(lines) + b"\n"


@pytest.mark.parametrize(
    ("octets", "clean"),
    [
        (b"", True),
        (b"a\tb\r\n\r\n", True),
        (b"a" * 998 + b"\r\n", True),
        (b"a" * 999 + b"\r\n", False),
        (b"a", False),
        (b"a\n", False),
        (b"a\rb\r\n", False),
        (b"\0\r\n", False),
        (b"\xc3\xbc\r\n", False),
        (b"\x7f\r\n", False),
    ],
)
def test_clean_is_whole_lines_of_printable_ascii(octets: bytes, clean: bool) -> None:
    """What is not clean is sent encoded, or not at all."""
    assert is_clean(octets) is clean
