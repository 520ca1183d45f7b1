"""A file that is written beside the one it replaces."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from empath.config.staged_file import remedy, write_durably


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "make room on its disk"),
        (errno.EDQUOT, "make room on its disk"),
        (errno.EACCES, "give Empath's user the right to write it and its folder"),
        (errno.EPERM, "give Empath's user the right to write it and its folder"),
        (errno.EROFS, "make its file system writable"),
        (errno.ENOTDIR, "make room or set its permissions right"),
    ],
)
def test_what_to_do_fits_what_is_wrong(number: int, said: str) -> None:
    """Nobody is sent to the permissions of a file whose disk is full."""
    assert remedy(OSError(number, "reason")) == said


def test_a_full_disk_is_told_as_one() -> None:
    """As the system itself says it."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space left") as refused:
        Path("/dev/full").write_text("x")
    assert remedy(refused.value) == "make room on its disk"


def test_what_was_there_makes_way_whole(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    file = tmp_path / "file"
    file.write_text("before")
    write_durably(file, b"after", mode=0o640)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("after", 0o640)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
