"""A filter of the queue as SQL over ``message AS m`` and ``recipient AS r``.

All terms about recipients, those with ``!`` too, are about the same one: ``state:held
!rcpt:~ada`` is a message of which a held recipient does not contain "ada".  Unless the filter
names ids or a final state, only messages that are not finished are looked at, and of those
only recipients that wait.
Comparing ignores the case of ASCII letters; ``subject:``, ``reply:`` and ``hold:`` without ~ mean
"begins with".  ``from:<>`` is the null sender.  ``header:`` reads bodies, those that are not in
files of their own, so it needs a filter that is found by index.  Ages and times of the next
attempt count from the moment at which the filter was put into SQL.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from empath.envelope import Priority, State
from empath.query import BadQuery, QueueQuery, Term
from empath.spool.stored import CLIENT_PLACE, first_key, read_domain
from empath.spool.tally import Tally

NARROW: Final = 20_000
"""Up to so many recipients are found by index and sorted; more are met by walking the queue."""

Values = dict[str, Any]

_OF_RECIPIENT: Final = frozenset({"state", "dest", "rcpt", "reply", "hold", "next", "tries"})
_COLUMNS: Final = {
    "dest": "r.destination",
    "rcpt": "r.address",
    "reply": "r.reply",
    "hold": "r.hold_reason",
}
_HIDDEN: Final = frozenset({State.QUEUED.word, State.DEFERRED.word})
_CLIENT: Final = f"json_extract(m.details, '$[{CLIENT_PLACE}]')"
_ACTIVE_KEYS: Final = "SELECT value FROM json_each(:active)"
_ACTIVE: Final = f"m.key IN ({_ACTIVE_KEYS})"
# The header section, up to 64 KiB; a body in a file has none here.
_HEADER: Final = (
    "EXISTS (SELECT 1 FROM body AS b WHERE b.key = m.key AND instr(lower(CAST(substr("
    "b.content, 1, min(65536, ifnull(nullif(instr(b.content, x'0d0a0d0a'), 0), 65536)))"
    " AS TEXT)), lower(:{name})) > 0)"
)
_IDS: Final = "SELECT value FROM json_each(:ids)"
_INDEXED: Final = "SELECT key FROM recipient INDEXED BY recipient_open WHERE state < 10 AND"


@dataclass(frozen=True, slots=True)
class Picked:
    """Messages picked by their keys, for a job; of those in *some* only these recipients."""

    keys: tuple[int, ...]
    some: Mapping[int, Sequence[int]]
    job: int = 0
    """The job that changes them; it can be undone then.  0: none."""


Chosen = QueueQuery | Picked
"""What a change is for."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The conditions of a filter, and the values they name."""

    message: str
    """A condition on m; ``1`` when everything of the scope matches."""
    recipient: str
    """A condition on r: which recipients of a matching message are meant."""
    values: Values
    open_only: bool
    narrow: str = ""
    """A select of the keys that can match at all; empty when the queue must be walked."""
    total: int | None = None
    """How many messages match, where that is known without looking."""
    partial: bool = False
    """Of a message that matches, not all recipients that wait need be meant."""

    @classmethod
    def of(
        cls,
        query: Chosen,
        tally: Tally,
        active: Collection[int] = (),
        *,
        now: float,
        by_index: int = NARROW,
    ) -> Self:
        """Put *query* into SQL, as it is meant at *now*.

        Messages of *active* show as active, not as what is stored.  Up to *by_index*
        recipients are found by index.
        """
        if isinstance(query, Picked):
            return cls._of_picked(query)
        fields = {term.field for term in query.terms}
        finals = any(State[t.text.upper()].final for t in query.terms if t.field == "state")
        open_only = not (query.ids or "id" in fields or finals)
        # The + keeps SQLite from the index by destination: here a message's own rows are few.
        waiting = "+r.state < 10" if open_only else "1"
        values: Values = {"active": json.dumps([*active]), "ids": "[]"}
        messages: list[str] = []
        meant: list[str] = []
        late: list[str] = []  # what costs most is asked last
        for number, term in enumerate(query.terms):
            name = f"t{number}"
            values[name] = _value(term, now)
            if term.field in _OF_RECIPIENT and term.text != State.ACTIVE.word:
                condition = _recipient(term, name)
                meant.append(f"NOT ifnull({condition}, 0)" if term.negated else condition)
                if active and term.text in _HIDDEN and not term.negated:
                    messages.append(f"NOT {_ACTIVE}")
            else:
                condition = f"ifnull({_message(term, name)}, 0)"
                (late if term.field == "header" else messages).append(
                    f"NOT {condition}" if term.negated else condition
                )
        if meant:
            messages.append(_exists([waiting, *meant]))
        messages += late
        narrow, total = "", None
        if query.ids:
            narrow, values["ids"] = _IDS, json.dumps([each.key for each in query.ids])
        elif open_only:
            narrow, total = _plan(query.terms, tally, values, by_index)
        if late and not (narrow or "id" in fields):
            raise BadQuery(
                '"header:" reads messages: it goes with state:held, dest: or id:, of few enough of'
                " them"
            )
        return cls(
            " AND ".join(messages) or "1",
            " AND ".join([waiting, *meant]),
            values,
            open_only,
            narrow,
            total,
            bool(meant),
        )

    @classmethod
    def _of_picked(cls, picked: Picked) -> Self:
        """The messages of a lot that are not finished, and those of their recipients."""
        values: Values = {"ids": json.dumps(picked.keys)}
        meant = ""
        if picked.some:
            values["some"] = json.dumps({f"k{key}": each for key, each in picked.some.items()})
            numbers = "json_extract(:some, '$.k' || r.key)"
            meant = (
                f" AND ({numbers} IS NULL"  # noqa: S608 - our own words
                f" OR r.number IN (SELECT value FROM json_each({numbers})))"
            )
        return cls("1", "+r.state < 10" + meant, values, open_only=True, narrow=_IDS)


