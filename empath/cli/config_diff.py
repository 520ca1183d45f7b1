"""A plan as one reads it: what changes, when each change takes effect, and the mail it touches.

Grouped by effect, keys and values under each other, what was in red and what becomes in green;
below it the consequences for queued mail, the largest first, those that would go wrong marked
with ``!``.  Fits the terminal it is drawn on; into a pipe it is plain text and nothing is wrapped.
Everything shown is sanitised once more here; secrets come as fingerprints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from empath.cli.show import complain, counted, say
from empath.control.config_requests import (
    AppliedConfig,
    ConfigChange,
    ConfigFault,
    Plan,
    QueueImpact,
)
from empath.safe_text import safe_text

ALIKE: Final = 4
"""From so many destinations on, what is the same for all of them is told once."""
NAMED: Final = 3
"""Destinations that are named then."""
LISTED: Final = 200
"""Changes that are shown; --json has all."""
SHOWN: Final = 20
"""Destinations, or groups of them, that are shown; --json has all."""
_LONGEST: Final = 2000
NOTHING: Final = "–"
"""How a plan writes that there is no value."""
_KEY, _VALUE, _SPARE = 34, 20, 6
"""Keys and old values up to so wide stand in columns; a value that is folded needs some room."""

_GROUPS: Final = {
    "live": ("Live", "in force at once", "bold"),
    "new sessions": ("New sessions", "sessions open now end as they began", "bold cyan"),
    "restart": ("Restart", "not in force before the engine is restarted", "bold yellow"),
}
_OLD, _NEW, _QUIET, _BAD = "red", "green", "dim", "bold red"


def write_plan(plan: Plan) -> None:
    """Write *plan*; one with faults writes them to standard error, as ``empath check`` does."""
    if plan.faults:
        write_faults(plan)
    else:
        _write(lambda width: plan_lines(plan, width))


def write_applied(applied: AppliedConfig) -> None:
    """Write what was put in force, or the faults for which it was not."""
    if applied.plan.faults:
        write_faults(applied.plan, "Nothing was changed: the config before stays in force.")
    else:
        _write(lambda width: _applied(applied, width))


def write_faults(plan: Plan, what_then: str = "A config with faults changes nothing.") -> None:
    """All that is wrong, and what comes of it, to standard error."""
    sys.stdout.flush()
    for fault in plan.faults:
        complain(fault_line(fault))
    complain(what_then)


def _write(lines: Callable[[int | None], Iterable[Text]]) -> None:
    if not sys.stdout.isatty():
        for line in lines(None):
            say(line.plain.rstrip())
        return
    console = Console(markup=False, highlight=False, emoji=False)
    for line in lines(console.width):
        console.print(line, soft_wrap=True)


def _applied(applied: AppliedConfig, width: int | None) -> Iterator[Text]:
    changes = len(applied.plan.changes)
    if changes or applied.plan.pending or applied.plan.renewed:
        yield from plan_lines(applied.plan, width, mail=False)
        yield Text()
    what = f", with {counted(changes, 'change')}" if changes else ""
    back = f": version {applied.back_to} again" if applied.back_to else ""
    if applied.version == applied.plan.base and not changes:
        yield Text(f"No setting changes: version {applied.version} stays in force.")
    else:
        yield Text(f"Version {applied.version} is in force{back}{what}.")


def fault_line(fault: ConfigFault) -> str:
    """One fault as ``empath check`` writes it."""
    place = fault.file if fault.line is None else f"{fault.file}:{fault.line}"
    return safe_text(": ".join(filter(None, (place, fault.key, fault.sentence))), _LONGEST)


def plan_lines(plan: Plan, width: int | None = None, *, mail: bool = True) -> Iterator[Text]:
    """A plan without faults, line by line; None: lines are as long as they are."""
    planned = {change.key for change in plan.changes}
    waiting = [change for change in plan.pending if change.key not in planned]
    table = _Table((*plan.changes, *waiting), width)
    yield from _wrapped(_summary(plan), width)
    left = LISTED
    for effect, (title, meaning, style) in _GROUPS.items():
        changes = [change for change in plan.changes if change.effect == effect]
        if changes:
            yield Text()
            yield Text.assemble((title, style), (f"  {meaning}", _QUIET))
            yield from table.rows(changes[:left])
            yield from _more(len(changes) - left, width)
            left = max(left - len(changes), 0)
    if waiting:
        yield Text()
        said = ("  applied before, waiting for the restart", _QUIET)
        yield Text.assemble(("Pending", "bold yellow"), said)
        yield from table.rows(waiting[:left])
        yield from _more(len(waiting) - left, width)
    if plan.renewed:
        yield Text()
        for sentence in plan.renewed:
            yield from _wrapped(Text(f"  {_safe(sentence)}"), width, 4)
    if plan.warnings:
        yield Text()
        for one in plan.warnings:
            yield from _wrapped(Text(f"! {fault_line(one)}", _BAD), width, 2)
    if plan.changes and mail:
        yield Text()
        yield from _queued(plan, width)


def _more(number: int, width: int | None) -> Iterator[Text]:
    """That so many are left out, if any are."""
    if number > 0:
        left_out = Text(f"  … and {number:,} more; --json has all of them", _QUIET)
        yield from _wrapped(left_out, width, 2)


def _summary(plan: Plan) -> Text:
    file = safe_text(plan.file, _LONGEST)
    if not plan.changes:
        return Text(f"{file}: no change to version {plan.base}")
    return Text(f"{file}: {counted(len(plan.changes), 'change')} to version {plan.base}")


# What changes.


class _Table:
    """Keys, old and new values under each other, over all groups of a plan."""

    def __init__(self, changes: Sequence[ConfigChange], width: int | None) -> None:
        self._width = width
        keys = [cell_len(_safe(one.key)) for one in changes]
        olds = [cell_len(_safe(one.old)) for one in changes]
        narrow = width is not None
        self._key = max((each for each in keys if not narrow or each <= _KEY), default=0)
        self._old = max((each for each in olds if each <= _VALUE), default=0)

    def rows(self, changes: Iterable[ConfigChange]) -> Iterator[Text]:
        """One change after the other; a long one below its key."""
        width = self._width
        for one in changes:
            key, old, new = _safe(one.key), _safe(one.old), _safe(one.new)
            aligned, loose = _line(key, old, new, self._key, self._old), _line(key, old, new)
            indent = aligned.cell_len - cell_len(new)
            if width is None or aligned.cell_len <= width:
                yield aligned
            elif loose.cell_len <= width:
                yield loose
            elif cell_len(new) <= 2 * (width - indent - _SPARE):
                yield from _wrapped(aligned, width, indent)
            else:
                yield from _wrapped(Text(f"  {key}"), width, 4)
                if old != NOTHING:
                    yield from _wrapped(Text.assemble("      ", (old, _OLD)), width, 6)
                yield from _wrapped(Text.assemble("    → ", (new, _NEW)), width, 6)


def _line(key: str, old: str, new: str, key_width: int = 0, old_width: int = 0) -> Text:
    shown = (_pad(old, old_width), _OLD)
    return Text.assemble("  ", _pad(key, key_width), "  ", shown, " → ", (new, _NEW))


def _safe(text: str) -> str:
    return safe_text(text, _LONGEST)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


# What it does to queued mail.


def _queued(plan: Plan, width: int | None) -> Iterator[Text]:
    queued = counted(plan.examined, "message")
    if not plan.impact:
        touched = f"none of {queued} is touched" if plan.examined else "there is none"
        yield Text.assemble(("Queued mail", "bold"), f"  {touched}")
        return
    yield Text.assemble(("Queued mail", "bold"), (f"  {queued} looked at", _QUIET))
    blocks = list(_blocks(plan.impact))
    for place, impacts in blocks[:SHOWN]:
        yield from _block(place, impacts, width)
    yield from _more(len(blocks) - SHOWN, width)
    bad = [one for one in plan.impact if one.warning]
    if bad:
        places = len({one.destination for one in bad})
        yield Text()
        what = "fail, expire, wait or be deleted"
        text = f"! {counted(places, 'destination')} with mail that would {what}"
        yield from _wrapped(Text(text, _BAD), width, 2)


def _blocks(impacts: Sequence[QueueImpact]) -> Iterator[tuple[str, list[QueueImpact]]]:
    """Destinations with their consequences, the largest first; what is the same for many
    destinations is one block without their names but a few.
    """
    alike: dict[tuple[str, str, bool], list[QueueImpact]] = {}
    for one in impacts:
        alike.setdefault((one.what, one.sentence, one.warning), []).append(one)
    blocks: dict[object, tuple[str, list[QueueImpact]]] = {}
    for one in impacts:
        same = alike[one.what, one.sentence, one.warning]
        if len(same) < ALIKE:
            _, here = blocks.setdefault(one.destination, (one.destination, []))
            here.append(one)
            continue
        kinds = frozenset(each.destination for each in same)
        if (kinds, one.what, one.sentence) not in blocks:
            merged = _merged(same)
            blocks[kinds, one.what, one.sentence] = (_names(same), [merged])
    yield from sorted(
        blocks.values(),
        key=lambda block: (
            not any(one.warning for one in block[1]),
            -max(one.messages for one in block[1]),
        ),
    )


def _merged(same: Sequence[QueueImpact]) -> QueueImpact:
    first = same[0]
    return QueueImpact(
        destination=first.destination,
        what=first.what,
        messages=sum(one.messages for one in same),
        recipients=sum(one.recipients for one in same),
        sentence=first.sentence,
        warning=first.warning,
        examples=first.examples,
    )


def _names(same: Sequence[QueueImpact]) -> str:
    named = ", ".join(one.destination for one in same[:NAMED])
    return f"{named} and {len(same) - NAMED:,} more"


def _block(place: str, impacts: Iterable[QueueImpact], width: int | None) -> Iterator[Text]:
    yield from _wrapped(Text(f"  {safe_text(place, _LONGEST)}", "bold"), width, 4)
    for one in sorted(impacts, key=lambda each: not each.warning):
        mark = ("! ", _BAD) if one.warning else ("  ", "")
        what = (_pad(safe_text(one.what, 20), 8), "yellow" if one.warning else "cyan")
        sentence = f"{_counts(one)} {safe_text(one.sentence, _LONGEST)}"
        yield from _wrapped(Text.assemble("  ", mark, what, sentence), width, 12)
        if one.examples:
            such = "such as " + ", ".join(one.examples)
            yield from _wrapped(Text.assemble(" " * 12, (such, _QUIET)), width, 12)


def _counts(one: QueueImpact) -> str:
    messages = counted(one.messages, "message")
    if one.recipients == one.messages:
        return messages
    return f"{messages} ({counted(one.recipients, 'recipient')})"


def _wrapped(line: Text, width: int | None, indent: int = 0) -> Iterator[Text]:
    """*line* in as many lines as it needs, those behind the first set in by *indent*."""
    if width is None or line.cell_len <= width:
        yield line
        return
    before = len(line.plain) - len(line.plain.lstrip())
    at = _break(line.plain, max(before, indent), width)
    head, tail = line.divide([at])
    head.rstrip()
    yield head
    rest = Text(" " * indent)
    skipped = len(tail.plain) - len(tail.plain.lstrip())
    rest.append_text(tail[skipped:])
    if rest.plain.strip():
        yield from _wrapped(rest, max(width, indent + 8), indent)


def _break(text: str, first: int, width: int) -> int:
    """Where to end the line: behind the last word that fits, or in a word that fills a line."""
    end = len(text)
    while cell_len(text[:end]) > width:
        end -= 1
    if text[end : end + 1] == " ":
        return end
    space = text.rfind(" ", first + 1, end)
    return space if space > first else end
