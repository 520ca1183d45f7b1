"""One message with a rich history, for the pages that show a message: four attempts, two hosts."""

from __future__ import annotations

from typing import Any

from empath.address import Domain, EmailAddress
from empath.control.link import (
    MessageView,
    QueueItem,
    RecipientItem,
)
from empath.envelope import Priority
from empath.events import (
    AttemptEnded,
    MessageAccepted,
    RecipientResult,
    TlsSession,
)

TRANSCRIPT = (
    "* connecting to mx1.bigmail.example [203.0.113.25]:25",
    "< 220 mx1.bigmail.example ESMTP ready",
    "> EHLO mx1.example.org",
    "< 250-mx1.bigmail.example at your service",
    "< 250-SIZE 52428800",
    "< 250-STARTTLS",
    "< 250-PIPELINING",
    "< 250 ENHANCEDSTATUSCODES",
    "> STARTTLS",
    "< 220 2.0.0 Ready to start TLS",
    "* TLSv1.3 TLS_AES_256_GCM_SHA384",
    "> EHLO mx1.example.org",
    "< 250-mx1.bigmail.example at your service",
    "< 250 PIPELINING",
    "> MAIL FROM:<billing@shop.example> SIZE=8214",
    "> RCPT TO:<ada@bigmail.example>",
    "< 250 2.1.0 Ok",
    "< 451 4.7.1 Greylisted, please try again in 300 seconds",
    "> RSET",
    "< 250 2.0.0 Ok",
)

CONTENT = (
    "Received: from web-2.shop.example (web-2.shop.example [10.0.0.5])\r\n"
    "\tby mx1.example.org (Empath) with ESMTPS id 0197a8c0f3e41b2c;\r\n"
    "\tMon, 21 Sep 2026 14:13:20 +0000\r\n"
    "From: Shop Billing <billing@shop.example>\r\n"
    "To: ada@bigmail.example\r\n"
    "Subject: Your November invoice\r\n"
    "Message-ID: <inv-881@shop.example>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "Dear Ada,\r\n\r\nyour invoice 881 over 42.00 EUR is attached.\r\n\r\nThe shop\r\n"
)


def eventful(item: QueueItem) -> MessageView:
    """What there is to know about *item*, as a message of three recipients."""
    begun = item.received_at
    addresses = [EmailAddress(f"{name}@bigmail.example") for name in ("ada", "cy", "di")]
    timeline: list[Any] = [
        MessageAccepted(
            at=begun,
            id=item.id,
            reverse_path=EmailAddress("billing@shop.example"),
            recipients=tuple(addresses),
            size=8214,
            client="10.0.0.5",
            helo="web-2.shop.example",
            protocol="ESMTPS",
            priority=Priority.NORMAL,
            subject="Your November invoice",
        )
    ]
    for number, pause in enumerate((2, 300, 900, 2100)):
        failed = number == 1
        timeline.append(
            AttemptEnded(
                at=begun + pause,
                id=item.id,
                destination=Domain("bigmail.example"),
                server="" if failed else f"mx{number % 2 + 1}.bigmail.example [203.0.113.25]:25",
                stage="CONNECT" if failed else "RCPT",
                seconds=30.0 if failed else 0.8 + number / 7,
                size=8214,
                latency=pause + 0.8,
                results=tuple(
                    RecipientResult(
                        number=index + 1,
                        address=address,
                        result="delivered" if index == 1 and number == 0 else "deferred",
                        reply="Connection timed out after 30 s"
                        if failed
                        else "250 2.0.0 OK queued"
                        if index == 1 and number == 0
                        else "451 4.7.1 Greylisted, please try again in 300 seconds",
                    )
                    for index, address in enumerate(addresses)
                    if number == 0 or index != 1
                ),
                tls=None if failed else TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
                transcript=(*TRANSCRIPT[:1], "* timed out after 30 s") if failed else TRANSCRIPT,
            )
        )
    replies = ("deferred", "delivered", "deferred")
    return MessageView(
        id=item.id,
        reverse_path=EmailAddress("billing@shop.example"),
        recipients=tuple(
            RecipientItem(
                number=index + 1,
                address=address,
                destination=Domain("bigmail.example"),
                state=replies[index],
                attempts=1 if index == 1 else 4,
                next_at=None if index == 1 else begun + 5700,
                last_reply="250 2.0.0 OK queued"
                if index == 1
                else "451 4.7.1 Greylisted, please try again in 300 seconds",
                hold_reason="",
            )
            for index, address in enumerate(addresses)
        ),
        subject="Your November invoice",
        size=8214,
        sha256="9f2c4e" * 10 + "a1b2",
        priority="normal",
        received_at=begun,
        expires_at=begun + 5 * 86400,
        client="10.0.0.5",
        helo="web-2.shop.example",
        protocol="ESMTPS",
        listener="0.0.0.0:25",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        body="8BITMIME",
        smtputf8=False,
        body_stored=True,
        timeline=tuple(timeline),
        headers=(
            ("Received", "from web-2.shop.example (web-2.shop.example [10.0.0.5]) by mx1"),
            ("From", "Shop Billing <billing@shop.example>"),
            ("To", "ada@bigmail.example"),
            ("Subject", "Your November invoice"),
            ("Message-ID", "<inv-881@shop.example>"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
        ),
    )
