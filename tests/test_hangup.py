"""SIGHUP before there is an event loop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from empath import hangup


@pytest.fixture
def usual() -> Iterator[list[int]]:
    """The signals that the handler of before was given."""
    given: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: given.append(number))
    yield given
    signal.signal(signal.SIGHUP, before)


def test_one_that_comes_is_remembered_once(usual: list[int]) -> None:
    """Several are one, as they are to a running engine."""
    hangup.await_loop()
    assert not hangup.came()
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)
    assert hangup.came()
    assert not hangup.came()
    hangup.as_usual()
    assert usual == []


def test_a_command_that_is_no_engine_is_ended_as_usual(usual: list[int]) -> None:
    """What came meanwhile comes again to whoever had the signal, and so does what follows."""
    hangup.await_loop()
    os.kill(os.getpid(), signal.SIGHUP)
    hangup.as_usual()
    assert usual == [signal.SIGHUP]
    os.kill(os.getpid(), signal.SIGHUP)
    assert usual == [signal.SIGHUP] * 2
    hangup.as_usual()  # nothing to give back
    assert usual == [signal.SIGHUP] * 2
