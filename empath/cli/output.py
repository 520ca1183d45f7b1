"""Runs a program whose output may fail: a disk that is full, a stream that is closed.

What cannot be written is told in one sentence on standard error, with an exit code, whichever
command it was and however deep it wrote; a pipe that nobody reads any more ends it in silence.
A character that the charset of the output lacks is escaped as in JSON and TOML, so that nothing is
lost.  What cannot be told on standard error is told nowhere, and changes no exit code.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn, TextIO, final

from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ESCAPED: Final = "empath.escaped"
_OUT, _ERR = 1, 2


def run_program(program: Callable[[], object]) -> NoReturn:
    """Run *program* to the end of the process, and see that what it wrote is written."""
    out = _Output(_descriptor(_OUT, sys.stdout))
    err = _Output(_descriptor(_ERR, sys.stderr), mute=True)
    # What a caller within this process reads in our place stays as it is.
    sys.stdout = _text(out, sys.stdout) if _is_plain(sys.stdout) else sys.stdout
    sys.stderr = _text(err, sys.stderr) if _is_plain(sys.stderr) else sys.stderr
    code: object = ExitCode.OK
    failed = False
    try:
        try:
            program()
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
    except BaseException:
        if out.lost is None:
            raise
        failed = True
    # Whoever looks over a failure, as the line that tells of an engine's start, means to.
    if failed and not isinstance(out.lost, BrokenPipeError):
        complain(_sentence(out.lost))
    raise SystemExit(code or (ExitCode.REFUSED if failed else ExitCode.OK))


def _sentence(lost: OSError | None) -> str:
    why = "it is closed" if lost is None or lost.errno == errno.EBADF else lost.strerror
    return (
        f"Standard output cannot be written: {why}. What the command was to do beside may be done"
        " all the same."
    )


@final
class _Output(io.FileIO):
    """A stream of the process that remembers how it failed, and fails only once: what is written
    after that goes nowhere, so that neither clean-up nor the interpreter's end stumble over it.
    """

    def __init__(self, descriptor: int, *, mute: bool = False) -> None:
        """*mute*: it does not fail at all."""
        self.lost: OSError | None = None
        self._mute = mute
        super().__init__(descriptor, "w", closefd=False)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some of *data*, and wait for a reader that is behind."""
        while self.lost is None:
            try:
                # None, of which the types know nothing: the stream does not block, and is full.
                written: int | None = super().write(data)
            except OSError as error:
                self.lost = error
                if not self._mute:
                    raise
            else:
                if written is not None:
                    return written
                select.select((), (self,), ())
        return memoryview(data).nbytes


def _is_plain(stream: TextIO | None) -> bool:
    """Is it what the interpreter opened, or found closed?"""
    return stream is None or isinstance(stream, io.TextIOWrapper)


def _descriptor(number: int, stream: TextIO | None) -> int:
    """*number*; where it was closed, one that refuses what is written as a closed one does.

    It mostly gets that number itself, which no socket shall get: it would be written to.
    """
    return number if stream is not None else os.open(os.devnull, os.O_RDONLY)


def _text(stream: _Output, before: TextIO | None) -> TextIO:
    """*stream* for text, in the charset and with the buffering of the one *before*."""
    if not isinstance(before, io.TextIOWrapper):  # it was closed
        return io.TextIOWrapper(io.BufferedWriter(stream), "utf-8", _ESCAPED)
    before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(stream),
        before.encoding,
        _ESCAPED,
        # Standard error holds nothing back, nor does any stream under ``python -u``.
        line_buffering=before.line_buffering or before.write_through,
    )


def escaped(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a charset lacks, in JSON and TOML the same."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


codecs.register_error(_ESCAPED, escaped)
