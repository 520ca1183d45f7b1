"""Recording a session: a `Link` round another that writes down what was asked, said and told.

One JSON object a line, each with its second since the beginning; the first line says what the
file is.  Replies are written as the engine gave them, which has taken secrets out already.  The
file is readable by its owner only and ends at `LARGEST` octets; that it is full, or that the disk
is, is said once, and the session goes on.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Final, TypeVar, final

from msgspec import Raw, Struct

from empath import codec
from empath.clock import Clock
from empath.control.link import EventFilter, Link, LinkLost, Notice, Request, RequestRefused

R = TypeVar("R")

FORMAT: Final = 1
LARGEST: Final = 64 * 1024 * 1024
"""Octets of a recording."""


_FLUSHED_EVERY: Final = 2.0
"""Seconds of a session that are lost when the console is killed."""
_NOTHING: Final = Raw(b"")


class Heading(Struct, frozen=True, kw_only=True):
    """The first line of a recording."""

    empath_recording: int
    started_at: float
    """Seconds since the epoch."""


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a recording: a request with what came of it, or a notice."""

    at: float
    """Seconds since the beginning."""
    asked: str = ""
    """The route of the request."""
    request: Raw = _NOTHING
    reply: Raw = _NOTHING
    refused: str = ""
    lost: str = ""
    notice: Raw = _NOTHING


class RecordingUnusable(Exception):
    """A recording cannot be made or played; the message names the file and why."""


@final
class RecordingLink:
    """The link of a session that is recorded."""

    def __init__(self, link: Link, path: Path, clock: Clock, *, largest: int = LARGEST) -> None:
        """Begin a new file.  Raises `RecordingUnusable`, also when there is one already."""
        self._link = link
        self._path = path
        self._clock = clock
        self._largest = largest
        self._began = clock.monotonic()
        self._flushed = self._began
        self._written = 0
        self.told: Callable[[str], None] = lambda _sentence: None
        """Called with a sentence when recording has come to its end."""
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RecordingUnusable(f"{path} cannot be recorded to: {error.strerror}.") from error
        self._file: IO[bytes] | None = os.fdopen(number, "wb", buffering=128 * 1024)
        self._write(Heading(empath_recording=FORMAT, started_at=clock.now()))

    def __repr__(self) -> str:
        return f"<RecordingLink {self._path} octets={self._written}>"

    @property
    def going(self) -> bool:
        """It is still being recorded."""
        return self._file is not None

    async def ask(self, request: Request[R]) -> R:
        """Ask, and write down what came of it."""
        question = Raw(codec.encode(request))
        reply, refused, lost = _NOTHING, "", ""
        try:
            answer: R = await self._link.ask(request)
            reply = Raw(codec.encode(answer)) if self.going else _NOTHING
        except RequestRefused as error:
            refused = str(error)
            raise
        except LinkLost as error:
            lost = str(error)
            raise
        finally:
            if reply is not _NOTHING or refused or lost:
                self._add(
                    asked=request.route, request=question, reply=reply, refused=refused, lost=lost
                )
        return answer

    async def events(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> AsyncIterator[Notice]:
        """The stream; written down where it holds all kinds, so that nothing is there twice."""
        whole = only is None or not only.selects
        async for notice in self._link.events(after, only):
            if whole and self.going:
                self._add(notice=Raw(codec.encode(notice)))
            yield notice

    async def close(self) -> None:
        """Let go of engine and file."""
        self._end("")
        await self._link.close()

    def _add(
        self,
        *,
        asked: str = "",
        request: Raw = _NOTHING,
        reply: Raw = _NOTHING,
        refused: str = "",
        lost: str = "",
        notice: Raw = _NOTHING,
    ) -> None:
        at = round(self._clock.monotonic() - self._began, 3)
        self._write(
            Entry(
                at=at,
                asked=asked,
                request=request,
                reply=reply,
                refused=refused,
                lost=lost,
                notice=notice,
            )
        )

    def _write(self, line: Struct) -> None:
        if self._file is None:
            return
        octets = codec.encode(line) + b"\n"
        if self._written + len(octets) > self._largest:
            self._end(
                f"The recording {self._path} is full ({self._largest:,} octets):"
                " nothing more is recorded."
            )
            return
        try:
            self._file.write(octets)
            if self._clock.monotonic() - self._flushed > _FLUSHED_EVERY:
                self._flushed = self._clock.monotonic()
                self._file.flush()
        except OSError as error:
            self._end(f"The recording {self._path} ends here: {error.strerror}.")
            return
        self._written += len(octets)

    def _end(self, sentence: str) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            sentence = sentence or f"The recording {self._path} ends early: {error.strerror}."
        if sentence:
            self.told(sentence)
