"""Replies from octets: strict, bounded, sanitised at the edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.reply import EnhancedCode, Reply
from empath.smtp.reply_reader import (
    LINE_OCTETS,
    REPLY_LINES,
    REPLY_OCTETS,
    ReplyBroken,
    ReplyReader,
)


def read(data: bytes) -> list[Reply]:
    """All replies in *data*."""
    return ReplyReader().feed(data)


def test_a_reply_of_one_line_gives_code_enhanced_code_and_text() -> None:
    """The enhanced code is taken off the text."""
    assert read(b"250 2.1.0 Ok\r\n") == [Reply(250, EnhancedCode("2.1.0"), "Ok")]


def test_a_long_reply_of_one_line_is_read_as_a_short_one_is() -> None:
    """What is too long to remember is read all the same."""
    text = "queued as " + "x" * 100
    assert read(f"250 2.0.0 {text}\r\n".encode()) == [Reply(250, EnhancedCode("2.0.0"), text)]


def test_the_lines_of_a_reply_are_kept_apart() -> None:
    """EHLO says one extension a line."""
    assert read(b"250-mx.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n") == [
        Reply(250, None, "mx.test\nPIPELINING\nSIZE 1000")
    ]


def test_an_enhanced_code_on_each_line_is_taken_off_each() -> None:
    """RFC 2034 repeats the enhanced code on each line; a person needs it once."""
    [reply] = read(b"550-5.1.1 There is\r\n550-no such\r\n550 5.1.1 user\r\n")
    assert reply == Reply(550, EnhancedCode("5.1.1"), "There is\nno such\nuser")


def test_250_with_a_hyphen_and_then_550_is_550() -> None:
    """The last line counts (SMTP-RULES 3.4-8)."""
    [reply] = read(b"250-fine\r\n550 5.7.1 not at all\r\n")
    assert (reply.code, reply.enhanced) == (550, "5.7.1")


@pytest.mark.parametrize("line", [b"250\r\n", b"250 \r\n", b"250\n"])
def test_a_code_without_text_is_a_reply(line: bytes) -> None:
    """3.4-7a: `250` without text; the code alone decides."""
    assert read(line) == [Reply(250, None, "")]


def test_200_is_positive() -> None:
    """3.4-7a: `200` to MAIL; the first digit decides (SMTP-RULES C3)."""
    assert read(b"200 hm\r\n")[0].positive


@pytest.mark.parametrize(
    "line",
    [
        b"999 ?\r\n",
        b"25 ok\r\n",
        b"100 ?\r\n",
        b"600 ?\r\n",
        b"\r\n",
        b"250x\r\n",
        b"ok\r\n",
        b"250\xb2 \r\n",
        "²50 x\r\n".encode(),
        b" 250 x\r\n",
    ],
)
def test_what_has_no_code_from_200_to_599_is_no_reply(line: bytes) -> None:
    """3.4-7b: `999` and `25 ok` are protocol errors (SMTP-RULES C3)."""
    with pytest.raises(ReplyBroken):
        read(line)


def test_a_reply_full_of_escapes_arrives_harmless() -> None:
    """3.4-3a, C2: ESC, OSC 52, NUL, bidi and octets that are not UTF-8 are shown, not passed on."""
    [reply] = read(b"550 \x1b[31m \x1b]52;c;AA\x07 \x00 \xe2\x80\xae \x9b \xff\r\n")
    assert reply.text.isprintable()
    assert reply.text.encode()  # A lone surrogate would raise here, and in SQLite.


def test_a_line_without_an_end_is_given_up() -> None:
    """3.4-1a: a 20 MB banner is refused at its first kilobytes, memory flat."""
    reader = ReplyReader()
    for _ in range(4):
        reader.feed(b"2" * 1000)
    with pytest.raises(ReplyBroken, match="longer than 4096"):
        reader.feed(b"2" * 1000)


def test_a_whole_line_that_is_too_long_is_given_up() -> None:
    """A long line is no better for having an end."""
    with pytest.raises(ReplyBroken):
        read(b"250 " + b"x" * LINE_OCTETS + b"\r\n")


def test_a_reply_without_a_last_line_is_given_up_by_lines() -> None:
    """3.4-1b: endless EHLO lines."""
    with pytest.raises(ReplyBroken, match="lines"):
        read(b"250-x\r\n" * REPLY_LINES)


def test_a_reply_without_a_last_line_is_given_up_by_octets() -> None:
    """3.4-1c: an endless banner."""
    with pytest.raises(ReplyBroken, match="octets"):
        read((b"220-" + b"x" * 4000 + b"\r\n") * (REPLY_OCTETS // 4000 + 1))


def test_replies_that_come_together_are_all_given() -> None:
    """Who reads them must count them: an extra one is not an answer."""
    assert [reply.code for reply in read(b"250 a\r\n354 b\r\n")] == [250, 354]


def test_it_tells_when_it_holds_a_part_of_a_reply() -> None:
    """Octets behind the answer to STARTTLS are noticed even without a line's end."""
    reader = ReplyReader()
    assert not reader.amid
    assert reader.feed(b"220 go\r\n250") == [Reply(220, None, "go")]
    assert reader.amid
    reader.feed(b" x\r\n250-")
    assert reader.amid
    assert repr(reader) == "<ReplyReader lines=0 octets=4>"


@given(
    st.lists(st.from_regex(r"[2-5][0-9]{2}-[a-z .0-9]{0,20}", fullmatch=True), max_size=4),
    st.from_regex(r"[2-5][0-9]{2} [a-z .0-9]{0,20}", fullmatch=True),
    st.lists(st.integers(1, 12), max_size=40),
)
def test_how_octets_are_cut_changes_nothing(first: list[str], last: str, cuts: list[int]) -> None:
    """A reply is the same whether it comes at once or octet by octet."""
    data = "".join(f"{line}\r\n" for line in (*first, last)).encode()
    reader = ReplyReader()
    replies, rest = [], data
    for cut in cuts:
        replies += reader.feed(rest[:cut])
        rest = rest[cut:]
    replies += reader.feed(rest)
    assert replies == read(data)
    assert len(replies) == 1
    assert not reader.amid


@given(st.binary(max_size=300))
def test_any_octets_give_replies_or_one_error(data: bytes) -> None:
    """Nothing else than `ReplyBroken` comes out of it, and no text that is not fit to show."""
    try:
        replies = read(data)
    except ReplyBroken as error:
        assert str(error).isprintable()  # noqa: PT017 - either way is right
        return
    for reply in replies:
        assert 200 <= reply.code < 600
        assert all(line.isprintable() for line in reply.text.split("\n"))
