"""kill -9 loses nothing (promise P2): the crash harness with few kills, and its own judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.crash import judge, run
from tests.fakes.hash_sink import Fingerprint, Received


def test_the_judge_sees_a_loss() -> None:
    """A message with a 250 that is neither at the sink nor in the queue counts as lost."""
    report = judge({("a@b.test", "t1"): "x", ("a@b.test", "t2"): "y"}, [], {"t2"}, [1.0])
    assert report.lost == ["a@b.test t1"]
    assert not report.sound


def test_the_judge_sees_damage_and_extra_copies() -> None:
    """A copy with another hash is damage; a second good copy is only counted."""
    copies = [
        Received("a@b.test", "t1", "x", 1, 1.0),
        Received("a@b.test", "t1", "x", 1, 2.0),
        Received("a@b.test", "t2", "other", 1),
    ]
    report = judge({("a@b.test", "t1"): "x", ("a@b.test", "t2"): "y"}, copies, set(), [1.5])
    assert (report.extra, report.damaged, report.lost) == (1, ["a@b.test t2"], [])
    assert not report.unexplained


def test_the_judge_sees_a_copy_that_no_kill_explains() -> None:
    """A second copy is excused by a kill just behind the first one's 250, and by nothing else."""
    copies = [Received("a@b.test", "t1", "x", 1, 10.0), Received("a@b.test", "t1", "x", 1, 20.0)]
    report = judge({("a@b.test", "t1"): "x"}, copies, set(), [8.5, 15.0, 25.0])
    assert report.unexplained == ["a@b.test t1"]
    assert not report.sound


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 1000])
def test_the_sink_fingerprints_what_was_meant(step: int) -> None:
    """However the wire cuts it, the digest is over the unstuffed content behind the trace."""
    import hashlib

    content = b"X-Token: t7\r\nSubject: s\r\n\r\n.a\r\n..b\r\n.\r\nc\r\n"
    wire = b"Received: by x\r\n" + content.replace(b"\r\n.", b"\r\n..") + b".\r\nQUIT\r\n"
    seen = Fingerprint()
    rest = None
    start = 0
    while rest is None:
        rest = seen.feed(wire[start : start + step])
        start += step
    assert rest + wire[start:] == b"QUIT\r\n"
    assert (seen.token, seen.size) == ("t7", len(content))
    assert seen.hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost_in_five_kills(tmp_path: Path) -> None:
    """Five times kill -9 under full load: all with a 250 arrives, byte for byte (P1, P2)."""
    report = run(tmp_path, kills=5, seed=2)
    assert report.acknowledged > 100, report
    assert not report.lost, report.lost[:5]
    assert not report.damaged, report.damaged[:5]
    assert not report.unexplained, report.unexplained[:5]
