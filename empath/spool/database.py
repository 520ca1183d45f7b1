"""Opening the spool's SQLite database, the same way every time.

One connection writes and checkpoints, the others are `query_only` (SMTP-RULES 1: SQLite's
WAL-reset fault needs two connections that write or checkpoint).  What goes wrong is told
as one sentence with the path and the remedy; disk full and I/O errors are told apart from
errors of one operation, because only after the former the connection must be reopened.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

import apsw

PAGE_SIZE: Final = 4096
"""Octets; measured with bench/spool.py: larger pages write more for each commit."""

STATEMENTS: Final = 320
"""Statements the writer keeps prepared: five kinds of `rows.Rows`, and what is run by itself."""
WRITER_CACHE: Final = 16 * 2**20
READER_CACHE: Final = 4 * 2**20

STORAGE_FAULTS: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.BusyError,
    apsw.PermissionsError,
)
"""Errors of the disk or the database as a whole, not of one operation."""


def open_writer(path: Path) -> apsw.Connection:
    """Open, or create with mode 0600, the database for writing.  Raises `apsw.Error`, `OSError`."""
    # SQLite gives -wal and -shm the mode of the database file, so this is set first.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    connection = apsw.Connection(str(path), statementcachesize=STATEMENTS)
    try:
        connection.set_busy_timeout(5000)
        connection.pragma("page_size", PAGE_SIZE)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        connection.pragma("cache_size", -WRITER_CACHE // 1024)
        connection.pragma("temp_store", "MEMORY")
        # The writer checkpoints by itself, between transactions.
        connection.wal_autocheckpoint(0)
    except BaseException:
        connection.close(True)
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open an existing database for looking only.  Raises `apsw.Error`."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(5000)
    connection.pragma("cache_size", -READER_CACHE // 1024)
    connection.pragma("temp_store", "MEMORY")
    connection.wal_autocheckpoint(0)
    connection.pragma("query_only", True)
    return connection


def sentence(error: Exception, path: Path) -> str:
    """What *error* means for the spool at *path* and what to do about it, for an operator."""
    match error:
        case apsw.FullError():
            return f"The disk of the spool {path} is full: free some space on it."
        case apsw.IOError():
            return (
                f"The disk of the spool {path} cannot be written or read ({error}): "
                "check the disk and its free space."
            )
        case apsw.CorruptError() | apsw.NotADBError():
            return (
                f"The database of the spool {path} is damaged ({error}): stop Empath, keep a "
                "copy of the folder, and restore it from a backup."
            )
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return (
                f"The spool {path} is not writable by uid {os.getuid()} ({error}): "
                "give the folder to that user, or run Empath as its owner."
            )
        case OSError() if error.errno == errno.ENOSPC:
            return f"The disk of the spool {path} is full: free some space on it."
        case OSError() if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            return (
                f"The spool {path} is not writable by uid {os.getuid()} ({error.strerror}): "
                "give the folder to that user, or run Empath as its owner."
            )
        case OSError():
            return f"The spool {path} cannot be used ({error.strerror or error}): check its disk."
        case _:
            return f"The spool {path} refused an operation ({error}): this is a fault of Empath."
