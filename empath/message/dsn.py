"""Writes delivery status notifications (RFC 3464): what became of a message, for its sender.

A notification has three parts (RFC 6522): words for a person, fields for a program, and the
header of the message concerned, or all of it where the sender asked for that and it is small
and plain enough.  Promises: 7-bit clean throughout, bounded in size, and no string of a client
or server can add a line to it.  Pure: time, boundary and message id are made of what is given.
"""

from __future__ import annotations

import enum
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Final

from empath.address import BannerHostname, EmailAddress
from empath.envelope import Lot, Recipient
from empath.instant import utc
from empath.message.dsn_words import advice, opening, subject
from empath.message.seven_bit import (
    decode_xtext,
    encoded_words,
    field,
    is_clean,
    quoted_printable,
    read_encoded_words,
)
from empath.reply import Reply
from empath.safe_text import safe_text

HEADER_LIMIT: Final = 64 * 1024
"""Octets of the original's header that are returned."""
FULL_LIMIT: Final = 256 * 1024
"""Largest message that is returned whole; of larger ones only the header is."""
MAX_RECIPIENTS: Final = 1000
"""Recipients that one notification names."""
_MAX_SPOKEN: Final = 50
_MAX_REPLY_LINES: Final = 10
_SEED: Final = re.compile(r"[0-9A-Za-z]{8,40}")
_SUBJECT: Final = re.compile(rb"(?im)^subject:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)")
_MESSAGE_ID: Final = re.compile(rb"(?im)^message-id:\s*(<[!-;=?-~]{1,250}>)[ \t]*\r$")


class Action(enum.StrEnum):
    """What became of a recipient (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    """Handed to a server that sends no such notifications itself."""


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What there is to say about one recipient."""

    recipient: Recipient
    action: Action
    reply: Reply
    """The last word on it: the server's, or Empath's own where none was reached."""
    attempted_at: float
    server: str = ""
    """The host name of the server that spoke, or empty where none was reached."""
    retry_until: float | None = None
    """When a delayed recipient is given up."""
    expired: bool = False
    """It was given up for its age: *reply* is only a temporary refusal."""


def wanted(lot: Lot) -> int:
    """How many octets of the original, from its start, `compose` can make use of."""
    whole = not lot.return_headers_only and lot.size <= FULL_LIMIT
    return FULL_LIMIT if whole else HEADER_LIMIT + 4


def compose(
    lot: Lot,
    reports: Sequence[RecipientReport],
    *,
    hostname: BannerHostname,
    now: float,
    seed: str,
    original: bytes,
) -> bytes:
    """The notification about *reports* for the sender of *lot*, with CRLF line ends.

    *seed* is 8 to 40 letters and digits that are used for nothing else.  *original* is what
    there is of the message, up to `wanted` octets; empty if its body is gone.  The envelope
    it is sent in has the null reverse-path and one recipient, the lot's reverse-path.
    Raises `ValueError` for the null reverse-path, to which nothing is sent (RFC 5321 6.1),
    for no reports, and for a bad seed.
    """
    if lot.reverse_path is None:
        raise ValueError("no notification is sent to the null reverse-path (RFC 5321 6.1)")
    if not reports or not _SEED.fullmatch(seed):
        raise ValueError("a notification needs a report and a seed of 8 to 40 letters and digits")
    header = _header_of(original)
    parts = (
        _spoken_part(lot, reports, hostname, header),
        _status_part(lot, reports[:MAX_RECIPIENTS], hostname),
        _original_part(lot, original, header, reports),
    )
    boundary = _boundary(seed, parts)
    head = "".join(
        (
            field("Date", _date(now)),
            field("From", f"Mail Delivery System <MAILER-DAEMON@{hostname}>"),
            f"To: {_mailbox(lot.reverse_path)}\r\n",
            field("Subject", subject([report.action for report in reports])),
            field("Message-ID", f"<{seed}.dsn@{hostname}>"),
            *_threading(header),
            "Auto-Submitted: auto-replied\r\n",  # RFC 3834 5: nobody's vacation notice answers it
            "MIME-Version: 1.0\r\n",
            "Content-Type: multipart/report; report-type=delivery-status;\r\n",
            f' boundary="{boundary}"\r\n',
            "\r\n",
        )
    )
    marker = b"--" + boundary.encode()
    body = b"".join(marker + b"\r\n" + part + b"\r\n" for part in parts)
    return head.encode("ascii") + body + marker + b"--\r\n"


def _boundary(seed: str, parts: Iterable[bytes]) -> str:
    """A line that no part holds (RFC 2046 5.1.1); *seed* alone is almost always one."""
    whole = b"".join(parts)
    number = 0
    while f"=_{seed}_{number}".encode() in whole:
        number += 1
    return f"=_{seed}_{number}"


def _mailbox(address: EmailAddress) -> str:
    """The address in a To field; one that is not ASCII as RFC 6857 3.1.8 downgrades it."""
    return f"<{address}>" if address.isascii() else f"{encoded_words(address)} :;"


def _threading(header: bytes) -> Iterator[str]:
    if match := _MESSAGE_ID.search(header):
        # Not folded: an id may be longer than a fine line, and never as long as a legal one.
        yield f"In-Reply-To: {match[1].decode('ascii')}\r\n"
        yield f"References: {match[1].decode('ascii')}\r\n"


