"""Trace fields, and what a header section tells."""

from __future__ import annotations

import email
import email.policy
import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import BannerHostname, EmailAddress
from empath.envelope import MessageId
from empath.message.trace import (
    HeaderFacts,
    date_time,
    protocol_name,
    read_header,
    received,
    return_path,
)
from empath.safe_text import safe_text

ID = MessageId("0197a8c0f3e41b2c")


def field(**changes: object) -> str:
    """A Received field, with these values changed."""
    values: dict[str, object] = {
        "helo": "client.test",
        "client": "192.0.2.1",
        "by": BannerHostname("mx.test"),
        "protocol": "ESMTP",
        "id": ID,
        "at": 1_790_000_000.9,
        "recipient": EmailAddress("b@x.test"),
    }
    return received(**{**values, **changes}).decode()  # type: ignore[arg-type]


def test_the_received_field() -> None:
    """Received names client, host, protocol, id, the only recipient and the time (4.4)."""
    assert field() == (
        "Received: from client.test ([192.0.2.1])\r\n\tby mx.test with ESMTP\r\n"
        "\tid 0197a8c0f3e41b2c\r\n\tfor <b@x.test>; Mon, 21 Sep 2026 14:13:20 +0000\r\n"
    )


def test_received_over_tls_from_ipv6() -> None:
    """TLS is told as a comment, an IPv6 client as its literal; several recipients are not told."""
    text = field(client="2001:db8::1", protocol="ESMTPS", tls="TLSv1.3 X", recipient=None)
    assert "([IPv6:2001:db8::1])" in text
    assert "with ESMTPS (TLSv1.3 X)\r\n" in text
    assert "for" not in text


def test_return_path() -> None:
    """Return-Path holds the reverse-path, and nothing for the null one."""
    assert return_path(EmailAddress("a@x.test")) == b"Return-Path: <a@x.test>\r\n"
    assert return_path(None) == b"Return-Path: <>\r\n"


@given(st.integers(0, 4_000_000_000))
def test_dates_are_those_of_the_standard_library(second: int) -> None:
    """The date is RFC 5322's, in English whatever the locale."""
    assert date_time(second) == email.utils.formatdate(second, usegmt=False).replace(
        "-0000", "+0000"
    )


def test_counting_fields_and_hops() -> None:
    """3.3: folded lines are no fields of their own; Received counts in any case."""
    header = (
        b"Received: from a\r\n\tby b\r\nRECEIVED: from c\r\nX-Received: no\r\n"
        b"Subject: hello\r\n world\r\n"
    )
    assert read_header(header) == HeaderFacts(4, 2, "hello world")


@pytest.mark.parametrize(
    ("header", "facts"),
    [
        (b"", HeaderFacts(0, 0, "")),
        (b"A: b", HeaderFacts(1, 0, "")),
        (b"Subject: x", HeaderFacts(1, 0, "x")),
        (b"A: b\r\nsubject:x\r\nSubject: second\r\n", HeaderFacts(3, 0, "x")),
        (b"X-Subject: no\r\n", HeaderFacts(1, 0, "")),
    ],
)
def test_small_headers(header: bytes, facts: HeaderFacts) -> None:
    """An empty header, one without a line end, and the first of two Subjects."""
    assert read_header(header) == facts


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"=?utf-8?q?caf=C3=A9_au_lait?=", "caf\u00e9 au lait"),
        (b"=?UTF-8?B?w6k=?=", "\u00e9"),
        (b"=?utf-8*en?q?hi?=", "hi"),
        (b"=?iso-8859-1?q?a=E9?= =?iso-8859-1?q?b?=", "a\u00e9b"),
        (b"Re: =?utf-8?q?a?=\r\n =?utf-8?q?b?= end", "Re: ab end"),
        (b"=?utf-8?q?=1B[31mred?=", "\\x1b[31mred"),
        (b"=?utf-8?q?=E2=80=AEx?=", "\\u202ex"),
        (b"=?unicode_escape?q?=5Cx41?=", "=?unicode_escape?q?=5Cx41?="),
        (b"=?idna?q?xn--a?=", "=?idna?q?xn--a?="),
        (b"=?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?a?b?=", "=?utf-8?q?a?b?="),
        (b"=?utf-8?q?=FF?=", "\ufffd"),
        (b"\xe4 raw", "\\xe4 raw"),
        ("\u00e9 raw".encode(), "\u00e9 raw"),
        (b"\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
    ],
)
def test_subjects_for_people(raw: bytes, shown: str) -> None:
    """A Subject is decoded and made safe; what cannot be decoded is shown as it is."""
    assert read_header(b"A: b\r\nSubject: " + raw + b"\r\nB: c\r\n").subject == shown


def test_a_long_subject_is_cut() -> None:
    """A Subject of any length costs little and shows at most 200 characters."""
    subject = read_header(b"Subject: " + b"x" * 100_000 + b"\r\n").subject
    assert len(subject) == 200
    assert subject.endswith("\u2026")


@given(st.binary(max_size=300))
def test_no_header_makes_reading_fail(header: bytes) -> None:
    """Whatever stands in a header, facts come out, and the subject can be shown and stored."""
    facts = read_header(b"Subject: " + header)
    assert safe_text(facts.subject) == facts.subject
    assert facts.hops <= facts.fields + 1


WORDS = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8).map(safe_text),
    min_size=1,
    max_size=3,
).map(" ".join)


@given(WORDS)
def test_encoded_subjects_are_those_of_the_standard_library(text: str) -> None:
    """What another program encodes by RFC 2047 is shown as it was written."""
    message = email.message.EmailMessage(email.policy.SMTP)
    message["Subject"] = text
    raw = bytes(message).partition(b"\r\n\r\n")[0] + b"\r\n"
    assert read_header(raw).subject == safe_text(text, 200)


@pytest.mark.parametrize(
    ("esmtp", "secured", "smtputf8", "name"),
    [
        (False, False, False, "SMTP"),
        (True, False, False, "ESMTP"),
        (True, True, False, "ESMTPS"),
        (True, False, True, "UTF8SMTP"),
        (True, True, True, "UTF8SMTPS"),
    ],
)
def test_protocol_names(esmtp: bool, secured: bool, smtputf8: bool, name: str) -> None:
    """The WITH word says how the message came (RFC 3848, RFC 6531 3.7.3)."""
    assert protocol_name(esmtp, secured=secured, smtputf8=smtputf8) == name
