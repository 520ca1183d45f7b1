"""The schema of the spool, brought up to date when it is opened.

`user_version` says how many of the steps a database has seen; the first creates it.  All
missing steps run in one transaction, so a start that is killed leaves the old schema.  A
database from a newer Empath, or of another program, is refused and not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Final

import apsw

APPLICATION_ID: Final = 0x456D7068
"""``Emph``: what `file` and we know the database by."""
_SCRIPTS: Final = ("schema.sql", "schema_2.sql", "schema_3.sql", "schema_4.sql")


class WrongSchema(Exception):
    """The database is not one that this Empath can use; the message says what to do."""


def steps() -> Sequence[str]:
    """The SQL of every schema version, oldest first."""
    folder = resources.files(__package__)
    return tuple(folder.joinpath(name).read_text("utf-8") for name in _SCRIPTS)


def migrate(connection: apsw.Connection, scripts: Sequence[str]) -> int:
    """Run those of *scripts* the database has not seen; returns its version before.

    Raises `WrongSchema`.
    """
    version = _version(connection, len(scripts))
    if version < len(scripts):
        with connection:
            for script in scripts[version:]:
                connection.execute(script)
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", len(scripts))
    return version


def require_current(connection: apsw.Connection) -> None:
    """Raise `WrongSchema` for a database whose schema is not exactly ours."""
    known = len(steps())
    version = _version(connection, known)
    if version < known:
        raise WrongSchema(
            f"queue.db has schema {version}, older than the {known} of this Empath: start Empath"
            " on it once."
        )


def _version(connection: apsw.Connection, known: int) -> int:
    """The schema's version.  Raises `WrongSchema` when it is not ours or above *known*."""
    owner = connection.pragma("application_id")
    version: int = connection.pragma("user_version")
    if owner not in {0, APPLICATION_ID} or (owner == 0 and _has_tables(connection)):
        raise WrongSchema(
            "queue.db is the database of another program: name an empty folder in spool.path."
        )
    if version > known:
        raise WrongSchema(
            f"queue.db has schema {version} and this Empath knows schemas up to {known}: "
            "it was used by a newer Empath; install that one, or name another folder in spool.path."
        )
    return version


def _has_tables(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").get)
