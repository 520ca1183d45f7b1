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


def test_an_empty_config_is_refused_unless_one_goes_back_to_it(tmp_path: Path) -> None:
    """An empty file is an editor's accident, an empty text a script's; a version that ran is
    neither.
    """
    path = tmp_path / "empath.toml"
    path.touch(mode=0o600)
    origin = Origin(path)
    before = in_force(origin, TEXT)
    for text in (None, "", "\n \n"):
        draft = compare(origin, text, before)
        assert [fault.sentence[:12] for fault in draft.faults] == ["is empty now"]
        assert draft.running is before.running
    assert not compare(origin, "", before, ran_before=True).faults
    assert not compare(origin, "# all defaults\n", before).faults
    assert not compare(origin, None, in_force(origin, "")).faults
