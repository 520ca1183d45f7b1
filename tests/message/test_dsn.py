"""Delivery status notifications, read back by the standard library's parser."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from email.message import EmailMessage, Message
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.address import BannerHostname, Domain, EmailAddress
from empath.envelope import Lot, MessageId, Priority, Recipient, Waiting
from empath.message.dsn import (
    FULL_LIMIT,
    HEADER_LIMIT,
    MAX_RECIPIENTS,
    Action,
    RecipientReport,
    compose,
    wanted,
)
from empath.message.seven_bit import is_clean
from empath.reply import Reply

HOST = BannerHostname("relay.example.net")
AT = 1_790_000_000.0
WHEN = "Mon, 21 Sep 2026 14:13:20 +0000"
ADA = Recipient(EmailAddress("ada@example.org"))
BOB = Recipient(EmailAddress("bob@example.org"), original="rfc822;bob+2Bnews@example.com")
ORIGINAL = (
    b"Received: from here\r\n\tby there\r\n"
    b"From: Carol <carol@example.net>\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n an alle\r\n"
    b"Message-ID: <1234@example.net>\r\n"
    b"\r\n"
    b"The secret body\r\n"
)
REFUSED = Reply.of("550 5.1.1 No such user here")


def lot(*recipients: Recipient, **changes: object) -> Lot:
    """A lot of a message from Carol."""
    whole = Lot(
        id=MessageId("0197a8c0f3e41b2c"),
        destination=Domain("example.org"),
        recipients=tuple(Waiting(n, r, 1) for n, r in enumerate(recipients)),
        reverse_path=EmailAddress("carol@example.net"),
        priority=Priority.NORMAL,
        received_at=AT,
        due_at=AT,
        size=len(ORIGINAL),
    )
    return msgspec.structs.replace(whole, **changes)


def failed(recipient: Recipient = ADA, reply: Reply = REFUSED, **more: object) -> RecipientReport:
    """A report of a refusal by a server."""
    report = RecipientReport(recipient, Action.FAILED, reply, AT + 60, server="mx1.example.org")
    return dataclasses.replace(report, **more)  # type: ignore[arg-type]


def write(*reports: RecipientReport, original: bytes = ORIGINAL, of: Lot | None = None) -> bytes:
    """A notification as the engine has it written."""
    return compose(
        of or lot(ADA), reports, hostname=HOST, now=AT + 61, seed="3f9ac2d1", original=original
    )


def read(octets: bytes) -> tuple[EmailMessage, str, list[Message], Message]:
    """The parts: whole, words, blocks of fields, original.  Checks what holds for every one."""
    assert is_clean(octets)
    message = cast("EmailMessage", email.message_from_bytes(octets, policy=email.policy.default))
    assert [part.defects for part in message.walk()] == [[] for _ in message.walk()]
    words, status, original = cast("list[Message]", message.get_payload())
    assert words.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    assert not message.preamble
    assert not message.epilogue
    text = cast("EmailMessage", words).get_content().replace("\r\n", "\n")
    return message, text, cast("list[Message]", status.get_payload()), original


def test_the_header_says_what_it_is() -> None:
    """From the mail system, automatic, a report (RFC 3834, RFC 6522)."""
    message, _, _, _ = read(write(failed()))
    assert dict(message.items()) == {
        "Date": "Mon, 21 Sep 2026 14:14:21 +0000",
        "From": "Mail Delivery System <MAILER-DAEMON@relay.example.net>",
        "To": "carol@example.net",
        "Subject": "Your message could not be delivered",
        "Message-ID": "<3f9ac2d1.dsn@relay.example.net>",
        "In-Reply-To": "<1234@example.net>",
        "References": "<1234@example.net>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": str(message["Content-Type"]),
    }
    assert message["Content-Type"].params["report-type"] == "delivery-status"


def test_a_failure_is_told_to_a_person() -> None:
    """Which message, to whom, what is wrong, what the server said, in plain words."""
    _, words, _, _ = read(write(failed()))
    assert words.splitlines() == [
        "This is the mail system at relay.example.net.",
        "",
        'It is about your message "Grüße an alle"',
        f"which it received on {WHEN}.",
        "",
        "It could not be delivered to the following recipients,",
        "and will not be tried again:",
        "",
        "  ada@example.org",
        "    There is no such mailbox. Please check the spelling before the @.",
        "    The mail server mx1.example.org said:",
        "      550 5.1.1 No such user here",
        "",
        "If you ask your postmaster for help, please quote the number 0197a8c0f3e41b2c.",
    ]


def test_a_failure_is_told_to_a_program() -> None:
    """RFC 3464 2.2 and 2.3, field by field."""
    _, _, blocks, _ = read(write(failed(BOB), of=lot(BOB, envid="QQ+2B314159")))
    assert [list(block.items()) for block in blocks] == [
        [
            ("Original-Envelope-Id", "QQ+314159"),
            ("Reporting-MTA", "dns; relay.example.net"),
            ("Arrival-Date", WHEN),
            ("X-Empath-Message-Id", "0197a8c0f3e41b2c"),
        ],
        [
            ("Original-Recipient", "rfc822; bob+news@example.com"),
            ("Final-Recipient", "rfc822; bob@example.org"),
            ("Action", "failed"),
            ("Status", "5.1.1"),
            ("Remote-MTA", "dns; mx1.example.org"),
            ("Diagnostic-Code", "smtp; 550 5.1.1 No such user here"),
            ("Last-Attempt-Date", "Mon, 21 Sep 2026 14:14:20 +0000"),
        ],
    ]


def test_a_delay_says_until_when_and_that_nothing_need_be_done() -> None:
    """A warning is not taken for a failure, by a person or by a program."""
    report = RecipientReport(
        ADA,
        Action.DELAYED,
        Reply.of("451 4.4.1 mx1.example.org does not answer"),
        AT,
        retry_until=AT + 86400,
    )
    message, words, blocks, _ = read(write(report))
    assert message["Subject"] == "Your message is delayed"
    assert "you need not send it again, it is still being tried:" in words
    assert "    It will be tried until Tue, 22 Sep 2026 14:13:20 +0000." in words
    assert "    Empath said:\n      451 4.4.1 mx1.example.org does not answer" in words
    fields = dict(blocks[1].items())
    assert fields["Action"] == "delayed"
    assert fields["Will-Retry-Until"] == "Tue, 22 Sep 2026 14:13:20 +0000"
    assert "Remote-MTA" not in fields
    assert fields["Diagnostic-Code"].startswith("x-empath; 451 4.4.1 ")


def test_what_was_given_up_for_its_age_says_so() -> None:
    """The last temporary refusal stands as the reason (RFC 3463, X.4.7)."""
    late = failed(reply=Reply.of("452 4.2.2 mailbox full"), expired=True)
    _, words, blocks, _ = read(write(late))
    assert "It was tried again and again and could not be delivered in time" in words
    assert "    The mailbox is full." in words
    assert (blocks[1]["Action"], blocks[1]["Status"]) == ("failed", "4.2.2")


def test_a_success_is_told_when_it_was_asked_for() -> None:
    """RFC 3461 5.2.2: a server without DSN took the message: relayed."""
    done = RecipientReport(
        ADA, Action.RELAYED, Reply.of("250 2.0.0 Ok: queued"), AT, server="mx1.example.org"
    )
    message, words, blocks, _ = read(write(done))
    assert message["Subject"] == "Your message was handed on"
    assert "The recipient's mail server accepted the message." in words
    assert (blocks[1]["Action"], blocks[1]["Status"]) == ("relayed", "2.0.0")


def test_recipients_with_different_ends_share_one_report() -> None:
    """One message about all of them; the worst names the subject."""
    delayed = RecipientReport(BOB, Action.DELAYED, Reply.of("451 4.3.0 later"), AT)
    message, words, blocks, _ = read(write(delayed, failed()))
    assert message["Subject"] == "Your message could not be delivered"
    assert words.index("ada@example.org") < words.index("bob@example.org")
    assert [block["Final-Recipient"] for block in blocks[1:]] == [
        "rfc822; bob@example.org",
        "rfc822; ada@example.org",
    ]


def test_a_reply_without_enhanced_code_has_the_class_for_status() -> None:
    """RFC 3464 2.3.4: a status is always there."""
    _, words, blocks, _ = read(write(failed(reply=Reply(554, None, "no\nand no again"))))
    assert blocks[1]["Status"] == "5.0.0"
    assert blocks[1]["Diagnostic-Code"] == "smtp; 554 no and no again"
    assert "      554 no\n      and no again\n" in words
    assert "The recipient's mail server did not accept the message." in words


def test_only_the_header_comes_back_by_default() -> None:
    """RET=HDRS: the body stays private."""
    octets = write(failed())
    _, _, _, original = read(octets)
    assert original.get_content_type() == "text/rfc822-headers"
    assert original.get_payload() == ORIGINAL.partition(b"\r\n\r\n")[0].decode() + "\r\n"
    assert b"secret" not in octets


def test_the_whole_message_comes_back_where_it_was_asked_for() -> None:
    """RET=FULL on a failure: the octets of the original, unchanged."""
    octets = write(failed(), of=lot(ADA, return_headers_only=False))
    _, _, _, original = read(octets)
    assert original.get_content_type() == "message/rfc822"
    assert ORIGINAL in octets


@pytest.mark.parametrize(
    ("original", "size", "action"),
    [
        (ORIGINAL + "ü\r\n".encode(), None, Action.FAILED),
        (ORIGINAL + b"a" * 1000 + b"\r\n", None, Action.FAILED),
        (ORIGINAL, FULL_LIMIT + 1, Action.FAILED),
        (ORIGINAL, None, Action.DELAYED),
    ],
)
def test_what_cannot_come_back_whole_comes_back_as_its_header(
    original: bytes, size: int | None, action: Action
) -> None:
    """Eight bits, overlong lines, too large, or only a delay: the header alone."""
    asked = lot(ADA, return_headers_only=False, size=size or len(original))
    _, _, _, part = read(write(failed(action=action), of=asked, original=original))
    assert part.get_content_type() == "text/rfc822-headers"


def test_as_much_is_read_of_the_original_as_can_be_used() -> None:
    """The caller reads no more into memory than the notification can hold."""
    assert wanted(lot(ADA)) == HEADER_LIMIT + 4
    assert wanted(lot(ADA, return_headers_only=False)) == FULL_LIMIT
    assert wanted(lot(ADA, return_headers_only=False, size=FULL_LIMIT + 1)) == HEADER_LIMIT + 4


@pytest.mark.parametrize("original", [b"", b"no line end", b"\r\nbody only\r\n"])
def test_a_message_without_a_header_can_be_reported(original: bytes) -> None:
    """The body is gone, or never had a header: the notification is whole all the same."""
    _, words, _, part = read(write(failed(), original=original))
    assert f"It is about your message received on {WHEN}." in words
    assert part.get_payload() == ""


def test_a_header_with_raw_letters_comes_back_readable() -> None:
    """An internationalised header is encoded, since the notification is 7-bit."""
    _, words, _, part = read(write(failed(), original="Subject: Grüße\r\n\r\nx\r\n".encode()))
    assert '"Grüße"' in words
    assert cast("EmailMessage", part).get_content_type() == "text/rfc822-headers"
    assert cast("bytes", part.get_payload(decode=True)).decode() == "Subject: Grüße\r\n"


def test_a_huge_header_is_cut_at_a_line() -> None:
    """Only so much of a header comes back, and no half line."""
    header = b"".join(b"X-%06d: filling\r\n" % n for n in range(20_000))
    octets = write(failed(), original=header + b"\r\n")
    _, _, _, part = read(octets)
    kept = cast("str", part.get_payload())
    assert header.startswith(kept.encode())
    assert kept.endswith("filling\r\n")
    assert HEADER_LIMIT - 20 < len(kept) <= HEADER_LIMIT


def test_internationalised_addresses_are_written_in_ascii() -> None:
    """RFC 6533 3 for the recipient, RFC 6857 3.1.8 for the reader."""
    jorg = Recipient(EmailAddress("jörg@exämple.org"))
    sender = EmailAddress("jürgen@example.net")
    message, words, blocks, _ = read(write(failed(jorg), of=lot(jorg, reverse_path=sender)))
    assert blocks[1]["Final-Recipient"] == "utf-8; j\\x{F6}rg@ex\\x{E4}mple.org"
    assert "  jörg@exämple.org\n" in words
    assert str(message["To"]) == '"jürgen@example.net":;'


def test_an_original_recipient_without_type_is_of_unknown_type() -> None:
    """What a client gave is passed on in a legal form."""
    odd = Recipient(ADA.address, original="just text")
    _, _, blocks, _ = read(write(failed(odd)))
    assert blocks[1]["Original-Recipient"] == "unknown; just text"


def test_a_boundary_inside_the_original_is_avoided() -> None:
    """Even one who guessed the seed cannot end a part early."""
    forged = b"From: x\r\n\r\n--=_3f9ac2d1_0\r\nContent-Type: text/html\r\n\r\nforged\r\n"
    of = lot(ADA, return_headers_only=False, size=len(forged))
    message, _, _, original = read(write(failed(), of=of, original=forged))
    assert message.get_boundary() == "=_3f9ac2d1_1"
    inner = cast("list[Message]", original.get_payload())[0]
    assert "forged" in cast("str", inner.get_payload())


def test_thousands_of_recipients_stay_bounded() -> None:
    """A thousand are named for programs, fifty for a person, with the longest of replies."""
    many = [
        failed(
            Recipient(EmailAddress(f"{'u' * 50}{n}@example.org")),
            Reply(550, None, "\n".join(["x" * 1000] * 50)),
        )
        for n in range(3000)
    ]
    octets = write(*many)
    _, words, blocks, _ = read(octets)
    assert len(blocks) == 1 + MAX_RECIPIENTS
    assert "… and 2950 more recipients." in words
    assert len(octets) < 3_000_000


@pytest.mark.parametrize(
    ("change", "reports", "seed"),
    [
        ({"reverse_path": None}, (failed(),), "3f9ac2d1"),
        ({}, (), "3f9ac2d1"),
        ({}, (failed(),), "a\r\nb: c"),
        ({}, (failed(),), "short"),
    ],
)
def test_what_must_not_be_sent_is_not_written(
    change: dict[str, object], reports: tuple[RecipientReport, ...], seed: str
) -> None:
    """Never to the null reverse-path (RFC 5321 6.1), never about nobody, never unmarked."""
    with pytest.raises(ValueError, match="notification"):
        compose(lot(ADA, **change), reports, hostname=HOST, now=AT, seed=seed, original=ORIGINAL)


HOSTILE = st.text(
    st.one_of(st.sampled_from('\r\n\t :-=<>@;"\\\0\x1b\u2028é'), st.characters()), max_size=200
)


@settings(max_examples=200)
@given(
    reply=HOSTILE, server=HOSTILE, original=HOSTILE, envid=HOSTILE, header=st.binary(max_size=300)
)
def test_no_string_of_a_stranger_adds_a_line(
    reply: str, server: str, original: str, envid: str, header: bytes
) -> None:
    """Replies, names, ORCPT, ENVID and header: all stay inside the place they are given."""
    recipient = Recipient(ADA.address, original=original)
    report = failed(recipient, Reply(550, None, reply), server=server)
    of = lot(recipient, envid=envid, return_headers_only=False, size=len(header))
    octets = write(report, of=of, original=header)
    head, _, _ = octets.partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    expected = [b"Date", b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"References"]
    expected += [b"Auto-Submitted", b"MIME-Version", b"Content-Type"]
    assert [name for name in expected if name in names] == names
    assert is_clean(octets)
    message = email.message_from_bytes(octets)
    words, status, _ = cast("list[Message]", message.get_payload())
    assert cast("bytes", words.get_payload(decode=True)).startswith(b"This is the mail system at")
    blocks = cast("list[Message]", status.get_payload())
    assert len(blocks) == 2
    allowed = {"Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA"}
    allowed |= {"Diagnostic-Code", "Last-Attempt-Date"}
    assert set(blocks[1].keys()) <= allowed
    assert len(blocks[1].keys()) == len(set(blocks[1].keys()))
    assert blocks[1]["Final-Recipient"] == "rfc822; ada@example.org"
    assert blocks[1]["Action"] == "failed"
