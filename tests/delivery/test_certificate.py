"""What is read out of a certificate, which anybody may have made."""

from __future__ import annotations

import ssl

from hypothesis import given
from hypothesis import strategies as st

from empath.delivery.certificate import MOST_NAMES, Shown, read
from tests.fakes.identities import authority, identity


def der(pem: bytes) -> bytes:
    """The certificate in *pem*, behind its key."""
    return ssl.PEM_cert_to_DER_cert(pem[pem.index(b"-----BEGIN CERT") :].decode())


def test_names_and_expiry_are_read() -> None:
    """Only DNS names count: the Common Name is no name of a host."""
    names, expires_at, self_signed = read(der(identity("good")))
    assert names == ("mx.there.test", "other.test")
    assert expires_at is not None
    assert not self_signed
    assert read(der(identity("self-signed"))).self_signed
    assert read(der(identity("name only in CN"))).names == ()


def test_names_are_bounded_and_harmless() -> None:
    """A thousand names are ten; an escape sequence reaches no terminal, nor NUL a database."""
    evil = authority().identity(
        "\x1b]52;c;AA\x07.test", "a\0.test", *(f"{n}.test" for n in range(999))
    )
    names, *_ = read(der(evil))
    assert len(names) == MOST_NAMES
    assert all(name.isprintable() for name in names)


@given(st.binary(max_size=300))
def test_what_is_no_certificate_tells_nothing(octets: bytes) -> None:
    """A certificate that cannot be read is no reason to fail."""
    assert read(octets) == Shown()
    assert read(b"\x30" * 70_000) == Shown()


@given(st.integers(0, 500), st.integers(0, 255))
def test_a_damaged_certificate_never_raises(place: int, octet: int) -> None:
    """One octet changed anywhere: read or not, but never an error."""
    damaged = bytearray(der(identity("good")))
    damaged[place % len(damaged)] = octet
    names, *_ = read(bytes(damaged))
    assert len(names) <= MOST_NAMES


def test_a_certificate_of_an_unknown_version_tells_nothing() -> None:
    """RFC 5280 4.1.2.1 knows three; a peer may write any."""
    octets = der(identity("good"))
    version = b"\xa0\x03\x02\x01"
    place = octets.index(version) + len(version)
    assert read(octets[:place] + b"\x07" + octets[place + 1 :]) == Shown()
