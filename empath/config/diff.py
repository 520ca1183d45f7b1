"""What differs between two configs: key by key, with when each change takes effect.

Pure.  Repeated tables are told apart by what names them (`bind` of a listener, `domain` of a
route), not by their place, so that one put before the others leaves those as they were.
Promises: ``apply(old, differences(old, new)) == new`` for any two configs that were read (no two
tables have one name); a secret is compared and never spelled out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from empath.config.fields import settings_of
from empath.config.keys import NAMES, show_key
from empath.config.locate import KeyPath
from empath.config.model import Config, Effect, Section
from empath.config.spelling import spell, spell_table

_STRENGTH: Final = (Effect.LIVE, Effect.NEW_SESSIONS, Effect.RESTART)
_FIRST: Final = float("-inf")


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
    result: Config = config
    for change in sorted(changes, key=_turn):
        result = _changed(result, change.path, change)
    return result


def _turn(change: Difference) -> float:
    """Tables without a name go last and from the end, so that the others keep their places."""
    place = change.path[-1]
    return -place if isinstance(place, int) and change.new is None else _FIRST


def _changed(section: Any, path: KeyPath, change: Difference) -> Any:
    name, rest = str(path[0]), path[1:]
    value = getattr(section, name)
    if isinstance(value, Section):
        value = _changed(value, rest, change)
    elif isinstance(change.new, Order) and not rest:
        tables = _named((name,), value)
        ordered = {key: key for key in map(str, tables)}
        places = [wanted for wanted in change.new.names if wanted in ordered]
        others = [key for key in ordered if key not in change.new.names]
        value = tuple(tables[key] for key in (*places, *others))
    elif rest:
        tables = _named((name,), value)
        if len(rest) > 1:
            tables[rest[0]] = _changed(tables[rest[0]], rest[1:], change)
        elif change.new is None:
            del tables[rest[0]]
        else:
            tables[rest[0]] = change.new
        value = tuple(tables.values())
    else:
        value = change.new
    return msgspec.structs.replace(section, **{name: value})


def at_once(running: Config, wanted: Config) -> tuple[Config, tuple[Difference, ...]]:
    """What of *wanted* can be in force without a restart, and what has to wait for one."""
    found = differences(running, wanted)
    waiting = tuple(change for change in found if change.effect is Effect.RESTART)
    return apply(running, (item for item in found if item.effect is not Effect.RESTART)), waiting
