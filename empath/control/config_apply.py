"""Putting a config in force: everything that can fail first, then one swap.

The order is what makes it safe against ``kill -9`` and a full disk: build aside what the parts
need; write the record and, where there is a new text, the file, both under other names and
durable; rename the file, rename the record; swap in one turn of the loop.  Before the first
rename a failure leaves everything as it was; after it only a crash can come between, and the
next start finds the new file and its record.
What can go wrong: `RenewalRefused` (the config is to blame), `RequestRefused` (the disk is).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from empath.config.model import Config
from empath.config.origin import Origin, digest_of
from empath.config.problem import ConfigUnusable
from empath.config.renewal import Renew, Renewal, RenewalRefused
from empath.config.staged_file import Staged, remedy
from empath.control.config_draft import Draft
from empath.control.config_history import ENGINE, History, HistoryUnusable, Kept
from empath.control.config_requests import ConfigChange
from empath.control.ledger import REASON_LIMIT
from empath.control.request import RequestRefused
from empath.control.standing_config import InForce
from empath.safe_text import safe_text

_NOTHING: Final = "nothing was changed"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants which config in force, and how they came to ask."""

    actor: str
    source: str
    """One of `empath.control.link.ConfigVersion.source`."""
    text: str | None = None
    """None: what the file says."""
    write: bool = False
    """Into the file as well."""
    expect: str | None = None
    reason: str = ""
    back_to: int = 0
    """The version that is rolled back to."""
    watch: float = 0.0
    """Seconds for which it is on trial."""
    instead_of: int = 0
    """Only while this version is in force; 0 for any."""

    def kept(
        self, version: int, at: float, file: str, text: str, changes: tuple[ConfigChange, ...]
    ) -> Kept:
        """The record of what was wished for, once it is in force."""
        return Kept(
            version=version,
            at=at,
            actor=self.actor,
            reason=safe_text(self.reason, REASON_LIMIT),
            source=self.source,
            file=file,
            text=text,
            changes=changes,
            back_to=self.back_to,
        )


async def build_aside(renewals: Sequence[Renew], old: Config, new: Config) -> list[Renewal]:
    """What every part needs for *new*.  Raises `RenewalRefused`, with what all parts have against
    it; then nothing has changed.
    """
    built: list[Renewal] = []
    refused: list[RenewalRefused] = []
    for renew in renewals:
        try:
            built.append(await renew(old, new))
        except RenewalRefused as error:
            refused.append(error)
    if refused:
        raise RenewalRefused.together(refused)
    return built


def is_another(wish: Wish, draft: Draft, origin: Origin) -> bool:
    """Is *draft* another config than what is in force, or is there another text in the file, so
    that it is a version of its own?  A rollback always is.  Blocks.
    """
    if draft.changes or not draft.same_text or wish.back_to:
        return True
    try:
        return wish.write and origin.text() != draft.text
    except ConfigUnusable:
        return True  # the file is gone, or no text


def next_version(history: History, origin: Origin, state: InForce) -> tuple[InForce, int]:
    """*state*, which is on record then, and the number of what comes after it.  Blocks.

    Its record is what one goes back to; it may be gone, or had no room at the start.
    Raises `RequestRefused`.
    """
    if history.read(state.version) is None:
        state = replace(state, version=state.version or history.next_version())
        kept = Kept(
            version=state.version,
            at=state.at,
            actor=state.actor or "start",
            reason="its record was gone",
            source="start",
            file=origin.name,
            text=state.text,
            changes=(),
        )
        try:
            history.record(kept)
        except HistoryUnusable as error:
            raise RequestRefused(error.so(_NOTHING)) from error
    return state, history.next_version()


@dataclass(frozen=True, slots=True)
class Writing:
    """What has to be on the disk before a config may be in force."""

    history: History
    kept: Kept
    keep: int
    """Records that stay."""
    origin: Origin
    write: bool
    """The text goes into the config file too."""
    in_force: str
    """The digest of what was in force: a file that says something else is kept aside."""
    afterwards: Callable[[], None]
    """What else is noted then, if there is room; it may raise OSError."""

    def __call__(self) -> None:
        """Write it all, or nothing.  Blocks.  Raises `RequestRefused`."""
        try:
            if self.write:
                self.history.prepare(self.kept)
                self._replace()
            else:
                self.history.record(self.kept)
        except HistoryUnusable as error:
            self.history.discard(self.kept.version)
            raise RequestRefused(error.so(_NOTHING)) from error
        except OSError as error:
            self.history.discard(self.kept.version)
            raise RequestRefused(
                f"{self.origin.name} cannot be written ({error.strerror}), so {_NOTHING}:"
                f" {remedy(error)}, or change the file yourself and reload."
            ) from error
        if self.write:
            # The text stands in its file and takes effect; the next start finishes the record.
            with suppress(HistoryUnusable):
                self.history.commit(self.kept.version)
        with suppress(OSError):
            self.afterwards()
        self.history.expire(self.keep)

    def _replace(self) -> None:
        assert self.origin.file is not None  # asked before
        # A link stays a link: what it leads to is replaced.
        path = Path(os.path.realpath(self.origin.file))
        try:
            status = path.stat()
        except FileNotFoundError:
            mode, owner = 0o600, None
        else:
            mode, owner = status.st_mode & 0o777, (status.st_uid, status.st_gid)
            self._keep_replaced()
        with Staged(path, self.kept.text.encode(), mode=mode, owner=owner, by=ENGINE) as staged:
            staged.put()

    def _keep_replaced(self) -> None:
        """Nothing an operator wrote is lost: a text that was never in force is kept aside."""
        try:
            text = self.origin.text()
        except ConfigUnusable:
            return  # not a text: nothing to keep
        if digest_of(text) not in (self.in_force, digest_of(self.kept.text)):
            self.history.keep_replaced(self.kept.version, text)


async def finish(work: Callable[[], None]) -> bool:
    """Do blocking *work* to its end; True if whoever asked has gone meanwhile.

    What has begun to change the disk is not left half done because a client hung up.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        return True
    return False
