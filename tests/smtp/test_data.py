"""Content on the wire, both ways."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.smtp.data import (
    BareNewline,
    ContentReader,
    HeaderSection,
    Stuffer,
    has_bare_newline,
)

# Octets that matter to line ends and dots, often enough to meet.
WIRE = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\0", b"\r\n.\r\n"])).map(
    b"".join
)
CLEAN = st.lists(st.sampled_from([b"\r\n", b".", b"a", b"..", b"\r\n."])).map(b"".join)


def reference(wire: bytes) -> tuple[bytes, bool, bytes]:
    """Content, whether it ended, and what stood behind it; one plain step after another."""
    body, end, rest = (b"\r\n" + wire).partition(b"\r\n.\r\n")
    if end:
        body += b"\r\n"
    body = re.sub(rb"\r\n\.", b"\r\n", body)
    return re.sub(rb"\r\n|\r|\n", b"\r\n", body)[2:], bool(end), rest


def read(*chunks: bytes) -> tuple[bytes, ContentReader]:
    """Everything a reader gives for these chunks; those behind the end are its rest."""
    reader = ContentReader()
    content = b""
    for number, chunk in enumerate(chunks):
        content += reader.feed(chunk)
        if reader.ended:
            reader.rest += b"".join(chunks[number + 1 :])
            break
    return content, reader


def cut(text: bytes, places: list[int]) -> list[bytes]:
    """*text* in pieces."""
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in itertools.pairwise(edges)] or [b""]


def test_content_ends_at_the_lone_dot() -> None:
    """What stands before <CRLF>.<CRLF> is content, what stands behind is the next command."""
    content, reader = read(b"Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n")
    assert (content, reader.ended, reader.rest) == (b"Subject: x\r\n\r\nhi\r\n", True, b"QUIT\r\n")
    assert reader.size == len(content)
    assert repr(reader) == f"<ContentReader size={len(content)} ended=True>"


def test_empty_content() -> None:
    """A dot right behind DATA ends a message without content (RFC 5321 4.1.1.4)."""
    content, reader = read(b".\r\n")
    assert (content, reader.ended, reader.size) == (b"", True, 0)


def test_dots_are_unstuffed() -> None:
    """A dot that begins a line is taken off, on the first line too (RFC 5321 4.5.2)."""
    content, _ = read(b"..a\r\n...\r\n.b\r\na.b\r\n.\r\n")
    assert content == b".a\r\n..\r\nb\r\na.b\r\n"


SMUGGLED = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r.\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n. \r\n",
    b"\n\r.\r\n",
    b"\x0b.\x0b",
    b"\x85.\x85",
    "\u2028.\u2028".encode(),
]


@pytest.mark.parametrize("end", SMUGGLED, ids=repr)
@pytest.mark.parametrize("split", [False, True], ids=["whole", "octet by octet"])
def test_nothing_else_ends_content(end: bytes, split: bool) -> None:
    """3.1 and L10: none of the sixteen look-alikes ends content, in one piece or in many."""
    wire = b"first" + end + b"MAIL FROM:<evil@x>\r\n"
    pieces = [wire[i : i + 1] for i in range(len(wire))] if split else [wire]
    content, reader = read(*pieces, b"\r\n.\r\n")
    assert reader.ended
    assert reader.rest == b""
    assert b"MAIL FROM:<evil@x>\r\n" in content
    assert not has_bare_newline(content)


@pytest.mark.parametrize("end", SMUGGLED[:9] + SMUGGLED[12:13], ids=repr)
def test_bare_newlines_are_noticed(end: bytes) -> None:
    """3.1: a CR or LF that stands alone is seen, so that "reject" can refuse the message."""
    assert read(b"a" + end + b"b\r\n.\r\n")[1].bare_newlines


def test_a_dot_line_made_by_normalising_is_content() -> None:
    """3.1: LF.LF comes out as a line with a dot, and is stuffed again on its way out."""
    content, _ = read(b"a\n.\nb\r\n.\r\n")
    assert content == b"a\r\n.\r\nb\r\n"
    assert Stuffer().feed(content) == b"a\r\n..\r\nb\r\n"


@given(WIRE, st.lists(st.integers(0, 200), max_size=8))
def test_any_chunking_reads_the_same(wire: bytes, places: list[int]) -> None:
    """L10: however the octets are cut, the content is that of the plain reference."""
    wanted, ended, rest = reference(wire + b"\r\n.\r\n")
    content, reader = read(*cut(wire + b"\r\n.\r\n", places))
    assert (content, reader.ended, reader.rest) == (wanted, ended, rest)
    assert not has_bare_newline(content)


@given(WIRE)
def test_a_bare_newline_is_one_that_has_no_partner(wire: bytes) -> None:
    """The quick test for bare line ends says what the plain expression says."""
    assert has_bare_newline(wire) == bool(re.search(rb"\r(?!\n)|(?<!\r)\n", wire))


def test_little_is_held_between_chunks() -> None:
    """L5: what may be the beginning of the end is held back, and only that."""
    reader = ContentReader()
    assert reader.feed(b"x" * 1000 + b"\r\n.\r") == b"x" * 1000
    assert reader.feed(b"x") == b"\r\n\r\nx"


# Going out.


@given(CLEAN, st.lists(st.integers(0, 200), max_size=8))
def test_what_is_stuffed_is_read_back(content: bytes, places: list[int]) -> None:
    """Stuffing and reading undo each other; a last line without its end gets one."""
    stuffer = Stuffer()
    wire = b"".join(stuffer.feed(piece) for piece in cut(content, places)) + stuffer.end()
    got, reader = read(wire)
    assert reader.ended
    assert reader.rest == b""
    assert got == (content if content.endswith(b"\r\n") or not content else content + b"\r\n")


@given(WIRE, st.lists(st.integers(0, 200), max_size=8))
def test_no_bare_newline_leaves(content: bytes, places: list[int]) -> None:
    """3.1 and C5: what has a bare CR or LF is refused, wherever the pieces are cut."""
    stuffer = Stuffer()
    sent = b""
    try:
        for piece in cut(content, places):
            sent += stuffer.feed(piece)
        sent += stuffer.end()
    except BareNewline:
        assert has_bare_newline(content)
    else:
        assert not has_bare_newline(content)
    assert not has_bare_newline(sent.removesuffix(b"\r"))
    assert sent.count(b"\r\n.\r\n") + sent.startswith(b".\r\n") <= 1


def test_a_pair_cut_in_two_is_no_bare_newline() -> None:
    """CR at the end of one piece and LF at the start of the next are one line end."""
    stuffer = Stuffer()
    wire = stuffer.feed(b"a\r") + stuffer.feed(b"\n.b\r\n") + stuffer.feed(b"") + stuffer.end()
    assert wire == b"a\r\n..b\r\n.\r\n"


def test_a_lone_cr_at_the_end_is_refused() -> None:
    """3.1: content that ends in CR cannot be ended on the wire."""
    stuffer = Stuffer()
    stuffer.feed(b"a\r")
    with pytest.raises(BareNewline, match="ends in a CR"):
        stuffer.end()


# The header section.


@given(CLEAN, st.lists(st.integers(0, 200), max_size=8))
def test_the_edge_of_the_header_does_not_depend_on_pieces(tail: bytes, places: list[int]) -> None:
    """The header ends at the first empty line, however the content is cut."""
    content = b"A: b\r\n c\r\n\r\n" + tail
    section = HeaderSection(1000)
    for piece in cut(content, places):
        section.feed(piece)
    section.end()
    assert section.content == b"A: b\r\n c\r\n"
    assert not section.oversized


def test_a_message_without_header() -> None:
    """Content that begins with the empty line has no fields."""
    section = HeaderSection(1000)
    section.feed(b"\r\nbody\r\n")
    assert section.complete
    assert section.content == b""


def test_a_header_over_the_limit() -> None:
    """3.3: a header section larger than the limit is noticed without keeping more of it."""
    section = HeaderSection(1000)
    for _ in range(300):
        section.feed(b"X-Flood: yes\r\n")
    assert section.oversized
    assert len(section.content) == 1000


def test_a_complete_header_over_the_limit() -> None:
    """3.3: the limit holds for a header that comes with its empty line in one piece, too."""
    section = HeaderSection(1000)
    section.feed(b"X: y\r\n" * 300 + b"\r\n")
    assert section.oversized


def test_text_without_header_is_no_oversized_header() -> None:
    """Old programs send text without fields and without an empty line; that is no flood."""
    section = HeaderSection(1000)
    section.feed(b"A: b\r\nplain text\r\n" * 300)
    assert section.complete
    assert not section.oversized
    assert section.content == b"A: b\r\n"


def test_content_that_ends_in_its_header() -> None:
    """A message may be fields only; its end is their end."""
    section = HeaderSection(1000)
    section.feed(b"A: b\r\n")
    section.end()
    section.end()
    assert section.content == b"A: b\r\n"
