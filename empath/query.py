"""The filter language of the queue: one sentence for engine, command line and console.

Terms are separated by blanks and all must hold.  ``state:deferred`` ``dest:example.org``
``dest:~mail`` (contains) ``from:a@b`` ``from:~news`` ``rcpt:~ada`` ``id:0197…`` and a bare
word, which must occur in sender, recipient, subject or last reply.  ``!`` before a term
turns it round.  An empty text matches everything that is not final.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from empath.envelope import MessageId, State

FIELDS: Final = ("state", "dest", "from", "rcpt", "subject", "reply", "id")
"""The fields that can stand before a colon."""


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


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """A filter in parsed form: all *terms* hold and, if *ids* are given, the id is one of them."""

    terms: tuple[Term, ...] = ()
    ids: tuple[MessageId, ...] = ()


EVERYTHING: Final = QueueQuery()


def parse_query(text: str) -> QueueQuery:
    """Read a filter as an operator types it.  Raises `BadQuery`."""
    return QueueQuery(terms=tuple(_parse_term(word) for word in text.split()))


def _parse_term(word: str) -> Term:
    negated = word.startswith("!")
    name, colon, text = word.removeprefix("!").partition(":")
    if not colon:
        return Term("", name, contains=True, negated=negated)
    name = name.lower()
    if name not in FIELDS:
        raise BadQuery(f'"{name}:" is not a field; there are {", ".join(FIELDS)}')
    contains = text.startswith("~")
    text = text.removeprefix("~")
    if not text:
        raise BadQuery(f'"{word}" names no value, as in "{name}:value"')
    if name == "state":
        words = [state.word for state in State]
        if text.lower() not in words:
            raise BadQuery(f'"{text}" is not a state; there are {", ".join(words)}')
        text = text.lower()
    if name == "id":
        try:
            MessageId(text)
        except ValueError as error:
            raise BadQuery(str(error)) from error
    return Term(name, text, contains=contains, negated=negated)
