"""What operators read inside a message, over a real spool."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from pathlib import Path

import pytest

from empath.config.model import Mode
from empath.control.link import (
    ListParts,
    ListRecord,
    NotFound,
    ReadContent,
    ReadPart,
    RequestRefused,
    RequestUnclear,
)
from empath.control.mime_parts import KEPT, TEXT_LIMIT
from empath.control.reading import EVERY
from empath.envelope import MessageId
from tests.fakes.operator_desk import Desk, desk

STRANGER = MessageId("0197a8c0f3e41b2c")
PICTURE = bytes(range(256)) * 5000


def shop_mail() -> bytes:
    """A mail with a code, links, both alternatives and a picture."""
    message = EmailMessage()
    message["From"] = "Shop <shop@shop.test>"
    message["Subject"] = "Sign in"
    message.set_content("Your one-time code: 482 913\nhttps://shop.test/in \x1b[31m\n")
    message.add_alternative(
        '<h1>Sign in</h1><p>Your code: <b>482913</b> <a href="https://shop.test/x">here</a>'
        '<a href="http://old.test/">or</a><p>Olé\u202e</p>\n',
        subtype="html",
    )
    message.add_attachment(PICTURE, maintype="image", subtype="png", filename="a\u202eb.png")
    return message.as_bytes().replace(b"\n", b"\r\n")


def damage(folder: Path) -> None:
    """Put something else in the place of the one body that is a file."""
    [body] = (each for each in (folder / "spool" / "body").rglob("*") if each.is_file())
    body.write_bytes(b"other")


async def test_a_message_says_what_is_in_it(tmp_path: Path) -> None:
    """Parts, the code, the links and the checks of a captured mail come with one request."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=shop_mail(), subject="Sign in")
        found = await engine.link.ask(ListParts(id=message))
        assert [(one.number, one.kind) for one in found.parts] == [
            ("0", "multipart/mixed"),
            ("1", "multipart/alternative"),
            ("1.1", "text/plain"),
            ("1.2", "text/html"),
            ("2", "image/png"),
        ]
        assert (found.text, found.html, found.code) == ("1.1", "1.2", "482913")
        assert found.links == (
            "https://shop.test/x",
            "http://old.test/",
            "https://shop.test/in",
        )
        assert found.parts[4].filename == r"a\u202eb.png"
        said = {one.sentence: one.fine for one in found.checks}
        assert said["no Date"] is False
        assert said["text and HTML"] is True


async def test_html_comes_as_text(tmp_path: Path) -> None:
    """HTML is made to text with its links below; its source is there for who asks for it."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=shop_mail())
        page = await engine.link.ask(ReadPart(id=message))
        assert page.text.startswith("# Sign in\n\nYour code: 482913 here[1]or[2]")
        assert (page.kind, page.charset, page.next_offset) == ("text/html", "utf-8", None)
        assert page.links == ("https://shop.test/x", "http://old.test/")
        assert r"Olé\u202e" in page.text
        source = await engine.link.ask(ReadPart(id=message, part="1.2", form="source"))
        assert "<h1>Sign in</h1>" in source.text
        plain = await engine.link.ask(ReadPart(id=message, part="1.1"))
        assert r"https://shop.test/in \x1b[31m" in plain.text


async def test_a_part_is_read_piece_by_piece(tmp_path: Path) -> None:
    """Text by characters, decoded octets of any part by octets; the pieces make the whole."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=shop_mail())
        text, offset = "", 0
        while True:
            piece = await engine.link.ask(ReadPart(id=message, offset=offset, limit=7))
            text += piece.text
            if piece.next_offset is None:
                break
            offset = piece.next_offset
        assert text == (await engine.link.ask(ReadPart(id=message))).text
        octets, at = b"", 0
        while True:
            request = ReadPart(id=message, part="2", form="octets", offset=at, limit=300_000)
            piece = await engine.link.ask(request)
            octets += piece.octets
            if piece.next_offset is None:
                break
            at = piece.next_offset
        assert octets == PICTURE
        head = ReadPart(id=message, part="0", form="octets", limit=4)
        assert (await engine.link.ask(head)).octets == b"--=="


