"""The configs that were in force: whole records, whatever ends the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.config.origin import digest_of
from empath.control.config_history import History, HistoryUnusable, Kept


def kept(version: int, text: str = "") -> Kept:
    """A record."""
    return Kept(
        version=version,
        at=float(version),
        actor="root",
        reason="",
        source="reload",
        file="/etc/empath.toml",
        text=text or f"# {version}\n",
        changes=(),
    )


def with_records(folder: Path, *numbers: int) -> History:
    """A history with these records."""
    history = History(folder)
    for number in numbers:
        history.prepare(kept(number))
        history.commit(number)
    return history


def names(history: History) -> list[str]:
    """The files there are."""
    return sorted(path.name for path in history.folder.iterdir())


def test_records_are_listed_newest_first_and_read_by_number(tmp_path: Path) -> None:
    """Each has its number; the next is greater than any there is."""
    history = with_records(tmp_path, 1, 2, 3)
    assert [one.version for one in history.latest(2)] == [3, 2]
    assert history.newest() == kept(3)
    assert history.read(2) == kept(2)
    assert history.read(7) is None
    assert history.next_version() == 4
    assert kept(2).told().version == 2


def test_an_empty_spool_has_no_history(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    history = History(tmp_path)
    assert (history.newest(), history.versions(), history.next_version()) == (None, [], 1)
    history.settle("x")
    history.expire(5)
    assert not history.folder.exists()


def test_only_the_owner_can_read_a_record(tmp_path: Path) -> None:
    """The text of a config may hold a password."""
    history = with_records(tmp_path, 1)
    assert history.folder.stat().st_mode & 0o777 == 0o700
    [record] = history.folder.iterdir()
    assert record.stat().st_mode & 0o777 == 0o600


def test_all_but_the_newest_are_let_go(tmp_path: Path) -> None:
    """Also what was kept aside when an old one came into force."""
    history = with_records(tmp_path, 1, 2, 3, 4)
    history.keep_replaced(2, "mine")
    history.keep_replaced(4, "mine too")
    history.expire(2)
    assert names(history) == ["000003.json", "000004.json", "000004.replaced.toml"]


def test_a_damaged_record_is_passed_over(tmp_path: Path) -> None:
    """It is told apart, not gone back to, and its number is not given again."""
    history = with_records(tmp_path, 1, 2)
    (tmp_path / "config" / "000002.json").write_text("{")
    (tmp_path / "config" / "notes.txt").write_text("mine")
    assert history.newest() == kept(1)
    assert history.read(2) is None
    assert history.looked_through(9) == ([kept(1)], [2])
    assert (history.before(3), history.before(1)) == (1, None)
    assert history.next_version() == 3


@pytest.mark.parametrize("in_file", [True, False])
def test_a_crash_before_the_last_rename_is_settled_by_the_file(
    tmp_path: Path, *, in_file: bool
) -> None:
    """A record whose text is the config file's is finished, any other is dropped."""
    history = with_records(tmp_path, 1)
    history.prepare(kept(2, "# new\n"))
    (history.folder / ".000003.new.abc.tmp").write_text("half")
    history.settle(digest_of("# new\n" if in_file else "# 1\n"))
    assert history.versions() == ([2, 1] if in_file else [1])
    assert not [name for name in names(history) if not name.endswith(".json")]


def test_a_record_is_written_at_once_where_no_file_is(tmp_path: Path) -> None:
    """And is none once it is discarded."""
    history = with_records(tmp_path, 1)
    history.record(kept(2))
    assert history.newest() == kept(2)
    history.discard(2)
    assert (history.versions(), names(history)) == ([1], ["000001.json"])


def test_a_record_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    """What stands in the way is named, what to do about it, and what comes of it."""
    (tmp_path / "config").write_text("a file")
    history = History(tmp_path)
    with pytest.raises(HistoryUnusable, match=r"cannot be written in .*config \(File exists\)"):
        history.prepare(kept(1))
    with pytest.raises(HistoryUnusable, match="make room") as refused:
        history.commit(1)
    assert "(Not a directory), so nothing was changed: make room" in refused.value.so(
        "nothing was changed"
    )
    history.discard(1)
