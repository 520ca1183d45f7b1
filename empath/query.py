"""The filter language of the queue: one sentence for engine, command line and console.

Terms are separated by blanks and all must hold.  ``state:deferred`` ``dest:example.org``
``dest:~mail`` (contains) ``from:a@b`` ``from:~news`` ``rcpt:~ada`` ``id:0197…`` and a bare
word, which must occur in sender, recipient, subject or last reply.  ``age:>1h`` ``next:<5m``
``size:>1mb`` ``tries:>3`` compare.  ``!`` before a term turns it round.  An empty text matches
everything that is not final.  ``subject:``, ``reply:`` and ``hold:`` (why it is held) without
``~`` mean "begins with"; ``from:<>`` is the null sender.  ``header:`` looks into the header
sections of held mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from empath.envelope import MessageId, Priority, State
from empath.safe_text import safe_text

FIELDS: Final = (
    "state", "dest", "from", "rcpt", "subject", "reply", "hold", "header", "client",
    "age", "next", "size", "tries", "prio", "id",
)  # fmt: skip
"""The fields that can stand before a colon."""

CHOICES: Final = {
    "state": tuple(state.word for state in State),
    "prio": tuple(priority.word for priority in reversed(Priority)),
}
"""The words that a field can have, of fields that have no others."""

COMPARED: Final = {"age": ">1h", "next": "<5m", "size": ">1mb", "tries": ">3"}
"""Fields that are compared with ``<`` or ``>``, and how that is written."""

TERMS_LIMIT: Final = 50
"""Most terms of one filter."""
TEXT_LIMIT: Final = 2000
"""Most characters of one filter."""

_EXACT: Final = frozenset({"id", *CHOICES, *COMPARED})
"""Fields with which ``~`` makes no sense."""
_WORD: Final = re.compile(r"\S+")
_NUMBER: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([a-z]*)", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800}
_OCTETS: Final = {
    "": 1, "b": 1, "k": 1000, "kb": 1000, "m": 1000**2, "mb": 1000**2, "g": 1000**3,
    "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3,
}  # fmt: skip


class BadQuery(ValueError):
    """The text is not a filter; the message names the term and what may stand there."""

    span: tuple[int, int] = (0, 0)
    """Where the term stands in the text, from and to; both 0 when it is about the whole."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    field: str
    """A name of `FIELDS`, or empty for a bare word."""
    text: str
    contains: bool = False
    negated: bool = False
    relation: Literal["", "<", ">"] = ""
    """With a field of `COMPARED`: whether it is less or more than `amount`."""

    def __str__(self) -> str:
        """The term as an operator types it."""
        mark = "~" if self.contains else self.relation
        field = f"{self.field}:{mark}" if self.field else ""
        return f"{'!' if self.negated else ''}{field}{self.text}"

    @property
    def amount(self) -> float:
        """What a field of `COMPARED` is compared with: seconds, octets or a number."""
        return _amount(self.field, self.text)


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """A filter in parsed form: all *terms* hold and, if *ids* are given, the id is one of them."""

    terms: tuple[Term, ...] = ()
    ids: tuple[MessageId, ...] = ()


EVERYTHING: Final = QueueQuery()


def parse_query(text: str) -> QueueQuery:
    """Read a filter as an operator types it.  Raises `BadQuery`."""
    if len(text) > TEXT_LIMIT:
        raise BadQuery(f"a filter has at most {TEXT_LIMIT} characters")
    words = list(_WORD.finditer(text))
    if len(words) > TERMS_LIMIT:
        raise BadQuery(f"a filter has at most {TERMS_LIMIT} terms")
    terms = []
    for word in words:
        try:
            terms.append(_parse_term(word[0]))
        except BadQuery as error:
            error.span = word.span()
            raise
    return QueueQuery(terms=tuple(terms))


def _parse_term(word: str) -> Term:
    shown = safe_text(word, 100)
    negated = word.startswith("!")
    name, colon, text = word.removeprefix("!").partition(":")
    if not colon:
        if not name:
            raise BadQuery(f'"{shown}" names no value, as in "!word"')
        return Term("", name, contains=True, negated=negated)
    name = name.lower()
    if name not in FIELDS:
        raise BadQuery(f'"{safe_text(name, 100)}:" is not a field; there are {", ".join(FIELDS)}')
    contains = text.startswith("~")
    text = text.removeprefix("~")
    if not text:
        raise BadQuery(f'"{shown}" names no value, as in "{name}:{COMPARED.get(name, "value")}"')
    if contains and name in _EXACT:
        raise BadQuery(f'"~" does not go with {name}, as in "{shown}"')
    if name in COMPARED:
        return _parse_comparison(name, text.lower(), negated=negated)
    if name in CHOICES:
        text = _parse_choice(name, text.lower())
    if name == "id":
        try:
            MessageId(text)
        except ValueError as error:
            raise BadQuery(str(error)) from error
    return Term(name, text, contains=contains, negated=negated)


def _parse_choice(name: str, text: str) -> str:
    words = CHOICES[name]
    if text not in words:
        noun = "state" if name == "state" else "priority"
        raise BadQuery(f'"{safe_text(text, 100)}" is not a {noun}; there are {", ".join(words)}')
    return text


def _parse_comparison(name: str, text: str, *, negated: bool) -> Term:
    relation: Literal["", "<", ">"] = "<" if text[0] == "<" else ">" if text[0] == ">" else ""
    value = text.removeprefix(relation)
    example = f'"{name}:{COMPARED[name]}"'
    if not value:
        raise BadQuery(f'"{name}:{relation}" names no value, as in {example}')
    if not relation and name != "tries":
        raise BadQuery(f'{name} is compared with "<" or ">", as in {example}')
    try:
        _amount(name, value)
    except (KeyError, ValueError) as error:
        what = {"size": "a size", "tries": "a number"}.get(name, "a time")
        raise BadQuery(f'"{safe_text(value, 100)}" is not {what}, as in {example}') from error
    return Term(name, value, negated=negated, relation=relation)


def read_duration(text: str) -> float:
    """The seconds of a length of time such as ``90s``, ``5m``, ``2h``.  Raises `ValueError`."""
    try:
        return _amount("age", text.strip().lower())
    except KeyError as error:
        raise ValueError(text) from error


def _amount(name: str, text: str) -> float:
    """The number that *text* writes in the unit of a field.  Raises `KeyError`, `ValueError`."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    match name:
        case "size":
            return float(match[1]) * _OCTETS[match[2]]
        case "tries":
            return int(text)
        case _:
            return float(match[1]) * _SECONDS[match[2]]
