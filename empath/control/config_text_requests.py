"""What an editor asks about the config: its text without secrets, what is wrong, what keys mean."""

from __future__ import annotations

from msgspec import Struct

from empath.control.config_requests import ConfigChange, ConfigFault
from empath.control.request import Reply, Request


class ConfigText(Reply, frozen=True):
    """The text of a config, as its file has it, each secret as a placeholder.

    A placeholder that stands unchanged at its key means the secret that is there now, wherever a
    text is taken: `PlanConfig`, `CheckConfig`, `ApplyConfig`.
    """

    file: str
    version: int
    """Its number in the history; of the file, that of what is in force."""
    text: str
    digest: str
    """Names the text; two texts that differ in a secret alone have two."""
    running: bool
    """It is, to the letter, what is in force."""
    writable: bool
    """There is a file that can be written: an engine on built-in defaults has none."""


class ReadConfigText(Request[ConfigText], frozen=True):
    """What does the config file say, comments and all?"""

    route = "config/text"


class ReadConfigVersion(Request[ConfigText], frozen=True):
    """What did this version of the history say?  0 is the one in force."""

    route = "config/version"
    version: int = 0


class ConfigFaults(Reply, frozen=True):
    """What is wrong with a text, and what it would change; the queue was not looked at."""

    faults: tuple[ConfigFault, ...]
    changes: tuple[ConfigChange, ...]
    """None while there are faults."""
    digest: str
    """Names the text, as `Plan.digest` does."""


class CheckConfig(Request[ConfigFaults], frozen=True):
    """What is wrong with this config?  Quick.  Without *text* the file, all that monitors check."""

    route = "config/check"
    text: str | None = None

    def for_operators(self) -> bool:
        """A text of one's own could be tried out until it has the right password."""
        return self.text is not None


class ConfigKey(Struct, frozen=True, kw_only=True):
    """One setting, or one table of settings, as the manual has it."""

    key: str
    """Such as ``delivery.retry.base``; ``route[].host`` of a table that may be repeated."""
    kind: str
    """Such as ``duration, 1s to 1d``; ``table`` or ``tables``."""
    default: str
    """As it is written in TOML; empty for a table."""
    effect: str
    """``live``, ``new sessions`` or ``restart``; empty for a table."""
    what: str


class ConfigValue(Struct, frozen=True, kw_only=True):
    """What one setting is, values as they are written in TOML, secrets as fingerprints."""

    key: str
    """Such as ``route["example.org"].host``."""
    running: str
    """In force; ``–`` where there is none."""
    file: str
    """What the file says; ``–`` where it has none, empty where the file cannot be used."""


class ConfigKeys(Reply, frozen=True):
    """The settings, in the order of the manual."""

    keys: tuple[ConfigKey, ...]
    values: tuple[ConfigValue, ...]


class DescribeConfig(Request[ConfigKeys], frozen=True):
    """What does each setting mean, and what is it?  *key* is one setting or table; all without."""

    route = "config/describe"
    key: str = ""


class ConfigWatchView(Reply, frozen=True):
    """A config on trial: it was put in force with `ApplyConfig.watch`."""

    watching: bool
    version: int
    """On trial, or the last that was; 0 if there was none since the start."""
    back_to: int
    """The version that would be gone back to."""
    began_at: float
    ends_at: float
    now: float
    actor: str
    outcome: str
    """How the last trial ended: ``passed``, ``kept``, ``rolled back``, ``superseded`` or
    ``restarted``; ``stuck`` while it has to be rolled back and cannot; empty while it goes on."""
    sentence: str
    """What is seen of the engine's health, or why the trial ended as it did."""


class GetWatch(Request[ConfigWatchView], frozen=True):
    """Is a config on trial, and how does it do?"""

    route = "config/watch"


class KeepConfig(Request[ConfigWatchView], frozen=True):
    """Keep the config that is on trial, from now on."""

    route = "config/keep"
    changes = True
    reason: str = ""
