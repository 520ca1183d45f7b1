"""What settings are made of: the base of a section, the mark of a field, the words to choose from.

The sections themselves stand in `empath.config.model`, which names all of this again.
"""

from __future__ import annotations

import enum
from typing import Any, Final

from msgspec import Meta, Struct


class Effect(enum.StrEnum):
    """When a changed setting takes effect."""

    LIVE = "live"
    NEW_SESSIONS = "new sessions"
    RESTART = "restart"


LIVE: Final = Effect.LIVE
NEW_SESSIONS: Final = Effect.NEW_SESSIONS
RESTART: Final = Effect.RESTART


def setting(
    what: str, effect: Effect, *, low: float | None = None, high: float | None = None
) -> Any:
    """Describe one setting, for use in `Annotated`: text, effect, and bounds in its base unit."""
    return Meta(description=what, extra={"effect": effect, "low": low, "high": high})


class Mode(enum.StrEnum):
    """What Empath does with the mail it accepts."""

    DEV = "dev"
    RELAY = "relay"


class Tls(enum.StrEnum):
    """How a connection is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class TlsPolicy(enum.StrEnum):
    """What encryption mail for a destination gets, the weakest first."""

    DISABLED = "disabled"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    VERIFY = "verify"


class OnTlsFailure(enum.StrEnum):
    """What becomes of mail whose destination does not give it the encryption it needs."""

    FAIL = "fail"
    DEFER = "defer"


class BareNewlines(enum.StrEnum):
    """What is done with a CR or LF that stands alone (SMTP smuggling, SMTP-RULES 3.1)."""

    NORMALIZE = "normalize"
    REJECT = "reject"


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the config file."""


class LogFormat(enum.StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(enum.StrEnum):
    """The least important event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
