"""What proves that a setting takes effect when it says: two values, and what shows which one rules.

`KEYS` are all keys of the model, as ``delivery.retry.base`` and ``route.host``; a `Proof` for each
is in the files `proofs_….py` beside this one.  A key of a section stands in the config by itself,
one of a repeated section in the table that the proof gives.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from empath.config.fields import Setting, settings_of
from empath.config.model import Config, Section

BASE: Final = {
    "mode": '"relay"',
    "hostname": '"empath.test"',
    "spool.path": '"@SPOOL@"',
    "dns.servers": '["127.0.0.1:@NAMES@"]',
    "delivery.retry.jitter": "0",
    "delivery.retry.delay_notice": '"0s"',
}
"""What the config says where a proof does not say otherwise."""
LISTENER: Final = '[[listener]]\nbind = "127.0.0.1:@PORT@"\n'
ROUTES: Final = """\
[[route]]
domain = "there.test"
host = "127.0.0.1:@MX@"
[[route]]
domain = ".there.test"
host = "127.0.0.1:@MX@"
"""

Look: TypeAlias = Callable[..., Awaitable[object]]


@dataclass(frozen=True)
class Proof:
    """How one key is changed, and what shows that it was."""

    old: str
    """Its value in TOML; empty: left out."""
    new: str
    look: Look
    """Asks the running parts, or for a key that is for new sessions one session, what rules."""
    was: object
    """What *look* sees under the old value."""
    becomes: object
    more: Mapping[str, str] = field(default_factory=dict)
    """Other settings that hold throughout."""
    table: str = ""
    """The table of a repeated section that the key stands in, without the key."""

    def text(self, key: str, value: str) -> str:
        """The whole config with *key* set to *value*."""
        lines = {**BASE, **self.more}
        tables = [LISTENER, "" if self.table.startswith("[[route]]") else ROUTES]
        if self.table:
            name = key.rpartition(".")[2]
            tables.append(self.table + (f"\n{name} = {value}\n" if value else "\n"))
        elif value:
            lines[key] = value
        else:
            lines.pop(key, None)
        return "\n".join([*(f"{name} = {said}" for name, said in lines.items()), *tables])


def keys(kind: type[Section] = Config, above: str = "") -> Iterator[tuple[str, Setting]]:
    """Every setting of the model by its key."""
    for setting in settings_of(kind):
        below = setting.section or setting.repeated
        if below is None:
            yield above + setting.name, setting
        else:
            yield from keys(below, f"{above}{setting.name}.")


KEYS: Final[Mapping[str, Setting]] = dict(keys())


def pattern(key: str) -> str:
    """The key of the model that ``route["example.org"].host`` is one of."""
    return re.sub(r"\[[^]]*\]", "", key)
