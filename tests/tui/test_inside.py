"""What the console has read of a message, how it is wrapped, and how it is saved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from empath.control.link import ContentPart, ReadContent, ReadPart, RequestRefused
from empath.envelope import MessageId
from tests.fakes.dev_relay import dev
from tests.fakes.memory_inside import parts_of
from tests.fakes.memory_link import MemoryLink
from tui.inside import KEPT, MOST, RANGE, Inside, Insides
from tui.inside_text import body_lines, copies_of, fact_lines, part_lines
from tui.saving import open_new, save_message
from tui.theme import COLOURED
from tui.wrapping import wrapped

ID = MessageId("0197a8c0f3e41b2c")


def looked_at(link: MemoryLink) -> Inside:
    """The newest message of a dev relay."""
    return Inside(link.queue[0].id)


async def test_the_ways_to_look_are_those_there_are() -> None:
    """A mail without HTML has neither HTML nor source; a reader sees HTML first, else text."""
    link = dev(1)
    inside = looked_at(link)
    await inside.look(link.ask)
    assert inside.forms == ("html", "text", "source", "raw", "headers", "parts")
    assert inside.first_form == "html"
    inside.parts = parts_of(inside.id, html="")
    assert inside.forms == ("text", "raw", "headers", "parts")
    assert inside.first_form == "text"
    inside.parts = parts_of(inside.id, html="", text="")
    assert inside.first_form == "parts"


async def test_looking_at_the_envelope_is_not_reading_the_body() -> None:
    """Parts are asked for only when somebody looks inside, and once."""
    link = dev(1)
    inside = looked_at(link)
    await inside.look(link.ask, parts=False)
    assert inside.parts is None
    await inside.look(link.ask)
    await inside.look(link.ask)
    assert [type(one).__name__ for one in link.asked] == [
        *("ViewMessage", "ViewMessage", "ListParts", "ViewMessage"),
    ]


async def test_a_text_is_read_in_pieces_up_to_a_limit() -> None:
    """One piece when it is looked at, the next when more is wanted, none behind the end."""
    link = dev(1)
    inside = looked_at(link)
    link.inside.texts[inside.id, "1 text"] = "x" * (RANGE + 5)
    await inside.look(link.ask)
    assert await inside.read(link.ask, "text")
    assert not await inside.read(link.ask, "text")
    assert await inside.read(link.ask, "text", more=True)
    assert inside.pieces["text"].text == "x" * (RANGE + 5)
    assert inside.wants("text", more=True) is None
    assert [one.offset for one in link.asked_of(ReadPart)] == [0, RANGE]
    inside.fold("source", "x" * MOST, next_offset=MOST)
    assert inside.wants("source", more=True) is None
    assert inside.wants("headers") is None


async def test_a_message_that_is_gone_or_damaged_says_so() -> None:
    """No such message, and parts that cannot be told, are sentences and no errors."""
    link = dev(1)
    inside = looked_at(link)
    del link.inside.parts[inside.id]
    await inside.look(link.ask)
    assert (inside.problem, inside.damage[:8]) == ("", "There is")
    assert inside.wants("raw") is not None
    link.views.clear()
    await inside.look(link.ask)
    assert inside.problem.startswith("There is no message")


def test_only_the_last_messages_are_remembered() -> None:
    """Twenty; the one looked at longest ago goes first."""
    insides = Insides()
    first = insides.of(ID)
    others = [MessageId.from_key(ID.key + number) for number in range(1, KEPT)]
    for other in others:
        insides.of(other)
    assert insides.of(ID) is first
    insides.of(MessageId.from_key(ID.key + KEPT))
    assert insides.of(ID) is first
    insides.forget()
    assert insides.of(ID) is not first


@given(st.text(alphabet="ab \u4e2d\u0301", max_size=200), st.integers(min_value=4, max_value=40))
def test_wrapping_loses_nothing_but_blanks(line: str, width: int) -> None:
    """Every piece fits, and together they are the line, blanks at the breaks aside."""
    pieces = list(wrapped(line, width))
    assert all(cell_len(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == line.replace(" ", "")


def test_a_body_is_wrapped_and_its_code_stands_out() -> None:
    """Long lines break at blanks, control characters are dots, code and footnotes are styled."""
    lines = body_lines("one two three\ncode 482 913 [1]\n\x1b[2Jx", COLOURED, 14, "482913")
    assert [line.plain for line in lines][:2] == [" one two", " three"]
    assert lines[-1].plain == " ·[2Jx"
    styled = {lines[2].plain[a:b].strip() for a, b, _ in (span for span in lines[2].spans)}
    assert "482 913" in styled


async def test_the_facts_name_what_is_wrong_first() -> None:
    """Checks that are not fine stand before those that are; many links are counted."""
    link = dev(1)
    inside = looked_at(link)
    await inside.look(link.ask)
    assert inside.view is not None
    many = parts_of(inside.id, links=tuple(f"https://a.test/{n}" for n in range(30)))
    lines = [
        line.plain
        for line in fact_lines(inside.view, many, COLOURED, 60, released="to a: failed 550 no")
    ]
    [checks] = (line for line in lines if line.startswith(" Checks"))
    assert checks.index("▲") < checks.index("✓")
    assert any("… 21 more" in line for line in lines)
    assert any(line.startswith(" Sent    to a: failed") for line in lines)
    titles = [title for title, _ in copies_of(inside.view, many)]
    assert titles[:2] == ["one-time code", "link 1"]
    assert copies_of(None, None) == []


def test_parts_are_a_tree() -> None:
    """Each below the one it is in; what is left out is said."""
    lines = [line.plain for line in part_lines(parts_of(ID, cut=True), COLOURED)]
    assert lines[0].startswith(" 0    multipart/alternative")
    assert lines[1].startswith("   1    text/plain  utf-8")
    assert lines[-1] == " … more parts than are told of"


class Raw:
    """Answers `ReadContent` from octets, a few at a time."""

    def __init__(self, octets: bytes, *, fails_at: int = -1) -> None:
        self.octets = octets
        self.fails_at = fails_at

    async def ask(self, request: ReadContent) -> ContentPart:
        if request.offset == self.fails_at:
            raise RequestRefused("The body cannot be read.")
        part = self.octets[request.offset : request.offset + 10]
        return ContentPart(
            id=ID, offset=request.offset, size=len(self.octets), text="", octets=part
        )


async def test_a_message_is_saved_octet_for_octet(tmp_path: Path) -> None:
    """In pieces, into a new file of the operator's own; nothing is ever overwritten."""
    octets = bytes(range(256))
    folder = tmp_path / "state"
    for name in (f"{ID}.eml", f"{ID}-2.eml"):
        path, written = await save_message(Raw(octets).ask, ID, folder)
        assert (path.name, written, path.read_bytes()) == (name, 256, octets)
        assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    path, written = await save_message(Raw(b"").ask, ID, folder)
    assert (path.read_bytes(), written) == (b"", 0)


async def test_a_file_that_could_not_be_read_whole_is_not_left(tmp_path: Path) -> None:
    """The engine refuses half way: no half a message stays."""
    with pytest.raises(RequestRefused):
        await save_message(Raw(bytes(100), fails_at=50).ask, ID, tmp_path)
    assert names(tmp_path) == []


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return [each.name for each in folder.iterdir()]


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    """What is there, even a link to nowhere, keeps its name."""
    (tmp_path / "a.eml").symlink_to(tmp_path / "elsewhere")
    descriptor, path = open_new(tmp_path, "a", ".eml")
    os.close(descriptor)
    assert path.name == "a-2.eml"
    assert not (tmp_path / "elsewhere").exists()
