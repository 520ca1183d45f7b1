"""The facts that the question before a change names, and the line that tells its result.  Pure."""

from __future__ import annotations

from typing import Final

from empath.control.link import Changed, Preview, QueueItem
from tui.change_table import Change, Target, Values
from tui.figures import age, octets, plural, time_of_day
from tui.safety import safe

Facts = list[tuple[str, str]]

COUNTING: Final = ("Changes", "counting …")
"""The fact that stands where the dry run's will."""

SHOWN: Final = 200
"""Most characters of a command that a question shows."""


def heading(change: Change, target: Target, values: Values) -> str:
    """The question: ``Hold 3 messages?``."""
    noun = "this message" if target.number == 1 else f"{target.number:,} messages"
    to = f": {values['choice']}" if "choice" in values else ""
    return f"{change.title} {noun}{to}?"


def role_of_typed(target: Target, typed: str) -> str:
    """What must be typed, and why."""
    if target.whole:
        return f"This is the whole queue. Type {typed} to confirm:"
    return f"Type the number of messages ({typed}) to confirm:"


def facts_before(change: Change, target: Target, values: Values, now: float) -> Facts:
    """What is known before the engine has counted."""
    return [
        *_what(target, now),
        _meaning(change, target),
        COUNTING,
        _equivalent(change, target, values),
    ]


def facts_of(change: Change, target: Target, changed: Changed, now: float, values: Values) -> Facts:
    """What is known once the engine has counted."""
    facts = _what(target, now)
    preview = changed.preview
    if preview is not None:
        facts += _counted(change, target, preview)
    facts.append(_meaning(change, target))
    if change.verb == "delete":
        kept = preview.kept_for if preview is not None else None
        facts.append(("Undo", _trash(kept)))
    elif change.destroys:
        facts.append(("Undo", "none: the notification is on its way"))
    elif target.number > 1:
        facts.append(("Undo", "u, for what has not been delivered by then"))
    facts.append(_equivalent(change, target, values))
    return facts


def _meaning(change: Change, target: Target) -> tuple[str, str]:
    if target.number > 1:
        return "They are", change.consequence
    return "It is", change.of_one or change.consequence


def _equivalent(change: Change, target: Target, values: Values) -> tuple[str, str]:
    """The line as it fits into a question; the session's log has it whole."""
    return "Equivalent", safe(change.command(target, values), SHOWN)


def _what(target: Target, now: float) -> Facts:
    frozen = target.frozen
    if frozen is not None:
        span = octets(frozen.octets)
        if frozen.oldest_at is not None and frozen.newest_at is not None:
            span += (
                f" · oldest {age(now - frozen.oldest_at)} · newest {age(now - frozen.newest_at)}"
            )
        taken = f"(frozen {time_of_day(frozen.taken_at)})"
        return [
            ("Selection", f"{safe(frozen.query) or 'the whole queue'}  {taken}"),
            ("Messages", f"{frozen.messages:,} · {span}"),
        ]
    if target.number == 1 and target.known:
        return _one(target.known[0])
    facts: Facts = [("Messages", plural(target.number, "message"))]
    if target.known:
        ages = [now - item.received_at for item in target.known]
        size = octets(sum(item.size for item in target.known))
        span = f"{size} · oldest {age(max(ages))} · newest {age(min(ages))}"
        facts = [("Messages", f"{target.number:,} marked · {span}")]
    return facts


def people(item: QueueItem) -> str:
    """Whom it is for: the first recipient, and how many more."""
    more = f" and {item.recipients - 1} more" if item.recipients > 1 else ""
    return safe(item.recipient) + more


def _one(item: QueueItem) -> Facts:
    return [
        ("Message", item.id),
        ("From", safe(item.reverse_path or "<>")),
        ("To", people(item)),
        ("Subject", safe(item.subject, 200) or "–"),
    ]


def _counted(change: Change, target: Target, preview: Preview) -> Facts:
    left = preview.messages - target.number
    note = f" · {-left:,} left, or cannot be changed so" if left < 0 else ""
    flying = f" · {preview.in_flight:,} in flight left alone" if preview.in_flight else ""
    told = plural(preview.recipients, "recipient")
    if change.verb == "delete" and change.queued:
        told += " will NOT get this mail" if preview.recipients != 1 else " will NOT get it"
    facts: Facts = []
    if note:
        facts.append(("Changes", f"{plural(preview.messages, 'message')}{note}"))
    if target.number > 1:
        facts.append(("Top dest", _places(preview)))
    facts.append(("Recipients", told + flying))
    return facts


def _trash(kept: float | None) -> str:
    if kept == 0:
        return "none: it is gone for good (spool.trash_for is 0)"
    length = "a while" if kept is None else age(kept)
    return f"moved to the trash for {length}; u undoes, or empathctl trash restore"


def _places(preview: Preview) -> str:
    shown = [f"{safe(place.destination)} {place.messages:,}" for place in preview.destinations[:3]]
    more = preview.destination_count - len(shown)
    return " · ".join(shown) + (f" · {more:,} more" if more > 0 else "")


def outcome(change: Change, changed: Changed, target: Target | None = None) -> str:
    """What was done, as a line: ``held 3 messages · 1 in flight left alone``."""
    if changed.job:
        number = plural(target.number, "message") if target is not None else "many messages"
        return f"{change.title.lower()} of {number} runs as job {safe(changed.job)}; X cancels it"
    if not (changed.messages or changed.in_flight or changed.unknown or changed.note):
        return f"nothing was {change.done.removesuffix(':')}: {change.idle}"
    text = f"{change.done} {plural(changed.messages, 'message')}"
    if changed.recipients != changed.messages:
        text += f" ({plural(changed.recipients, 'recipient')})"
    if changed.in_flight:
        text += f" · {changed.in_flight} in flight left alone"
    if changed.unknown:
        text += f" · {len(changed.unknown)} no longer there"
    if changed.note:
        text += f" · {safe(changed.note, 200)}"
    if changed.undo:
        text += " · u undoes"
    return text
