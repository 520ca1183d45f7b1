"""The budgets of the console, measured at a million queued messages beside a real engine.

The engine runs with a probe on its loop (`bench.probed`) on a spool that `bench.spool` fills; the
console is ``python -m tui`` on a pseudo-terminal of 200x60, attached to its socket.  Keys are typed
there and the bytes awaited; the terminal is left unread for five seconds; recipients are refused so
fast that there are thousands of events a second.  Nothing is asserted: each figure stands beside
its budget.  Run as ``python -m bench.console --million``.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import uvloop

from bench.painting import paint
from bench.probed import wake_ups
from bench.processes import peak_memory, run_delay
from bench.refusals import SETTINGS, Refusals
from bench.reload_turns import spread
from bench.spool import CLOCK, fill
from empath.config.model import Spool
from empath.control import link
from empath.control.looking import list_queue
from empath.control.remote import RemoteLink
from empath.control.request import RequestUnclear
from empath.spool.store import Store
from tests.fakes.engine import Empath
from tests.fakes.eventually import eventually
from tests.fakes.programs import ROOT
from tui.app import Console

SIZE: Final = (200, 60)
KEYS: Final = {
    "a line of the queue": (b"j", b"j", b"j", b"k"),
    "a page of the queue": (b"\x1b[6~", b"\x1b[6~", b"\x1b[6~", b"\x1b[5~"),
    "another screen": (b"1", b"3", b"4", b"2"),
}
STARVED: Final = "of that not for want of a processor"
_ASKS_SYNC: Final = b"\x1b[?2026$p"
_HAS_SYNC: Final = b"\x1b[?2026;2$y"
_FRAME_ENDS: Final = b"\x1b[?2026l"
"""A terminal that says it can show a frame at once is told where each ends."""
EVENTS: Final = 2000.0
QUIET: Final = 0.02
"""Seconds without a byte after which a painting is over."""
SORTS: Final = ("-age", "age", "next", "size", "tries", "destination", "from")
FILTERS: Final = ("", "state:deferred", "dest:d5.test", "from:~sender77@", "subject:~999")


Timing = tuple[str, list[float], float]
"""What it was, the seconds of each, and the mean of the CPU time."""


class Table:
    """Measured beside the budget, printed as it comes."""

    def __init__(self) -> None:
        print("| | p50 | p99 | max | CPU | budget |\n|---|--:|--:|--:|--:|---|", flush=True)

    def times(
        self, name: str, seconds: Sequence[float], budget: str, used: float | None = None
    ) -> None:
        """A row of milliseconds; *used* is CPU time, which a busy machine does not lengthen."""
        shown = " | ".join(f"{1000 * each:.1f} ms" for each in spread(seconds))
        cpu = "" if used is None else f"{1000 * used:.1f} ms"
        print(f"| {name} | {shown} | {cpu} | {budget} |", flush=True)

    def one(self, name: str, value: str, budget: str) -> None:
        """A row of one figure."""
        print(f"| {name} | | | {value} | | {budget} |", flush=True)


class Engine(Empath):
    """An engine with a probe, on a spool that is there already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, settings=SETTINGS, mode="dev")
        self.noted = folder / "lateness"
        self.command = [
            *(sys.executable, "-m", "bench.probed", str(self.noted)),
            *("--config", str(self.config)),
        ]


class Terminal:
    """A console on a terminal; its bytes are read when it is asked for."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
                os.chdir(ROOT)
                environ = {
                    **os.environ,
                    "TERM": "xterm-256color",
                    "COLORTERM": "truecolor",
                    "HOME": str(folder),
                }
                command = [sys.executable, "-m", "tui", "--attach", str(socket)]
                os.execve(sys.executable, command, environ)
            os._exit(127)

    def read(self, seconds: float, until: bytes = b"") -> bytes:
        """Read for so long, or until these bytes have come."""
        got, end = bytearray(), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until and until in got):
            got += self._some(min(left, 0.05))
        return bytes(got)

    def _some(self, seconds: float) -> bytes:
        """What came, waiting no longer than that."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        got = os.read(self.fd, 65536)
        if _ASKS_SYNC in got:
            os.write(self.fd, _HAS_SYNC)
        return got

    def key_to_paint(self, key: bytes) -> tuple[float, float, float]:
        """Press a key; seconds until the first frame was there whole, without those for which the
        console waited for a processor meanwhile, and until the last byte of all that followed
        without a pause, such as what the engine had to be asked for.
        """
        self.read(QUIET)
        starved = run_delay(self.pid)
        began = last = time.monotonic()
        os.write(self.fd, key)
        frame, own, got = 0.0, 0.0, b""
        while more := self._some(QUIET if got else 2.0):
            last = time.monotonic()
            got = got[-len(_FRAME_ENDS) :] + more
            if not frame and _FRAME_ENDS in got:
                frame = last - began
                own = max(0.0, frame - (run_delay(self.pid) - starved))
        rest = last - began
        return frame or rest, own or rest, rest

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(OSError):
            self.read(1.0)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


async def ticks(socket: Path, count: int) -> list[Timing]:
    """Seconds of what the console does each second on a screen, on this engine's data."""
    found: list[Timing] = []
    console = Console(RemoteLink(socket), clock=CLOCK)
    async with console.run_test(size=SIZE) as pilot:
        for name in ("overview", "queue", "destinations", "events"):
            console.action_tab(name)
            await eventually(lambda: console.front is not None and console.front.ready, within=30)
            await pilot.pause()
            screen = console.front
            assert screen is not None
            spent: list[float] = []
            used = 0.0
            for _ in range(count):
                await asyncio.sleep(0.02)
                began, before = time.perf_counter(), time.thread_time()
                screen.paint_all()
                paint(console, full=False)
                used += time.thread_time() - before
                spent.append(time.perf_counter() - began)
            found.append((f"tick at 200x60, {name}", spent, used / len(spent)))
    return found


