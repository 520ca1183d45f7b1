"""What an operator's bounce says: the reply that recipients are failed with, and the notification.

A bounce is this relay's own decision, no server's: the code is 550 with an RFC 3463 status of
class 5.  That is 5.7.0 unless the operator knows better: X.7 are "failures involving policies",
and no finer code claims less than is known.  The sender is told as of any permanent failure:
not at the null reverse-path, nor of recipients whose NOTIFY forbids it (RFC 3461 5.2.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from empath.address import BannerHostname
from empath.control.link import RequestUnclear
from empath.delivery.notices import notification
from empath.envelope import Lot, Notify
from empath.message.dsn import Action, RecipientReport
from empath.reply import EnhancedCode, Reply
from empath.spool.face import Notification

_STATUS: Final = re.compile(r"5\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})")


def reply(status: str, reason: str, *, hostname: str) -> Reply:
    """The reply.  Raises `RequestUnclear` for a status that is not of class 5."""
    try:
        code = EnhancedCode(status) if status == status.strip() else None
    except ValueError:
        code = None
    # RFC 3463 2: "Numeric subcodes MUST be expressed without leading zero digits."
    if code is None or not _STATUS.fullmatch(code):
        raise RequestUnclear(
            "status is an RFC 3463 code of class 5 without leading zeros, such as 5.7.0 or 5.1.6."
        )
    said = f": {reason}" if reason else ""
    return Reply(550, code, f"The operator of {hostname} returns this message{said}")


def report(
    reply: Reply, *, hostname: BannerHostname, at: float
) -> Callable[[Lot, bytes], Notification | None]:
    """What writes the notification about the bounced recipients of one message."""

    def write(lot: Lot, original: bytes) -> Notification | None:
        notices = [
            RecipientReport(
                recipient=waiting.recipient, action=Action.FAILED, reply=reply, attempted_at=at
            )
            for waiting in lot.recipients
            if Notify.FAILURE in waiting.recipient.notify
        ]
        first = lot.recipients[0].number
        return notification(
            lot,
            notices,
            hostname=hostname,
            now=at,
            seed=f"{lot.id}{first:08x}b",  # a recipient is bounced once at most
            original=original,
        )

    return write
