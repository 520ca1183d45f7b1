"""The config in force: one value, swapped in one assignment.

Everybody reads `current`; only `empath.control.config_desk` swaps.  What a changed file says of
settings that need a restart is kept beside it as `pending`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from empath.config.model import Config
from empath.config.origin import Origin, digest_of
from empath.control.config_requests import ConfigChange


@dataclass(frozen=True, slots=True)
class InForce:
    """One config in force, and how it came to be."""

    running: Config
    """What every part works with."""
    wanted: Config
    """What the text says: differs from `running` in what waits for a restart."""
    pending: tuple[ConfigChange, ...]
    text: str
    version: int
    """Its number in the history."""
    at: float
    actor: str

    @property
    def digest(self) -> str:
        """Names the text."""
        return digest_of(self.text)


@final
class StandingConfig:
    """Holds what is in force."""

    def __init__(self, origin: Origin, config: Config, *, text: str, at: float) -> None:
        """*config* is what the engine starts with."""
        self.origin = origin
        self.state = InForce(config, config, (), text, 0, at, "")
        self.drift = False
        """The file says something else than what was put in force, when last looked at."""
        self.faulty = False
        """It has faults then, so that it cannot be put in force."""
        self.refused = False
        """The last config that was to be put in force was not."""

    def __repr__(self) -> str:
        return f"<StandingConfig version={self.state.version} pending={len(self.state.pending)}>"

    def current(self) -> Config:
        """What is in force at this moment: ask once for each unit of work."""
        return self.state.running

    def swap(self, state: InForce) -> None:
        """Put *state* in force."""
        self.state = state
        self.refused = self.drift = self.faulty = False
