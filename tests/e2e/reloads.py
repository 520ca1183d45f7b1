"""The reload harness: mail from smtp-source while the config is changed again and again.

Half of the texts are wrong and must change nothing.  Each good text says one number in three
settings, so that a client or an operator who meets two numbers at once has met a config that was
half applied.  Every message has a recipient of its own, which the sink writes down: one that is
missing was lost, one that is there twice was sent twice.
By hand, with figures: ``python -m bench.reload``.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import smtplib
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from empath.control.link import ApplyConfig, GetConfig, GetStatus, ListConfigHistory, Plan
from tests.e2e.crash import drained
from tests.fakes.engine import Empath
from tests.fakes.hash_sink import read_log
from tests.fakes.programs import (
    LOOPBACK,
    Running,
    free_port,
    program,
    until,
    until_port_answers,
)

NUMBERED: Final = """\
hostname = "n{number}.example.test"
inbound.message_size = {size}
delivery.retry.base = "{number}s"
"""
"""Lines that a text begins with: one number in each, of a setting live or for new sessions."""
SMALLEST: Final = 1_000_000
FIRST: Final = 100
WRONG: Final[Sequence[Callable[[str], str]]] = (
    lambda text: text + "[delivery.retr",
    lambda text: text + "[delivery]\nconcurency = 7\n",
    lambda text: text.replace("inbound.message_size = ", "inbound.message_size = -"),
    lambda text: text + '[log]\nlevel = "loud"\n',
    lambda text: text + '[dns]\nservers = ["not an address"]\n',
    lambda text: text + '[delivery.tls]\nca_file = "/nonexistent/ca.pem"\n',
)
"""What makes a good text one that is refused."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    reloads: int = 0
    refused: int = 0
    accepted: int = 0
    """Messages that smtp-source was told 250 for."""
    delivered: int = 0
    lost: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    """Where two configs were seen at once, or a wrong one changed something."""
    dropped: list[str] = field(default_factory=list)
    """Connections that ended before their time."""
    looks: int = 0
    """Clients that compared what they were told."""
    worst_turn: float = 0
    """Seconds that the event loop was late at worst."""

    @property
    def sound(self) -> bool:
        """Nothing lost, sent twice, dropped or half applied."""
        return not (self.lost or self.extra or self.mixed or self.dropped)

    def __str__(self) -> str:
        return (
            f"{self.reloads} reloads and {self.refused} refused, {self.accepted:,} messages "
            f"accepted, {self.delivered:,} delivered, {len(self.lost)} lost, {len(self.extra)} "
            f"sent twice, {len(self.dropped)} connections dropped, {len(self.mixed)} configs "
            f"half applied in {self.looks:,} looks, worst loop turn {1000 * self.worst_turn:.1f} ms"
        )


class Numbered(Empath):
    """An engine whose config says a number."""

    def __init__(self, folder: Path, *, next_hop: int) -> None:
        super().__init__(folder, next_hop=next_hop)
        lines = self.config.read_text().splitlines(keepends=True)
        self._rest = "".join(line for line in lines if not line.startswith("hostname"))
        self.number = FIRST
        self.config.write_text(self.text(self.number))

    def text(self, number: int) -> str:
        """The config that says *number*."""
        return NUMBERED.format(number=number, size=SMALLEST + number) + self._rest

    def write(self, text: str) -> None:
        """Replace the file as an editor does: a reload reads the old text or the new."""
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.replace(self.config)

    def says(self) -> tuple[int, set[int]]:
        """The version in force, and the numbers that its settings say."""
        view = self.ask(GetConfig())
        found = re.findall(r"n(\d+)\.example\.test", view.text)
        found += re.findall(r'(?m)^base = "(.+)"', view.text)
        base = self.seconds(found.pop())
        size = int(re.findall(r'(?m)^message_size = "?(\d+)', view.text)[0]) - SMALLEST
        return view.version, {int(found[0]), base, size}

    @staticmethod
    def seconds(written: str) -> int:
        """A duration in seconds, of which such as ``1m40s`` are written."""
        units = {"h": 3600, "m": 60, "s": 1}
        return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([hms])", written))


