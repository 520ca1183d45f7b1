"""Each key that says it needs a restart waits for one, is listed as pending, and then counts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from empath.config.model import Effect
from empath.control.link import ApplyConfig, GetConfig
from tests.config.proof import KEYS, pattern
from tests.config.proofs_restart import RESTART, Served


@dataclass
class Course:
    """What was seen of one engine."""

    before: dict[str, object]
    pending: set[str]
    told: set[str]
    reloaded: dict[str, object]
    restarted: dict[str, object]
    left: int


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """An engine that is reloaded with all of it changed, then restarted."""
    served = Served(tmp_path_factory.mktemp("restart"))
    engine = served.engine
    engine.start()
    try:
        before = served.seen()
        served.say(new=True)
        applied = engine.ask(ApplyConfig())
        assert not applied.plan.faults
        view = engine.ask(GetConfig())
        reloaded = served.seen()
        engine.stop()
        (served.folder / "old.key").unlink()
        engine.spool = served.folder / "second"
        engine.start()
        restarted, left = served.seen(), len(engine.ask(GetConfig()).pending)
    finally:
        engine.stop()
    return Course(
        before,
        {pattern(one.key) for one in applied.plan.pending},
        {pattern(one.key) for one in view.pending},
        reloaded,
        restarted,
        left,
    )


def test_every_key_that_waits_has_its_proof() -> None:
    """A setting that says it needs a restart cannot be added without the proof that it does."""
    assert {key for key, one in KEYS.items() if one.effect is Effect.RESTART} == set(RESTART)


@pytest.mark.parametrize("key", RESTART)
def test_a_setting_waits_for_a_restart(key: str, course: Course) -> None:
    """A reload changes nothing that shows; the restart does."""
    proof = RESTART[key]
    assert proof.was != proof.becomes
    assert course.before[key] == proof.was
    assert course.reloaded[key] == proof.was
    # Another `bind` makes another table.
    listed = "listener" if key == "listener.bind" else key
    assert listed in course.pending
    assert listed in course.told
    assert course.restarted[key] == proof.becomes


def test_after_a_restart_nothing_is_pending(course: Course) -> None:
    """What waited is in force."""
    assert course.left == 0
