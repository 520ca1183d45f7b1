"""The config as an operator reads it over the link: changes and faults.

Values are as they are written in TOML.  A secret is its fingerprint, everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from empath.config.diff import Difference, shown
from empath.config.load import DEFAULT_NAME
from empath.config.locate import line_of
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.renewal import Doubt, RenewalRefused
from empath.control.config_requests import ConfigChange, ConfigFault, ConfigVersion
from empath.control.system_requests import AttentionItem

_NAMED: Final = 5
"""Most keys in one sentence."""
_LINES: Final = 100
"""Most changes in one event."""
_SHOWN: Final = 200
"""Characters of a value in a line of the log."""
LISTED: Final = 10_000
"""Most changes in one list of versions."""
CUT: Final = 1000
"""Characters of a value in there."""


def change(difference: Difference) -> ConfigChange:
    """One difference, told."""
    return ConfigChange(
        key=difference.key,
        old=difference.was,
        new=difference.becomes,
        effect=difference.effect.value,
    )


def changes(found: Iterable[Difference]) -> tuple[ConfigChange, ...]:
    """Differences, told."""
    return tuple(map(change, shown(found)))


def line(one: ConfigChange) -> str:
    """A change for the log: ``delivery.retry.base: "5m" -> "10m" (live)``."""
    return f"{one.key}: {_short(one.old)} -> {_short(one.new)} ({one.effect})"


def lines(found: Sequence[ConfigChange]) -> tuple[str, ...]:
    """Changes for the log; of very many the first hundred, the history has them all."""
    more = len(found) - _LINES
    rest = (f"and {more:,} more changes",) if more > 0 else ()
    return (*map(line, found[:_LINES]), *rest)


def listed(versions: Iterable[ConfigVersion]) -> tuple[ConfigVersion, ...]:
    """Versions for a list, the newest first, with no more changes than a reply should hold."""
    room, found = LISTED, []
    for one in versions:
        kept = tuple(
            msgspec.structs.replace(each, old=_short(each.old, CUT), new=_short(each.new, CUT))
            for each in one.changes[:room]
        )
        room -= len(kept)
        more = len(one.changes) - len(kept)
        found.append(msgspec.structs.replace(one, changes=kept, more=more))
    return tuple(found)


def _short(value: str, most: int = _SHOWN) -> str:
    return value if len(value) <= most else f"{value[: most - 1]}…"


def faults(error: ConfigUnusable) -> tuple[ConfigFault, ...]:
    """All that is wrong with a text."""
    return tuple(
        ConfigFault(file=one.file, line=one.line, key=one.key, sentence=one.sentence)
        for one in error.problems
    )


def unbuilt(file: str, error: RenewalRefused, text: str = "") -> tuple[ConfigFault, ...]:
    """What parts of the engine cannot work with; *text* is the config, which has the lines."""
    return tuple(
        ConfigFault(file=file, line=line_of(text, one.key), key=one.key, sentence=str(one))
        for one in error.all
    )


def doubted(file: str, doubts: Iterable[Doubt], text: str) -> tuple[ConfigFault, ...]:
    """What is to be warned of; *text* is the config, which has the lines."""
    return tuple(
        ConfigFault(file=file, line=line_of(text, one.key), key=one.key, sentence=one.sentence)
        for one in doubts
    )


def written(one: ConfigFault) -> str:
    """A fault in one line, as ``empath check`` writes it."""
    return str(ConfigProblem(one.file, one.line, one.key, one.sentence))


def no_file(for_what: str) -> str:
    """Why an engine that was started without a config file has none to read or write."""
    return (
        f"This engine runs on built-in defaults: there is no file to {for_what}. Restarted it would"
        f" take {DEFAULT_NAME.absolute()}, or the file named with --config FILE."
    )


def attention(
    pending: Sequence[ConfigChange], file: str, *, drift: bool, faulty: bool = False
) -> tuple[AttentionItem, ...]:
    """What an operator should see to: settings that wait for a restart, a changed *file*."""
    items = []
    if pending:
        keys = ", ".join(one.key for one in pending[:_NAMED])
        more = f" and {len(pending) - _NAMED} more" if len(pending) > _NAMED else ""
        items.append(f"A restart is pending, the old value stays until then: {keys}{more}.")
    if drift and faulty:
        items.append(
            f"{file} is not what is in force and has faults, so that it cannot be:"
            " `empathctl config diff` shows them."
        )
    elif drift:
        items.append(
            f"{file} is not what is in force: `empathctl config diff` shows the difference,"
            " `empathctl config reload` puts it in force."
        )
    return tuple(
        AttentionItem(severity="warning", subject="config", sentence=sentence) for sentence in items
    )
