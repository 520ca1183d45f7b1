"""Reverse-path and forward-path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import BadAddress, EmailAddress
from empath.smtp.path import Fault, parse_path

GOOD = [
    "a@x",
    "ada.lovelace@example.org",
    "a+b=c/d@mail.example.org",
    '"a b"@example.org',
    '"a>b"@example.org',
    '"a@b"@example.org',
    r'"a\"b"@example.org',
    "a@[192.0.2.1]",
    "a@[IPv6:2001:db8::1]",
    "a%b@example.org",
    "a!b@example.org",
    "a@1.example.org",
    "a@example.org1",
    "jos\u00e9@example.org",
    "a@b\u00fccher.example",
    "x" * 64 + "@example.org",
]
BAD = [
    "",
    "<",
    "<a@x",
    "a@x",
    '<"',
    "<a@[",
    "<a@>",
    "<@>",
    "<a b@x>",
    "<a;b@x>",
    "<a,b@x>",
    "<a:b@x>",
    "<a@x,b@y>",
    "<a(c)@x>",
    "<a..b@x>",
    "<.a@x>",
    "<a.@x>",
    "<a@x..y>",
    "<a@-x>",
    "<a@[999.1.1.1]>",
    "<a@[IPv6:fe80::1%\x1b[31m]>",
    "<b@127.0.0.1>",
    "<b@[127.0.0.1>",
    "<a@x\r\nRCPT TO:<y@z>",
    "<a\0@x>",
    "<a@\x1b[31m>",
    "<<a@x>>",
    "<a@" + "x" * 64 + ">",
    "<" + "x" * 65 + "@x>",
    "<a@" + "x." * 130 + "x>",
    "<a\u202eb@x>",
    "<a\u200bb@x>",
    "<a\ud800b@x>",
    "<a@b\u00fc..cher>",
    '<"a\n"@x>',
]


@pytest.mark.parametrize("address", GOOD)
def test_a_path_is_taken_as_it_is_written(address: str) -> None:
    """L7: a mailbox comes out spelled as it came in, and where its path ends is known."""
    assert parse_path(f"FROM:<{address}> SIZE=1", 5) == (address, len(address) + 7)


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_what_is_no_path_is_refused(text: str) -> None:
    """L6 and L7: nothing by another grammar is taken, and no address is guessed from it."""
    assert isinstance(parse_path(text), Fault)


def test_the_null_path() -> None:
    """L7: the null reverse-path is no address at all."""
    assert parse_path("<>") == (None, 2)


@pytest.mark.parametrize("text", ["<@a:b@c>", "<@a,@b:c@d>", "<@us:user@x>"])
def test_source_routes_are_refused(text: str) -> None:
    """A source route asks to relay, and is told so by name (RFC 5321 appendix C)."""
    assert parse_path(text) is Fault.SOURCE_ROUTE


def test_an_address_without_domain() -> None:
    """An unqualified address is told apart, for <postmaster>."""
    assert parse_path("<postmaster>") is Fault.UNQUALIFIED


@given(st.text(max_size=80) | st.from_regex(r"<[a-z.@\"\\<>\[\]: ]{0,20}>", fullmatch=True))
def test_any_text_gives_a_value(text: str) -> None:
    """L6: no text makes the parser raise; what it takes is an address by the strict rules."""
    match parse_path(text):
        case Fault():
            pass
        case None, end:
            assert text[:end] == "<>"
        case EmailAddress() as address, end:
            assert text[:end] == f"<{address}>"
            assert EmailAddress(str(address)) == address


@given(
    st.from_regex(r"[a-zA-Z0-9.!%_-]{1,70}", fullmatch=True),
    st.from_regex(r"[a-z0-9._-]{1,70}", fullmatch=True),
)
def test_the_quick_way_takes_what_the_address_itself_takes(local: str, domain: str) -> None:
    """The one expression for common mailboxes agrees with `EmailAddress`, which is not asked."""
    text = f"{local}@{domain}"
    try:
        EmailAddress(text)
        sound = not domain.rpartition(".")[2].isdigit()
    except BadAddress:
        sound = False
    assert isinstance(parse_path(f"<{text}>"), tuple) == sound
