"""`empathctl top`: what one look says; on a terminal, in a pipe, and without an engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len

from empath.address import Domain
from empath.cli.exit_codes import ExitCode
from empath.cli.top_view import Look, block, look, on_screen
from empath.control.link import (
    AttentionItem,
    ClassLatency,
    DestinationItem,
    Destinations,
    GateItem,
    GateList,
    Latency,
    Timing,
)
from tests.fakes.command_line import EMPATHCTL, NOW, Ctl
from tests.fakes.engine import Empath
from tests.fakes.memory_link import PONG, STATUS
from tests.fakes.own_terminal import OwnTerminal
from tests.fakes.programs import ROOT


def place(name: str, **figures: int) -> DestinationItem:
    """A destination that mail waits for."""
    counts = {"queued": 0, "deferred": 0, "held": 0, "active": 0, "connections": 0, **figures}
    return DestinationItem(
        destination=Domain(name),
        **counts,
        oldest_at=NOW - 3700,
        next_at=NOW + 187,
        last_reply="421 4.7.0 \x1b[31mtoo many [red]connections",
    )


OPEN = GateItem(
    destination=Domain("busy.test"),
    gate="breaker",
    state="open",
    until=NOW + 120,
    reason="5 failures",
    actor="",
)
STATE = msgspec.structs.replace(
    STATUS,
    pong=msgspec.structs.replace(PONG, now=NOW, started_at=NOW - 3600),
    messages=1204,
    deferred=1200,
    active=4,
    oldest_at=NOW - 3700,
    next_at=NOW + 3,
    accepted=10_000,
    delivered=500,
)
TIMES = Latency(
    classes=(
        ClassLatency(
            priority="high", queued=0, timing=Timing(count=9, p50=0.004, p95=0.5, p99=7.04)
        ),
        ClassLatency(priority="normal", queued=3, timing=Timing(count=0, p50=0, p95=0, p99=0)),
        ClassLatency(priority="bulk", queued=0, timing=Timing(count=1, p50=61, p95=61, p99=7200)),
    )
)
PLACES = Destinations(items=(place("busy.test", deferred=1200), place("a.test", active=4)), total=7)


def seen() -> Look:
    """Two looks two seconds apart."""
    before = msgspec.structs.replace(
        STATE,
        pong=msgspec.structs.replace(STATE.pong, now=NOW - 2),
        accepted=9_000,
        delivered=497,
    )
    gates = GateList(gates=(OPEN,))
    first = look(before, PLACES, gates, TIMES, before=None)
    assert first.rates is None
    return look(STATE, PLACES, gates, TIMES, before=first)


def test_a_block_tells_rates_queue_and_destinations() -> None:
    """Everything on lines of its own; a breaker by sign and word; nothing of the engine's raw."""
    said = block(seen(), 10)
    assert said[:5] == [
        "mx1.example.org  empath 0.1.0, relay mode, pid 4411, up 1h00m",
        "connections 0 in, 0 out  loop lag 0.4 ms  memory 62.9 MB  disk free 53.7 GB",
        "accepted 500/s  refused 0.0/s  delivered 1.5/s  deferred 0.0/s  bounced 0.0/s",
        "1,204 messages, 1,204 recipients: 4 active, 0 queued, 1,200 deferred, 0 held",
        "oldest 1h01m  next +3s",
    ]
    assert said[5] == "delivered after (p50 p99)  high 4ms 7.0s  bulk 1m01s 2h00m"
    assert said[6] == "● nothing needs attention"
    assert said[7].split()[:3] == ["DESTINATION", "WAITING", "DEFERRED"]
    assert said[8].startswith("busy.test      1,200     1,200     0     0  ✖ open +2m00s   1h01m")
    assert r"\x1b[31mtoo many [red]connections" in said[8]
    assert "● closed" in said[9]
    assert said[10:] == ["and 5 more destinations: empathctl queue stats"]


def test_rates_begin_anew_with_the_engine() -> None:
    """Counters of another run say nothing of this one."""
    later = msgspec.structs.replace(
        STATE, pong=msgspec.structs.replace(STATE.pong, started_at=NOW, now=NOW + 2), accepted=3
    )
    found = look(later, PLACES, GateList(gates=()), TIMES, before=seen())
    assert (found.rates, found.seconds) == (None, None)
    assert "accepted –  refused –" in block(found, 0)[2]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 8), (20, 3), (200, 60)])
def test_a_screen_is_never_overrun(width: int, height: int) -> None:
    """Neither in width nor in height, however much there is to say."""
    many = tuple(place(f"d{n}.test", queued=n) for n in range(100))
    items = tuple(
        AttentionItem(severity="warning", subject="disk", sentence="x" * 300) for _ in range(20)
    )
    found = msgspec.structs.replace(
        seen(),
        destinations=many,
        total=2000,
        status=msgspec.structs.replace(STATE, attention=items),
    )
    for lost in ("", "The engine does not answer."):
        shown = on_screen(found, width=width, height=height, lost=lost)
        assert len(shown) <= height
        assert max(cell_len(line.plain) for line in shown) <= width
        assert shown[0].plain.startswith("✖ OFFLINE") == bool(lost)


