"""The header fields of a stored message as an operator reads them.

Values are unfolded (RFC 5322 2.2.3), encoded words are decoded (RFC 2047) and everything is
sanitised.  What cannot be decoded is shown as it stands.  Never raises, whatever the bytes.
"""

from __future__ import annotations

import binascii
import quopri
import re
from typing import Final

from empath.safe_text import safe_text

HEADER_LIMIT: Final = 65536
"""Octets of a header section that are looked at."""
_VALUE_LIMIT: Final = 8000
_END: Final = re.compile(rb"\r?\n\r?\n")
_FIELD: Final = re.compile(r"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_WORD: Final = re.compile(
    r"=\?(?P<charset>[A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{1,20})?"
    r"\?(?P<coding>[BbQq])\?(?P<text>[!->@-~]*)\?="
)
# Only charsets that mail is written in: Python knows others that warn, or are slow on purpose.
_CHARSET: Final = re.compile(
    r"utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-\d{3,4}|cp\d{3,4}|koi8-[rtu]"
    r"|gb2312|gbk|gb18030|big5(?:-hkscs)?|euc-(?:jp|kr)|shift[_-]jis|iso-2022-(?:jp|kr)"
    r"|utf-16(?:be|le)?|tis-620",
    re.IGNORECASE,
)


def read_headers(block: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values of the fields at the top of *block*, in order.

    *block* may be cut anywhere and may go on into the body; at most `HEADER_LIMIT` octets
    are looked at, and a field that was cut off is left out.
    """
    block = block[:HEADER_LIMIT]
    if block.startswith((b"\r\n", b"\n")):
        return ()
    end = _END.search(block)
    if end is not None:
        block = block[: end.start()]
    elif not block.endswith(b"\n"):
        block = block[: block.rfind(b"\n") + 1]
    text = _FOLD.sub(" ", block.decode("utf-8", "surrogateescape"))
    fields = []
    for line in text.split("\n"):
        match = _FIELD.fullmatch(line.removesuffix("\r"))
        if match is not None:
            fields.append((match[1], decode_words(match[2].strip().replace("\t", " "))))
    return tuple(fields)


def decode_words(value: str) -> str:
    """*value* with its encoded words decoded, sanitised."""
    parts: list[str] = []
    waiting = b""  # octets of neighbouring words: some senders split a character over two
    charset = ""
    at = 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        octets = _decode_word(match["coding"], match["text"])
        if octets is None or not _CHARSET.fullmatch(match["charset"]):
            continue
        if between.strip() or match["charset"].lower() != charset:
            parts.append(_to_text(waiting, charset))
            waiting = b""
            # RFC 2047 6.2: blanks between two encoded words are not shown.
            parts.append(between if between.strip() or not charset else "")
        charset = match["charset"].lower()
        waiting += octets
        at = match.end()
    parts.append(_to_text(waiting, charset))
    parts.append(value[at:])
    return safe_text(_restore("".join(parts)), _VALUE_LIMIT)


def _decode_word(coding: str, text: str) -> bytes | None:
    if coding in "Qq":
        return quopri.decodestring(text.encode(), header=True)
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None


def charset_of(name: str) -> str:
    """The charset *name* as we read it: itself, or ``us-ascii`` for one that mail is not in."""
    return name.lower() if _CHARSET.fullmatch(name) else "us-ascii"


def _to_text(octets: bytes, charset: str) -> str:
    if not octets:
        return ""
    try:
        return octets.decode(charset, "backslashreplace")
    except LookupError:
        return octets.decode("ascii", "backslashreplace")


def _restore(text: str) -> str:
    r"""Octets that were no UTF-8, shown as ``\xNN``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