class Source(threading.Thread):
    """Runs smtp-source again and again; every message has a recipient of its own."""

    def __init__(self, port: int, report: Report, *, messages: int = 300) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._report = report
        self._messages = messages
        self.stop = threading.Event()
        self.sent: list[tuple[str, int]] = []

    def run(self) -> None:
        """Send until told to stop."""
        for turn in itertools.count():
            if self.stop.is_set():
                return
            reuse = ("-d",) if turn % 2 else ()
            name = f"r{turn}@there.test"
            count = str(self._messages)
            done = subprocess.run(
                [
                    *(program("smtp-source"), *reuse, "-N", "-s", "8", "-m", count, "-l", "2000"),
                    *("-f", "load@example.test", "-t", name, f"{LOOPBACK}:{self._port}"),
                ],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if done.returncode:
                self._report.dropped.append(f"smtp-source: {done.stderr.strip()}")
            else:
                self._report.accepted += self._messages
                self.sent.append((name, self._messages))


class Looker(threading.Thread):
    """Connects again and again: greeting and SIZE are of one config."""

    def __init__(self, port: int, report: Report) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._report = report
        self.stop = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.stop.wait(0.005):
            try:
                self._look()
            except (OSError, smtplib.SMTPException) as error:
                self._report.dropped.append(f"a client that looks: {error!r}")

    def _look(self) -> None:
        with smtplib.SMTP(timeout=30) as client:
            greeted = client.connect(LOOPBACK, self._port)[1].decode().split(".")[0]
            said = client.ehlo("look.test")[1].decode().split(".")[0]
            size = int(client.esmtp_features["size"]) - SMALLEST
        self._report.looks += 1
        if not greeted == said == f"n{size}":
            self._report.mixed.append(f"greeted by {greeted}, EHLO {said}, SIZE of n{size}")


def by_link(engine: Numbered) -> bool:
    """Reload over the control socket; was it put in force?"""
    plan: Plan = engine.ask(ApplyConfig()).plan
    return not plan.faults


def by_command(engine: Numbered) -> bool:
    """Reload by ``empathctl``."""
    return engine.ctl("config", "reload").returncode == 0


def by_signal(engine: Numbered) -> bool:
    """Reload by SIGHUP, and wait until the log says what came of it."""

    def told() -> tuple[int, int]:
        log = engine.said()  # which is written behind: only what was said of signals counts
        return len(re.findall(r"version \d+ \(signal by", log)), log.count("refused (signal by")

    before = told()
    os.kill(engine.pid, signal.SIGHUP)
    until("SIGHUP is answered", lambda: told() != before, within=30)
    return told()[0] > before[0]


@contextlib.contextmanager
def loaded(folder: Path, report: Report) -> Iterator[Numbered]:
    """An engine under load, and a client that stays; judged once the queue is empty."""
    log, sink_port = folder / "sink.log", free_port()
    log.touch()
    sink = Running(
        [sys.executable, "-m", "tests.fakes.hash_sink", "--port", str(sink_port), "--log", log],
        log=folder / "sink.err",
    )
    engine = Numbered(folder / "engine", next_hop=sink_port)
    with sink, engine:
        until_port_answers(sink_port, within=10)
        source, looker = Source(engine.port, report), Looker(engine.port, report)
        with smtplib.SMTP(LOOPBACK, engine.port, timeout=60) as stays:
            before = stays.ehlo("stays.test")[1]
            stays.mail("load@example.test")
            stays.rcpt("stays@there.test")
            source.start()
            looker.start()
            try:
                yield engine
            finally:
                for thread in (source, looker):
                    thread.stop.set()
                    thread.join(150)
            if stays.data("Subject: it was there all the time\n\nand still is\n")[0] != 250:
                report.dropped.append("the message of the client that stayed")
            if stays.ehlo("stays.test")[1] != before:
                report.mixed.append("the client that stayed was told of another config")
        until("the queue drains", lambda: drained(engine), within=60, every=0.1)
    report.accepted += 1
    judge(report, source.sent, Counter(copy.recipient for copy in read_log(log)))


def judge(report: Report, sent: Sequence[tuple[str, int]], copies: Counter[str]) -> None:
    """Compare what was accepted with what the sink was given."""
    wanted = {f"{number}{name}" for name, count in sent for number in range(1, count + 1)}
    wanted.add("stays@there.test")
    report.delivered = len(copies)
    report.lost = sorted(wanted - set(copies))
    report.extra = [name for name, count in copies.items() if count > 1]


def run(folder: Path, *, reloads: int, ways: Sequence[Callable[[Numbered], bool]]) -> Report:
    """Reload *reloads* times under load, each second time from a text that is wrong."""
    report = Report()
    with loaded(folder, report) as engine:
        version, says = engine.says()
        for turn in range(reloads):
            way = ways[turn // 2 % len(ways)]
            wrong = turn % 2 == 1
            number = engine.number + 1
            text = engine.text(number)
            engine.write(WRONG[turn // 2 % len(WRONG)](text) if wrong else text)
            done = way(engine)
            if not wrong:
                engine.number, version = number, version + 1
            report.reloads += done
            report.refused += not done
            found, says = engine.says()
            if (done, found, says) != (not wrong, version, {engine.number}):
                report.mixed.append(
                    f"{way.__name__} of a {'wrong' if wrong else 'good'} text {number}: "
                    f"{'in force' if done else 'refused'}, version {found} says {says}"
                )
            lag = engine.ask(GetStatus()).loop_lag
            report.worst_turn = max(report.worst_turn, lag)
        kept = engine.ask(ListConfigHistory(limit=1000))
        if kept.running != version or len(kept.versions) != min(50, version):
            report.mixed.append(f"the history has {len(kept.versions)} records at {kept.running}")
    return report
