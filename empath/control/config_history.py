"""The configs that were in force, a file each: ``config/000012.json`` in the folder of the spool.

Promises: a record is whole or not there, whatever ends the process; it is durable before the
config it tells of is in force.  `prepare` does all that needs space on the disk, `commit` is one
rename; what a crash left between the two is settled at the next start by what the config file
says.  What can go wrong: `HistoryUnusable`, such as for a disk that is full.

All of this blocks: call it in a thread.  Records hold the text of the config as the operator
wrote it, so the folder is for its owner only and nothing of a text leaves through the link.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from pathlib import Path
from typing import Final, final

import msgspec

from empath import codec
from empath.config.origin import digest_of
from empath.config.staged_file import remedy, sync_folder, write_durably
from empath.control.config_requests import ConfigChange, ConfigVersion

FOLDER: Final = "config"
"""Below the folder of the spool."""
ENGINE: Final = "engine."
"""Whose files they are that a crash left beside the config file."""
_KEY: Final = "key"
_KEY_SIZE: Final = 32
_NAME: Final = re.compile(r"(\d{6,12})\.(json|new|replaced\.toml)")


class HistoryUnusable(Exception):
    """A record cannot be written; the message says why and what to do."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self._why = f"The config's record cannot be written in {folder} ({error.strerror})"
        self._remedy = remedy(error)
        super().__init__(f"{self._why}: {self._remedy}.")

    def so(self, what: str) -> str:
        """The message, with *what* comes of it."""
        return f"{self._why}, so {what}: {self._remedy}, then reload again."


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One config that was in force."""

    version: int
    at: float
    actor: str
    reason: str
    source: str
    file: str
    text: str
    changes: tuple[ConfigChange, ...]
    back_to: int = 0
    """The version that it is again."""

    def told(self) -> ConfigVersion:
        """What an operator may know of it: all but the text."""
        return ConfigVersion(
            version=self.version,
            at=self.at,
            actor=self.actor,
            reason=self.reason,
            source=self.source,
            changes=self.changes,
            back_to=self.back_to,
        )


@final
class History:
    """The records of one spool."""

    def __init__(self, spool: Path) -> None:
        self.folder = spool.expanduser() / FOLDER

    def __repr__(self) -> str:
        return f"<History {self.folder}>"

    def key(self) -> bytes:
        """32 octets that only this engine knows, the same after a restart; made when needed.

        Where they cannot be kept they are made anew at each start.
        """
        path = self.folder / _KEY
        try:
            key = path.read_bytes()
        except OSError:
            key = b""
        if len(key) != _KEY_SIZE:
            key = secrets.token_bytes(_KEY_SIZE)
            with contextlib.suppress(HistoryUnusable):
                self._write(path, key)
        return key

    def settle(self, digest: str) -> None:
        """Finish or drop what a crash cut short; *digest* names what the config file says."""
        for number, kind in self._names():
            if kind == "new":
                kept = self._read(self._path(number, kind))
                if kept is not None and digest_of(kept.text) == digest:
                    self.commit(number)
                else:
                    self.discard(number)
        for left in self._left_over():
            with contextlib.suppress(OSError):
                left.unlink()

    def versions(self) -> list[int]:
        """The numbers of the records, the newest first."""
        return sorted((number for number, kind in self._names() if kind == "json"), reverse=True)

    def newest(self) -> Kept | None:
        """The last record that can be read."""
        return next(iter(self.latest(1)), None)

    def latest(self, limit: int) -> list[Kept]:
        """The newest *limit* records that can be read, the newest first."""
        return self.looked_through(limit)[0]

    def looked_through(self, limit: int) -> tuple[list[Kept], list[int]]:
        """As `latest`, with the numbers of those between that cannot be read."""
        found: list[Kept] = []
        damaged: list[int] = []
        for number in self.versions():
            if len(found) == limit:
                break
            kept = self.read(number)
            if kept is None:
                damaged.append(number)
            else:
                found.append(kept)
        return found, damaged

    def before(self, version: int) -> int | None:
        """The newest version before this one whose record can be read."""
        earlier = (number for number in self.versions() if number < version)
        return next((number for number in earlier if self.read(number) is not None), None)

    def read(self, version: int) -> Kept | None:
        """The record with this number; None if there is none, or none that can be read."""
        return self._read(self._path(version, "json"))

    def next_version(self) -> int:
        """A number that no record has."""
        return 1 + max((number for number, _ in self._names()), default=0)

    def prepare(self, kept: Kept) -> None:
        """Write a record that is not one yet; durable.  Raises `HistoryUnusable`."""
        self._write(self._path(kept.version, "new"), codec.encode(kept))

    def record(self, kept: Kept) -> None:
        """Write a record at once, where no file is written beside it; durable.

        Raises `HistoryUnusable`.
        """
        self._write(self._path(kept.version, "json"), codec.encode(kept))

    def keep_replaced(self, version: int, text: str) -> None:
        """Keep what stood in the config file, was never in force, and makes way for *version*.

        Raises `HistoryUnusable`.
        """
        self._write(self._path(version, "replaced.toml"), text.encode())

    def commit(self, version: int) -> None:
        """Make the record that was prepared one of the history; needs no space on the disk."""
        try:
            self._path(version, "new").rename(self._path(version, "json"))
            self._sync()
        except OSError as error:
            raise self._unusable(error) from error

    def discard(self, version: int) -> None:
        """The record that was to be written is none."""
        for kind in ("new", "json", "replaced.toml"):
            with contextlib.suppress(OSError):
                self._path(version, kind).unlink()

    def expire(self, keep: int) -> None:
        """Let go of all but the newest *keep* records."""
        kept = set(self.versions()[:keep])
        oldest = min(kept, default=0)
        for number, kind in self._names():
            if number not in kept and number < oldest:
                with contextlib.suppress(OSError):
                    self._path(number, kind).unlink()

    def _names(self) -> list[tuple[int, str]]:
        try:
            names = [path.name for path in self.folder.iterdir()]
        except OSError:
            return []
        return [
            (int(match[1]), match[2])
            for name in names
            if (match := _NAME.fullmatch(name)) is not None
        ]

    def _left_over(self) -> list[Path]:
        try:
            return list(self.folder.glob("*.tmp"))
        except OSError:
            return []

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:06}.{kind}"

    def _read(self, path: Path) -> Kept | None:
        try:
            return codec.decode(Kept, path.read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _write(self, path: Path, data: bytes) -> None:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            write_durably(path, data, mode=0o600)
        except OSError as error:
            raise self._unusable(error) from error

    def _sync(self) -> None:
        sync_folder(self.folder)

    def _unusable(self, error: OSError) -> HistoryUnusable:
        return HistoryUnusable(self.folder, error)