async def test_what_is_no_text_is_refused_with_the_way_to_save_it(tmp_path: Path) -> None:
    """A picture is not shown as text; a part that is not there is told with those that are."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=shop_mail())
        with pytest.raises(RequestRefused, match=r"is image/png and no text: save it with"):
            await engine.link.ask(ReadPart(id=message, part="2"))
        with pytest.raises(NotFound, match=r"has no part 9; there are 0, 1, 1\.1"):
            await engine.link.ask(ReadPart(id=message, part="9"))
        with pytest.raises(NotFound, match="There is no message"):
            await engine.link.ask(ListParts(id=STRANGER))
        with pytest.raises(RequestUnclear):
            await engine.link.ask(ReadPart(id=message, offset=-1))


async def test_a_large_message_is_looked_through_in_pieces(tmp_path: Path) -> None:
    """A file of 20 MB of base64 has its place in the tree, and its octets from any place."""
    big = base64.encodebytes(b"0123456789" * 1_500_000).replace(b"\n", b"\r\n")
    body = (
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nHello\r\n--x\r\n'
        b"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + big
        + b"--x--\r\n"
    )
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=body)
        found = await engine.link.ask(ListParts(id=message))
        assert [one.size for one in found.parts[1:]] == [5, len(big) - 2]
        request = ReadPart(id=message, part="2", form="octets", offset=14_999_995, limit=10)
        last = await engine.link.ask(request)
        assert (last.octets, last.next_offset) == (b"56789", None)


async def test_more_text_than_is_shown_is_said_to_be_cut(tmp_path: Path) -> None:
    """Text ends at a limit and says so; charsets that lie are read as well as can be."""
    body = b"Content-Type: text/plain; charset=utf-16le\r\n\r\n" + b"x\r\n" * (TEXT_LIMIT // 2)
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=body)
        assert (await engine.link.ask(ReadPart(id=message))).cut
        empty = await engine.accept(body=b"\r\n")
        assert (await engine.link.ask(ReadPart(id=empty))).text == ""
        for _ in range(KEPT + 2):
            other = await engine.accept(body=b"Subject: x\r\n\r\nshort\tline\r\n")
            assert (await engine.link.ask(ReadPart(id=other))).text.rstrip() == "short    line"


async def test_a_body_that_is_gone_is_told(tmp_path: Path) -> None:
    """Finished mail has no body; a damaged one is refused with its sentence."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=b"Subject: x\r\n\r\n" + b"y" * 300_000)
        damage(tmp_path)
        with pytest.raises(RequestRefused, match="cannot be read"):
            await engine.link.ask(ListParts(id=message))


async def _noted(engine: Desk) -> list[str]:
    listed = await engine.link.ask(ListRecord())
    return [each.record.target for each in listed.items if each.record.action == "read"]


async def test_reading_a_body_is_on_record_outside_dev_mode(tmp_path: Path) -> None:
    """One entry for a message and operator in an hour, whatever he reads of it, by any process."""
    async with desk(tmp_path) as engine:
        message = await engine.accept(body=shop_mail())
        ann = engine.link.acting("ann(uid 7) pid 1")
        await ann.ask(ListParts(id=message))
        await ann.ask(ReadPart(id=message))
        await engine.link.acting("ann(uid 7) pid 2").ask(ReadContent(id=message))
        assert await _noted(engine) == [message]
        await engine.link.acting("bob(uid 8) pid 3").ask(ReadContent(id=message))
        engine.clock.advance(EVERY)
        await ann.ask(ReadContent(id=message))
        assert await _noted(engine) == [message, message, message]


async def test_captured_mail_is_read_without_a_record(tmp_path: Path) -> None:
    """In dev mode the mail is the developer's own."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        message = await engine.accept(body=shop_mail())
        await engine.link.ask(ReadPart(id=message))
        assert await _noted(engine) == []
