"""One message as lines of text: its envelope, its header fields, its raw content.

Pure: values in, styled lines out.  Everything passes `safe` or `dotted`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from empath.control.link import MessageView, RecipientItem, WhyItem
from empath.events import AttemptEnded
from tui.figures import age, count, due, moment
from tui.safety import dotted, safe
from tui.theme import Styles, sign
from tui.wrapping import wrapped

LABEL = 10
_SENTENCES = 3
"""Reasons that are told; of more, how many there are."""


def envelope_lines(
    view: MessageView,
    now: float,
    styles: Styles,
    *,
    why: Sequence[WhyItem] = (),
    width: int = 80,
) -> list[Text]:
    """From whom, why it is where it is, to whom with each one's state, whether it goes over TLS,
    how it came, and how long it may stay.
    """

    def line(label: str, *pieces: tuple[str, str]) -> Text:
        text = Text.assemble((f" {label:<{LABEL}}", styles["muted"]))
        for piece, role in pieces:
            text.append(piece, styles[role])
        return text

    sender = safe(view.reverse_path) if view.reverse_path else "<>  (a notification)"
    lines = [
        line("from", (sender, "strong")),
        line("subject", (safe(view.subject, 300) or "–", "text")),
    ]
    lines += _why_lines(why, now, styles, width)
    opens = {item.address: item.next_at for item in why if item.next_at is not None}
    for number, recipient in enumerate(view.recipients):
        label = "to" if number == 0 else ""
        lines += _recipient(recipient, label, opens.get(recipient.address), now, styles, width)
    lines.append(line("goes over", *_encryption(view)))
    flags = " ".join(flag for flag in (view.body, "SMTPUTF8" if view.smtputf8 else "") if flag)
    client = safe(view.client) + (f" ({safe(view.helo)})" if view.helo else "")
    ends = view.expires_at
    way = " ".join(part for part in (safe(view.protocol), safe(view.listener)) if part)
    lines += [
        line("size", (f"{count(view.size)} octets", "text"), (f"  {flags}", "muted")),
        line("priority", (safe(view.priority), "text")),
        line(
            "received",
            (moment(view.received_at), "text"),
            (f"  {age(now - view.received_at)} ago", "muted"),
        ),
        line("client", (client, "text")),
        line("over", (way, "text"), (f"  {safe(view.tls)}" if view.tls else "  in clear", "muted")),
        line(
            "expires",
            ("–" if ends is None else moment(ends), "text"),
            ("  nothing of it is tried" if ends is None else f"  {_left(ends - now)}", "muted"),
        ),
        line("sha256", (view.sha256[:32] + "…" if len(view.sha256) > 33 else view.sha256, "muted")),
    ]
    return lines


def _why_lines(why: Sequence[WhyItem], now: float, styles: Styles, width: int) -> list[Text]:
    """The sentences, each once, wrapped; with when something happens next."""
    alike: dict[str, list[WhyItem]] = {}
    for item in why:
        if item.state in ("queued", "deferred", "active", "held"):
            alike.setdefault(item.sentence.replace(item.address, "·"), []).append(item)
    sentences = []
    for first, *others in alike.values():
        due_in = f" ({due(first.next_at, now)})" if first.next_at is not None else ""
        rest = f" · the same holds for {count(len(others))} more" if others else ""
        sentences.append(safe(first.sentence, 600) + due_in + rest)
    lines: list[Text] = []
    for sentence in sentences[:_SENTENCES]:
        for part in wrapped(sentence, max(20, width - LABEL - 3)):
            label = "" if lines else "why"
            lines.append(
                Text.assemble((f" {label:<{LABEL}}", styles["muted"]), (part, styles["warn"]))
            )
    more = len(sentences) - _SENTENCES
    if more > 0:
        lines.append(Text(f" {'':<{LABEL}}… {more} more reasons", styles["muted"]))
    return lines


def _encryption(view: MessageView) -> tuple[tuple[str, str], ...]:
    """How the last attempt that reached a server was encrypted."""
    for event in reversed(view.timeline):
        if not isinstance(event, AttemptEnded) or not event.server:
            continue
        asked = f"  asked: {safe(event.tls_policy)}" if event.tls_policy else ""
        if event.tls is not None:
            verified = f"verified by {safe(event.tls.verified)}" if event.tls.verified else ""
            told = f"✓ {safe(event.tls.version)} "
            return ((told, "good"), (verified or "not verified", "muted"), (asked, "muted"))
        if event.tls_failures:
            fault = safe(event.tls_failures[-1].fault)
            return (("✖ no TLS: ", "bad"), (fault, "text"), (asked, "muted"))
        return (("▲ in clear", "warn"), (asked, "muted"))
    return (("– no server was reached yet", "muted"),)


def _left(seconds: float) -> str:
    return f"in {age(seconds)}" if seconds > 0 else "past"


def _recipient(
    item: RecipientItem, label: str, opens: float | None, now: float, styles: Styles, width: int
) -> list[Text]:
    """One recipient; it goes no sooner than what holds it *opens*, however long it has been due."""
    mark, role = sign(item.state)
    text = Text.assemble(
        (f" {label:<{LABEL}}", styles["muted"]),
        (f"{mark} {item.state:<9} ", styles[role]),
        (safe(item.address), styles["text"]),
    )
    facts = []
    if item.attempts:
        facts.append(f"tried {item.attempts}×")
    if item.next_at is not None and item.state in ("queued", "deferred"):
        facts.append(f"next {due(max(item.next_at, opens or 0.0), now)}")
    if item.hold_reason:
        facts.append(f"held: {safe(item.hold_reason, 200)}")
    if item.next_hop:
        facts.append(f"re-routed to {safe(item.next_hop, 300)}")
    if item.last_reply:
        facts.append(safe(item.last_reply, 500))
    if not facts:
        return [text]
    indent = " " * (LABEL + 3)
    room = max(20, width - len(indent) - 1)
    return [
        text,
        *(Text(indent + part, styles["muted"]) for part in wrapped("  ".join(facts), room)),
    ]


def header_lines(headers: Sequence[tuple[str, str]], styles: Styles) -> list[Text]:
    """Names and values of the header fields, in their order."""
    return [
        Text.assemble(
            (f" {safe(name, 80)}: ", styles["accent"]), (safe(value, 2000), styles["text"])
        )
        for name, value in headers
    ]


def content_lines(text: str, styles: Styles) -> list[Text]:
    """The content line by line; what is not printable shows as a dot."""
    return [
        Text.assemble((" " + dotted(line), styles["text"]))
        for line in text.replace("\r\n", "\n").split("\n")
    ]
