"""Empath against Postfix, in the same run: ``python -m bench.against_postfix`` as root.

smtp-source sends over loopback to one of the two, which relays to smtp-sink.  Two speeds are
measured: *accepted* (until smtp-source has its last 250) and *end to end* (until the sink has
acknowledged every message); and CPU time a message.  Both are durable: a message is on disk
before its 250.  Rounds alternate, because the speed of a machine drifts, and only medians and
the ratios within one run count.  Every instance is fresh and warmed up, everything started
here is stopped by its pid, and a round has a deadline.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.empath import EmpathServe
from bench.encrypted import EncryptedSink, send_encrypted
from bench.postfix import Postfix
from tests.fakes.programs import SmtpSink, smtp_source, until

DEADLINE: Final = 120.0
"""Seconds that one round may take."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of load."""

    title: str
    size: int
    messages: int
    senders: int = 20
    reuse: bool = False
    encrypted: bool = False
    """STARTTLS on the way in and on the way out, with peers of our own (`bench.encrypted`)."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one round measured."""

    accepted: float
    """Messages a second until the last 250."""
    relayed: float
    """Messages a second until the sink has all."""
    cpu: float
    """Milliseconds of CPU time a message, all processes of the MTA."""


Start = Callable[[Path, int, Case], Postfix | EmpathServe]
CONTESTANTS: Final[dict[str, Start]] = {
    "Postfix": lambda folder, sink, case: Postfix(
        folder, sink_port=sink, reuse=case.reuse, encrypted=case.encrypted
    ),
    "Empath": lambda folder, sink, case: EmpathServe(
        folder, sink_port=sink, encrypted=case.encrypted
    ),
}
USUAL: Final = (
    Case("4 KB, a connection each", 4096, 4000),
    Case("4 KB, connections reused", 4096, 6000, reuse=True),
)
ENCRYPTED: Final = (
    Case("4 KB over TLS, a connection each", 4096, 1000, encrypted=True),
    Case("4 KB over TLS, connections reused", 4096, 3000, reuse=True, encrypted=True),
)
MEDIUM: Final = Case("64 KB, a connection each", 65536, 1000)
LARGE: Final = Case("10 MB x 20, four at once", 10_000_000, 20, senders=4)


def measure(start: Start, case: Case, scratch: Path) -> Speed:
    """One round: a fresh instance, a warm-up, then the load."""
    with (
        tempfile.TemporaryDirectory(dir=scratch) as name,
        EncryptedSink() if case.encrypted else SmtpSink() as sink,
        start(Path(name), sink.port, case) as relay,
    ):
        send = send_encrypted if case.encrypted else smtp_source
        warm = min(case.messages // 4, 200)
        send(
            relay.port,
            messages=warm,
            size=case.size,
            senders=case.senders,
            reuse=case.reuse,
            within=DEADLINE,
        )
        until("the warm-up arrives", lambda: sink.messages >= warm, within=DEADLINE)
        used = relay.cpu_seconds()
        begun = time.monotonic()
        taken = send(
            relay.port,
            messages=case.messages,
            size=case.size,
            senders=case.senders,
            reuse=case.reuse,
            within=DEADLINE,
        )
        wanted = warm + case.messages
        until("all of it arrives", lambda: sink.messages >= wanted, within=DEADLINE, every=0.005)
        whole = time.monotonic() - begun
        used = relay.cpu_seconds() - used
    return Speed(case.messages / taken, case.messages / whole, 1000 * used / case.messages)


def median(speeds: list[Speed]) -> Speed:
    """The median of each figure."""
    return Speed(
        statistics.median(speed.accepted for speed in speeds),
        statistics.median(speed.relayed for speed in speeds),
        statistics.median(speed.cpu for speed in speeds),
    )


def spread(values: list[float]) -> str:
    """Slowest to fastest."""
    return f"{min(values):,.0f} to {max(values):,.0f}"


def report(case: Case, results: dict[str, list[Speed]]) -> None:
    """Print the table of one case."""
    print(f"\n## {case.title} ({case.messages:,} messages, {case.senders} senders)\n")
    print("| | accepted/s | end to end/s | spread end to end | CPU ms a message |")
    print("|---|--:|--:|--:|--:|")
    medians = {name: median(speeds) for name, speeds in results.items()}
    for name, speed in medians.items():
        rounds = spread([one.relayed for one in results[name]])
        print(
            f"| {name} | {speed.accepted:,.0f} | {speed.relayed:,.0f} | {rounds} "
            f"| {speed.cpu:.2f} |"
        )
    if len(medians) == len(CONTESTANTS):
        ours, theirs = medians["Empath"], medians["Postfix"]
        print(
            f"| **ratio** | **{ours.accepted / theirs.accepted:.2f} ×** "
            f"| **{ours.relayed / theirs.relayed:.2f} ×** | "
            f"| **{ours.cpu / theirs.cpu:.2f} ×** |"
        )
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.against_postfix", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default 3)")
    parser.add_argument("--only", choices=sorted(CONTESTANTS), help="measure one of the two")
    parser.add_argument("--tls", action="store_true", help="add the cases with TLS on both sides")
    parser.add_argument("--medium", action="store_true", help="add the 64 KB case")
    parser.add_argument("--large", action="store_true", help="add the 10 MB case")
    parser.add_argument("--messages", type=int, help="messages a round, instead of each case's own")
    parser.add_argument("--scratch", type=Path, help="folder for the queues (default: /tmp)")
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    asked = arguments()
    contestants = [asked.only] if asked.only else list(CONTESTANTS)
    if "Postfix" in contestants and os.geteuid() != 0:
        print("Postfix starts only as root: run this as root, or with --only Empath.")
        return 2
    scratch = asked.scratch or Path(tempfile.gettempdir())
    cases = [
        *USUAL,
        *(ENCRYPTED if asked.tls else []),
        *([MEDIUM] if asked.medium else []),
        *([LARGE] if asked.large else []),
    ]
    if asked.messages:
        cases = [replace(case, messages=asked.messages) for case in cases]
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f} at the start, {asked.rounds} alternating rounds"
    )
    for case in cases:
        results: dict[str, list[Speed]] = {name: [] for name in contestants}
        for _ in range(asked.rounds):
            for name in contestants:
                results[name].append(measure(CONTESTANTS[name], case, scratch))
        report(case, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
