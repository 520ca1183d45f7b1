"""Reading the queue off the loop: a connection that cannot write, and the one thread that uses it.

There are three, so that an operator's long look never keeps delivery waiting, nor a list that is
sorted the other looks.  Questions to one are answered in the order they were asked.  What can go
wrong: the database cannot be read, which is `SpoolRefused` with a sentence for the operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, final

import apsw

from empath.spool import database
from empath.spool.face import SpoolRefused

T = TypeVar("T")


@final
class Reader:
    """Answers questions to the database of the spool at *path*, in a thread named *thread*."""

    __slots__ = ("_connection", "_executor", "_path")

    def __init__(self, connection: apsw.Connection, path: Path, *, thread: str) -> None:
        self._connection = connection
        self._path = path
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=thread)

    def __repr__(self) -> str:
        return f"<Reader {self._path}>"

    async def ask(self, read: Callable[..., T], *arguments: object) -> T:
        """What *read* finds, given the connection and *arguments*.  Raises `SpoolRefused`."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, read, self._connection, *arguments)
        except apsw.Error as error:
            raise SpoolRefused(database.sentence(error, self._path)) from error

    def close(self) -> None:
        """Wait for what was asked, then close the connection.  Blocks."""
        self._executor.shutdown()
        self._connection.close(True)
