"""What can be typed next in a filter: names of fields, their values, destinations with mail.

Pure: the text and where the cursor stands in it, in; candidates out.  Only the word at the
cursor is completed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from empath.query import CHOICES, COMPARED, FIELDS

SHOWN: Final = 8
"""Most candidates that are offered at once."""

HINTS: Final = {
    "state": "queued, deferred, held …",
    "dest": "a domain, or ~part of it",
    "from": "the sender, or ~part; <> is the null sender",
    "rcpt": "a recipient, or ~part",
    "subject": "begins so, or ~contains",
    "hold": "why it is held begins so, or ~contains",
    "header": "~words in the header section, with state:held or dest:",
    "reply": "the last reply begins so, or ~contains",
    "client": "who handed it in, or ~part",
    "age": ">1h waits longer, <10m less long",
    "next": "<5m tried within, >1h later",
    "size": ">1mb, <64kib",
    "tries": ">3 attempts so far",
    "prio": "critical … bulk",
    "id": "16 hexadecimal digits",
}
"""What a field takes, in a few words."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The candidates for the word at the cursor, and where that word begins."""

    start: int
    stop: int
    candidates: tuple[str, ...]
    """Whole words, such as ``state:`` or ``!dest:mail.example``."""

    @property
    def common(self) -> str:
        """What all candidates begin with; empty when there is none."""
        first, last = min(self.candidates, default=""), max(self.candidates, default="")
        for at, character in enumerate(first):
            if last[at : at + 1] != character:
                return first[:at]
        return first


def complete(text: str, cursor: int, destinations: Sequence[str] = ()) -> Completion:
    """The candidates for the word in *text* that ends at *cursor*."""
    start = cursor
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    word = text[start:cursor]
    mark = "!" if word.startswith("!") else ""
    name, colon, value = word.removeprefix("!").partition(":")
    name = name.lower()
    if not colon:
        found = [f"{mark}{field}:" for field in FIELDS if field.startswith(name)]
    else:
        values = _values(name, destinations)
        found = [f"{mark}{name}:{each}" for each in values if each.startswith(value.lower())]
    return Completion(start, cursor, tuple(found[:SHOWN]))


def _values(name: str, destinations: Sequence[str]) -> Sequence[str]:
    if name in CHOICES:
        return CHOICES[name]
    if name in COMPARED:
        return (COMPARED[name],)
    return destinations if name == "dest" else ()


def hint(text: str, cursor: int) -> str:
    """What the field at the cursor takes; empty when there is no field."""
    word = text[:cursor].rpartition(" ")[2].removeprefix("!")
    name, colon, value = word.partition(":")
    return HINTS.get(name.lower(), "") if colon and not value else ""


def take(text: str, completion: Completion) -> tuple[str, int]:
    """The text with the word completed as far as it is certain, and where the cursor then is."""
    common = completion.common
    if len(completion.candidates) == 1 and not common.endswith(":"):
        common += " "
    head = text[: completion.start] + common
    return head + text[completion.stop :].removeprefix(" " if common.endswith(" ") else ""), len(
        head
    )
