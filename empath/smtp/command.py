"""Arguments of MAIL, RCPT and EHLO: from octets to values, or to the reply that refuses them.

Promises: never raises, never answers with a client's own octets, and a value that comes out
is what the client wrote, unchanged.  Parameters are those of RFC 1870 (SIZE), 6152 (BODY),
6531 (SMTPUTF8), 3461 (RET, ENVID, NOTIFY, ORCPT) and 6710 (MT-PRIORITY); an unknown one is
555, a repeated or ill-formed one 501 (RFC 5321 4.1.1.11).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from empath.address import BadAddress, BannerHostname, EmailAddress
from empath.envelope import Body, Notify, Recipient
from empath.reply import Reply
from empath.safe_text import safe_text
from empath.smtp.path import Fault, parse_path


class MailFrom(Struct, frozen=True):
    """A MAIL command: where failures are reported, and what kind of content is to come."""

    reverse_path: EmailAddress | None
    """None for ``<>``, the null reverse-path."""
    size: int = 0
    """SIZE in octets as the client announced it, `SIZE_CEILING` at most; 0 if it did not."""
    body: Body = Body.SEVEN_BIT
    smtputf8: bool = False
    return_headers_only: bool = True
    envid: str = ""
    mt_priority: int | None = None
    """MT-PRIORITY, -9 to 9; None where the client asked for none (RFC 6710)."""


SIZE_CEILING: Final = 10**15
"""What longer SIZE values count as: no number of that many digits is ever computed."""

_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?")
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")  # RFC 3461 4
_MT_PRIORITY: Final = re.compile(r"-?[1-9]|0")  # RFC 6710: no plus, no leading nought
_ORCPT: Final = re.compile(
    r"[A-Za-z0-9-]{1,40};[^\x00-\x20+=\x7f]*(?:\+[0-9A-F]{2}[^\x00-\x20+=\x7f]*)*"
)
_NOTIFY: Final = {
    "SUCCESS": Notify.SUCCESS,
    "FAILURE": Notify.FAILURE,
    "DELAY": Notify.DELAY,
}

_SYNTAX = Reply.of("501 5.5.4 Syntax error in command arguments")
_BAD_PARAMETER = Reply.of("501 5.5.4 Syntax error in a parameter")
_REPEATED = Reply.of("501 5.5.4 A parameter is given twice")
_UNKNOWN = Reply.of("555 5.5.4 A parameter is not recognized")
_NOT_UTF8 = Reply.of("501 5.5.2 The command is not valid UTF-8")
_NEEDS_UTF8 = Reply.of("553 5.6.7 An address that is not ASCII needs SMTPUTF8")
_TOO_BIG = Reply.of("552 5.3.4 The message is larger than this server accepts")
_BAD_HOST = Reply.of("501 5.5.4 EHLO and HELO want a host name or an address literal")

_BAD_SENDER: Final = {
    Fault.MALFORMED: Reply.of("501 5.1.7 The address is not written as RFC 5321 wants"),
    Fault.SOURCE_ROUTE: Reply.of("553 5.1.7 Source routes are not accepted"),
    Fault.UNQUALIFIED: Reply.of("553 5.1.7 The address has no domain"),
}
_BAD_RECIPIENT: Final = {
    Fault.MALFORMED: Reply.of("501 5.1.3 The address is not written as RFC 5321 wants"),
    Fault.SOURCE_ROUTE: Reply.of("553 5.1.3 Source routes are not accepted"),
    Fault.UNQUALIFIED: Reply.of("553 5.1.3 The address has no domain"),
}
_NO_RECIPIENT = Reply.of("501 5.1.3 A recipient is needed")


@lru_cache(maxsize=1024)
def parse_host(argument: bytes) -> BannerHostname | Reply:
    """The name a client gives itself in EHLO or HELO (RFC 5321 4.1.1.1).

    Some clients write the dot that ends a full name in DNS; it is taken off.  Clients come
    again and again, so the last thousand answers are remembered.
    """
    try:
        return BannerHostname(argument.decode("ascii").removesuffix("."))
    except (UnicodeDecodeError, BadAddress):
        return _BAD_HOST


def parse_mail(argument: bytes, *, largest: int, extended: bool = True) -> MailFrom | Reply:
    """``FROM:<reverse-path> parameters``; *largest* is the SIZE accepted, in octets.

    *extended* is false after HELO: no extension was offered, so no parameter is known.
    """
    opened = _open(argument, "FROM:")
    if isinstance(opened, Reply):
        return opened
    text, start = opened
    path = parse_path(text, start)
    if isinstance(path, Fault):
        return _BAD_SENDER[path]
    address, end = path
    if end == len(text):
        return MailFrom(address) if text.isascii() else _NEEDS_UTF8
    parameters = _parameters(text, end, _MAIL_PARAMETERS if extended else {})
    if isinstance(parameters, Reply):
        return parameters
    mail = MailFrom(address, **parameters)
    if mail.size > largest:
        return _TOO_BIG  # RFC 1870 6.1
    if not text.isascii() and not mail.smtputf8:
        return _NEEDS_UTF8  # RFC 6531 3.4
    return mail


def parse_rcpt(
    argument: bytes, *, postmaster: EmailAddress, smtputf8: bool = False, extended: bool = True
) -> Recipient | Reply:
    """``TO:<forward-path> parameters``; ``<postmaster>`` is *postmaster* (RFC 5321 4.5.1)."""
    opened = _open(argument, "TO:")
    if isinstance(opened, Reply):
        return opened
    text, start = opened
    address: EmailAddress | None
    path = parse_path(text, start)
    if path is Fault.UNQUALIFIED and text[start : start + 12].lower() == "<postmaster>":
        address, end = postmaster, start + 12
    elif isinstance(path, Fault):
        return _BAD_RECIPIENT[path]
    else:
        address, end = path
    if address is None:
        return _NO_RECIPIENT  # ``<>`` is a reverse-path only (RFC 5321 4.1.1.3)
    if not smtputf8 and not text.isascii():
        return _NEEDS_UTF8
    if end == len(text):
        return Recipient(address)
    parameters = _parameters(text, end, _RCPT_PARAMETERS if extended else {})
    return parameters if isinstance(parameters, Reply) else Recipient(address, **parameters)


def _open(argument: bytes, keyword: str) -> tuple[str, int] | Reply:
    """Decode, and find where the path begins.

    Blanks behind the colon are not in the grammar, but many devices send them and they cannot
    be taken for anything else.
    """
    try:
        text = argument.decode("utf-8")
    except UnicodeDecodeError:
        return _NOT_UTF8
    start = len(keyword)
    if text[:start].upper() != keyword:
        return _SYNTAX
    while text.startswith(" ", start):
        start += 1
    return text, start


_Reader = Callable[[str], object]  # None for what is no value


def _parameters(
    text: str, start: int, known: Mapping[str, tuple[str, _Reader]]
) -> dict[str, Any] | Reply:
    """Read ``SP keyword[=value]`` up to the end of *text* into keyword arguments."""
    found: dict[str, Any] = {}
    if text[start] != " ":
        return _SYNTAX
    for word in text[start:].split(" "):
        if not word:
            continue
        match = _PARAMETER.fullmatch(word)
        if match is None:
            return _BAD_PARAMETER
        row = known.get(match[1].upper())
        if row is None:
            return _UNKNOWN
        field, read = row
        if field in found:
            return _REPEATED
        value = read(match[2] or "")
        if value is None:
            return _BAD_PARAMETER
        found[field] = value
    return found


def _size(value: str) -> int | None:
    if not (value.isascii() and value.isdigit()):
        return None
    digits = value.lstrip("0")
    return int(digits or "0") if len(digits) <= 15 else SIZE_CEILING


def _body(value: str) -> Body | None:
    return {"7BIT": Body.SEVEN_BIT, "8BITMIME": Body.EIGHT_BIT}.get(value.upper())


def _flag(value: str) -> bool | None:
    return None if value else True


def _return_headers_only(value: str) -> bool | None:
    return {"HDRS": True, "FULL": False}.get(value.upper())


def _envid(value: str) -> str | None:
    return value if len(value) <= 100 and _XTEXT.fullmatch(value) else None


def _mt_priority(value: str) -> int | None:
    return int(value) if _MT_PRIORITY.fullmatch(value) else None


def _notify(value: str) -> Notify | None:
    if value.upper() == "NEVER":
        return Notify.NEVER
    wanted = Notify.NEVER
    for word in value.upper().split(","):
        if word not in _NOTIFY or _NOTIFY[word] in wanted:
            return None
        wanted |= _NOTIFY[word]
    return wanted


def _original(value: str) -> str | None:
    sound = len(value) <= 500 and _ORCPT.fullmatch(value) and safe_text(value) == value
    return value if sound else None


_MAIL_PARAMETERS: Final[Mapping[str, tuple[str, _Reader]]] = {
    "SIZE": ("size", _size),
    "BODY": ("body", _body),
    "SMTPUTF8": ("smtputf8", _flag),
    "RET": ("return_headers_only", _return_headers_only),
    "ENVID": ("envid", _envid),
    "MT-PRIORITY": ("mt_priority", _mt_priority),
}
_RCPT_PARAMETERS: Final[Mapping[str, tuple[str, _Reader]]] = {
    "NOTIFY": ("notify", _notify),
    "ORCPT": ("original", _original),
}
