"""What differs between two configs: key by key, with when each change takes effect.

Pure.  Repeated tables are told apart by what names them (`bind` of a listener, `domain` of a
route), not by their place, so that one put before the others leaves those as they were.
Promises: ``apply(old, differences(old, new)) == new`` for any two configs that were read (no two
tables have one name); a secret is compared and never spelled out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from empath.config.fields import settings_of
from empath.config.keys import NAMES, show_key
from empath.config.locate import KeyPath
from empath.config.model import Config, Effect, Section
from empath.config.spelling import spell, spell_table

S = TypeVar("S", bound=Section)

_STRENGTH: Final = (Effect.LIVE, Effect.NEW_SESSIONS, Effect.RESTART)


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting, or one whole table of a repeated section, that two configs do not share."""

    path: KeyPath
    """From the top; a table of a repeated section is named, ``("route", "example.org", "host")``,
    or has its place where nothing names it."""
    old: Any
    """The value itself; None where there is none."""
    new: Any
    effect: Effect

    @property
    def key(self) -> str:
        """The path as an operator reads it: ``route["example.org"].host``."""
        return show_key(self.path)

    @property
    def was(self) -> str:
        """The old value as it is written."""
        return self._spelled(self.old)

    @property
    def becomes(self) -> str:
        """The new value as it is written."""
        return self._spelled(self.new)

    def _spelled(self, value: Any) -> str:
        match value:
            case Section():
                # A table that comes or goes is known by its name, be that the default or not.
                return spell_table(value, NAMES.get(str(self.path[-2]), ""))
            case Order():
                return str(value)
            case _:
                return spell(value)


@dataclass(frozen=True, slots=True)
class Order:
    """The names of a repeated section's tables, in order; its own kind of value."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.names)

    def agrees(self, other: Order) -> bool:
        """What both have stands in the same order in both."""
        both = set(self.names) & set(other.names)
        mine, others = ([name for name in one.names if name in both] for one in (self, other))
        return mine == others


def shown(found: Iterable[Difference]) -> Iterator[Difference]:
    """What an operator is told of *found*: no order that only says where new tables stand."""
    return (one for one in found if not (isinstance(one.old, Order) and one.old.agrees(one.new)))


def differences(old: Config, new: Config) -> tuple[Difference, ...]:
    """Everything in which *new* differs from *old*, in the order of the model."""
    return tuple(_sections(Config, old, new, ()))


def _sections(kind: type[Section], old: Section, new: Section, path: KeyPath) -> list[Difference]:
    found: list[Difference] = []
    for setting in settings_of(kind):
        before, after = getattr(old, setting.name), getattr(new, setting.name)
        if before == after:
            continue
        at = (*path, setting.name)
        if setting.section is not None:
            found += _sections(setting.section, before, after, at)
        elif setting.repeated is not None:
            found += _tables(setting.repeated, before, after, at)
        else:
            found.append(Difference(at, before, after, setting.effect or Effect.RESTART))
    return found


def _tables(
    kind: type[Section], old: Sequence[Section], new: Sequence[Section], path: KeyPath
) -> list[Difference]:
    found: list[Difference] = []
    before, after = _named(path, old), _named(path, new)
    for name in [*before, *(name for name in after if name not in before)]:
        at = (*path, name)
        was, becomes = before.get(name), after.get(name)
        if was is None or becomes is None:
            found.append(Difference(at, was, becomes, strongest(kind)))
        elif was != becomes:
            found += _sections(kind, was, becomes, at)
    kept = [*(name for name in before if name in after), *(n for n in after if n not in before)]
    if kept != [*after]:
        order = Order(tuple(map(str, before))), Order(tuple(map(str, after)))
        found.append(Difference(path, *order, strongest(kind)))
    return found


def _named(path: KeyPath, tables: Sequence[Section]) -> dict[str | int, Section]:
    name = NAMES.get(str(path[-1]))
    if name is None:
        return dict(enumerate(tables))
    return {str(getattr(table, name)): table for table in tables}


def strongest(kind: type[Section]) -> Effect:
    """The effect of a whole table that comes or goes: that of its weightiest setting."""
    effects = {setting.effect for setting in settings_of(kind)}
    return max((effect for effect in _STRENGTH if effect in effects), key=_STRENGTH.index)


def apply(config: Config, changes: Iterable[Difference]) -> Config:
    """*config* with *changes* made: all of a diff, or some of them."""
    return _changed(config, list(changes), 0)


def _changed(section: S, changes: Sequence[Difference], depth: int) -> S:
    """The section with the changes that stand below it; *depth* is the length of its path."""
    values: dict[str, Any] = {}
    for name, inner in _grouped(changes, depth).items():
        value = getattr(section, str(name))
        if isinstance(value, Section):
            values[str(name)] = _changed(value, inner, depth + 1)
        elif any(isinstance(change.new, Order) or len(change.path) > depth + 1 for change in inner):
            values[str(name)] = _changed_tables(_named((str(name),), value), inner, depth + 1)
        else:
            values[str(name)] = inner[-1].new
    return msgspec.structs.replace(section, **values)


def _changed_tables(
    tables: dict[str | int, Section], changes: Sequence[Difference], depth: int
) -> tuple[Section, ...]:
    order: tuple[str, ...] = ()
    for name, inner in _grouped(changes, depth).items():
        change = inner[-1]
        if name is None:
            order = change.new.names
        elif len(change.path) > depth + 1:
            tables[name] = _changed(tables[name], inner, depth + 1)
        elif change.new is None:
            del tables[name]
        else:
            tables[name] = change.new
    # Those that the order does not name, as only some changes are made, stay behind the others.
    places = dict.fromkeys([*(name for name in order if name in tables), *tables])
    return tuple(tables[name] for name in places)


def _grouped(changes: Sequence[Difference], depth: int) -> dict[str | int | None, list[Difference]]:
    """The changes by the part of their path at *depth*; None for those whose path ends there."""
    groups: dict[str | int | None, list[Difference]] = {}
    for change in changes:
        part = change.path[depth] if depth < len(change.path) else None
        groups.setdefault(part, []).append(change)
    return groups


def at_once(running: Config, wanted: Config) -> tuple[Config, tuple[Difference, ...]]:
    """What of *wanted* can be in force without a restart, and what has to wait for one."""
    found = differences(running, wanted)
    waiting = tuple(change for change in found if change.effect is Effect.RESTART)
    return apply(running, (item for item in found if item.effect is not Effect.RESTART)), waiting
