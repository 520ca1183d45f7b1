"""What is worth saying about a mail before it is sent for real.

Pure.  Each check is a sentence and whether it is fine; what a mail client, a spam filter or a
bulk sender's rules look at.  Nothing here is a promise that it will be delivered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from empath.message.structure import Structure

CLIPPED: Final = 102 * 1024
"""Octets of HTML beyond which Gmail cuts a mail off."""
LARGE: Final = 10 * 1024 * 1024
"""Octets of a message that many servers refuse, or that take long on a phone."""


class Check(Struct, frozen=True):
    """One thing that was looked at."""

    fine: bool
    sentence: str


def review(
    fields: Mapping[str, Sequence[str]],
    structure: Structure,
    *,
    size: int,
    links: Collection[str],
    html_octets: int,
    text_characters: int,
) -> tuple[Check, ...]:
    """Look at a message.

    *fields* are its header fields by lower-case name; *html_octets* those of its HTML, and
    *text_characters* those of its text alternative, 0 for none.
    """
    checks = [_once(fields, name) for name in ("Date", "Message-ID", "From", "Subject")]
    checks.append(_bodies(structure, html_octets, text_characters))
    if html_octets > CLIPPED:
        checks.append(Check(False, f"HTML of {html_octets // 1024} kB is cut off by Gmail"))
    checks.append(_unsubscribe(fields))
    checks.append(_size(size))
    insecure = sum(link.lower().startswith("http://") for link in links)
    if insecure:
        checks.append(Check(False, f"{insecure} of {len(links)} links without encryption (http:)"))
    elif links:
        checks.append(Check(True, f"{len(links)} link{'s' * (len(links) != 1)}"))
    if structure.cut:
        checks.append(Check(False, "more parts than are shown"))
    return tuple(checks)


def _once(fields: Mapping[str, Sequence[str]], name: str) -> Check:
    """RFC 5322 3.6: each of these stands there once at most, and a reader wants it."""
    values = fields.get(name.lower(), ())
    if len(values) > 1:
        return Check(False, f"{len(values)} {name} fields")
    if not values or not values[0].strip():
        return Check(False, f"no {name}")
    return Check(True, name)


def _bodies(structure: Structure, html_octets: int, text_characters: int) -> Check:
    kinds = {part.kind for part in structure.parts if part.disposition != "attachment"}
    if "text/html" in kinds and "text/plain" not in kinds:
        return Check(False, "HTML without a text alternative")
    if html_octets and not text_characters:
        return Check(False, "the text alternative is empty")
    if html_octets:
        return Check(True, "text and HTML")
    return Check(bool(kinds & {"text/plain", "text/html"}), "text" if kinds else "no text")


def _unsubscribe(fields: Mapping[str, Sequence[str]]) -> Check:
    """What bulk senders must offer (RFC 2369 3.2, RFC 8058)."""
    if "list-unsubscribe" not in fields:
        return Check(False, "no List-Unsubscribe")
    if "list-unsubscribe-post" not in fields:
        return Check(True, "List-Unsubscribe, not in one click")
    return Check(True, "List-Unsubscribe in one click")


def _size(size: int) -> Check:
    shown = f"{size / 1024:.1f} kB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"
    return Check(size <= LARGE, f"size {shown}")
