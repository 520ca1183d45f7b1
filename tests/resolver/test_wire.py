"""Packets: our reader against dnspython's writer, and against what no writer should write."""

from __future__ import annotations

import contextlib
import ipaddress
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.policy.answer import MailExchanger
from empath.resolver.wire import (
    MAX_RECORDS,
    Code,
    Kind,
    Malformed,
    Record,
    Response,
    read_response,
    write_question,
)
from tests.fakes.name_server import respond

NAME = "example.org"
LABELS = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,15}[a-z0-9_])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


def question(name: str = NAME, kind: Kind = Kind.MX) -> dns.message.Message:
    """Our question number 7, as dnspython reads it."""
    return dns.message.from_wire(write_question(7, name, kind))


def read(packet: bytes, kind: Kind = Kind.MX) -> Response:
    """Read *packet* as the answer to question number 7."""
    return read_response(packet, number=7, name=NAME, kind=kind)


def by_hand(count: int, records: bytes) -> bytes:
    """An answer to the question for the MX of example.org, whose name is at octet 12."""
    asked = write_question(7, NAME, Kind.MX, edns=False)[12:]
    return struct.pack(">6H", 7, 0x8180, 1, count, 0, 0) + asked + records


def mx(data: bytes) -> bytes:
    """An MX record with this data."""
    return b"\xc0\x0c" + struct.pack(">HHIH", 15, 1, 60, len(data)) + data


def test_a_question_is_what_dnspython_reads_it_as() -> None:
    """A question asks for recursion and for the AD flag, and offers 1232 octets by EDNS."""
    query = question()
    assert str(query.question[0]) == "example.org. IN MX"
    assert query.flags == dns.flags.RD | dns.flags.AD
    assert query.payload == 1232
    assert dns.message.from_wire(write_question(7, NAME, Kind.A, edns=False)).edns == -1


@pytest.mark.parametrize("name", ["a" * 64 + ".org", ".".join(["abc"] * 64), "a..b", ""])
def test_a_name_that_fits_no_question_is_refused(name: str) -> None:
    """Labels of more than 63 octets, names of more than 255 and empty labels are not sent."""
    with pytest.raises(Malformed):
        write_question(7, name, Kind.A)


def test_records_of_all_types_are_read() -> None:
    """MX, A, AAAA and CNAME records come out as values, other types are left out."""
    packet = respond(
        question(),
        "example.org. 60 MX 10 MX1.Example.ORG.",
        "example.org. 61 A 192.0.2.1",
        "example.org. 62 AAAA 2001:db8::1",
        "www.example.org. 63 CNAME example.org.",
        "example.org. 64 TXT hello",
        flags=dns.flags.RA | dns.flags.AD,
    ).to_wire()
    response = read(packet)
    assert response.records == (
        Record(NAME, 15, 60, MailExchanger(10, Domain("mx1.example.org"), "mx1.example.org")),
        Record(NAME, 1, 61, ipaddress.ip_address("192.0.2.1")),
        Record(NAME, 28, 62, ipaddress.ip_address("2001:db8::1")),
        Record("www.example.org", 5, 63, NAME),
    )
    assert response.authentic
    assert response.competent
    assert response.negative_ttl is None


@given(
    st.lists(st.tuples(st.integers(0, 65535), NAMES), min_size=1, max_size=40, unique=True),
    st.integers(0, 2**31 - 1),
)
def test_every_mx_answer_is_read_as_dnspython_wrote_it(
    records: list[tuple[int, str]], ttl: int
) -> None:
    """Whatever MX records a server has, compressed as it likes, we read the same ones."""
    lines = [f"example.org. {ttl} MX {preference} {name}." for preference, name in records]
    response = read(respond(question(), *lines).to_wire())
    assert [(r.ttl, r.value) for r in response.records] == [
        (ttl, MailExchanger(preference, Domain(name), name)) for preference, name in records
    ]


@given(st.binary(max_size=400))
def test_noise_behind_a_true_header_is_malformed_or_harmless(noise: bytes) -> None:
    """No packet makes the reader do anything but return or raise Malformed."""
    for packet in (noise, by_hand(3, noise), by_hand(65535, noise)):
        try:
            assert len(read(packet).records) <= MAX_RECORDS
        except Malformed:
            continue


@given(st.integers(0, 3000), st.integers(0, 255))
def test_one_changed_octet_never_surprises(place: int, octet: int) -> None:
    """A sound answer with one octet changed is read, or refused as malformed."""
    lines = [f"example.org. 60 MX {n} mx{n}.example.org." for n in range(20)]
    packet = bytearray(respond(question(), *lines).to_wire())
    packet[place % len(packet)] = octet
    with contextlib.suppress(Malformed):
        read(bytes(packet))


def test_control_characters_in_a_name_come_out_escaped() -> None:
    """An MX whose name holds ESC names no host, and its text is safe to show."""
    response = read(by_hand(1, mx(b"\0\x0a\x08evil\x1b[3m\0")))
    assert response.records[0].value == MailExchanger(10, None, "evil\\027[3m")


