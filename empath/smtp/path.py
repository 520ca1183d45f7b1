"""Reverse-path and forward-path of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3).

`parse_path` is strict: what is not a path by the grammar is a `Fault`, never another address
(SMTP-RULES L6, L7), and it never raises.  Source routes are recognised and refused: RFC 5321
appendix C lets a server do so, and they only serve to relay.  A common mailbox costs one match
of one expression; everything rarer takes the long way.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from empath.address import BadAddress, EmailAddress
from empath.safe_text import safe_text


class Fault(enum.Enum):
    """Why a text is not a path that Empath takes."""

    MALFORMED = "The address is not written as RFC 5321 wants"
    SOURCE_ROUTE = "Source routes are not accepted"
    UNQUALIFIED = "The address has no domain"


_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_COMMON: Final = re.compile(
    rf"<((?={_ATEXT}(?:\.{_ATEXT})*+@)([^@]{{1,64}})@(?=[^>]{{1,189}}>){_LABEL}(?:\.{_LABEL})*)>"
)
"""An ASCII mailbox at a host name, of 64 + 1 + 189 octets at most: all of `EmailAddress`'s
own rules, so that it need not look again.  tests/smtp/test_path.py holds the two together.
"""
_ANY: Final = re.compile(
    r'<((?:"(?:[^"\\]|\\.)*+"|[^\s<>"@,:;()\[\]\\])*+@(?:\[[^\]<>\s]*+\]|[^\s<>"@,:;()\[\]\\]*+))>'
)
_UNQUALIFIED: Final = re.compile(r'<[^\s<>"@,:;()\[\]\\]+>')


def parse_path(text: str, start: int = 0) -> tuple[EmailAddress | None, int] | Fault:
    """Read the path that begins at *start*: its address and where it ends.

    The address of the null reverse-path ``<>`` is None.  An address that is not ASCII is
    returned as it is: whether SMTPUTF8 was asked for, the caller knows.
    """
    match = _COMMON.match(text, start)
    if match is not None:
        address = match[1]
        if address[-1].isdigit() and _is_numeric_host(address):
            return Fault.MALFORMED
        return str.__new__(EmailAddress, address), match.end()
    if text.startswith("<>", start):
        return None, start + 2
    if text.startswith("<@", start):
        return Fault.SOURCE_ROUTE
    match = _ANY.match(text, start)
    if match is None:
        return Fault.UNQUALIFIED if _UNQUALIFIED.match(text, start) else Fault.MALFORMED
    try:
        checked = EmailAddress(match[1])
    except BadAddress:
        return Fault.MALFORMED
    # Zero-width characters pass the grammar of RFC 6531, but no screen shows them truly.
    if _is_numeric_host(checked) or safe_text(checked) != checked:
        return Fault.MALFORMED
    return checked, match.end()


def _is_numeric_host(address: str) -> bool:
    """``b@127.0.0.1``: an IP address outside brackets is no domain (RFC 5321 4.1.3)."""
    return address.rpartition("@")[2].rpartition(".")[2].isdigit()
