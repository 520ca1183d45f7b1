"""Settings as they are written in TOML, for whoever shows them: the manual, a plan, a command.

A secret is never written out: its fingerprint stands in its place, which differs when the secret
does.
"""

from __future__ import annotations

import enum
import json
from typing import Any

import msgspec

from empath.config.model import Section
from empath.config.units import ByteSize, Duration, Rate, Secret


def spell(value: object) -> str:
    """One value as it is written behind the ``=``; a table in braces, without what is left out."""
    match value:
        case None:
            return "–"
        case Secret():
            return f"•••• {value.fingerprint}" if value else '""'
        case bool():
            return "true" if value else "false"
        case Duration() | ByteSize():
            return f'"{value}"'
        case Rate():
            return f'"{value}"' if value else "0"
        case enum.StrEnum():
            return f'"{value.value}"'
        case int() | float():
            return f"{value}"
        case tuple():
            return "[" + ", ".join(map(spell, value)) + "]"
        case Section():
            return spell_table(value)
        case _:
            return _quoted(str(value))


def spell_table(section: Section, name: str = "") -> str:
    """A section on one line: the setting *name*, and those that differ from their defaults."""
    written = [
        f"{field.name} = {spell(value)}"
        for field in msgspec.structs.fields(section)
        if (value := getattr(section, field.name)) != field.default or field.name == name
    ]
    return "{ " + ", ".join(written) + " }" if written else "{}"


def as_json(value: object) -> Any:
    """A value as JSON has it, in the form of the file: for scripts, and the schema."""
    match value:
        case None | bool():
            return value
        case Secret():
            return spell(value) if value else ""
        case Rate() if not value:
            return 0
        case Duration() | ByteSize() | Rate():
            return str(value)
        case enum.Enum():
            return value.value
        case int() | float():
            return value
        case tuple():
            return [as_json(item) for item in value]
        case _:
            return str(value)


def _quoted(text: str) -> str:
    """Text as a basic string of TOML, which JSON's are but for DEL."""
    shown = text.encode(errors="replace").decode()  # a path may hold octets that are no UTF-8
    return json.dumps(shown, ensure_ascii=False).replace("\x7f", "\\u007f")
