"""How long a reload holds the event loop, and how late it makes the loop run, under load.

One engine under load from smtp-source, with a probe on its loop that wakes up each millisecond
(`bench.probed`).  Windows of equal length, in pairs of random order: in one a reload is asked for,
in the other nothing is.  Each second reload is of a text that is wrong.  What the engine's own load
costs is in both, so the difference is the reload.
"""

from __future__ import annotations

import random
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.probed import WakeUp, wake_ups
from empath.control.link import AppliedConfig, ApplyConfig
from tests.e2e.reloads import Numbered, Report, Source
from tests.fakes.programs import SmtpSink, smtp_source, until

WINDOW: Final = 0.1
"""Seconds from the moment a reload is asked for; it is over by then."""
LONG_WINDOW: Final = 0.5
"""The same for a config of thousands of routes."""
REST: Final = 0.1
"""Seconds between two windows."""


@dataclass(slots=True)
class Turns:
    """What was measured."""

    held: list[float] = field(default_factory=list)
    """Seconds of the swap's own turn, as the engine says, of each reload that took effect."""
    whole: list[float] = field(default_factory=list)
    """Seconds from question to answer, of each reload."""
    windows: dict[str, list[list[WakeUp]]] = field(
        default_factory=lambda: {"without": [], "with": []}
    )
    """The wake-ups in each window."""

    def table(self) -> str:
        """The figures as rows of a table, in milliseconds."""
        rows = [
            ("the swap's own turn", self.held),
            ("a reload from question to answer", self.whole),
        ]
        for kind, windows in self.windows.items():
            every = [one for window in windows for one in window]
            rows.append((f"loop late, {kind} a reload", [one.late for one in every]))
            rows.append(("of that not for want of a processor", [one.own for one in every]))
        latest = {
            kind: [max(one.own for one in window) for window in windows]
            for kind, windows in self.windows.items()
        }
        for kind, found in latest.items():
            rows.append((f"the latest so of each window, {kind} a reload", found))
        pairs = zip(latest["with"], latest["without"], strict=True)
        rows.append(("the same, what the reload adds", [a - b for a, b in pairs]))
        lines = ["| | p50 | p99 | max |", "|---|--:|--:|--:|"]
        lines += [f"| {name} | {' | '.join(map(_ms, spread(found)))} |" for name, found in rows]
        return "\n".join(lines)


def spread(found: Sequence[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and maximum."""
    ordered = sorted(found)
    return statistics.median(ordered), ordered[int(0.99 * (len(ordered) - 1))], ordered[-1]


def _wait(seconds: float) -> None:
    threading.Event().wait(max(0.0, seconds))


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


class Probed(Numbered):
    """An engine with a probe on its loop."""

    def __init__(self, folder: Path, *, next_hop: int, routes: int) -> None:
        super().__init__(folder, next_hop=next_hop)
        self._rest += "".join(
            f'[[route]]\ndomain = "d{number}.test"\nhost = "127.0.0.1:{next_hop}"\ntls = "none"\n'
            for number in range(routes)
        )
        self.config.write_text(self.text(self.number))
        self.noted = folder / "lateness"
        self.command = [
            *(sys.executable, "-m", "bench.probed", str(self.noted)),
            *("--config", str(self.config)),
        ]


def measure(folder: Path, *, pairs: int, routes: int = 0, load: bool = True) -> Turns:
    """Reload *pairs* times, each beside a window without; the config has so many more *routes*."""
    turns, moments = Turns(), []
    window = LONG_WINDOW if routes else WINDOW
    report = Report()
    with SmtpSink() as sink, Probed(folder, next_hop=sink.port, routes=routes) as engine:
        smtp_source(engine.port, messages=300, reuse=True)
        until("the warm-up arrives", lambda: sink.messages >= 300, within=60)
        source = Source(engine.port, report, messages=1000)
        if load:
            source.start()
        _wait(REST)
        for turn in range(pairs):
            kinds = ["without", "with"]
            random.shuffle(kinds)
            for kind in kinds:
                if kind == "with":
                    engine.number += 1
                    text = engine.text(engine.number)
                    engine.write(f"{text}[delivery.retr" if turn % 2 else text)
                _wait(REST)
                began = time.monotonic()
                moments.append((kind, began))
                if kind == "with":
                    applied: AppliedConfig = engine.ask(ApplyConfig())
                    turns.whole.append(time.monotonic() - began)
                    if not applied.plan.faults:
                        turns.held.append(applied.held)
                _wait(began + window - time.monotonic())
        source.stop.set()
        if load:
            source.join(120)
    if report.dropped:
        raise RuntimeError(report.dropped[0])
    stretches = [(began, began + window) for _, began in moments]
    for (kind, _), part in zip(moments, wake_ups(engine.noted, stretches), strict=True):
        turns.windows[kind].append(part)
    return turns
