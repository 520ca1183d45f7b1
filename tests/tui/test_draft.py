"""Drafts of the config: kept, private, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.draft import NOT_KEPT, Draft, DraftFile, without_secrets

DRAFT = Draft(text='mode = "dev"\n', base='mode = "relay"\n', digest="d", version=3)


def test_a_draft_is_kept_for_its_engine_and_for_its_owner_only(tmp_path: Path) -> None:
    """What is read back is what was kept; another engine has none; dropped it is gone."""
    file = DraftFile(tmp_path / "state", "mx1 /etc/empath.toml")
    assert file.read() is None
    assert file.keep(DRAFT) == ""
    assert file.read() == DRAFT
    assert file.path is not None
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert DraftFile(tmp_path / "state", "mx2 /etc/empath.toml").read() is None
    assert [each.name for each in file.path.parent.iterdir()] == [file.path.name]
    file.drop()
    file.drop()
    assert file.read() is None


def test_a_draft_that_cannot_be_kept_or_read_is_no_error(tmp_path: Path) -> None:
    """Why it is not kept is a sentence; what is no draft, or far too long, is none."""
    (tmp_path / "file").write_text("")
    said = DraftFile(tmp_path / "file", "x").keep(DRAFT)
    assert said.startswith("The draft is not kept in ")
    file = DraftFile(tmp_path, "x")
    assert file.path is not None
    file.keep(DRAFT)
    for content in (b"{}", b"\xff", b" " * 3_000_000):
        file.path.write_bytes(content)
        assert file.read() is None
    nowhere = DraftFile(None, "x")
    assert (nowhere.keep(DRAFT), nowhere.read()) == ("", None)
    nowhere.drop()


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        "password='hunter2'",
        '  "password" = "hunter2" # mine',
        'password = "hunter2',
        "password = hunter2",
        'password = """\nhunter2',
        "x = { password = 'hunter2', y = 1 }",
        'pasword = "hunter2"',
        '# password = "hunter2"',
    ],
)
def test_a_secret_that_was_typed_is_not_kept(line: str) -> None:
    """It has to be typed again: the mark in its place is one that the engine refuses."""
    kept = without_secrets(f'a = 1\n{line}\nhost = "b"\n')
    assert "hunter2" not in kept
    assert NOT_KEPT in kept
    assert kept.startswith("a = 1\n")


@pytest.mark.parametrize(
    "line",
    [
        'password = "•••• 0123456789ab"',
        'password = { file = "x" }',
        'password = ""',
        "password = ''",
        'username = "password"',
    ],
)
def test_what_is_no_secret_is_kept(line: str) -> None:
    """The engine's placeholders, where a secret is, and none at all."""
    assert without_secrets(line) == line


@given(st.text(max_size=200))
def test_any_text_can_be_kept(text: str) -> None:
    """Keeping twice changes no more."""
    once = without_secrets(text)
    assert without_secrets(once) == once


def test_a_draft_is_changed_when_it_says_something_else() -> None:
    """Not when it was typed back."""
    assert DRAFT.changed
    assert not Draft(text="x", base="x", digest="d", version=1).changed
