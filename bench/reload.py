"""What reloads cost: mail through an engine whose config is changed meanwhile, and through one
whose is not.

First the proof, with many reloads by all ways under load, half of them of texts that are wrong;
then how long the swap holds the event loop and how late it makes it, in windows with and without a
reload; then throughput, in rounds with and without: pairs in turn, since the speed of such machines
drifts.  Run it as ``python -m bench.reload``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import bench.reload_turns
from bench.processes import cpu_seconds
from empath.control.link import GetStatus
from tests.e2e.reloads import Numbered, by_command, by_link, by_signal, run
from tests.fakes.programs import SmtpSink, smtp_source, until

DEADLINE = 600.0


@dataclass(frozen=True)
class Round:
    """What one round came to."""

    relayed: float
    """Messages a second, end to end."""
    cpu: float
    """Milliseconds of CPU time a message."""
    reloads: int
    worst_turn: float


class Reloader(threading.Thread):
    """Reloads over the link at an even pace, each second time from a wrong text."""

    def __init__(self, engine: Numbered, pause: float) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        self._pause = pause
        self.stop = threading.Event()
        self.count = 0

    def run(self) -> None:
        """Reload until told to stop."""
        engine = self._engine
        while not self.stop.wait(self._pause):
            engine.number += 1
            text = engine.text(engine.number)
            engine.write(text if self.count % 2 else f"{text}[delivery.retr")
            by_link(engine)
            self.count += 1


def measure(folder: Path, *, messages: int, pause: float | None) -> Round:
    """One round: a fresh engine, a warm-up, then the load; *pause* seconds between reloads."""
    with SmtpSink() as sink, Numbered(folder, next_hop=sink.port) as engine:
        warm = min(messages // 4, 500)
        smtp_source(engine.port, messages=warm, reuse=True)
        until("the warm-up arrives", lambda: sink.messages >= warm, within=60)
        used, begun = cpu_seconds(engine.pid), time.monotonic()
        reloader = Reloader(engine, pause or 0)
        if pause is not None:
            reloader.start()
        smtp_source(engine.port, messages=messages, reuse=True, within=DEADLINE)
        wanted = warm + messages
        until("all of it arrives", lambda: sink.messages >= wanted, within=DEADLINE, every=0.005)
        seconds = time.monotonic() - begun
        used = cpu_seconds(engine.pid) - used
        reloader.stop.set()
        if pause is not None:
            reloader.join(30)
        lag = engine.ask(GetStatus()).loop_lag
    return Round(messages / seconds, 1000 * used / messages, reloader.count, lag)


def main() -> int:
    """Prove, then measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.reload",
        description=" ".join((__doc__ or "").split("\n\n")[0].split()),
    )
    parser.add_argument("--reloads", type=int, default=200, help="of the proof (default 200)")
    parser.add_argument("--windows", type=int, default=200, help="pairs of windows (default 200)")
    parser.add_argument(
        "--routes", type=int, default=2000, help="of a long config, measured too (default 2,000)"
    )
    parser.add_argument("--rounds", type=int, default=16, help="pairs of rounds (default 16)")
    parser.add_argument("--messages", type=int, default=5_000, help="a round (default 5,000)")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between two reloads")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}")
    sound = not asked.reloads or prove(asked.reloads)
    if asked.windows:
        for routes in sorted({0, asked.routes}):
            with tempfile.TemporaryDirectory() as name:
                pairs = asked.windows if not routes else max(1, asked.windows // 4)
                turns = bench.reload_turns.measure(Path(name), pairs=pairs, routes=routes)
            print(f"\n{pairs} reloads under load, a config of {1 + routes:,} routes\n")
            print(turns.table())
    if asked.rounds:
        compare(asked.rounds, messages=asked.messages, pause=asked.pause)
    return 0 if sound else 1


def prove(reloads: int) -> bool:
    """Reload by all ways under load; was everything sound?"""
    with tempfile.TemporaryDirectory() as name:
        ways = (by_link, by_signal, by_link, by_link, by_command)
        report = run(Path(name), reloads=reloads, ways=ways)
    print(report)
    for case in (*report.mixed[:10], *report.dropped[:10]):
        print(case)
    return report.sound


def compare(count: int, *, messages: int, pause: float) -> None:
    """Throughput in *count* pairs of rounds, and how far the pairs lie apart."""
    rounds: dict[str, list[Round]] = {"without": [], "with": []}
    kinds: list[tuple[str, float | None]] = [("without", None), ("with", pause)]
    for _ in range(count):
        for name, seconds in kinds:
            with tempfile.TemporaryDirectory() as folder:
                rounds[name].append(measure(Path(folder), messages=messages, pause=seconds))
        kinds.reverse()  # who is first has a warmer machine, or a colder one
    print("\n| reloads | end to end/s | spread | CPU ms a message | reloads in all | worst turn |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, found in rounds.items():
        speeds = [one.relayed for one in found]
        print(
            f"| {name} | {statistics.median(speeds):,.0f} | {min(speeds):,.0f} to "
            f"{max(speeds):,.0f} | {statistics.median(one.cpu for one in found):.3f} "
            f"| {sum(one.reloads for one in found)} "
            f"| {1000 * max(one.worst_turn for one in found):.1f} ms |"
        )
    pairs = list(zip(rounds["without"], rounds["with"], strict=True))
    for what, ratios in (
        ("Throughput", [changed.relayed / still.relayed for still, changed in pairs]),
        ("CPU time a message", [changed.cpu / still.cpu for still, changed in pairs]),
    ):
        ordered = sorted(100 * ratio for ratio in ratios)
        quarter = len(ordered) // 4
        print(
            f"\n{what} with reloads: {statistics.median(ordered):.1f} % of that without, median of"
            f" {len(ordered)} pairs; half of them from {ordered[quarter]:.1f} to"
            f" {ordered[-1 - quarter]:.1f}, all from {ordered[0]:.1f} to {ordered[-1]:.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