def test_a_screen_tells_what_it_leaves_out() -> None:
    """How many more things need attention, and how many more destinations there are."""
    item = AttentionItem(severity="error", subject="disk", sentence="It is full.")
    found = msgspec.structs.replace(
        seen(),
        destinations=tuple(place(f"d{n}.test", queued=n) for n in range(100)),
        total=2000,
        status=msgspec.structs.replace(STATE, attention=(item,) * 20),
    )
    shown = [line.plain for line in on_screen(found, width=80, height=24)]
    assert "✖ error: disk: It is full." in shown
    assert "  and 14 more: empathctl system status" in shown
    assert shown[-1] == "and 1,992 more destinations: empathctl queue stats"


def test_an_empty_queue_is_said_to_be() -> None:
    """A quiet relay has one line instead of a table."""
    nothing = look(
        STATUS,
        Destinations(items=(), total=0),
        GateList(gates=()),
        Latency(classes=()),
        before=None,
    )
    assert block(nothing, 10)[-1] == "No mail waits."


async def test_once_is_one_look(ctl: Ctl) -> None:
    """A block for people, an object for scripts."""
    ctl.link.destinations[:] = PLACES.items
    process = await ctl.start("top", "--once", "--interval", "0.2")
    told, complaint = await process.communicate()
    assert (process.returncode, complaint) == (ExitCode.OK, b"")
    assert b"busy.test" in told
    process = await ctl.start("top", "--once", "--json", "-i", "0.2")
    found = json.loads((await process.communicate())[0])
    assert set(found) == {
        *("at", "seconds", "rates", "status", "destinations", "total", "gates", "latency"),
    }


def test_without_an_engine_it_ends_as_any_command_does(tmp_path: Path) -> None:
    """There is nothing to begin with: one sentence, and the code for it."""
    done = subprocess.run(
        [EMPATHCTL, "--socket", tmp_path / "none", "top"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (ExitCode.UNREACHABLE, "")
    assert done.stderr.startswith(f"No engine answers at {tmp_path}/none: ")


@pytest.fixture
def empath(tmp_path: Path) -> Iterator[Empath]:
    """An engine that captures mail."""
    engine = Empath(tmp_path / "engine")
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def on_terminal(empath: Empath, kind: str = "xterm") -> OwnTerminal:
    """The command on a terminal of its own."""
    socket = str(empath.socket)
    return OwnTerminal("empath.cli.ctl", "--socket", socket, "top", "-i", "0.2", kind=kind)


@pytest.mark.timeout(90)
def test_on_a_terminal_it_draws_in_place_and_outlives_the_engine(empath: Empath) -> None:
    """The other screen is taken and given back; a lost engine is told, and taken up again."""
    with on_terminal(empath) as terminal:
        terminal.read_until("empath.example.test")
        terminal.read_until("accepted 0.0/s")
        assert b"\x1b[?1049h" in terminal.output
        empath.stop()
        terminal.read_until("OFFLINE, trying again")
        seen = len(terminal.text)
        empath.start()
        terminal.read_until(f"pid {empath.pid}, up")
        assert terminal.text.rfind("OFFLINE") > seen - 4000
        os.write(terminal.master, b"\x03")
        assert terminal.wait() == 0
        assert b"\x1b[?1049l" in terminal.output[-200:]
        assert "Traceback" not in terminal.text


@pytest.mark.timeout(60)
def test_it_ends_on_sigterm_with_the_screen_given_back(empath: Empath) -> None:
    """As on Ctrl-C."""
    with on_terminal(empath) as terminal:
        terminal.read_until("accepted 0.0/s")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait() == 0
        assert b"\x1b[?1049l" in terminal.output[-200:]


@pytest.mark.timeout(60)
def test_a_dumb_terminal_gets_blocks(empath: Empath) -> None:
    """No control sequence at all, block after block."""
    with on_terminal(empath, kind="dumb") as terminal:
        terminal.read_until("No mail waits.\r\n\r\n")
        size = len(terminal.output)
        while len(terminal.output) < 2 * size:
            terminal.settle()
        os.write(terminal.master, b"\x03")
        assert terminal.wait() == 0
        assert b"\x1b" not in terminal.output


@pytest.mark.timeout(60)
def test_a_pipe_gets_blocks_until_its_reader_goes(empath: Empath) -> None:
    """A reader that has seen enough ends it without a word; a lost engine has a line each time."""
    with subprocess.Popen(
        [EMPATHCTL, "--socket", empath.socket, "top", "-i", "0.2", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = json.loads(process.stdout.readline())
        assert first["status"]["pong"]["hostname"] == "empath.example.test"
        assert first["rates"]["accepted"] == 0
        empath.stop()
        while "lost" not in (line := process.stdout.readline()):
            assert line
        assert json.loads(line)["lost"].startswith("No engine answers at ")
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_when_mail_goes_next_is_told_in_80_columns() -> None:
    """Columns that say less give way to NEXT, which is whole, as is the queue's own."""
    long = tuple(
        place(f"quite-a-long-name-{n}.subdomain.example", queued=120_000) for n in range(3)
    )
    found = msgspec.structs.replace(seen(), destinations=long)
    shown = [line.plain for line in on_screen(found, width=80, height=24)]
    titles = next(line for line in shown if line.startswith("DESTINATION"))
    assert titles.split()[:2] == ["DESTINATION", "WAITING"]
    assert "NEXT" in titles
    assert "NEXT…" not in titles
    assert "CONN" not in titles
    assert "CONN" in "\n".join(line.plain for line in on_screen(found, width=160, height=24))