def _plan(
    terms: Sequence[Term], tally: Tally, values: Values, by_index: int
) -> tuple[str, int | None]:
    """Where to look for matches, if not everywhere; and how many there are, if that is known."""
    if not terms:
        return "", tally.messages
    # Where every message has one recipient, counts of recipients are counts of messages.
    single = len(terms) == 1 and not terms[0].negated and sum(tally.totals) == tally.messages
    for number, term in enumerate(terms):
        if term.negated or term.contains:
            continue
        if term.field == "dest":
            queue = tally.find(read_domain(term.text.lower()))
            count = sum(queue.counts) if queue else 0
            narrow = f"{_INDEXED} destination = :t{number}" if count <= by_index else ""
            return narrow, count if single else None
        if term.field == "state":
            state = State[term.text.upper()]
            if state is State.ACTIVE:
                return _ACTIVE_KEYS, None
            places = [queue for queue in tally if queue.counts[state] or queue.counts[3]]
            count = tally.totals[state]
            narrow = ""
            if count <= by_index and len(places) <= by_index:
                values["places"] = json.dumps([queue.name for queue in places])
                narrow = (
                    f"{_INDEXED} destination IN (SELECT value FROM json_each(:places))"  # noqa: S608 - values are bound
                    f" AND state = :t{number}"
                )
                if state is State.HELD:
                    narrow += " AND priority IN (-2, -1, 0, 1, 2) AND due_at IS NULL"
            return narrow, count if single else None
    return "", None


def _value(term: Term, now: float) -> str | float:
    match term.field:
        case "age":
            return first_key(now - term.amount)
        case "next":
            return now + term.amount
        case "size" | "tries":
            return term.amount
        case "prio":
            return Priority[term.text.upper()]
        case "state":
            return State[term.text.upper()]
        case "id":
            return int(term.text, 16)
        case "dest":
            return term.text.lower()
        case _:
            return term.text


def _recipient(term: Term, name: str) -> str:
    """The condition of *term* on a recipient r."""
    column = _COLUMNS.get(term.field)
    if column is None:
        match term.field:
            case "next":
                return f"r.due_at {term.relation} :{name}"
            case "tries":
                return f"r.attempts {term.relation or '='} :{name}"
            case _:
                return f"r.state = :{name}"
    if term.contains:
        return _contains(column, name)
    if term.field in {"reply", "hold"}:
        return _begins(column, name)
    return (
        f"r.destination = :{name}" if term.field == "dest" else f"{column} = :{name} COLLATE NOCASE"
    )


def _message(term: Term, name: str) -> str:
    """The condition of *term* on a message m."""
    match term.field:
        case "state":
            return _ACTIVE
        case "id":
            return f"m.key = :{name}"
        case "age":  # what is older has the smaller key
            return f"m.key {'<' if term.relation == '>' else '>='} :{name}"
        case "size":
            return f"m.size {term.relation} :{name}"
        case "prio":
            return f"m.priority = :{name}"
        case "client":
            return _is_or_contains(_CLIENT, term, name)
        case "from" if term.text == "<>":
            return "m.reverse_path IS NULL"
        case "from":
            return _is_or_contains("m.reverse_path", term, name)
        case "subject":
            return (_contains if term.contains else _begins)("m.subject", name)
        case "header":
            return _HEADER.format(name=name)
        case _:
            inside = f"({_contains('r.address', name)} OR {_contains('r.reply', name)})"
            return (
                f"(ifnull({_contains('m.reverse_path', name)}, 0)"
                f" OR {_contains('m.subject', name)} OR {_exists([inside])})"
            )


def _contains(column: str, name: str) -> str:
    return f"instr(lower({column}), lower(:{name})) > 0"


def _is_or_contains(column: str, term: Term, name: str) -> str:
    return _contains(column, name) if term.contains else f"{column} = :{name} COLLATE NOCASE"


def _begins(column: str, name: str) -> str:
    return f"substr(lower({column}), 1, length(:{name})) = lower(:{name})"


def _exists(conditions: Sequence[str]) -> str:
    joined = " AND ".join(conditions)
    return f"EXISTS (SELECT 1 FROM recipient AS r WHERE r.key = m.key AND {joined})"  # noqa: S608 - values are bound
