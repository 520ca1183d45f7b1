"""Does a filter mean this message, as far as its row tells?  For going from match to match.

The engine filters; this is for `n` and `N`, which stay in the list as it is shown and look
only at rows that are here.  Of a message with several recipients only the shown one is known.
"""

from __future__ import annotations

from empath.control.link import QueueItem
from empath.query import QueueQuery, Term


def matches(item: QueueItem, query: QueueQuery, now: float) -> bool:
    """Whether all terms of *query* hold for what the row of *item* shows at *now*."""
    return all(_holds(item, term, now) is not term.negated for term in query.terms)


def _holds(item: QueueItem, term: Term, now: float) -> bool:
    text = term.text.lower()
    if not term.field:
        texts = (item.id, item.reverse_path or "", item.recipient, item.subject, item.last_reply)
        return any(text in each.lower() for each in texts)
    if term.field in ("age", "next", "size", "tries"):
        return _compares(_amount(item, term.field, now), term)
    value = {
        "state": item.state,
        "dest": item.destination,
        "from": item.reverse_path or "<>",
        "rcpt": item.recipient,
        "subject": item.subject,
        "reply": item.last_reply,
        "client": item.client,
        "prio": item.priority,
        "id": item.id,
    }.get(term.field, "").lower()
    if term.contains:
        return text in value
    return value.startswith(text) if term.field in ("subject", "reply") else value == text


def _amount(item: QueueItem, field: str, now: float) -> float | None:
    match field:
        case "age":
            return now - item.received_at
        case "next":
            return None if item.next_at is None else item.next_at - now
        case "size":
            return item.size
        case _:
            return item.attempts


def _compares(value: float | None, term: Term) -> bool:
    if value is None:
        return False
    match term.relation:
        case "<":
            return value < term.amount
        case ">":
            return value > term.amount
        case _:
            return value == term.amount
