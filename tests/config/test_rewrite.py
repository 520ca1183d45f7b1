"""Writing an edited config back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from empath.config.rewrite import NotWritten, rewrite


def test_a_config_keeps_its_mode_and_owner(tmp_path: Path) -> None:
    """The new text is there, and who may read it is as before."""
    path = tmp_path / "empath.toml"
    path.write_text("# old\n")
    path.chmod(0o640)
    if os.geteuid() == 0:  # only root can give a file away
        os.chown(path, 12345, 23456)
    before = path.stat()
    rewrite(path, "# old\n", "# ä new\n")
    after = path.stat()
    assert path.read_bytes() == "# ä new\n".encode()
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (
        0o640,
        before.st_uid,
        before.st_gid,
    )
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_to_a_config_stays_a_link(tmp_path: Path) -> None:
    """What the link names is replaced."""
    real, link = tmp_path / "real.toml", tmp_path / "empath.toml"
    real.write_text("# old\n")
    link.symlink_to("real.toml")
    rewrite(link, "# old\n", "# new\n")
    assert link.is_symlink()
    assert real.read_text() == "# new\n"


def test_a_new_config_is_its_owners_alone(tmp_path: Path) -> None:
    """It may come to hold a secret."""
    path = tmp_path / "empath.toml"
    rewrite(path, None, 'mode = "dev"\n')
    assert path.read_text() == 'mode = "dev"\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("there", "before", "told"),
    [
        ("# other\n", "# old\n", "was changed by somebody else meanwhile; try again"),
        ("# other\n", None, "was made by somebody else meanwhile; try again"),
        (None, "# old\n", "cannot be written: No such file or directory"),
    ],
)
def test_what_somebody_else_wrote_is_not_lost(
    tmp_path: Path, there: str | None, before: str | None, told: str
) -> None:
    """The text must be the one that was edited."""
    path = tmp_path / "empath.toml"
    if there is not None:
        path.write_text(there)
    with pytest.raises(NotWritten) as raised:
        rewrite(path, before, "# new\n")
    assert str(raised.value) == f"{path} {told}"
    assert not path.exists() or path.read_text() == there


def test_a_folder_that_cannot_be_written_leaves_the_file(tmp_path: Path) -> None:
    """Where no file can be made beside it, the config is as it was."""
    path = tmp_path / "gone" / "empath.toml"
    with pytest.raises(NotWritten, match="cannot be written: No such file or directory"):
        rewrite(path, None, "# new\n")
