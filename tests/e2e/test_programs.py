"""The proving ground's own parts: counting sink, loud skips, honest CPU figures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.processes import cpu_seconds, forget_peak, peak_memory, tree
from tests.fakes.programs import ROOT, NotReady, SmtpSink, smtp_source, until

NEEDY = """
import pytest

@pytest.mark.tools("no-such-program", "sh")
def test_needy():
    pass
"""


@pytest.mark.tools("smtp-sink", "smtp-source")
@pytest.mark.parametrize("reuse", [False, True], ids=["a connection each", "connections reused"])
def test_the_sink_counts_every_message(*, reuse: bool) -> None:
    """What smtp-source sends straight to smtp-sink is counted, no more and no less."""
    with SmtpSink() as sink:
        smtp_source(sink.port, messages=300, reuse=reuse)
        until("all are counted", lambda: sink.messages >= 300, within=10)
        assert sink.messages == 300


@pytest.mark.tools("smtp-sink", "smtp-source")
def test_a_refused_message_fails_the_source() -> None:
    """smtp_source does not take a refusal for success."""
    with SmtpSink("-f", "RCPT") as sink, pytest.raises(NotReady, match="500"):
        smtp_source(sink.port, messages=1)


@pytest.mark.parametrize(("ci", "code", "words"), [("", 0, "NOT EVERYTHING"), ("1", 1, "needs no")])
def test_a_missing_program_is_not_passed_over(
    tmp_path: Path, ci: str, code: int, words: str
) -> None:
    """A missing program skips its test loudly, and fails it in CI."""
    (tmp_path / "test_needy.py").write_text(NEEDY)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-c", ROOT / "pyproject.toml", tmp_path],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert words in done.stdout
    assert "no-such-program" in done.stdout


def test_cpu_time_counts_children_that_have_ended() -> None:
    """The CPU figure of a process includes its children, also those that are gone."""
    burn = "sum(range(10**7))"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{burn}']); input()"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as running:
        until("the child has worked", lambda: cpu_seconds(running.pid) > 0.15, within=30)
        until("the child has ended", lambda: tree(running.pid) == [running.pid], within=30)
        assert cpu_seconds(running.pid) > 0.15
        running.communicate(b"\n", timeout=10)


def test_peak_memory_sees_what_was_given_back() -> None:
    """The peak keeps what a process once held, until it is told to forget."""
    hold = "x = bytearray(80_000_000); x[:] = b'1' * len(x); del x; print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        assert peak_memory(running.pid) > 80_000_000
        forget_peak(running.pid)
        assert peak_memory(running.pid) < 60_000_000
        running.communicate(b"\n", timeout=10)
