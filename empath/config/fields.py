"""The declarations of the config model, read once for everybody who follows them.

Reading a file, the reference manual and the difference of two configs all walk the same
`Setting` values, so a new setting is one field of the model and nothing else.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import NODEFAULT, Meta

from empath.config.model import Effect, Section
from empath.config.units import Network

REQUIRED: Final = NODEFAULT
"""The default of a setting that must be written."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a section."""

    name: str
    kind: Any
    """Its type, without None and without what `Annotated` says."""
    optional: bool
    """It may be left out without having a value of its own (None)."""
    default: Any
    """`REQUIRED` when it must be written."""
    what: str = ""
    effect: Effect | None = None
    """When a change takes effect; None for a section, whose settings say so themselves."""
    low: float | None = None
    high: float | None = None

    @property
    def section(self) -> type[Section] | None:
        """The section this is, when it is one table."""
        return self.kind if is_section(self.kind) else None

    @property
    def repeated(self) -> type[Section] | None:
        """The section this is, when it is a list of tables (``[[listener]]``)."""
        element = element_of(self.kind)
        return element if is_section(element) else None


def is_section(kind: Any) -> bool:
    """Is this type a table of the config?"""
    return isinstance(kind, type) and issubclass(kind, Section)


def element_of(kind: Any) -> Any:
    """The X of ``tuple[X, ...]``; None for other types."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


@cache
def settings_of(section: type[Section]) -> tuple[Setting, ...]:
    """The fields of a section in the order they are declared."""
    return tuple(_setting(field) for field in msgspec.structs.fields(section))


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    declared = field.type
    meta: Meta | None = None
    if typing.get_origin(declared) is Annotated:
        declared, meta = typing.get_args(declared)[:2]
    kind, optional = _without_none(declared)
    extra = (meta.extra if meta else None) or {}
    return Setting(
        name=field.name,
        kind=kind,
        optional=optional,
        default=field.default,
        what=(meta.description if meta else None) or "",
        effect=extra.get("effect"),
        low=extra.get("low"),
        high=extra.get("high"),
    )


def _without_none(kind: Any) -> tuple[Any, bool]:
    if kind == Network or typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind, False
    rest = [part for part in typing.get_args(kind) if part is not type(None)]
    return rest[0], True
