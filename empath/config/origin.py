"""Where a config comes from: the file, or none, and what the command line makes of it.

The start and every reload read through the same `Origin`, so that both mean the same by a text.
The machine's name is asked once: a reload while the DNS is down must not change the greeting.
What can go wrong: `ConfigUnusable`, with everything that is wrong at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, final

from empath.address import BannerHostname
from empath.config.load import machine_name, parse_config, read_text
from empath.config.model import Config
from empath.config.problem import ConfigProblem

BUILT_IN: Final = "built-in defaults"
"""What an origin without a file is called."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, and the config that it is."""

    text: str
    config: Config

    @property
    def digest(self) -> str:
        """Names the text."""
        return digest_of(self.text)


def digest_of(text: str) -> str:
    """The SHA-256 of a config's text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _as_it_is(config: Config) -> Config:
    return config


@final
class Origin:
    """Reads the config of one engine, at its start and later."""

    def __init__(self, file: Path | None, *, adapt: Callable[[Config], Config] = _as_it_is) -> None:
        """*adapt* is what the command line changes in whatever the text says; it may raise
        `ConfigUnusable`.
        """
        self.file = None if file is None else file.absolute()
        self._named = file
        self._adapt = adapt
        self._machine: Callable[[], BannerHostname] = cache(machine_name)

    def __repr__(self) -> str:
        return f"<Origin {self.name}>"

    @property
    def name(self) -> str:
        """What the log calls it."""
        return BUILT_IN if self.file is None else str(self.file)

    @property
    def spoken(self) -> str:
        """What a problem in it calls it: the file as the operator named it."""
        return BUILT_IN if self._named is None else str(self._named)

    def text(self) -> str:
        """What the file says now; nothing where there is none.  Raises `ConfigUnusable`."""
        return "" if self._named is None else read_text(self._named)[0]

    def read(self, *, elsewhere: list[ConfigProblem] | None = None) -> Reading:
        """The config of the file.  Raises `ConfigUnusable`.

        *elsewhere* is for a command that runs no engine, see `parse_config`.
        """
        if self._named is None:
            return self.parse("")
        text, shared = read_text(self._named)
        return self.parse(text, shared=shared, elsewhere=elsewhere)

    def parse(
        self,
        text: str,
        *,
        shared: bool | None = None,
        elsewhere: list[ConfigProblem] | None = None,
    ) -> Reading:
        """The config that *text* would be in the place of the file's.  Raises `ConfigUnusable`."""
        config = parse_config(
            text,
            file=self.spoken,
            directory=Path.cwd() if self.file is None else self.file.parent,
            shared=self._is_shared() if shared is None else shared,
            machine=self._machine,
            elsewhere=elsewhere,
        )
        return Reading(text, self._adapt(config))

    def _is_shared(self) -> bool:
        """Would others than its owner read what is written to the file?"""
        try:
            return self.file is not None and bool(self.file.stat().st_mode & 0o077)
        except OSError:
            return False  # there is none: it is made for its owner only
