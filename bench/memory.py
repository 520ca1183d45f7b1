"""The memory that large messages cost: ``python -m bench.memory``.

Prints by how much the engine's peak resident memory (VmHWM) rises while messages of 100 MB
pass through it, one and four at once, in and out at the same time, and how fast they pass.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.processes import peak_memory
from tests.e2e.large import Line

MEGABYTE: Final = 1_000_000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--size", type=int, default=100, help="megabytes (default 100)")
    asked = parser.parse_args()
    intact = True
    with tempfile.TemporaryDirectory() as name, Line(Path(name)) as line:
        line.passage("warm", count=4, size=MEGABYTE)
        print(f"idle: {peak_memory(line.engine.pid) / MEGABYTE:.1f} MB\n")
        print("| at once | memory over idle | each | MB/s in and out | intact |")
        print("|--:|--:|--:|--:|---|")
        for count in (1, 4):
            passage = line.passage(f"n{count}-", count=count, size=asked.size * MEGABYTE)
            intact = intact and passage.intact
            print(
                f"| {count} × {asked.size} MB | {passage.growth / MEGABYTE:.1f} MB "
                f"| {passage.growth / count / MEGABYTE:.1f} MB "
                f"| {count * asked.size / passage.seconds:.0f} "
                f"| {'yes' if passage.intact else 'NO'} |"
            )
    return 0 if intact else 1


if __name__ == "__main__":
    sys.exit(main())
