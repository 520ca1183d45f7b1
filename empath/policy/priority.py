"""How urgent a message is: from all that speaks about it to one class.  Pure and total.

What is asked, in this order, for a client that may raise (`priority.trusted`):

1. the MT-PRIORITY parameter of MAIL (RFC 6710);
2. the MT-Priority field, its tunnel through older servers (RFC 6758);
3. rules of the config that look at a header field, the first that matches;
4. the other rules of the config: sender, recipient, listener, the first that matches;
5. what mailing lists and mass mail say of themselves (Precedence, List-*), which lowers;
6. hints of mail programs (X-Priority, Importance, Priority, X-MSMail-Priority);
7. normal.

Any other client is believed only where it asks for less: hints are not looked at, and the
lowest of all that was said counts, at most normal.  So nothing such a client says raises its
mail, and nothing it says evades a rule that lowers.

What is relayed onward is a number of RFC 6710, and only what was asked for with one or by a
rule: hints are for people and must not become a transfer priority (RFC 6758 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from empath.address import EmailAddress
from empath.config.priority import PriorityRule
from empath.envelope import Priority

OWN: Final = "mt-priority"
_LISTS: Final = (
    *("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe"),
    *("list-owner", "list-archive"),
)
_MARKS: Final = ("precedence", *_LISTS)
_HINTS: Final = ("x-priority", "importance", "priority", "x-msmail-priority")

_NUMBER: Final = re.compile(r"-?[1-9]|0")
_PRECEDENCE: Final = {"bulk": Priority.BULK, "junk": Priority.BULK, "list": Priority.LOW}
_HINT_WORDS: Final[Mapping[str, Priority]] = {
    # X-Priority: 1 is the most urgent.  No hint makes mail critical.
    "1": Priority.HIGH,
    "2": Priority.HIGH,
    "3": Priority.NORMAL,
    "4": Priority.LOW,
    "5": Priority.LOW,
    # Importance, X-MSMail-Priority and Priority (RFC 2156 5.3).
    "high": Priority.HIGH,
    "urgent": Priority.HIGH,
    "normal": Priority.NORMAL,
    "low": Priority.LOW,
    "non-urgent": Priority.LOW,
}


class Message(Struct, frozen=True):
    """What is known of a message when its header section has come."""

    parameter: int | None
    """MT-PRIORITY as the client asked for it; None where it did not."""
    fields: Mapping[str, str]
    """Values of those of the fields in `wanted` that the header has, by lower-case name."""
    sender: EmailAddress | None
    recipients: Sequence[EmailAddress]
    listener: str


class Ranked(Struct, frozen=True):
    """What came of it."""

    priority: Priority
    number: int
    """What is told to the next server (RFC 6710), -9 to 9; 0 for nothing to tell."""
    source: str
    """What decided: ``parameter``, ``field``, ``rule``, ``mark``, ``hint`` or ``default``."""


_DEFAULT: Final = Ranked(Priority.NORMAL, 0, "default")


def wanted(rules: Sequence[PriorityRule]) -> Collection[str]:
    """The header fields that have a say, in lower case."""
    names = {OWN, *_MARKS, *_HINTS}
    return frozenset(names.union(rule.field for rule in rules if rule.field))


def rank(message: Message, rules: Sequence[PriorityRule], *, may_raise: bool) -> Ranked:
    """The class of *message*; at most normal where its client may not raise."""
    if not message.fields and not rules and not message.parameter:
        return _DEFAULT  # Nearly all mail: nobody said anything.
    said = list(_said(message, rules))
    if may_raise:
        return next(iter(said), _hinted(message.fields))
    lowest = min(said, key=lambda each: (each.priority, each.number), default=_DEFAULT)
    return lowest if lowest.priority < Priority.NORMAL or lowest.number < 0 else _DEFAULT


def read_number(text: str) -> int | None:
    """A transfer priority as RFC 6710 writes it, -9 to 9; None for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


def _said(message: Message, rules: Sequence[PriorityRule]) -> list[Ranked]:
    """All that was said except hints, the weightiest first."""
    said: list[Ranked] = []
    if message.parameter is not None:
        said.append(_numbered(message.parameter, "parameter"))
    own = read_number(message.fields.get(OWN, ""))
    if own is not None:
        said.append(_numbered(own, "field"))
    matching = [rule for rule in rules if _matches(rule, message)]
    matching.sort(key=lambda rule: not rule.field)
    said += [Ranked(rule.give.priority, rule.give.priority.number, "rule") for rule in matching[:1]]
    mark = _mark(message.fields)
    if mark is not None:
        said.append(Ranked(mark, 0, "mark"))
    return said


def _numbered(number: int, source: str) -> Ranked:
    return Ranked(Priority.of(number), number, source)


def _mark(fields: Mapping[str, str]) -> Priority | None:
    """What mass mail says of itself."""
    precedence = _PRECEDENCE.get(fields.get("precedence", "").lower())
    if precedence is None and any(name in fields for name in _LISTS):
        return Priority.LOW
    return precedence


def _hinted(fields: Mapping[str, str]) -> Ranked:
    """What the mail program of a sender wished, the first that can be read."""
    for name in _HINTS:
        # "1 (Highest)" is the usual form of X-Priority.
        word = fields.get(name, "").lower().partition(" ")[0]
        if word in _HINT_WORDS:
            return Ranked(_HINT_WORDS[word], 0, "hint")
    return _DEFAULT


def _matches(rule: PriorityRule, message: Message) -> bool:
    """Whether everything the rule asks for is so."""
    if rule.listener and rule.listener != message.listener:
        return False
    if rule.sender and not _is_address(message.sender, rule.sender):
        return False
    if rule.recipient and not any(
        _is_address(address, rule.recipient) for address in message.recipients
    ):
        return False
    if not rule.field:
        return True
    value = message.fields.get(rule.field)
    return value is not None and rule.value in {"", value.lower()}


def _is_address(address: EmailAddress | None, pattern: str) -> bool:
    """*pattern* is an address, ``@domain``, ``.domain`` for its subdomains, or ``<>``."""
    if address is None:
        return pattern == "<>"
    written, pattern = address.lower(), pattern.lower()
    if pattern.startswith(("@", ".")):
        return written.endswith(pattern)
    return written == pattern