async def pages(spool: Path, count: int) -> list[Timing]:
    """How long the engine's own part of a page takes, in its process: every order and filter."""
    store = await Store.open(Spool(path=spool), clock=CLOCK)
    found: list[Timing] = []
    for text in FILTERS:
        for sort in SORTS if not text else SORTS[:1]:
            spent: list[float] = []
            cursor, used = "", time.process_time()
            try:
                for _ in range(count):
                    began = CLOCK.monotonic()
                    asked = link.ListQueue(query=text, sort=sort, cursor=cursor)
                    page = await list_queue(store, asked, {}, CLOCK.now())
                    spent.append(CLOCK.monotonic() - began)
                    cursor = page.cursor
            except RequestUnclear:
                continue  # an order that this engine does not have
            used = (time.process_time() - used) / len(spent)
            found.append((f"page fetch in the engine, {text or 'all'}, by {sort}", spent, used))
    await store.close()
    return found


async def round_trips(socket: Path, count: int) -> list[float]:
    """Seconds of a page as a console gets it."""
    engine, spent, cursor = RemoteLink(socket), [], ""
    for _ in range(count):
        began = time.monotonic()
        cursor = (await engine.ask(link.ListQueue(cursor=cursor))).cursor
        spent.append(time.monotonic() - began)
    await engine.close()
    return spent


@contextlib.contextmanager
def events(engine: Engine, rate: float) -> Iterator[None]:
    """So many events a second meanwhile."""
    client = Refusals(engine.port, rate)
    before, began = engine.ask(link.GetStatus()).sequence, time.monotonic()
    client.start()
    try:
        yield
    finally:
        client.stop.set()
        client.join(30)
        after = engine.ask(link.GetStatus()).sequence
        print(f"<!-- {(after - before) / (time.monotonic() - began):,.0f} events/s -->", flush=True)


def keys(table: Table, terminal: Terminal, name: str, often: int) -> None:
    """Keys that paint little and much, each many times."""
    for screen in b"12341":  # each was shown before
        terminal.key_to_paint(bytes([screen]))
    for what, pressed in KEYS.items():
        terminal.key_to_paint(b"2")
        found = [terminal.key_to_paint(key) for key in pressed * often]
        table.times(f"key to paint, {what}{name}", [frame for frame, _, _ in found], "50 ms")
        table.times(STARVED, [own for _, own, _ in found], "50 ms")
        table.times(f"key to rest, {what}{name}", [rest for _, _, rest in found], "")


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


def lag(table: Table, noted: Path, windows: Sequence[tuple[str, float, float]]) -> None:
    """How late the engine's loop was in each window."""
    stretches = [(began, ended) for _, began, ended in windows]
    for (name, _, _), part in zip(windows, wake_ups(noted, stretches), strict=True):
        table.times(f"engine loop late, {name}", [one.late for one in part], "10 ms")
        table.times(STARVED, [one.own for one in part], "10 ms")


def run(count: int, seconds: float, often: int) -> None:
    """Fill with so many messages, measure for so long at a time; *often* scales all counts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = Engine(folder)
        began = time.monotonic()
        fill(engine.spool, count)
        filled = time.monotonic() - began
        print(f"{os.cpu_count()} cores; {count:,} messages filled in {filled:.0f} s\n")
        table = Table()
        for title, spent, used in uvloop.run(pages(engine.spool, 20 * often)):
            table.times(title, spent, "5 ms", used)
        measure(engine, folder, table, seconds, often)


def measure(engine: Engine, folder: Path, table: Table, seconds: float, often: int) -> None:
    """What needs the engine and a terminal."""
    windows: list[tuple[str, float, float]] = []

    @contextlib.contextmanager
    def window(name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        windows.append((name, began, time.monotonic()))

    began = time.monotonic()
    with engine:
        table.one("engine answers after", f"{time.monotonic() - began:.1f} s", "5 s")
        table.times(
            "page as a console gets it", asyncio.run(round_trips(engine.socket, 20 * often)), ""
        )
        for title, spent, used in asyncio.run(ticks(engine.socket, 6 * often)):
            table.times(title, spent, "15 ms", used)
        with window("no console"):
            _wait(seconds)
        with window("no console, 2,000 events/s"), events(engine, EVENTS):
            _wait(seconds)
        terminal = Terminal(engine.socket, folder)
        try:
            terminal.read(30, until=b"Overview")
            terminal.read(3)
            keys(table, terminal, "", often)
            for screen in (b"1", b"2", b"4"):
                os.write(terminal.fd, screen)
                with window(f"console on screen {screen.decode()}"):
                    terminal.read(seconds)
            with window("keys, 2,000 events/s"), events(engine, EVENTS):
                terminal.read(1)
                keys(table, terminal, ", 2,000 events/s", often)
            with window("terminal stalled"):
                _wait(seconds)
            terminal.read(1)
            with window("terminal stalled, 2,000 events/s"), events(engine, EVENTS):
                _wait(seconds)
            table.one("console's memory", f"{peak_memory(terminal.pid) / 1e6:.0f} MB", "80 MB")
        finally:
            terminal.close()
        table.one("engine's memory", f"{peak_memory(engine.pid) / 1e6:.0f} MB", "200 MB")
    lag(table, engine.noted, windows)
