"""Writing an edited config back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from empath.config.rewrite import NotWritten, may_give, rewrite


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


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ("# other\n", "was changed by somebody else meanwhile; try again"),
        (None, "cannot be written: No such file or directory"),
    ],
)
def test_what_somebody_else_wrote_is_not_lost(tmp_path: Path, there: str | None, told: str) -> None:
    """The text must be the one that was edited."""
    path = tmp_path / "empath.toml"
    if there is not None:
        path.write_text(there)
    with pytest.raises(NotWritten) as raised:
        rewrite(path, "# old\n", "# new\n")
    assert str(raised.value) == f"{path} {told}"
    assert path.exists() == (there is not None)
    assert there is None or path.read_text() == there


@pytest.mark.parametrize(
    ("user", "group", "own", "possible"),
    [(7, 8, 0, True), (7, 8, 7, True), (7, 9, 7, False), (6, 8, 7, False)],
)
def test_a_config_that_would_change_hands_is_not_replaced(
    user: int, group: int, own: int, possible: bool
) -> None:
    """Only root makes files of others; a user those of their own groups."""
    assert may_give(user, group, own, {8}) is possible
