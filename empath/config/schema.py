"""`docs/empath.schema.json`, written by the model: ``python -m empath.config.schema``.

A JSON Schema (draft 2020-12) of `empath.toml`, for editors that complete and check it while it is
typed.  Each setting has its default, its bounds and, as ``x-effect``, when a change takes effect.
It lets through what only the checks can tell (settings that do not fit together): `empath check`
has the last word.  A test compares the file with what this prints.
"""

from __future__ import annotations

import enum
import json
import sys
from pathlib import Path
from typing import Any, Final

from empath.address import BannerHostname, Domain, ServerId
from empath.config.fields import REQUIRED, Setting, element_of, settings_of
from empath.config.model import Config, Section
from empath.config.spelling import as_json
from empath.config.units import ByteSize, Duration, Ipv4Source, Ipv6Source, Network, Rate, Secret

Schema = dict[str, Any]

_NUMBER: Final = r"[0-9]{1,15}(\.[0-9]{1,15})?"
_OCTETS: Final = "([kKmMgGtT]?[iI]?[bB])?"


def _text(pattern: str, example: str) -> Schema:
    return {"type": "string", "pattern": pattern, "examples": [example]}


def _reference(name: str) -> Schema:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "minLength": 1}},
        "required": [name],
        "additionalProperties": False,
    }


_KINDS: Final[dict[Any, tuple[str, Schema]]] = {
    Duration: (
        "duration",
        {"anyOf": [_text(rf"^\s*{_NUMBER}\s*([mM][sS]|[sSmMhHdD])\s*$", "5m"), {"const": 0}]},
    ),
    ByteSize: (
        "size",
        {"anyOf": [_text(rf"^\s*{_NUMBER}\s*{_OCTETS}\s*$", "50MB"), {"type": "integer"}]},
    ),
    Rate: (
        "rate",
        {
            "anyOf": [
                _text(r"^\s*[0-9]{1,15}(\.[0-9]{1,30})?\s*/\s*[sSmMhHdD]\s*$", "100/m"),
                {"type": "number", "minimum": 0},
            ]
        },
    ),
    Network: ("network", _text(r"^[0-9a-fA-F:.]+(/[0-9.]+)?$", "192.0.2.0/24")),
    ServerId: ("server", _text(r"^.+:[0-9]{1,5}$", "smtp.example.com:25")),
    Ipv4Source: ("ipv4", _text(r"^[0-9.]+$", "192.0.2.7")),
    Ipv6Source: ("ipv6", _text(r"^[0-9a-fA-F:.]+$", "2001:db8::7")),
    Domain: ("domain", {"type": "string", "minLength": 1, "examples": ["example.org"]}),
    BannerHostname: ("hostname", {"type": "string", "minLength": 1}),
    Path: ("path", {"type": "string", "minLength": 1}),
    Secret: (
        "secret",
        {
            "anyOf": [
                {"type": "string"},
                *map(_reference, ("file", "env", "credential")),
            ]
        },
    ),
}

_PLAIN: Final[dict[Any, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
}


def schema() -> Schema:
    """The whole schema."""
    kinds = dict(_KINDS.values())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "empath.toml",
        "description": "The configuration of Empath, a mail transfer agent.",
        **_table(Config),
        "$defs": kinds,
    }


def _table(section: type[Section]) -> Schema:
    settings = settings_of(section)
    table: Schema = {
        "type": "object",
        "properties": {setting.name: _setting(setting) for setting in settings},
        "additionalProperties": False,
    }
    if needed := [setting.name for setting in settings if setting.default is REQUIRED]:
        table["required"] = needed
    return table


def _setting(setting: Setting) -> Schema:
    if setting.section is not None:
        return {"description": _purpose(setting.section), **_table(setting.section)}
    if setting.repeated is not None:
        inner = _table(setting.repeated)
        return {"description": _purpose(setting.repeated), "type": "array", "items": inner}
    element = element_of(setting.kind)
    form = (
        _value(setting, setting.kind)
        if element is None
        else {"type": "array", "items": _value(setting, element)}
    )
    described: Schema = {"description": setting.what, **form, "x-effect": str(setting.effect)}
    if setting.default not in (REQUIRED, None, "", Secret("")) and setting.name != "hostname":
        described["default"] = as_json(setting.default)
    return described


def _purpose(section: type[Section]) -> str:
    return " ".join((section.__doc__ or "").split())


def _value(setting: Setting, kind: Any) -> Schema:
    """The form of one value; bounds of what is written with a unit are told beside it."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    bounds = {"minimum": setting.low, "maximum": setting.high}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind], **given}
    name, _ = _KINDS[kind]
    told = {f"x-{bound}": as_json(kind(value)) for bound, value in given.items()}
    return {"$ref": f"#/$defs/{name}", **told}


def schema_text() -> str:
    """The whole of `docs/empath.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
