"""The filter language of the queue: one sentence for engine, command line and console.

Terms are separated by blanks and all must hold.  ``state:deferred`` ``dest:example.org``
``dest:~mail`` (contains) ``from:a@b`` ``from:~news`` ``rcpt:~ada`` ``id:0197…`` and a bare
word, which must occur in sender, recipient, subject or last reply.  ``!`` before a term
turns it round.  An empty text matches everything that is not final.  ``subject:``, ``reply:``
and ``hold:`` (why it is held) without ``~`` mean "begins with"; ``from:<>`` is the null sender.
``header:`` looks into the header sections of held mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from empath.envelope import MessageId, State
from empath.safe_text import safe_text

FIELDS: Final = ("state", "dest", "from", "rcpt", "subject", "reply", "hold", "header", "id")
"""The fields that can stand before a colon."""

TERMS_LIMIT: Final = 50
"""Most terms of one filter."""
TEXT_LIMIT: Final = 2000
"""Most characters of one filter."""


class BadQuery(ValueError):
    """The text is not a filter; the message names the term and what may stand there."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    field: str
    """A name of `FIELDS`, or empty for a bare word."""
    text: str
    contains: bool = False
    negated: bool = False

    def __str__(self) -> str:
        """The term as an operator types it."""
        field = f"{self.field}:{'~' if self.contains else ''}" if self.field else ""
        return f"{'!' if self.negated else ''}{field}{self.text}"


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
    words = text.split()
    if len(words) > TERMS_LIMIT:
        raise BadQuery(f"a filter has at most {TERMS_LIMIT} terms")
    return QueueQuery(terms=tuple(map(_parse_term, words)))


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
        raise BadQuery(f'"{shown}" names no value, as in "{name}:value"')
    if contains and name in ("state", "id"):
        raise BadQuery(f'"~" does not go with {name}, as in "{shown}"')
    if name == "state":
        text = _parse_state(text.lower())
    if name == "id":
        try:
            MessageId(text)
        except ValueError as error:
            raise BadQuery(str(error)) from error
    return Term(name, text, contains=contains, negated=negated)


def _parse_state(text: str) -> str:
    words = [state.word for state in State]
    if text not in words:
        raise BadQuery(f'"{safe_text(text, 100)}" is not a state; there are {", ".join(words)}')
    return text
