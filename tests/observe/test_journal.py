"""The journal writes events, and never waits for whoever reads them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from empath.config.model import Log, LogFormat, LogLevel
from empath.events import ConfigLoaded, EngineStopping, SpoolFault
from empath.observe.journal import WAITING, Journal
from tests.fakes.clock import HandClock
from tests.fakes.programs import until


class Pipe:
    """A pipe whose far end reads when it is told to."""

    def __init__(self) -> None:
        self.near, self.far = os.pipe(), b""
        os.set_blocking(self.near[0], False)

    def read(self) -> str:
        """Everything written so far."""
        try:
            while got := os.read(self.near[0], 1 << 20):
                self.far += got
        except BlockingIOError:
            pass
        return self.far.decode()


@contextmanager
def journal(descriptor: int, settings: Callable[[], Log] = Log) -> Iterator[Journal]:
    """A journal that writes to *descriptor*."""
    writer = Journal(settings, clock=HandClock(), descriptor=descriptor)
    writer.start()
    try:
        yield writer
    finally:
        writer.close(5)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe."""
    made = Pipe()
    yield made
    for end in made.near:
        os.close(end)


def test_events_come_out_in_order_a_line_each(pipe: Pipe) -> None:
    """What is folded first is written first, and `close` writes what waits."""
    with journal(pipe.near[1]) as log:
        for number in range(500):
            log(EngineStopping(0, f"reason {number}"))
    lines = pipe.read().splitlines()
    assert [line.split()[-1] for line in lines] == [str(number) for number in range(500)]
    assert log.unwritten == 0


def test_what_is_less_important_than_the_level_is_left_out(pipe: Pipe) -> None:
    """`log.level` is read for each event, so that a change is live."""
    level = [LogLevel.ERROR]
    with journal(pipe.near[1], lambda: Log(level=level[0])) as log:
        log(ConfigLoaded(0, "first"))
        log(SpoolFault(0, "second"))
        level[0] = LogLevel.INFO
        log(ConfigLoaded(0, "third"))
    assert [line.split()[4] for line in pipe.read().splitlines()] == ["second", "third"]


def test_a_fault_in_the_same_words_is_logged_once_a_minute(pipe: Pipe) -> None:
    """A full disk fails write after write: the first is logged, then a line a minute counts."""
    with journal(pipe.near[1]) as log:
        for second in range(61):
            log(SpoolFault(second, "disk full"))
        log(SpoolFault(61, "another"))
        log(SpoolFault(62, "disk full"))
    lines = [line.split(maxsplit=4)[4] for line in pipe.read().splitlines()]
    assert lines == ["disk full", "disk full (60 times since it was last logged)", "another"]


def test_json_is_an_object_a_line(pipe: Pipe) -> None:
    """With `log.format = "json"` events and sentences are objects."""
    with journal(pipe.near[1], lambda: Log(format=LogFormat.JSON)) as log:
        log(ConfigLoaded(0, "empath.toml"))
        log.say("hello")
    event, sentence = map(json.loads, pipe.read().splitlines())
    assert (event["event"], event["path"]) == ("ConfigLoaded", "empath.toml")
    assert sentence["message"] == "hello"


def test_a_reader_that_stops_costs_lines_and_no_time(pipe: Pipe) -> None:
    """With standard error stuck, logging returns at once; what is lost is counted and told."""
    with journal(pipe.near[1]) as log:
        begun = time.monotonic()
        for _ in range(2 * WAITING):
            log(EngineStopping(0, "x" * 100))
        assert time.monotonic() - begun < 5
        assert log.unwritten > 0
        lost = log.unwritten
        until("the reader catches up", lambda: bool(pipe.read()) and not log._waiting, within=20)
        log(EngineStopping(0, "after"))
        until("it is written", lambda: "after" in pipe.read(), within=10)
    written = pipe.read().splitlines()
    assert f"{lost} log lines were dropped: nobody read standard error" in written[-2]
    assert len(written) + lost == 2 * WAITING + 2


def test_a_journal_that_is_stuck_lets_the_engine_end(pipe: Pipe) -> None:
    """`close` waits for its patience and no longer."""
    log = Journal(Log, clock=HandClock(), descriptor=pipe.near[1])
    log.start()
    for _ in range(5000):
        log(EngineStopping(0, "x" * 100))
    begun = time.monotonic()
    log.close(0.2)
    assert time.monotonic() - begun < 5
    until("the thread ends", lambda: bool(pipe.read()) and not log._thread.is_alive(), within=20)


def test_standard_error_that_is_gone_is_no_error(pipe: Pipe) -> None:
    """Whoever reads may go away; the engine goes on without a log."""
    reading, writing = os.pipe()
    os.close(reading)
    with journal(writing) as log:
        log(EngineStopping(0, "x"))
        log._thread.join(10)
        assert not log._thread.is_alive()
        log(EngineStopping(0, "y"))
    os.close(writing)


def test_a_pipe_that_somebody_made_non_blocking_still_gets_every_line(pipe: Pipe) -> None:
    """The file behind standard error is shared: another process may have changed it."""
    os.set_blocking(pipe.near[1], False)
    with journal(pipe.near[1]) as log:
        for _ in range(3000):
            log(EngineStopping(0, "x" * 100))
        until("all is written", lambda: pipe.read().count("\n") == 3000, within=20)


def test_a_console_has_the_terminal_to_itself() -> None:
    """Hushed, nothing is written to a terminal; afterwards the journal speaks again."""
    master, slave = os.openpty()
    with journal(slave) as log:
        log.hush()
        log(EngineStopping(0, "unseen"))
        log.say("unseen as well")
        log.speak()
        log(EngineStopping(0, "seen"))
    written = os.read(master, 65536)
    assert b"unseen" not in written
    assert b"seen" in written
    assert log.unwritten == 1
    os.close(master)
    os.close(slave)


def test_a_log_file_is_written_under_a_console_too(tmp_path: Path) -> None:
    """Hushing is for terminals: what goes into a file disturbs nobody."""
    path = tmp_path / "log"
    with path.open("wb") as file, journal(file.fileno()) as log:
        log.hush()
        log(EngineStopping(0, "kept"))
    assert "kept" in path.read_text()
