"""Sessions on file: what is written, what is played, and that a recording never looks live."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from empath.clock import SystemClock
from empath.control.link import (
    EventFilter,
    GetStatus,
    HoldMessages,
    LinkLost,
    ListQueue,
    Ping,
    RequestRefused,
)
from empath.events import SpoolFault
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running, settle
from tests.fakes.demo_engine import DemoEngine
from tests.fakes.memory_link import MemoryLink
from tests.fakes.own_terminal import OwnTerminal
from tui.recording import RecordingLink, RecordingUnusable
from tui.replay import ReplayLink, Tape


async def recorded(path: Path, clock: HandClock) -> MemoryLink:
    """A session of a minute: a queue that grows, an event, a refusal."""
    engine = MemoryLink()
    engine.set_queue([item(1)])
    link = RecordingLink(engine, path, clock)
    await link.ask(Ping())
    await link.ask(GetStatus())
    await link.ask(ListQueue(sort="-age", limit=100))
    stream = link.events(0)
    clock.advance(30)
    engine.set_queue([item(1), item(2)])
    engine.push(SpoolFault(at=clock.now(), sentence="disk full"))
    await anext(stream)
    await link.ask(GetStatus())
    await link.ask(ListQueue(sort="-age", limit=100))
    clock.advance(30)
    engine.refuse(ListQueue, "The spool is busy.")
    with pytest.raises(RequestRefused):
        await link.ask(ListQueue(sort="-age", limit=100))
    await link.close()
    return engine


async def test_a_session_is_written_as_lines(tmp_path: Path, clock: HandClock) -> None:
    """Each exchange is a line with its time; the file is its owner's only."""
    path = tmp_path / "session"
    await recorded(path, clock)
    assert path.stat().st_mode & 0o777 == 0o600
    first, *lines = map(json.loads, path.read_text().splitlines())
    assert first["empath_recording"] == 1
    assert [line["at"] for line in lines] == [0.0, 0.0, 0.0, 30.0, 30.0, 30.0, 60.0]
    assert lines[-1]["refused"] == "The spool is busy."
    assert lines[3]["notice"]["event"]["sentence"] == "disk full"


async def test_a_recording_has_an_end(tmp_path: Path, clock: HandClock) -> None:
    """A full recording says so once, keeps what it has, and the session goes on."""
    link = RecordingLink(MemoryLink(), tmp_path / "session", clock, largest=2000)
    told: list[str] = []
    link.told = told.append
    for _ in range(20):
        await link.ask(GetStatus())
    assert len(told) == 1
    assert "is full (2,000 octets)" in told[0]
    assert not link.going
    assert (tmp_path / "session").stat().st_size <= 2000
    with pytest.raises(RecordingUnusable, match="holds no session"):
        ReplayLink(tmp_path / "session", clock)


async def test_a_recording_never_takes_the_place_of_a_file(
    tmp_path: Path, clock: HandClock
) -> None:
    """A file that is there is not written over, and a folder that is not there is told."""
    (tmp_path / "there").write_text("mine")
    for path, why in ((tmp_path / "there", "File exists"), (tmp_path / "no" / "x", "No such")):
        with pytest.raises(RecordingUnusable, match=why):
            RecordingLink(MemoryLink(), path, clock)
    assert (tmp_path / "there").read_text() == "mine"


async def test_what_is_chosen_is_not_written_twice(tmp_path: Path, clock: HandClock) -> None:
    """A stream of chosen events beside the main one is not recorded again; what is lost is."""
    engine = MemoryLink()
    link = RecordingLink(engine, tmp_path / "s", clock)
    engine.push(SpoolFault(at=1.0, sentence="x"))
    await anext(link.events(0, EventFilter(kinds=("spool",))))
    await anext(link.events(0, EventFilter(rate=5)))
    engine.cut("gone")
    with pytest.raises(LinkLost):
        await link.ask(Ping())
    await link.close()
    lines = [json.loads(line) for line in (tmp_path / "s").read_text().splitlines()]
    assert sum("notice" in line for line in lines) == 1
    assert lines[-1]["lost"] == "gone"


