"""The commands of a transaction, written out, and whether a message fits a server at all.

Addresses are written here, from validated ones, and never rewritten (SMTP-RULES C1).  A
message that the server cannot take as it is (too large, 8-bit, internationalised) is told
apart before anything is said (RFC 1870, 6152, 6531).
"""

from __future__ import annotations

import re
from typing import Final

from empath.envelope import Body, Lot, Notify, Recipient
from empath.reply import Reply
from empath.smtp.opening import Extensions

NOT_IN_PATH: Final = re.compile("[\x00-\x20\x7f-\x9f<>]")
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")  # RFC 3461 4
_DEFAULT_NOTIFY: Final = Notify.FAILURE | Notify.DELAY
_TOLD: Final = (
    (Notify.SUCCESS, "SUCCESS"),
    (Notify.FAILURE, "FAILURE"),
    (Notify.DELAY, "DELAY"),
)


def unfit(lot: Lot, offered: Extensions) -> Reply | None:
    """Why the server can never take this message as it is (RFC 1870, 6152, 6531)."""
    limit = size_limit(offered)
    if limit and lot.size > limit:
        return ours(
            552, "5.3.4", f"the message has {lot.size} octets, the server takes at most {limit}"
        )
    if lot.body is Body.EIGHT_BIT and "8BITMIME" not in offered:
        return ours(554, "5.6.3", "the message is 8-bit and the server does not offer 8BITMIME")
    if "SMTPUTF8" not in offered and (lot.smtputf8 or not _ascii(lot)):
        return ours(
            550, "5.6.7", "the message is internationalised and the server offers no SMTPUTF8"
        )
    if lot.reverse_path is not None and NOT_IN_PATH.search(lot.reverse_path):
        return ours(553, "5.1.7", "the sender's address cannot be sent")
    return None


def _ascii(lot: Lot) -> bool:
    if lot.reverse_path is not None and not lot.reverse_path.isascii():
        return False
    return all(waiting.recipient.address.isascii() for waiting in lot.recipients)


def size_limit(offered: Extensions) -> int:
    """The largest message the server says it takes, or 0 for no limit (RFC 1870 3)."""
    text = offered.get("SIZE", "")
    # Twenty digits are more than any disk; longer numbers are not worth their arithmetic.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else 0


def limit(offered: Extensions, name: str) -> int:
    """A limit such as RCPTMAX that the server declares, or 0 for none (RFC 9422 4)."""
    for word in offered.get("LIMITS", "").split():
        key, _, value = word.partition("=")
        if key.upper() == name and value.isascii() and value.isdigit() and len(value) <= 9:
            return int(value)
    return 0


def mail_line(lot: Lot, offered: Extensions) -> str:
    """The MAIL command with the parameters that the server understands."""
    line = f"MAIL FROM:<{lot.reverse_path or ''}>"
    if "SIZE" in offered:
        line = f"{line} SIZE={lot.size}"
    if lot.body is Body.EIGHT_BIT:
        line = f"{line} BODY=8BITMIME"
    if lot.smtputf8 or not _ascii(lot):
        line = f"{line} SMTPUTF8"
    if "MT-PRIORITY" in offered and lot.mt_priority:
        line = f"{line} MT-PRIORITY={lot.mt_priority}"
    if "DSN" in offered and lot.reverse_path is not None:
        if not lot.return_headers_only:
            line = f"{line} RET=FULL"
        elif lot.envid:
            line = f"{line} RET=HDRS"
        if _XTEXT.fullmatch(lot.envid):
            line = f"{line} ENVID={lot.envid}"
    return line


def rcpt_line(recipient: Recipient, offered: Extensions) -> str:
    """The RCPT command with the recipient's DSN parameters, where the server knows them."""
    line = f"RCPT TO:<{recipient.address}>"
    if "DSN" not in offered:
        return line
    if recipient.notify != _DEFAULT_NOTIFY:
        told = ",".join(word for flag, word in _TOLD if flag in recipient.notify)
        line = f"{line} NOTIFY={told or 'NEVER'}"
    kind, _, address = recipient.original.partition(";")
    if _XTEXT.fullmatch(kind) and _XTEXT.fullmatch(address):
        line = f"{line} ORCPT={kind};{address}"
    return line


def ours(code: int, enhanced: str, text: str) -> Reply:
    """A reply that no server gave: what we know ourselves."""
    return Reply.own(code, enhanced, text)
