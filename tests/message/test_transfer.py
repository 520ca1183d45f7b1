"""Content transfer encodings, undone in pieces."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.transfer import HELD, TransferDecoder


def decode(encoding: str, octets: bytes, size: int = 65536) -> bytes:
    """*octets* decoded in pieces of *size*."""
    decoder = TransferDecoder(encoding)
    parts = [decoder.feed(octets[at : at + size]) for at in range(0, len(octets), size)]
    return b"".join((*parts, decoder.close()))


@given(st.binary(max_size=500), st.integers(min_value=1, max_value=90))
def test_base64_comes_back(octets: bytes, size: int) -> None:
    """RFC 2045 6.8: what was encoded comes back, in pieces of any size."""
    assert decode("base64", base64.encodebytes(octets), size) == octets


@given(st.binary(max_size=300), st.integers(min_value=1, max_value=90))
def test_quoted_printable_comes_back(octets: bytes, size: int) -> None:
    """RFC 2045 6.7: what was encoded comes back, in pieces of any size."""
    encoded = quopri.encodestring(octets, quotetabs=True).replace(b"\r", b"=0D")
    assert decode("quoted-printable", encoded, size) == octets


@given(st.binary(max_size=300), st.integers(min_value=1, max_value=40))
def test_the_pieces_never_matter(octets: bytes, size: int) -> None:
    """Any octets are decoded to the same, and nothing raises."""
    for encoding in ("base64", "quoted-printable", "7bit", "x-unknown"):
        assert decode(encoding, octets, size) == decode(encoding, octets)


@pytest.mark.parametrize(
    ("encoding", "octets", "decoded"),
    [
        ("base64", b"aGk=\r\n", b"hi"),
        ("base64", b"a!G@k", b"hi"),
        ("base64", b"aGk=aGk=", b"hi"),
        ("base64", b"aGkA=", b"hi\0"),
        ("base64", b"aGkAA", b"hi\0"),
        ("quoted-printable", b"a=20=\r\nb   \r\nc=3", b"a b\r\nc=3"),
        ("quoted-printable", b"caf=C3=A9", b"caf\xc3\xa9"),
        ("8bit", b"\xff", b"\xff"),
    ],
)
def test_broken_encodings_give_what_there_is(encoding: str, octets: bytes, decoded: bytes) -> None:
    """What is not of the alphabet is left out, an escape that is none stays."""
    assert decode(encoding, octets) == decoded


def test_a_line_without_end_is_not_held() -> None:
    """Quoted-printable in one line of 200 kB passes, an escape at any edge included."""
    decoder = TransferDecoder("quoted-printable")
    encoded = b"=41b" * 50_000
    found = b"".join(decoder.feed(encoded[at : at + 999]) for at in range(0, len(encoded), 999))
    assert len(found) >= 100_000 - HELD
    assert found + decoder.close() == b"Ab" * 50_000
    assert decode("quoted-printable", b"=" * 3 * HELD)
