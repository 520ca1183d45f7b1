"""Header fields of stored mail, made readable and harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.headers import HEADER_LIMIT, decode_words, read_headers


def test_fields_are_unfolded_in_order() -> None:
    """Folded values become one line; the body and a line that is no field are left out."""
    block = (
        b"Received: from\ta\r\n\tby b\r\nSubject: one\r\n two\r\nno field here\r\n"
        b"X-Empty:\r\n\r\nBody: no\r\n"
    )
    assert read_headers(block) == (
        ("Received", "from a by b"),
        ("Subject", "one two"),
        ("X-Empty", ""),
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8*de?Q?a_b?=", "a b"),
        ("=?iso-8859-1?Q?=FC?= and =?utf-8?Q?=C3=BC?=", "ü and ü"),
        ("=?utf-8?Q?a?= \t =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8?Q?a?= =?us-ascii?Q?b?=", "ab"),
        ("x =?utf-8?Q?a?= y", "x a y"),
        ("=?x-unknown?Q?a?=", "=?x-unknown?Q?a?="),
        ("=?unicode_escape?Q?a?=", "=?unicode_escape?Q?a?="),
        ("=?iso-8859-99?Q?a=FF?=", r"a\xff"),
        ("=?utf-8?B?a?=", "=?utf-8?B?a?="),
        ("=?utf-8?Q?=1B[31m?=", r"\x1b[31m"),
        ("=?utf-8?Q?=0D=0AX:_y?=", r"\x0d\x0aX: y"),
        ("=?utf-8?Q?=FF?=", r"\xff"),
    ],
)
def test_encoded_words(value: str, shown: str) -> None:
    """RFC 2047 words are decoded; what cannot be stays; what comes out is sanitised."""
    assert decode_words(value) == shown


def test_octets_that_are_no_utf8_are_shown_as_escapes() -> None:
    """Raw octets in a header neither vanish nor break anything."""
    assert read_headers(b"Subject: caf\xe9\r\n\r\n") == (("Subject", r"caf\xe9"),)


def test_no_header_section() -> None:
    """A message that begins with an empty line has no fields."""
    assert read_headers(b"\r\nSubject: body\r\n") == ()
    assert read_headers(b"") == ()


def test_a_field_that_is_cut_off_is_left_out() -> None:
    """A header section beyond the limit ends with the last whole field."""
    assert read_headers(b"A: 1\r\nB: 2") == (("A", "1"),)
    long = b"A: 1\r\n" + b"B: " + b"x" * HEADER_LIMIT
    assert read_headers(long) == (("A", "1"),)


@given(st.binary(max_size=500) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_any_octets_give_printable_fields(block: bytes) -> None:
    """Nothing raises, and nothing unprintable comes out, whatever the octets."""
    for name, value in read_headers(b"Subject: " + block):
        assert name.isascii()
        assert not any(ord(character) < 32 for character in value)
