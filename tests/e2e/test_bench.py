"""The bench runs: a measurement that nobody can repeat is none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.fakes.programs import ROOT


@pytest.mark.tools("smtp-sink", "smtp-source")
def test_the_bench_measures_empath() -> None:
    """One short round prints a row of figures for each usual case."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.against_postfix"),
            *("--only", "Empath", "--rounds", "1", "--messages", "100", "--tls"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| Empath |")]
    assert len(rows) == 4
    assert all(float(cell.replace(",", "")) > 0 for row in rows for cell in row.split("|")[2:4])


@pytest.mark.tools("smtp-sink", "smtp-source")
def test_the_bench_measures_reloads() -> None:
    """A short proof, the turns of the loop, and one pair of rounds that ends with the ratio."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.reload"),
            *("--reloads", "2", "--rounds", "1", "--messages", "300", "--pause", "0.05"),
            *("--windows", "4", "--routes", "50"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("1 reloads and 1 refused")
    assert len(re.findall(r"\| the swap's own turn \| \d+\.\d", done.stdout)) == 2
    assert "Throughput with reloads: " in done.stdout


def test_the_bench_measures_the_console() -> None:
    """On a small queue and for moments only: a row for each budget, every figure there."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.console", "--million"),
            *("--count", "300", "--seconds", "0.3", "--often", "1"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = {line.split("|")[1].strip(): line for line in done.stdout.splitlines() if "|" in line}
    for wanted in (
        "page fetch in the engine, all, by -age",
        "tick at 200x60, queue",
        "key to paint, another screen, 2,000 events/s",
        "engine loop late, terminal stalled, 2,000 events/s",
    ):
        assert " ms |" in rows[wanted]
    assert " MB |" in rows["console's memory"]