@pytest.mark.parametrize(
    ("name", "text"),
    [(b"\0", "."), (b"\x0b[192.0.2.1]\0", "[192\\0460\\0462\\0461]"), (b"\x03a b\0", "a\\032b")],
)
def test_names_that_are_no_hosts(name: bytes, text: str) -> None:
    """The root, a label with dots in it and a blank name no host that mail could go to."""
    assert read(by_hand(1, mx(b"\0\x0a" + name))).records[0].value == MailExchanger(10, None, text)


def test_an_address_literal_is_no_mail_exchanger() -> None:
    """The DNS cannot smuggle in an address by a name that is written like a literal."""
    packet = respond(question(), "example.org. 60 MX 10 [10.0.0.1].").to_wire()
    value = read(packet).records[0].value
    assert value == MailExchanger(10, None, "[10.0.0.1]")


def test_a_pointer_to_itself_ends_the_reading() -> None:
    """Compression pointers only lead back (RFC 1035 4.1.4), so no name is endless."""
    with pytest.raises(Malformed, match="forward"):
        read(by_hand(1, b"\xc0\x1d" * 8))


def test_long_names_by_the_hundred_are_given_up_quickly() -> None:
    """64 KB that cost a general parser 8 s are refused within the budget of 4096 labels."""
    name = b"\x01a" * 100 + b"\xc0\x0c"
    place = 12 + len(NAME) + 2 + 4 + 12 + 2
    first = mx(b"\0\1" + name)
    packet = by_hand(4000, first + mx(b"\0\2" + struct.pack(">H", 0xC000 | place)) * 3999)
    start = time.process_time()
    with pytest.raises(Malformed, match="too many"):
        read(packet)
    assert time.process_time() - start < 0.1


def test_of_three_thousand_records_the_first_are_taken() -> None:
    """An answer of 63 KB is read as far as 256 records."""
    response = read(by_hand(3000, mx(b"\0\x0a\x02mx\xc0\x0c") * 3000))
    assert len(response.records) == MAX_RECORDS


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\7\x81\x80",
        by_hand(1, b"")[:20],
        by_hand(1, mx(b"\0")),
        by_hand(1, mx(b"\0\x0a\x02mx\xc0\x0c\0")),
        by_hand(1, mx(b"\0\x0a\x80")),
        by_hand(1, mx(b"\0\x0a" + (b"\x3f" + b"a" * 63) * 4 + b"\0")),
        by_hand(1, b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 3) + b"abc"),
        by_hand(1, b"\xc0"),
        by_hand(1, b"\xc0\x0c" + struct.pack(">HHIH", 15, 1, 60, 400)),
    ],
)
def test_broken_packets_are_malformed(packet: bytes) -> None:
    """Cut off, too long, of the wrong length: each is refused, none is read past its end."""
    with pytest.raises(Malformed):
        read(packet)


def test_the_answer_to_another_question_is_refused() -> None:
    """Number, direction, name and type must be those of the question."""
    good = respond(question(), "example.org. 60 MX 1 mx.example.org.").to_wire()
    assert read(good).records
    for number, name, kind in ((8, NAME, Kind.MX), (7, "a.org", Kind.MX), (7, NAME, Kind.A)):
        with pytest.raises(Malformed):
            read_response(good, number=number, name=name, kind=kind)
    with pytest.raises(Malformed):
        read(write_question(7, NAME, Kind.MX))


def test_negative_answers_hold_as_long_as_their_zone_says() -> None:
    """The lesser of the SOA's TTL and its MINIMUM is the time that "there is none" holds."""
    for ttl, minimum in ((300, 30), (30, 300)):
        soa = f"example.org. {ttl} SOA ns. hostmaster. 1 2 3 4 {minimum}"
        packet = respond(question(), authority=[soa], rcode=dns.rcode.NXDOMAIN).to_wire()
        response = read(packet)
        assert (response.code, response.negative_ttl) == (Code.NXDOMAIN, 30)


def test_a_referral_is_not_an_answer() -> None:
    """Neither knowing (AA) nor looking up (RA): its lack of records says nothing."""
    packet = respond(question(), authority=["org. 60 NS ns.org."], flags=0).to_wire()
    assert not read(packet).competent


def test_response_codes_are_named() -> None:
    """Known codes show as their word, others as a number."""
    assert Response(2, False, False, ()).code_word == "SERVFAIL"
    assert Response(9, False, False, ()).code_word == "response code 9"


def test_a_ttl_with_its_top_bit_set_is_zero() -> None:
    """RFC 2181 8: such a TTL is read as zero, so the answer is not kept."""
    packet = by_hand(1, b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 2**31, 4) + b"\xc0\0\2\1")
    assert read(packet).records[0].ttl == 0


def test_records_of_another_class_are_left_out() -> None:
    """Only the Internet class is believed."""
    packet = by_hand(1, b"\xc0\x0c" + struct.pack(">HHIH", 1, 3, 60, 4) + b"\xc0\0\2\1")
    assert read(packet).records == ()
