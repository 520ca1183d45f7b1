"""The MIME tree of a message, found as its octets pass."""

from __future__ import annotations

import tracemalloc
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.structure import DEPTH, PARTS, Structure, StructureReader


def read(octets: bytes, size: int = 65536) -> Structure:
    """The structure of a message that comes in pieces of *size*."""
    reader = StructureReader()
    for start in range(0, len(octets), size):
        reader.feed(octets[start : start + size])
    return reader.close()


def mail() -> bytes:
    """A mail as programs send it: text, HTML, a file, a forwarded mail."""
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("inner")
    message = EmailMessage()
    message["Subject"] = "Outer"
    message.set_content("plain\n")
    message.add_alternative("<p>rich</p>\n", subtype="html")
    message.add_attachment(
        b"\0" * 300, maintype="application", subtype="pdf", filename="résumé.pdf"
    )
    message.add_attachment(inner)
    return message.as_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_the_parts_are_numbered_as_imap_does(size: int) -> None:
    """RFC 9051 6.4.5.1: each part has its number, whatever the pieces the message comes in."""
    octets = mail()
    found = read(octets, size)
    assert [(one.number, one.depth, one.kind) for one in found.parts] == [
        ("0", 0, "multipart/mixed"),
        ("1", 1, "multipart/alternative"),
        ("1.1", 2, "text/plain"),
        ("1.2", 2, "text/html"),
        ("2", 1, "application/pdf"),
        ("3", 1, "message/rfc822"),
        ("3.1", 2, "text/plain"),
    ]
    assert not found.cut
    by_number = {one.number: octets[one.start : one.end] for one in found.parts}
    assert by_number["1.1"] == b"plain\r\n"
    assert by_number["1.2"] == b"<p>rich</p>\r\n"
    assert by_number["3.1"] == b"inner\r\n"


def test_a_part_says_what_it_is() -> None:
    """Charset, encoding, disposition and the file's name in any spelling are told of a part."""
    pdf = next(one for one in read(mail()).parts if one.kind == "application/pdf")
    assert (pdf.filename, pdf.disposition, pdf.encoding) == ("résumé.pdf", "attachment", "base64")
    octets = (
        b'Content-Type: TEXT/Plain; charset="ISO-8859-1"; name="=?utf-8?q?caf=C3=A9?="\r\n'
        b"Content-Transfer-Encoding: Quoted-Printable\r\nContent-ID: <x@y>\r\n\r\nx\r\n"
    )
    (part,) = read(octets).parts
    assert (part.kind, part.charset, part.encoding) == (
        "text/plain",
        "iso-8859-1",
        "quoted-printable",
    )
    assert (part.filename, part.content_id, part.size) == ("café", "<x@y>", 3)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"no header at all",
        b"Subject: cut in the head",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nnever used\r\n",
        b"Content-Type: ;;;===\r\n\r\nx\r\n",
        b"Content-Type: text/plain; charset*=x''%zz; name*0*=q''%\r\n\r\nx\r\n",
        b"\r\nbody only",
    ],
)
def test_what_is_broken_is_one_part(octets: bytes) -> None:
    """A message that is no MIME, or broken, is one part; nothing raises."""
    assert [one.depth for one in read(octets).parts] == [0]


def test_an_unknown_charset_is_read_as_ascii() -> None:
    """Charsets that mail is not written in are not handed to Python's own table."""
    (part,) = read(b"Content-Type: text/plain; charset=rot13\r\n\r\nx\r\n").parts
    assert part.charset == "us-ascii"


def test_parts_end_where_their_parent_does() -> None:
    """A delimiter of the outer parts ends all that is open within."""
    octets = (
        b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n"
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nlost\r\n"
        b"--out\r\n\r\nlast\r\n--out--\r\nepilogue\r\n--out\r\n\r\nnot a part\r\n"
    )
    found = {one.number: octets[one.start : one.end] for one in read(octets).parts}
    assert found["1.1"] == b"lost"
    assert found["2"] == b"last"
    assert set(found) == {"0", "1", "1.1", "2"}


def test_a_header_may_end_at_a_delimiter() -> None:
    """A part whose header section is cut off by the next delimiter is an empty part."""
    octets = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: image/png\r\n"
        b"--x\r\n\r\nnext\r\n--x--"
    )
    found = read(octets).parts
    assert [(one.number, one.kind, one.size) for one in found[1:]] == [
        ("1", "image/png", 0),
        ("2", "text/plain", 4),
    ]


def test_hostile_trees_are_cut() -> None:
    """Parts without end, or within each other without end, are cut and said to be."""
    many = read(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 5000)
    assert (len(many.parts), many.cut) == (PARTS, True)
    deep = read(b"Content-Type: message/rfc822\r\n\r\n" * 5000)
    assert (max(one.depth for one in deep.parts), deep.cut) == (DEPTH, True)


def test_lines_that_look_like_delimiters_are_counted() -> None:
    """A body of a million dashes is given up rather than looked at line by line."""
    octets = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--\r\n" * 300_000
    assert read(octets).cut


def test_a_header_that_never_ends_is_bounded() -> None:
    """One line of a megabyte, or a megabyte of lines, in a header is passed over."""
    for filler in (b"X: " + b"a" * 1_000_000 + b"\r\n", b"X: a\r\n" * 20_000):
        (part,) = read(filler + b"Content-Type: text/html\r\n\r\nbody").parts
        assert part.size == len(b"body")


def test_a_large_message_costs_no_memory() -> None:
    """P3: 30 MB pass, and less than 2 MB are held at any time."""
    head = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    block = (b"A" * 76 + b"\r\n") * 3000
    reader = StructureReader()
    tracemalloc.start()
    reader.feed(head)
    for _ in range(130):
        reader.feed(block)
    reader.feed(b"--x--\r\n")
    found = reader.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.parts[1].size == 130 * len(block) - 2
    assert peak < 2_000_000


@given(
    st.lists(
        st.sampled_from(
            [
                b"--x",
                b"--y",
                b"--x--",
                b"\r\n",
                b"\n",
                b"Content-Type: multipart/mixed; boundary=x\r\n",
                b"Content-Type: multipart/mixed; boundary=y\r\n",
                b"Content-Type: message/rfc822\r\n",
                b"text",
                b"-",
                b"\xff",
            ]
        ),
        max_size=40,
    ),
    st.integers(min_value=1, max_value=9),
)
def test_the_pieces_never_matter(words: list[bytes], size: int) -> None:
    """Any octets, in pieces of any size, give one tree, whose parts lie within the message."""
    octets = b"".join(words)
    found = read(octets, size)
    assert found == read(octets)
    assert found.parts
    for part in found.parts:
        assert 0 <= part.start <= part.end <= len(octets)


@given(st.binary(max_size=300))
def test_any_octets_are_read(octets: bytes) -> None:
    """Nothing a peer sends raises."""
    assert read(b"Content-Type: " + octets).parts
