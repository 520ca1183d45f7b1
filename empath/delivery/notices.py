"""A delivery status notification as a message of our own: its envelope, content and subject.

Pure.  Whoever fails recipients for good, an attempt or an operator, tells the sender with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from empath.address import BannerHostname
from empath.envelope import Envelope, Lot, Notify, Recipient
from empath.message.dsn import Action, RecipientReport, compose
from empath.message.dsn_words import subject
from empath.spool.face import Notification


def notification(
    lot: Lot,
    reports: Sequence[RecipientReport],
    *,
    hostname: BannerHostname,
    now: float,
    seed: str,
    original: bytes,
) -> Notification | None:
    """What the sender of *lot* is sent about *reports*; None for the null reverse-path, or when
    there is nothing to tell (RFC 5321 6.1).  *seed* and *original* are as `compose` has them.
    """
    if not reports or lot.reverse_path is None:
        return None
    actions = [report.action for report in reports]
    return Notification(
        envelope=Envelope(
            None,
            # A report about a report is never wanted (RFC 5321 6.1).
            (Recipient(lot.reverse_path, notify=Notify.NEVER),),
            smtputf8=not lot.reverse_path.isascii(),
        ),
        content=compose(lot, reports, hostname=hostname, now=now, seed=seed, original=original),
        subject=subject(actions),
        kind=next(action.value for action in Action if action in actions),
        about=tuple(report.recipient.address for report in reports),
    )
