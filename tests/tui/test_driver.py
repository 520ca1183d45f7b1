"""A terminal that stops reading stops nobody: the pump and the driver on real ptys."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from tui.driver import LIMIT, Pump

Pty = tuple[int, int]


@pytest.fixture
def pty() -> Iterator[Pty]:
    """A pseudo-terminal: our end, and the one a program writes to."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield ours, theirs
    # With our end closed a stalled write fails, so that no pump outlives its test.
    os.close(ours)
    for thread in threading.enumerate():
        if isinstance(thread, Pump):
            thread.finish(5.0)
            assert not thread.is_alive()
    os.close(theirs)


def read_all(fd: int, until: bytes, seconds: float = 20.0) -> bytes:
    """Read until *until* has come."""
    got = bytearray()
    end = time.monotonic() + seconds
    while not got.endswith(until) and time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            got += os.read(fd, 65536)
    return bytes(got)


def test_a_reading_terminal_gets_everything_in_order(pty: Pty) -> None:
    """What is offered comes out whole and in order."""
    ours, theirs = pty
    pump = Pump(theirs, lambda: None)
    pump.start()
    frames = [f"[{n}]".encode() * 500 for n in range(50)]
    got = bytearray()
    for frame in frames:
        assert pump.offer(frame)
        got += read_all(ours, frame)
    assert bytes(got) == b"".join(frames)
    pump.finish()
    assert not pump.is_alive()


def test_a_stalled_terminal_never_blocks_the_writer(pty: Pty) -> None:
    """With nobody reading, a thousand frames are offered in no time and memory stays bounded."""
    _, theirs = pty
    pump = Pump(theirs, lambda: None)
    pump.start()
    begun = time.monotonic()
    accepted = sum(pump.offer(b"x" * 20_000) for _ in range(1000))
    assert time.monotonic() - begun < 5.0
    assert accepted * 20_000 <= LIMIT + 20_000
    assert pump.dropped == 1000 - accepted


def test_a_terminal_that_reads_again_is_painted_anew(pty: Pty) -> None:
    """After drops, and only when all that waited has been read, a full paint is asked for."""
    ours, theirs = pty
    recovered = threading.Event()
    pump = Pump(theirs, recovered.set, limit=64_000)
    pump.start()
    sent = 0
    while pump.offer(b"y" * 16_000):
        sent += 1
    assert not recovered.wait(0.05)
    got = read_all(ours, b"\x1b[?2026l")
    assert recovered.wait(20)
    # Whole frames only, then the end of any synchronised update that was cut in two.
    assert got == b"y" * 16_000 * sent + b"\x1b[?2026l"
    assert pump.offer(b"z" * 16_000)
    assert read_all(ours, b"z").endswith(b"z")
    pump.finish()


def test_the_end_waits_only_a_moment_for_a_dead_terminal(pty: Pty) -> None:
    """A terminal that never reads again does not keep the program from ending."""
    _, theirs = pty
    pump = Pump(theirs, lambda: None)
    pump.start()
    pump.offer(b"x" * 100_000)
    begun = time.monotonic()
    pump.finish(patience=0.1)
    assert time.monotonic() - begun < 5.0
    assert pump.daemon


def test_a_terminal_that_is_gone_ends_the_pump() -> None:
    """A closed terminal is an end, not an error."""
    ours, theirs = os.openpty()
    os.close(ours)
    pump = Pump(theirs, lambda: None)
    pump.start()
    pump.offer(b"x")
    pump.join(20)
    assert not pump.is_alive()
    os.close(theirs)
