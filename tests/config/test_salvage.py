"""Finding the spool of a config that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.config.salvage import spool_of_unusable


@pytest.mark.parametrize(
    "text",
    [
        '[spool]\npath = "here"\n[deliv',
        '[delivery.retry]\nbase = "0s"\n[spool] # mine\nmin_free = "1MB"\npath = "here"\n',
        'hostname = "\nspool.path = "here"\n',
    ],
)
def test_the_path_is_found_in_a_broken_file(tmp_path: Path, text: str) -> None:
    """Half written, faulty elsewhere, or as a dotted key."""
    file = tmp_path / "empath.toml"
    file.write_text(text)
    assert spool_of_unusable(file) == tmp_path / "here"


def test_a_file_that_does_not_name_it_has_the_default(tmp_path: Path) -> None:
    """The engine that reads it would have that spool too."""
    file = tmp_path / "empath.toml"
    file.write_text('[delivery\npath = "not this"\n')
    found = spool_of_unusable(file, environ={"XDG_STATE_HOME": "/state"})
    assert found == Path("/state/empath")


def test_nothing_is_made_up(tmp_path: Path) -> None:
    """No file, or a path that is itself broken: none is found."""
    file = tmp_path / "empath.toml"
    assert spool_of_unusable(file) is None
    file.write_text('[spool]\npath = "here\n')
    assert spool_of_unusable(file) is None
