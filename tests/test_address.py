"""Domains, mailboxes and hosts: what is taken, what is refused, and that both are sure."""

from __future__ import annotations

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import (
    BadAddress,
    BannerHostname,
    Domain,
    EmailAddress,
    ServerId,
    parse_address_literal,
)

label = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20)
domains = st.lists(label, min_size=1, max_size=4).map(".".join)


@given(domains)
def test_a_domain_is_kept_in_lower_case_and_stays_itself(text: str) -> None:
    """A domain is compared without regard to case, and making it one twice changes nothing."""
    domain = Domain(text)
    assert domain == text.lower()
    assert Domain(domain) is domain
    assert domain == Domain(text.upper())


@given(st.text(max_size=300))
def test_any_text_is_a_domain_or_refused(text: str) -> None:
    """Whatever is given, a domain comes out in ASCII lower case or `BadAddress`."""
    try:
        domain = Domain(text)
    except BadAddress:
        return
    assert domain.isascii()
    assert domain == domain.lower()
    assert len(domain) <= 253


@pytest.mark.parametrize(
    "text",
    ["", ".", "a..b", ".a", "a.", "-a.b", "a-.b", "a b", "a\nb", "a,b", "[300.0.0.1]", "[x]",
     "x" * 64, ".".join(["x" * 60] * 5), "[192.0.2.1", "a@b", "\u0130." + "x" * 64],
)  # fmt: skip
def test_what_is_no_domain_is_refused(text: str) -> None:
    """Empty labels, misplaced hyphens, blanks, long labels and bad literals are refused."""
    with pytest.raises(BadAddress):
        Domain(text)


def test_a_domain_may_begin_with_an_underscore() -> None:
    """Names such as `_dmarc` are host labels in practice."""
    assert Domain("_x.Example.ORG") == "_x.example.org"


def test_an_internationalised_domain_becomes_a_labels() -> None:
    """`bücher.example` is looked up as its A-label, and a bad one is refused (RFC 5891)."""
    assert Domain("Bücher.example") == "xn--bcher-kva.example"
    with pytest.raises(BadAddress, match="IDNA"):
        Domain("\u2028.example")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[192.0.2.1]", ipaddress.ip_address("192.0.2.1")),
        ("[IPv6:2001:db8::1]", ipaddress.ip_address("2001:db8::1")),
        ("[ipv6:::1]", ipaddress.ip_address("::1")),
        ("[2001:db8::1]", None),
        ("[IPv6:192.0.2.1]", None),
        ("192.0.2.1", None),
        ("[192.0.2.1", None),
        ("[IPv6:fe80::1%eth0]", None),
        ("", None),
    ],
)
def test_address_literals(text: str, address: object) -> None:
    """An address literal is `[IPv4]` or `[IPv6:…]` (RFC 5321 4.1.3), nothing else."""
    assert parse_address_literal(text) == address


def test_a_domain_knows_its_literal() -> None:
    """A domain that is an address literal says which address."""
    assert Domain("[192.0.2.7]").literal == ipaddress.ip_address("192.0.2.7")
    assert Domain("example.org").literal is None


@pytest.mark.parametrize(
    "text",
    ["ada@example.org", "a.b+c@x", '"a b"@x.org', r'"a\"b"@x.org', '"@"@x', "a@[192.0.2.1]",
     "jürgen@example.org", "!#$%&'*+-/=?^_`{|}~@x"],
)  # fmt: skip
def test_mailboxes_are_taken_as_they_are_spelt(text: str) -> None:
    """Dot-strings, quoted strings, literals and UTF-8 are taken and kept to the letter."""
    address = EmailAddress(text)
    assert address == text
    assert EmailAddress(address) is address
    assert f"{address.local}@{address.domain}".lower() == text.lower()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ada", "no @domain"),
        ("", "no @domain"),
        ("a" * 65 + "@x", "64 octets"),
        ("é" * 33 + "@x", "64 octets"),
        (".a@x", "dot-string"),
        ("a..b@x", "dot-string"),
        ("a b@x", "dot-string"),
        ('"a@x', "dot-string"),
        ('"a\nb"@x', "dot-string"),
        ("@x", "dot-string"),
        ("a\u202eb@x.org", "may not be shown"),
        ("a" * 60 + "@" + ".".join(["x" * 50] * 4), "254 octets"),
        ("a@-", "host name"),
        ("a@", "host name"),
    ],
)
def test_what_is_no_mailbox_is_refused_with_its_reason(text: str, why: str) -> None:
    """Each refusal says what is wrong with the address."""
    with pytest.raises(BadAddress, match=why):
        EmailAddress(text)


@given(st.text(max_size=80), domains)
def test_any_local_part_is_taken_or_refused(local: str, domain: str) -> None:
    """Whatever the local part, the address has no line break and no blank outside quotes."""
    try:
        address = EmailAddress(f"{local}@{domain}")
    except BadAddress:
        return
    assert "\n" not in address
    assert "\r" not in address
    assert " " not in address or address.startswith('"')
    assert address.domain == Domain(domain)


def test_the_name_in_a_greeting_is_ascii() -> None:
    """A host name in a greeting is a name or a literal, in ASCII."""
    assert BannerHostname("mx.example.org") == "mx.example.org"
    assert BannerHostname("[192.0.2.1]") == "[192.0.2.1]"
    with pytest.raises(BadAddress, match="ASCII"):
        BannerHostname("bücher.example")
    with pytest.raises(BadAddress):
        BannerHostname("no spaces please")


@given(domains.filter(lambda host: not host.rpartition(".")[2].isdigit()), st.integers(1, 65535))
def test_a_server_is_host_and_port(host: str, port: int) -> None:
    """A server id gives back the host and port it was written with."""
    server = ServerId(f"{host}:{port}")
    assert (server.host, server.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("999.1.1.1:25", "four numbers"),
        ("1.2.3:25", "four numbers"),
        ("mx.example.org:0", "from 1 to 65535"),
        ("mx.example.org:65536", "from 1 to 65535"),
        ("mx.example.org:" + "9" * 5000, "from 1 to 65535"),
    ],
)
def test_a_server_that_there_cannot_be(text: str, sentence: str) -> None:
    """What looks like an IPv4 address and is none has no address; a port has 16 bits."""
    with pytest.raises(BadAddress, match=sentence):
        ServerId(text)
    assert ServerId("192.0.2.1:25").host == "192.0.2.1"


def test_a_server_with_an_ipv6_address_is_written_in_brackets() -> None:
    """`[2001:db8::1]:25` is a server; its host has no brackets."""
    server = ServerId("[2001:db8::1]:25")
    assert (server.host, server.port) == ("2001:db8::1", 25)


@pytest.mark.parametrize(
    "text",
    ["mx", "mx:", "mx:0", "mx:65536", "mx:25x", "mx:٢٥", ":25", "a b:25", "[mx]:25", "::1:25"],
)
def test_what_is_no_server_is_refused(text: str) -> None:
    """A server without a host, without a port, or with a port out of range is refused."""
    with pytest.raises(BadAddress):
        ServerId(text)
