"""The config file on disk: of one moment, or an error that says what it is instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from empath.config.config_file import read_stable, read_text, refuse_emptied
from empath.config.problem import ConfigUnusable


class Editor:
    """Writes the file while it is being read, so many times."""

    def __init__(self, path: Path, times: int, *, replace: bool = False) -> None:
        self.path = path
        self.times = times
        self.replace = replace
        self.pauses = 0

    def take(self, file: BinaryIO) -> bytes:
        """Read as the reader does, and be written meanwhile."""
        data = file.read()
        if self.times:
            self.times -= 1
            if self.replace:
                new = self.path.with_suffix(".new")
                new.write_text(f"# after {self.times}")
                new.replace(self.path)
            else:
                self.path.write_text(f"# after {self.times}")
        return data

    def pause(self) -> None:
        """The time that the reader gives the writer."""
        self.pauses += 1


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path, replace: bool) -> None:
    """Written in place or replaced: what counts is a text that stood there for one moment."""
    path = tmp_path / "empath.toml"
    path.write_text("# before, and longer")
    editor = Editor(path, 3, replace=replace)
    data, _ = read_stable(path, take=editor.take, pause=editor.pause)
    assert data == b"# after 0"
    assert editor.pauses == 3


def test_a_file_that_never_rests_is_refused(tmp_path: Path) -> None:
    """After a few tries the operator is told, instead of a text that never was."""
    path = tmp_path / "empath.toml"
    path.write_text("")
    editor = Editor(path, 1000)
    with pytest.raises(ConfigUnusable) as raised:
        read_stable(path, take=editor.take, pause=editor.pause)
    assert str(raised.value) == (
        f"{path}: changes all the time while it is read; save it, then try again"
    )
    assert editor.pauses == 5


def test_a_file_that_goes_while_it_is_read_is_missing(tmp_path: Path) -> None:
    """What was read of it does not count."""
    path = tmp_path / "empath.toml"
    path.write_text("")

    def take(file: BinaryIO) -> bytes:
        path.unlink()
        return file.read()

    with pytest.raises(ConfigUnusable, match="there is no such file"):
        read_stable(path, take=take)


def test_a_file_rests_while_nobody_writes(tmp_path: Path) -> None:
    """It is read once, without a pause."""
    path = tmp_path / "empath.toml"
    path.write_text('mode = "dev"\n')
    path.chmod(0o600)
    editor = Editor(path, 0)
    assert read_stable(path, take=editor.take, pause=editor.pause)[0] == b'mode = "dev"\n'
    assert editor.pauses == 0
    assert read_text(path) == ('mode = "dev"\n', False)
    path.chmod(0o640)
    assert read_text(path) == ('mode = "dev"\n', True)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("big", "is longer than 1 MiB, so it is hardly a config"),
        ("folder", "is a folder; name the file in it"),
        ("pipe", "is not a regular file"),
        ("link", "there is no such file"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
        ("file/x", "cannot be read: Not a directory"),
        ("none", "there is no such file"),
        ("/dev/zero", "is not a regular file"),
        ("latin", "is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_what_is_no_config_file_is_told(tmp_path: Path, name: str, told: str) -> None:
    """Nothing of it is waited for, and no more of it is read than a config can be long."""
    (tmp_path / "big").write_bytes(b"#" * 10_000_000)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    (tmp_path / "latin").write_bytes("# ä".encode("latin-1"))
    path = tmp_path / name
    with pytest.raises(ConfigUnusable) as raised:
        read_text(path)
    place = f"{path}:1" if name == "latin" else f"{path}"
    assert str(raised.value) == f"{place}: {told}"


@pytest.mark.parametrize(
    ("before", "now"), [("", ""), ("", "# x"), ("# x", "# y"), ("mode = 'dev'", "# all defaults")]
)
def test_a_file_that_says_something_is_a_wish(before: str, now: str) -> None:
    """So is one that was empty from the start."""
    refuse_emptied("empath.toml", before, now)


@pytest.mark.parametrize("now", ["", "\n \n"])
def test_a_file_that_was_emptied_is_no_wish(now: str) -> None:
    """An editor that could not finish leaves one; whoever means it writes a comment."""
    with pytest.raises(ConfigUnusable, match=r"^empath.toml: is empty now, which would set"):
        refuse_emptied("empath.toml", "mode = 'dev'", now)
