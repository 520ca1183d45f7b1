"""`docs/CONFIGURATION.md`, written by the model itself: ``python -m empath.config.documentation``.

A test compares the file with what this prints, so a setting without its line in the manual
cannot be merged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from empath.config.described import default_of, kind_of, purpose_of
from empath.config.fields import Setting, settings_of
from empath.config.locate import KeyPath, show_path
from empath.config.model import Config, Effect, Section

_INTRODUCTION: Final = """\
# Configuration

<!-- Written by `python -m empath.config.documentation`; change empath/config/model.py instead. -->

Empath reads one TOML file: the one named with `--config FILE`, else `./empath.toml`. A setting
that is left out has its default, so an empty file is a whole config: a dev relay on loopback.
`empath check` reads the file and reports everything that is wrong with it at once, each with its
line and what to write instead:

```text
empath.toml:41: delivery.retry.base: must be at least 1s (got "0s"); durations are written "90s",
"5m", "2h"
```

A key that Empath does not know is an error, so that a slip of the finger is never silence. A file
that was written to less than 0.3 s ago is read when it rests, as is one that changes while it is
read; after 1.5 s it is refused. One that was emptied while an engine runs is not taken for a wish:
the config in force stays.

Editors that know JSON Schema complete and check the file while it is typed, with
[empath.schema.json](empath.schema.json) (`empathctl config schema` prints it): Taplo and its kin
take `#:schema PATH` as the first line of the file.

From the command line, `empathctl config get KEY` says what a setting is and when a change takes
effect; `set` and `unset` change the file, keep its comments and layout, and write nothing that is
not valid. Settings that need each other are changed in one go: checked and written once, all of
them or none. A table that may be repeated is named in brackets:

```sh
empathctl config get delivery.retry
empathctl config set delivery.retry.base 10m
empathctl config set 'route["example.org"]' '{ host = "mx.example.org:25", tls = "starttls" }'
empathctl config set 'route["example.org"].tls' implicit
empathctl config unset 'route["example.org"]'
empathctl config set 'route["*"].username' ada 'route["*"].password' '{ file = "password" }'
empathctl config set 'listener[0].tls' none --unset 'listener[0].certificate' \\
  --unset 'listener[0].key'
empathctl config check other.toml
```

## How values are written

| kind | written |
|---|---|
| duration | `"250ms"`, `"90s"`, `"5m"`, `"2h"`, `"5d"`; `0` needs no unit; at most `"36500d"` |
| size | `"64KiB"` (1024), `"50MB"` (1000), `"1GiB"`, or a number of octets |
| rate | `"20/s"`, `"100/m"`, `"5/h"`, or a number a second; `0` is no limit |
| network | `"192.0.2.0/24"`, `"2001:db8::/32"`, or a single address |
| server | `"host:port"`; an IPv6 address stands in brackets: `"[2001:db8::1]:25"` |
| path | absolute, or relative to the folder of the config file; `~` is the home folder |
| secret | text, `{ file = "password.txt" }`, `{ env = "PASSWORD" }` or `{ credential = "name" }` |

A secret is never shown: not in a log, not in an error, not in the console. Empath refuses to start
when a file that holds one can be read by others than its owner (`chmod 600 FILE`). A credential is
a file that systemd hands to the service: `LoadCredential=smarthost:/etc/empath/smarthost` or
`LoadCredentialEncrypted=` in its unit, see systemd.exec(5). Commands that run no engine, such as
`empath check` and `empathctl config set`, go on without a credential or variable that only the
service has; a check warns of it.

## When a change takes effect

| word | meaning |
|---|---|
"""

_EFFECTS: Final = {
    Effect.LIVE: "at once, for whatever begins next",
    Effect.NEW_SESSIONS: "for clients that connect from then on",
    Effect.RESTART: "when Empath is started again",
}


def reference() -> str:
    """The whole of `docs/CONFIGURATION.md`."""
    effects = "".join(f"| {effect} | {_EFFECTS[effect]} |\n" for effect in Effect)
    return _INTRODUCTION + effects + "".join(_section(Config, (), repeated=False))


def _section(section: type[Section], path: KeyPath, *, repeated: bool) -> Iterator[str]:
    """The heading, what it is for, its settings, then the sections within."""
    name = show_path(path)
    heading = f"`[[{name}]]`" if repeated else f"`[{name}]`"
    yield f"\n## {heading if path else 'The top of the file'}\n\n{purpose_of(section)}\n"
    settings = settings_of(section)
    rows = [setting for setting in settings if not (setting.section or setting.repeated)]
    if rows:
        yield "\n| setting | kind | default | a change takes effect | what it is for |\n"
        yield "|---|---|---|---|---|\n"
        yield from map(_row, rows)
    for setting in settings:
        inner = setting.section or setting.repeated
        if inner is not None:
            at = (*path, setting.name)
            yield from _section(inner, at, repeated=setting.repeated is not None)


def _row(setting: Setting) -> str:
    cells = (
        f"`{setting.name}`",
        kind_of(setting),
        default_of(setting),
        str(setting.effect),
        setting.what,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
