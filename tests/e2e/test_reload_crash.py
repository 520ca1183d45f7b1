"""kill -9 during a reload, and a disk that is full: the old config or the new, never neither.

Issue 4, acceptance 4.  ``RELOAD_KILLS=100`` in the environment makes it many more.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from empath.control.config_history import History
from empath.control.link import ApplyConfig, GetConfig, LinkLost, ListConfigHistory, RequestRefused
from tests.e2e.reload_steps import Step
from tests.e2e.reloads import Numbered
from tests.fakes.programs import ROOT, Running, free_port, until

KILLS: Final = int(os.environ.get("RELOAD_KILLS", "6"))
REFUSED: Final = r"cannot be written in .*, so nothing was changed: make room"
EVERY: Final = 1 if KILLS > 50 else 5


@pytest.fixture
def numbered(tmp_path: Path) -> Iterator[Numbered]:
    """An engine whose config says one number three times."""
    with Numbered(tmp_path / "engine", next_hop=free_port()) as engine:
        yield engine


@pytest.mark.parametrize("how", ["edit", "reload"])
@pytest.mark.timeout(150)
def test_a_reload_killed_at_any_line_leaves_the_old_or_the_new(how: str, tmp_path: Path) -> None:
    """The file is one of the two, whole; the record is that of the file; nothing is left over."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.reload_steps", tmp_path, how, str(EVERY)],
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    steps = [msgspec.json.decode(line, type=Step) for line in done.stdout.splitlines()]
    assert [step for step in steps if step.problem] == []
    assert len(steps) > 100 // EVERY
    assert not steps[-1].killed
    assert {step.left for step in steps} == ({"old", "new"} if how == "edit" else {"new"})


class Editor(threading.Thread):
    """Puts one text after the other in force, each written to the file, until the engine dies."""

    def __init__(self, engine: Numbered, number: int) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        self.number = number
        """What the last text says that was sent."""
        self.applied = number
        """What the last says that the engine said was in force."""

    def run(self) -> None:
        """Edit."""
        with contextlib.suppress(LinkLost, OSError):
            while True:
                self.number += 1
                self._engine.ask(ApplyConfig(text=self._engine.text(self.number)))
                self.applied = self.number


@pytest.mark.timeout(60 + 5 * KILLS)
def test_an_engine_killed_while_it_reloads_comes_back(numbered: Numbered) -> None:
    """At random moments of reload upon reload: what runs then is whole, and on record."""
    chance = random.Random(4)
    for _ in range(KILLS):
        editor = Editor(numbered, max(numbered.says()[1]))
        editor.start()
        editor.join(chance.uniform(0.02, 0.3))
        numbered.signal(signal.SIGKILL)
        numbered.wait(within=10)
        editor.join(30)
        text = numbered.config.read_text()
        Running.start(numbered)
        until("the engine is back", numbered.is_up, within=30)
        version, says = numbered.says()
        # What was acknowledged stays; what was under way may be in force or not.
        assert says in ({editor.applied}, {editor.number})
        assert text == numbered.text(says.pop())
        history = numbered.ask(ListConfigHistory(limit=1000))
        assert history.running == version == history.versions[0].version
        records = History(numbered.spool)
        assert len(records.versions()) == len(history.versions)
        newest = records.newest()
        assert newest is not None
        assert newest.text == text


def test_a_full_disk_refuses_the_reload(numbered: Numbered) -> None:
    """The old config stays, in force and in its file, and a sentence says why and what to do."""
    text = numbered.config.read_text()
    largest = max(path.stat().st_size for path in numbered.spool.rglob("*") if path.is_file())
    room = largest + 100_000
    comment = "# much was said here\n" * (room // 20)
    assert len(comment) < 1_000_000
    whole = resource.prlimit(numbered.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(numbered.pid, resource.RLIMIT_FSIZE, (room, whole[1]))
    with pytest.raises(RequestRefused, match=REFUSED):
        numbered.ask(ApplyConfig(text=numbered.text(777) + comment))
    assert numbered.config.read_text() == text
    numbered.write(numbered.text(778) + comment)
    with pytest.raises(RequestRefused, match=REFUSED):
        numbered.ask(ApplyConfig())
    view = numbered.ask(GetConfig())
    assert (view.version, view.drift) == (1, True)
    assert numbered.says() == (1, {numbered.number})
    kept = {path.name for path in (numbered.spool / "config").iterdir()}
    assert kept - {"key"} == {"000001.json"}
    resource.prlimit(numbered.pid, resource.RLIMIT_FSIZE, whole)
    assert numbered.ask(ApplyConfig()).version == 2
    assert numbered.says() == (2, {778})
