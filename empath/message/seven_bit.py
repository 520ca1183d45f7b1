r"""Writes any text into a message that is pure 7-bit ASCII with lines of legal length.

Promises: what comes back holds no octet above 126, no control character but the CRLFs that
this module puts there, and no line over 998 octets (RFC 5322 2.1.1).  A string of a client
can therefore add neither a header field nor a line to a message of ours (SMTP-RULES 3.3).
"""

from __future__ import annotations

import binascii
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Final

from empath.safe_text import safe_text

LINE_LIMIT: Final = 998
_FOLD_AT: Final = 76
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")
_NOT_ASCII: Final = re.compile(r"[^ -~]")
_CLEAN: Final = re.compile(rb"(?:[\t -~]{0,998}\r\n)*")
_ENCODED_OCTETS: Final = 45


def escape(text: str, limit: int = 900) -> str:
    r"""*text* in printable ASCII; other characters become ``\x{E9}`` as RFC 6533 3 writes them."""
    plain = _NOT_ASCII.sub(lambda match: f"\\x{{{ord(match[0]):X}}}", safe_text(text, limit))
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."


def decode_xtext(text: str) -> str:
    """The value of an xtext parameter (RFC 3461 4): ``+2B`` is a plus sign."""
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)


def field(name: str, value: str) -> str:
    """One header field, escaped, folded at blanks and ended by CRLF (RFC 5322 2.2.3)."""
    words = escape(value).split(" ")
    line, lines = f"{name}:", []
    for word in words:
        if len(line) + 1 + len(word) > _FOLD_AT and line.strip() not in ("", f"{name}:") and word:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "\r\n".join([*lines, line]).rstrip(" ") + "\r\n"


def encoded_words(text: str) -> str:
    """*text* as RFC 2047 words, one line each, for use as a phrase in a header field."""
    octets = text.encode("utf-8", "replace")
    pieces, start = [], 0
    while start < len(octets):
        end = min(start + _ENCODED_OCTETS, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1  # A character is never cut in two (RFC 2047 5).
        pieces.append(octets[start:end])
        start = end
    return "\r\n ".join(
        f"=?utf-8?b?{binascii.b2a_base64(piece, newline=False).decode()}?=" for piece in pieces
    )


def read_encoded_words(value: str) -> str:
    """The text of an unstructured header value; left as it stands where it cannot be read."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def is_clean(octets: bytes) -> bool:
    """Whether *octets* are whole lines of printable ASCII and tabs, none over 998 octets."""
    return _CLEAN.fullmatch(octets) is not None


def quoted_printable(octets: bytes) -> bytes:
    """The lines of *octets* in quoted-printable (RFC 2045 6.7), whatever ends them."""
    return b"".join(
        binascii.b2a_qp(line, istext=False).replace(b"\n", b"\r\n") + b"\r\n"
        for line in re.split(rb"\r\n|\r|\n", octets.removesuffix(b"\r\n"))
    )
