"""A config that is not in force yet, compared with the one that is."""

from __future__ import annotations

from pathlib import Path

from empath.config.origin import Origin
from empath.control.config_draft import compare
from empath.control.standing_config import InForce

TEXT = 'hostname = "mx.example.org"\n'


def in_force(origin: Origin, text: str) -> InForce:
    """*text* as the first version."""
    config = origin.parse(text).config
    return InForce(config, config, (), text, 1, 0.0, "start")


def test_a_file_that_was_emptied_is_refused_and_a_text_is_not(tmp_path: Path) -> None:
    """An empty file is an editor's accident; an empty text that a rollback sends is not."""
    path = tmp_path / "empath.toml"
    path.touch(mode=0o600)
    origin = Origin(path)
    before = in_force(origin, TEXT)
    draft = compare(origin, None, before)
    assert [fault.sentence[:12] for fault in draft.faults] == ["is empty now"]
    assert draft.running is before.running
    assert not compare(origin, "", before).faults
    assert not compare(origin, None, in_force(origin, "")).faults
