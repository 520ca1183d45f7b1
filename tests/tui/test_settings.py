"""console.toml: what is read of it, what is said about it, and how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.settings import (
    INTERVALS,
    SavedView,
    Settings,
    SettingsUnwritable,
    parse_settings,
    read_settings,
    settings_file,
    settings_text,
    state_folder,
    write_settings,
)

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
NAMES = st.text("abcdefgh.-", min_size=1, max_size=10)
VIEWS = st.builds(
    SavedView,
    name=WORDS.filter(bool),
    query=WORDS,
    sort=WORDS,
    columns=st.lists(NAMES, max_size=3).map(tuple),
)
SETTINGS = st.builds(
    Settings,
    theme=WORDS,
    interval=st.sampled_from(INTERVALS),
    mouse=st.booleans(),
    columns=st.dictionaries(NAMES, st.lists(NAMES, max_size=3).map(tuple), max_size=3),
    sort=st.dictionaries(NAMES, WORDS, max_size=3),
    views=st.dictionaries(
        NAMES,
        st.dictionaries(st.sampled_from("123456789"), VIEWS, min_size=1, max_size=3),
        max_size=2,
    ),
    keymap=st.dictionaries(NAMES, WORDS, max_size=3),
)


@given(SETTINGS)
def test_what_is_written_is_read(settings: Settings) -> None:
    """Whatever an operator chooses comes back as it was."""
    assert parse_settings(settings_text(settings)) == (settings, [])


@given(SETTINGS, SETTINGS)
def test_new_settings_take_the_place_of_old_ones(old: Settings, new: Settings) -> None:
    """Written over others, nothing of the others is left."""
    assert parse_settings(settings_text(new, settings_text(old))) == (new, [])


def test_comments_and_order_stay() -> None:
    """What the operator wrote into the file besides settings is still there afterwards."""
    text = '# mine\ntheme = "dark" # at night\n\n[keymap]\n"queue.hold" = "X" # as in pine\n'
    settings, _ = parse_settings(text)
    settings.interval = 5.0
    after = settings_text(settings, text)
    assert "# mine" in after
    assert "# at night" in after
    assert "# as in pine" in after
    assert "interval = 5.0" in after


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("interval = 3", "interval is one of 0.5, 1, 2, 5 and 10 seconds"),
        ("interval = true", "interval is one of"),
        ("interval = nan", "interval is one of"),
        ("theme = 1", "theme is the name of a theme, in quotes"),
        ("mouse = 1", "mouse is true or false"),
        ("columns = 1", "columns is a table, written as [columns]"),
        ('[columns]\nqueue = "id"', "columns.queue is a list"),
        ("[keymap]\nx = 1", "keymap.x is a text in quotes"),
        ("[views.queue.x]\nquery = 'a'", "views.queue.x is not a digit from 1 to 9"),
        ("[views.queue.1]\nquery = 1", "views.queue.1 has a name, a query, a sort, and columns"),
        ("[views]\nqueue = 1", "views.queue is a table"),
        ('"\\u001b[2J" = 1', "\\x1b[2J is no setting of the console"),
        ("[[", "this is no TOML"),
        ("theme = ", "this is no TOML: unexpectedly the end of the file at line 1 col 0."),
    ],
)
def test_a_fault_is_one_sentence_and_the_default_stands(text: str, fault: str) -> None:
    """What is wrong in the file is said, in a sentence that names it, and nothing else is lost."""
    unread = text in ("[[", "theme = ")
    settings, faults = parse_settings(text if unread else 'sort.queue = "age"\n' + text)
    assert len(faults) == 1
    assert fault in faults[0]
    assert "\x1b" not in faults[0]
    assert settings.interval == 2.0
    assert settings.sort == ({} if unread else {"queue": "age"})


def test_the_file_is_private_and_replaced_whole(tmp_path: Path) -> None:
    """The file is readable by its owner only, and no half of one is ever left beside it."""
    path = tmp_path / "made" / "console.toml"
    write_settings(path, Settings(theme="light"))
    write_settings(path, Settings(theme="dark", views={"queue": {"1": SavedView("all")}}))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["console.toml"]
    settings, faults = read_settings(path)
    assert not faults
    assert settings.theme == "dark"
    assert settings.views == {"queue": {"1": SavedView("all")}}


def test_files_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    """No file is no fault; one that is a folder, too large or not text is a sentence."""
    assert read_settings(tmp_path / "none.toml") == (Settings(), [])
    assert "cannot be read" in read_settings(tmp_path)[1][0]
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in read_settings(odd)[1][0]
    odd.write_bytes(b"#" * 300_000)
    assert "larger than" in read_settings(odd)[1][0]
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsUnwritable, match="were not kept in"):
        write_settings(tmp_path / "file" / "console.toml", Settings())


def test_the_folders_are_those_of_xdg() -> None:
    """Settings and state follow the XDG base directory specification."""
    home = {"HOME": "/home/ada"}
    assert settings_file(home) == Path("/home/ada/.config/empath/console.toml")
    assert state_folder(home) == Path("/home/ada/.local/state/empath")
    named = {**home, "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "relative"}
    assert settings_file(named) == Path("/c/empath/console.toml")
    assert state_folder(named) == Path("/home/ada/.local/state/empath")
