"""What is worth saying about a mail before it is sent for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from empath.message.checks import CLIPPED, LARGE, review
from empath.message.structure import StructureReader

GOOD = {
    "date": ["Mon, 23 Nov 2026 04:00:00 +0000"],
    "message-id": ["<1@shop.test>"],
    "from": ["shop@shop.test"],
    "subject": ["Hello"],
    "list-unsubscribe": ["<https://shop.test/u>"],
    "list-unsubscribe-post": ["List-Unsubscribe=One-Click"],
}
TEXT = b"Subject: x\r\n\r\nHello\r\n"
HTML = b"Content-Type: text/html\r\n\r\n<p>x\r\n"
BOTH = (
    b"Content-Type: multipart/alternative; boundary=x\r\n\r\n"
    b"--x\r\n\r\nHello\r\n--x\r\n" + HTML + b"--x--\r\n"
)


def said(
    fields: Mapping[str, Sequence[str]] = GOOD,
    octets: bytes = BOTH,
    *,
    size: int = 1000,
    links: Sequence[str] = (),
    html_octets: int = 10,
    text_characters: int = 5,
) -> dict[str, bool]:
    """The sentences, and whether each is fine."""
    reader = StructureReader()
    reader.feed(octets)
    checks = review(
        fields,
        reader.close(),
        size=size,
        links=links,
        html_octets=html_octets,
        text_characters=text_characters,
    )
    return {one.sentence: one.fine for one in checks}


def test_a_good_mail_has_nothing_to_be_said() -> None:
    """Date, Message-ID, both alternatives, a link with encryption, one click to unsubscribe."""
    assert all(said(links=["https://a.test"]).values())
    assert said(links=["https://a.test", "mailto:a@b.test"])["2 links"]


@pytest.mark.parametrize(
    ("said_now", "sentence"),
    [
        (said({**GOOD, "date": []}), "no Date"),
        (said({**GOOD, "message-id": [" "]}), "no Message-ID"),
        (said({**GOOD, "subject": ["a", "b"]}), "2 Subject fields"),
        (said({k: v for k, v in GOOD.items() if "list" not in k}), "no List-Unsubscribe"),
        (said(octets=HTML, text_characters=0), "HTML without a text alternative"),
        (said(text_characters=0), "the text alternative is empty"),
        (said(html_octets=CLIPPED + 1024), "HTML of 103 kB is cut off by Gmail"),
        (said(size=LARGE + 1), "size 10.0 MB"),
        (said(links=["http://a.test"]), "1 of 1 links without encryption (http:)"),
        (said(octets=b"Content-Type: image/png\r\n\r\nx", html_octets=0), "text"),
        (
            said(
                octets=b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 300
            ),
            "more parts than are shown",
        ),
    ],
)
def test_what_is_wrong_is_said(said_now: Mapping[str, bool], sentence: str) -> None:
    """Each fault is one sentence, and is not fine."""
    assert said_now[sentence] is False


def test_text_alone_is_fine_and_so_is_unsubscribing_in_two_steps() -> None:
    """Not every mail has HTML, and RFC 8058 is for bulk mail."""
    assert said(octets=TEXT, html_octets=0)["text"]
    fields = {k: v for k, v in GOOD.items() if k != "list-unsubscribe-post"}
    assert said(fields)["List-Unsubscribe, not in one click"]
