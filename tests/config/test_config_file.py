"""The config file on disk: of one moment, or an error that says what it is instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from empath.config.config_file import read_stable, read_text, refuse_emptied
from empath.config.problem import ConfigUnusable
from empath.config.staged_file import write_durably
from tests.fakes.clock import HandClock


class Editor:
    """Writes the file in so many pieces, one each pause, while it is being read."""

    def __init__(self, path: Path, pieces: int, *, replace: bool = False) -> None:
        self.path = path
        self.pieces = pieces
        self.replace = replace
        self.pauses = 0
        self.clock = HandClock(now=path.stat().st_mtime)
        if pieces and not replace:
            self.clock.advance(60)  # ahead of the machine's own, which sets the time of changes
            os.utime(path, (self.clock.now(),) * 2)

    def read(self) -> bytes:
        """What is read meanwhile."""
        return read_stable(self.path, take=self.take, pause=self.pause, clock=self.clock)[0]

    def take(self, file: BinaryIO) -> bytes:
        """Read as the reader does, and be written meanwhile."""
        data = file.read()
        self.write()
        return data

    def write(self) -> None:
        """Write a piece more, as of now, if any is left."""
        if not self.pieces:
            return
        self.pieces -= 1
        if self.replace:
            new = self.path.with_suffix(".new")
            new.write_text(f"# after {self.pieces}")
            new.replace(self.path)
        else:
            with self.path.open("a") as file:
                file.write(f"# {self.pieces}\n")
            os.utime(self.path, (self.clock.now(),) * 2)

    def pause(self) -> None:
        """The time that the reader gives the writer."""
        self.pauses += 1
        self.clock.advance(0.05)
        if not self.replace:
            self.write()


def aged(path: Path, text: str) -> Path:
    """A file that was written an hour ago."""
    path.write_text(text)
    os.utime(path, (path.stat().st_mtime - 3600,) * 2)
    return path


def test_a_file_that_is_written_in_pieces_is_read_when_all_are_there(tmp_path: Path) -> None:
    """Each prefix of it may be a config of its own; none is taken for the whole."""
    path = tmp_path / "empath.toml"
    path.write_text("")
    editor = Editor(path, 8)
    assert editor.read() == b"".join(b"# %d\n" % left for left in range(7, -1, -1))
    assert 8 + 6 <= editor.pauses <= 8 + 8


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """What counts is a text that stood there for one moment."""
    path = aged(tmp_path / "empath.toml", "# before, and longer")
    editor = Editor(path, 3, replace=True)
    assert editor.read() == b"# after 0"
    assert editor.pauses >= 3


def test_a_file_that_took_the_name_of_another_is_whole_at_once(tmp_path: Path) -> None:
    """One's own `config set` makes no reload wait, however soon that comes."""
    path = tmp_path / "empath.toml"
    for number in range(20):
        write_durably(path, b"# %d" % number, mode=0o600)
        editor = Editor(path, 0)
        assert editor.read() == b"# %d" % number
        assert editor.pauses == 0


def test_a_clock_that_is_ahead_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A file of tomorrow is at rest when it was seen unchanged for that time."""
    path = tmp_path / "empath.toml"
    path.write_text("# x")
    editor = Editor(path, 0)
    editor.clock.advance(-86400)
    assert editor.read() == b"# x"
    assert editor.pauses <= 7


def test_a_file_that_never_rests_is_refused(tmp_path: Path) -> None:
    """After a second and a half the operator is told, instead of a text that never was."""
    path = tmp_path / "empath.toml"
    path.write_text("")
    editor = Editor(path, 1000)
    with pytest.raises(ConfigUnusable) as raised:
        editor.read()
    assert str(raised.value) == (
        f"{path}: was written to all the time while it was read, for 1.5 s; save it, or put a"
        " whole file in its place, then try again"
    )
    assert 29 <= editor.pauses <= 31


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
    path = aged(tmp_path / "empath.toml", 'mode = "dev"\n')
    path.chmod(0o600)
    editor = Editor(path, 0)
    assert editor.read() == b'mode = "dev"\n'
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


def test_a_file_of_the_kernel_that_has_nothing_to_say_is_no_config(tmp_path: Path) -> None:
    """It calls itself regular, and a read that does not wait gives nothing, not even an end."""
    path = aged(tmp_path / "empath.toml", "")
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with (
        os.fdopen(reading, "rb") as log,
        os.fdopen(writing, "wb"),
        pytest.raises(ConfigUnusable, match=r"empath\.toml: is not a regular file: there is nothi"),
    ):
        read_stable(path, take=lambda _: log.read(100))
