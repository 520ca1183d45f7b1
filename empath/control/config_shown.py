"""The config that is in force and those that were, as operators look at them.

Everything here reads, in threads, and changes nothing but the note whether the file has drifted.
What can go wrong: `RequestUnclear`, `NotFound`, and `RequestRefused` for a record that cannot be
read.
"""

from __future__ import annotations

import asyncio
from typing import Final, final

from empath.config.config_file import refuse_emptied
from empath.config.document import document
from empath.config.problem import ConfigUnusable
from empath.control import config_words as words
from empath.control.aside import aside
from empath.control.config_history import History, Kept
from empath.control.config_requests import ConfigHistory, ConfigView
from empath.control.config_texts import ConfigTexts
from empath.control.config_trial import WATCHER
from empath.control.request import NotFound, RequestUnclear
from empath.control.standing_config import StandingConfig

HISTORY_LIMIT: Final = 1000
"""Most versions in one reply."""


@final
class ConfigShown:
    """What the config is, what its file says, and what it was."""

    def __init__(self, standing: StandingConfig, history: History, texts: ConfigTexts) -> None:
        self._standing = standing
        self._history = history
        self._texts = texts

    def __repr__(self) -> str:
        return f"<ConfigShown {self._standing!r}>"

    async def view(self, *, written_only: bool) -> ConfigView:
        """What is in force; with *written_only* without what has its default."""
        state = self._standing.state
        await self.look_for_drift()
        text = await aside(
            document,
            state.running,
            written_only=written_only,
            hidden=self._texts.placeholder,
        )
        return ConfigView(
            file=self._standing.origin.name,
            version=state.version,
            applied_at=state.at,
            actor=state.actor,
            text=text,
            pending=state.pending,
            drift=self._standing.drift,
            digest=await asyncio.to_thread(self._texts.file_digest),
            history=self._texts.digest(""),
        )

    async def look_for_drift(self) -> bool:
        """Does the file say something else than what was put in force?"""
        state = self._standing.state
        drift, faulty = await aside(self._looked_at, state.text)
        if state is self._standing.state:  # no reload came in between
            self._standing.drift, self._standing.faulty = drift, faulty
        return drift

    def _looked_at(self, in_force: str) -> tuple[bool, bool]:
        """Does the file say something else than *in_force*, and has it faults then?"""
        origin = self._standing.origin
        try:
            text = origin.text()
            if text == in_force:
                return False, False
            origin.parse(text)
            refuse_emptied(origin.name, in_force, text)
        except ConfigUnusable:
            return True, True
        return True, False

    async def listed(self, limit: int) -> ConfigHistory:
        """The last *limit* versions, the newest first."""
        if limit < 1:
            raise RequestUnclear(f"limit is a number from 1 to {HISTORY_LIMIT}.")
        most = min(limit, HISTORY_LIMIT)
        found, damaged = await aside(self._history.looked_through, most)
        return ConfigHistory(
            versions=words.listed(one.told() for one in found),
            running=self._standing.state.version,
            unreadable=tuple(damaged),
        )

    async def earlier(self, number: int) -> tuple[Kept, int]:
        """Version *number* to go back to; with 0 the one before what is in force.  What a trial
        went back from is not gone back to unless it is named: then the second is the version that
        is in force again since.

        Raises `NotFound`.
        """
        wanted: int | None = number
        again = 0
        if not wanted:
            running = self._standing.state.version
            came = await aside(self._history.read, running)
            if came is not None and came.actor == WATCHER:
                running = again = came.back_to
            wanted = await aside(self._history.before, running)
        if wanted is None:
            raise NotFound("There is no earlier config to go back to: this is the oldest kept.")
        kept = await aside(self._history.read, wanted)
        if kept is None:
            raise NotFound(
                f"There is no version {wanted} of the config to go back to, or its record cannot be"
                " read; `empathctl config history` lists them."
            )
        return kept, again