async def test_each_moment_has_its_answers(tmp_path: Path, clock: HandClock) -> None:
    """Asked at a moment of the tape, the link answers as the engine did then."""
    await recorded(tmp_path / "s", clock)
    link = ReplayLink(tmp_path / "s", clock)
    list_queue = ListQueue(sort="-age", limit=100)
    assert (await link.ask(list_queue)).matched == 1
    assert (await link.ask(ListQueue(sort="-age", limit=7))).matched == 1  # as many as there were
    with pytest.raises(RequestRefused, match="does not hold this: nobody looked"):
        await link.ask(ListQueue(query="state:held"))
    clock.advance(31)
    assert (await link.ask(list_queue)).matched == 2
    assert (await link.ask(GetStatus())).messages == 2
    notice = await anext(link.events(0))
    assert isinstance(notice.event, SpoolFault)
    clock.advance(60)
    with pytest.raises(RequestRefused, match="The spool is busy"):
        await link.ask(list_queue)
    with pytest.raises(RequestRefused, match="nothing can be changed"):
        await link.ask(HoldMessages(query="state:queued"))
    assert link.tape.ended


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no recording"),
        ("hello", "is no recording"),
        ('{"empath_recording": 99, "started_at": 1}', "another version"),
        ('{"empath_recording": 1, "started_at": 1}\n{\n{"at": 1}', "damaged in line 2"),
        ('{"empath_recording": 1, "started_at": 1}\n{', "holds no session"),
    ],
)
def test_a_file_that_is_no_recording_is_told(tmp_path: Path, text: str, why: str) -> None:
    """What cannot be played says why; a last line that was cut off is no damage."""
    (tmp_path / "s").write_text(text)
    with pytest.raises(RecordingUnusable, match=why):
        ReplayLink(tmp_path / "s", SystemClock())
    with pytest.raises(RecordingUnusable, match="cannot be played"):
        ReplayLink(tmp_path / "none", SystemClock())


def test_the_tape_has_its_own_time(clock: HandClock) -> None:
    """It runs at the chosen speed, stands still while paused, and ends."""
    tape = Tape(clock, started_at=1000.0, length=100.0)
    assert (tape.position, tape.now()) == (0.0, 1000.0)
    clock.advance(10)
    assert tape.position == 10.0
    tape.step_speed(1)
    clock.advance(10)
    assert tape.position == 30.0
    tape.pause()
    clock.advance(10)
    assert (tape.position, tape.monotonic()) == (30.0, 30.0)
    tape.pause()
    for _ in range(10):
        tape.step_speed(-1)
    assert tape.speed == 0.25
    clock.advance(4)
    assert tape.position == 31.0
    clock.advance(4000)
    assert tape.ended
    assert tape.position == 100.0


async def test_a_recording_never_looks_live(tmp_path: Path, clock: HandClock) -> None:
    """It says REPLAY and how far it is; changing keys say why not; its keys pause and speed up."""
    await recorded(tmp_path / "s", clock)
    link = ReplayLink(tmp_path / "s", clock)
    async with running(link, clock, replay=link.tape) as (console, pilot):
        await press(pilot, "2")
        page = page_of(console)
        assert "▶ REPLAY 1x" in page
        assert "● live" not in page
        await press(pilot, "H")
        assert "This is a recording: nothing can be changed." in page_of(console)
        await press(pilot, "greater_than_sign")
        assert "REPLAY 2x" in page_of(console)
        await press(pilot, "less_than_sign", "less_than_sign", "space")
        assert "REPLAY paused" in page_of(console)
        await press(pilot, "space")
        clock.advance(1000)
        console.paint_soon()
        console.screen.query_one("StatusBar")
        console._tick()
        await settle()
        assert "REPLAY ended 1m00s of 1m00s" in page_of(console)
        await press(pilot, "slash", "space", "greater_than_sign", "escape")
        assert link.tape.speed == 0.5


async def test_a_recording_is_played_by_the_program(tmp_path: Path, clock: HandClock) -> None:
    """`empath console --replay FILE` needs no engine: it plays, copies into the state folder, keeps
    a theme in console.toml, and leaves.
    """
    engine = DemoEngine(clock, messages=5)
    link = RecordingLink(engine, tmp_path / "s", clock)
    async with running(link, clock) as (_, pilot):
        await press(pilot, "2")
        clock.advance(600)
        await press(pilot, "r")

    def play() -> None:
        replay = ("console", "--replay", str(tmp_path / "s"))
        with OwnTerminal("empath", *replay, home=tmp_path) as terminal:
            terminal.read_until("REPLAY 1x")
            terminal.press("2t")
            terminal.read_until("theme light")
            terminal.press("\x11")
            terminal.read_until("Leave the console?")
            terminal.press("\r")
            assert terminal.wait() == 0

    await asyncio.to_thread(play)
    kept = tmp_path / "config" / "empath" / "console.toml"
    assert kept.read_text() == 'theme = "light"\n'


async def test_without_a_recording_its_keys_are_the_screens(clock: HandClock) -> None:
    """On a living engine space marks a message, as always."""
    link = MemoryLink()
    link.set_queue([item(1)])
    async with running(link, clock) as (console, pilot):
        await press(pilot, "2", "space")
        assert console.store.selection.marks
        await press(pilot, "colon", *"replay-pause", "enter")
        assert "▶ REPLAY" not in page_of(console)
