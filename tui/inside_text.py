"""The inside of a message as lines: a body that is wrapped, its parts, the facts about it.

Pure: values in, styled lines out.  Everything passes `safe` or `dotted`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from empath.control.link import MessageParts, MessageView
from tui.figures import count, moment, octets
from tui.safety import dotted, safe
from tui.theme import Styles
from tui.wrapping import wrapped

_FOOTNOTE = re.compile(r"\[(\d{1,3}|…)\]")
_LABEL = 8
_LINKS = 9
"""Links that are named among the facts."""


def body_lines(text: str, styles: Styles, width: int, code: str = "") -> list[Text]:
    """A text for reading, wrapped to *width* cells; footnotes and the one-time code stand out."""
    lines: list[Text] = []
    for line in text.split("\n"):
        role = "strong" if line.startswith("# ") else "muted" if line.startswith(">") else "text"
        for part in wrapped(dotted(line), max(10, width - 2)):
            shown = Text(f" {part}", styles[role])
            for mark in _FOOTNOTE.finditer(shown.plain):
                shown.stylize(styles["accent"], *mark.span())
            if code:
                _mark_code(shown, code, styles)
            lines.append(shown)
    return lines


def _mark_code(line: Text, code: str, styles: Styles) -> None:
    loose = r"\s?".join(map(re.escape, code))
    for found in re.finditer(loose, line.plain):
        line.stylize(styles["mark"], *found.span())


def part_lines(parts: MessageParts, styles: Styles) -> list[Text]:
    """The tree of parts."""
    lines = []
    for part in parts.parts:
        role = "accent" if part.disposition == "attachment" or part.filename else "text"
        charset = f"  {safe(part.charset, 40)}" if part.kind.startswith("text/") else ""
        lines.append(
            Text.assemble(
                (f" {'  ' * part.depth}{part.number:<4} ", styles["muted"]),
                (safe(part.kind, 80), styles[role]),
                (charset, styles["muted"]),
                (f"  {octets(part.size)}", styles["muted"]),
                (f"  {safe(part.filename, 200)}" if part.filename else "", styles["strong"]),
            )
        )
    if parts.cut:
        lines.append(Text(" … more parts than are told of", styles["warn"]))
    return lines


def fact_lines(
    view: MessageView,
    parts: MessageParts | None,
    styles: Styles,
    width: int,
    *,
    released: str = "",
) -> list[Text]:
    """From whom to whom, when, what is worth saying about it, its links and its code."""
    fields = {name.lower(): value for name, value in reversed(view.headers)}
    envelope = ", ".join(item.address for item in view.recipients[:20])
    lines = [
        _fact("Subject", [(safe(view.subject, 300) or "–", "strong")]),
        _fact("From", [(safe(fields.get("from") or view.reverse_path or "<>", 300), "text")]),
        _fact("To", [(safe(envelope, 500), "text")]),
        _fact(
            "Came",
            [
                (moment(view.received_at), "text"),
                (f"  {octets(view.size)}", "muted"),
                (f"  {safe(view.client, 80)}", "muted"),
                (f"  {safe(view.tls, 80)}" if view.tls else "  in clear", "muted"),
            ],
        ),
    ]
    if released:
        lines.append(_fact("Sent", [(safe(released, 300), "info")]))
    if parts is not None:
        if parts.code:
            lines.append(_fact("Code", [(parts.code, "mark"), ("  a guess; y copies it", "muted")]))
        lines += _checks(parts, width)
        for number, link in enumerate(parts.links[:_LINKS], 1):
            label = "Links" if number == 1 else ""
            lines.append(_fact(label, [(f"{number} ", "accent"), (safe(link, 500), "text")]))
        if len(parts.links) > _LINKS:
            more = count(len(parts.links) - _LINKS)
            lines.append(_fact("", [(f"… {more} more", "muted")]))
    return [_styled(line, styles) for line in lines]


_Fact = tuple[str, list[tuple[str, str]]]


def _fact(label: str, pieces: list[tuple[str, str]]) -> _Fact:
    return label, pieces


def _styled(fact: _Fact, styles: Styles) -> Text:
    label, pieces = fact
    text = Text(f" {label:<{_LABEL}}", styles["muted"])
    for piece, role in pieces:
        text.append(piece, styles[role])
    return text


def _checks(parts: MessageParts, width: int) -> list[_Fact]:
    """The checks, several a line, what is wrong first."""
    facts: list[_Fact] = []
    room = max(20, width - _LABEL - 3)
    row: list[tuple[str, str]] = []
    used = 0
    for check in sorted(parts.checks, key=lambda one: one.fine):
        word = f"{'✓' if check.fine else '▲'} {safe(check.sentence, 100)}  "
        if row and used + cell_len(word) > room:
            facts.append(_fact("" if facts else "Checks", row))
            row, used = [], 0
        row.append((word, "good" if check.fine else "warn"))
        used += cell_len(word)
    if row:
        facts.append(_fact("" if facts else "Checks", row))
    return facts


def copies_of(view: MessageView | None, parts: MessageParts | None) -> list[tuple[str, str]]:
    """What can be copied of a message's inside: the code, then its links."""
    found: list[tuple[str, str]] = []
    if parts is not None:
        if parts.code:
            found.append(("one-time code", parts.code))
        found += [(f"link {number}", link) for number, link in enumerate(parts.links[:20], 1)]
    if view is not None:
        found.append(("id", view.id))
        found.append(("sender", view.reverse_path or "<>"))
        found.append(("recipients", ", ".join(item.address for item in view.recipients)))
        found.append(("subject", view.subject))
        found.append(("headers", "\n".join(f"{name}: {value}" for name, value in view.headers)))
    return found


def title_of(forms: Sequence[str], current: str, note: str) -> str:
    """The ways to look at a message, as a title; the current one stands between marks."""
    return "  ".join(
        f"‹{NAMES[form]}{f' {note}' if note else ''}›" if form == current else NAMES[form]
        for form in forms
    )


NAMES = {
    "html": "HTML as text",
    "text": "Text",
    "source": "Source",
    "raw": "Raw",
    "headers": "Headers",
    "parts": "Parts",
}
"""What each way to look is called."""
