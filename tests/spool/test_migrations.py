"""The schema: made once, brought up to date in one step, never by halves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from empath.spool.migrations import WrongSchema, migrate, steps


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """An empty database."""
    opened = apsw.Connection(str(tmp_path / "x.db"))
    yield opened
    opened.close()


def tables(connection: apsw.Connection) -> set[str]:
    """What there is."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def test_a_new_database_gets_the_schema(connection: apsw.Connection) -> None:
    """An empty file becomes a spool, and the second time nothing is left to do."""
    assert migrate(connection, steps()) == 0
    assert {"message", "body", "recipient", "timeline", "setting"} <= tables(connection)
    assert migrate(connection, steps()) == len(steps())


def test_only_the_missing_steps_run(connection: apsw.Connection) -> None:
    """An older spool gets what came since, and keeps what it has."""
    migrate(connection, steps())
    connection.execute("INSERT INTO setting VALUES ('a', 'b')")
    later = (*steps(), "ALTER TABLE setting ADD COLUMN more TEXT", "CREATE TABLE third (x)")
    assert migrate(connection, later) == len(steps())
    assert connection.execute("SELECT * FROM setting").fetchall() == [("a", "b", None)]
    assert migrate(connection, later) == len(steps()) + 2
    with pytest.raises(WrongSchema, match="newer"):
        migrate(connection, steps())


def test_a_step_that_fails_changes_nothing(connection: apsw.Connection) -> None:
    """When the last of several steps fails the old schema stays, and its number too."""
    migrate(connection, steps())
    before = tables(connection)
    with pytest.raises(apsw.SQLError):
        migrate(connection, (*steps(), "CREATE TABLE second (x)", "NOT SQL"))
    assert tables(connection) == before
    assert connection.pragma("user_version") == len(steps())


def test_columns_hold_what_they_are_for(connection: apsw.Connection) -> None:
    """STRICT tables: text where a body belongs is an error, not a body of another type."""
    migrate(connection, steps())
    with pytest.raises(apsw.ConstraintError):
        connection.execute("INSERT INTO body VALUES (1, 'text')")