def _spoken_part(
    lot: Lot, reports: Sequence[RecipientReport], hostname: str, header: bytes
) -> bytes:
    """Words for a person who knows nothing of mail servers."""
    text = [f"This is the mail system at {hostname}.\n"]
    if name := _subject_of(header):
        text += textwrap.wrap(f'It is about your message "{name}"', 72)
        text.append(f"which it received on {_date(lot.received_at)}.\n")
    else:
        text.append(f"It is about your message received on {_date(lot.received_at)}.\n")
    for action in Action:
        chosen = [report for report in reports if report.action is action]
        if not chosen:
            continue
        text.append(opening(action, expired=all(report.expired for report in chosen)) + "\n")
        for report in chosen[:_MAX_SPOKEN]:
            text += [*_spoken_recipient(report), ""]
        if len(chosen) > _MAX_SPOKEN:
            text.append(f"… and {len(chosen) - _MAX_SPOKEN} more recipients.\n")
    text.append(f"If you ask your postmaster for help, please quote the number {lot.id}.")
    content = "\n".join(text).replace("\n", "\r\n").encode("utf-8", "replace") + b"\r\n"
    return _text_part("text/plain", content)


def _spoken_recipient(report: RecipientReport) -> Iterator[str]:
    yield f"  {safe_text(report.recipient.address)}"
    yield from textwrap.wrap(
        advice(report.reply), 72, initial_indent="    ", subsequent_indent="    "
    )
    if report.retry_until is not None:
        yield f"    It will be tried until {_date(report.retry_until)}."
    speaker = f"The mail server {safe_text(report.server, 255)}" if report.server else "Empath"
    yield f"    {speaker} said:"
    text = f"{report.reply.code} {report.reply.enhanced or ''}".rstrip() + f" {report.reply.text}"
    for line in text.split("\n")[:_MAX_REPLY_LINES]:
        yield from textwrap.wrap(
            safe_text(line), 72, initial_indent="      ", subsequent_indent="      "
        )


def _status_part(lot: Lot, reports: Sequence[RecipientReport], hostname: str) -> bytes:
    """Fields for a program (RFC 3464 2.2, 2.3): first for the message, then a block for each."""
    lines = []
    if lot.envid:
        lines.append(field("Original-Envelope-Id", decode_xtext(lot.envid)))
    lines.append(field("Reporting-MTA", f"dns; {hostname}"))
    lines.append(field("Arrival-Date", _date(lot.received_at)))
    lines.append(field("X-Empath-Message-Id", lot.id))
    for report in reports:
        lines.append("\r\n")
        if report.recipient.original:
            lines.append(field("Original-Recipient", _original_recipient(report.recipient)))
        kind = "rfc822" if report.recipient.address.isascii() else "utf-8"
        lines.append(field("Final-Recipient", f"{kind}; {report.recipient.address}"))
        lines.append(field("Action", report.action))
        lines.append(field("Status", report.reply.status))
        if report.server:
            lines.append(field("Remote-MTA", f"dns; {report.server}"))
        lines.append(field("Diagnostic-Code", _diagnostic(report)))
        lines.append(field("Last-Attempt-Date", _date(report.attempted_at)))
        if report.retry_until is not None:
            lines.append(field("Will-Retry-Until", _date(report.retry_until)))
    content = "".join(lines).encode("ascii")
    return b"Content-Type: message/delivery-status\r\n\r\n" + content


def _original_recipient(recipient: Recipient) -> str:
    """ORCPT with its xtext undone; the type stays (RFC 3461 6.3)."""
    kind, semicolon, address = recipient.original.partition(";")
    return f"{kind}; {decode_xtext(address)}" if semicolon else f"unknown; {kind}"


def _diagnostic(report: RecipientReport) -> str:
    """What was said; only what a server said is of type smtp (RFC 3464 2.3.6)."""
    return f"{'smtp' if report.server else 'x-empath'}; {report.reply}"


def _original_part(
    lot: Lot, original: bytes, header: bytes, reports: Sequence[RecipientReport]
) -> bytes:
    """The message itself, or its header (RFC 3461 4.3: RET is about failures only)."""
    whole = (
        not lot.return_headers_only
        and len(original) == lot.size <= FULL_LIMIT
        and any(report.action is Action.FAILED for report in reports)
    )
    # RFC 2046 5.2.1: a message/rfc822 part cannot be encoded, so what needs 8 bits stays away.
    if whole and is_clean(original):
        return b"Content-Type: message/rfc822\r\n\r\n" + original
    return _text_part("text/rfc822-headers", header)


def _text_part(kind: str, content: bytes) -> bytes:
    if is_clean(content):
        return f"Content-Type: {kind}; charset=us-ascii\r\n\r\n".encode() + content
    return (
        f"Content-Type: {kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + quoted_printable(content)


def _header_of(original: bytes) -> bytes:
    """The header with its last CRLF, cut at a line's end where it is too long."""
    if original.startswith(b"\r\n"):
        return b""
    start = original[: HEADER_LIMIT + 4]
    end = start.find(b"\r\n\r\n")
    if end < 0 or end > HEADER_LIMIT:
        end = start.rfind(b"\r\n", 0, HEADER_LIMIT)
    return start[: end + 2] if end >= 0 else b""


def _subject_of(header: bytes) -> str:
    match = _SUBJECT.search(header)
    if match is None:
        return ""
    value = match[1][:2000].replace(b"\r\n", b"").strip().decode("utf-8", "replace")
    return safe_text(read_encoded_words(value), 150)


def _date(at: float) -> str:
    return format_datetime(utc(at))
