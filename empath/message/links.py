"""What a developer looks for in a captured mail: its links, and the one-time code in it.

Pure; never raises; the cost grows with the length only.  A code is a guess and is called one:
a short word of digits, or of digits and capitals, on a line that speaks of codes, or close to
one that does.
"""

from __future__ import annotations

import re
from typing import Final

LINKS: Final = 200
"""Most links that are told of in one mail."""
LENGTH: Final = 2000
"""Characters of a link, beyond which it is not shown as one."""
_LOOKED_AT: Final = 256 * 1024
_URL: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\x00-\x20]{1,2000}", re.IGNORECASE)
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_ABOUT: Final = re.compile(
    r"\b(?:code|passcode|one[- ]time|otp|pin|token|verification|verify|2fa|tan|kode|código"
    r"|codice|bestätigung\w{0,12}|einmal\w{0,12})\b",
    re.IGNORECASE,
)
_CODE: Final = re.compile(
    r"(?<![\w/.,:=&?#%@+$€£-])"
    r"(\d{3,4}[ -]\d{3,4}|\d{4,10}|(?=[A-Z0-9-]{0,9}\d)[A-Z0-9]{4,10}(?:-[A-Z0-9]{3,5})?)"
    r"(?![\w/@%=€$-]|[.,:]\d)"
)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_NEAR: Final = 3
"""Lines behind one that speaks of a code, in which the code may stand."""


def is_link(target: str) -> bool:
    """Whether *target* leads somewhere an operator may want to follow: the web, or an address."""
    return len(target) <= LENGTH and target.lower().startswith(("http://", "https://", "mailto:"))


def find_links(text: str) -> tuple[str, ...]:
    """The links in *text*, each once, in order; at most `LINKS`."""
    found: dict[str, None] = {}
    for match in _URL.finditer(text, 0, _LOOKED_AT):
        link = _trimmed(match[0])
        if len(link) > len("https://"):
            found.setdefault(link)
        if len(found) == LINKS:
            break
    return tuple(found)


def _trimmed(link: str) -> str:
    """*link* without what belongs to the sentence round it: a full stop, a closing bracket."""
    while link:
        last = link[-1]
        opening = _CLOSING.get(last)
        if last in ".,;:!?*_" or (opening and link.count(last) > link.count(opening)):
            link = link[:-1]
        else:
            return link
    return link


def find_code(subject: str, text: str) -> str:
    """The one-time code of a mail without its blanks; empty where there seems to be none."""
    near = 0
    later = ""
    for line in (subject[:LENGTH], *text[:_LOOKED_AT].splitlines()):
        if _ABOUT.search(line):
            near = _NEAR + 1
        if not line.strip():
            continue
        if near:
            near -= 1
            for match in _CODE.finditer(line[:LENGTH]):
                code = match[1].replace(" ", "")
                if not _YEAR.fullmatch(code):
                    return code
                later = later or code
    return later
