"""`empathctl spool check` where no engine answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from typer.testing import CliRunner, Result

from empath.cli.ctl import commands
from empath.cli.exit_codes import ExitCode
from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import MessageId
from empath.spool.lock import SpoolLock
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import accept


async def check(folder: Path, *arguments: str) -> Result:
    """Run it on the spool in *folder*."""
    given = ["spool", "check", *arguments, "--socket", str(folder / "empath.sock")]
    return await asyncio.to_thread(CliRunner().invoke, commands, given)


@pytest.fixture
async def stopped(tmp_path: Path) -> tuple[Path, MessageId]:
    """The spool of an engine that has stopped, and the message in it, whose body has a file."""
    folder = tmp_path / "spool"
    settings = Settings(path=folder, inline_limit=ByteSize(1000), min_free=ByteSize(0))
    store = await Store.open(settings, clock=HandClock())
    name = await accept(store, body=b"x" * 5000)
    await store.close()
    return folder, name


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What is in the spool, without the lock and SQLite's index of the log."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "lock" and not path.name.endswith(("-shm", "-wal")):
            yield path.name, path.read_bytes()


async def test_a_stopped_spool_is_checked_and_not_changed(stopped: tuple[Path, MessageId]) -> None:
    """Without an engine the spool is read as it lies there, and can be used afterwards."""
    folder, _ = stopped
    before = list(files(folder))
    done = await check(folder)
    assert (done.exit_code, done.stdout) == (ExitCode.OK, "The spool is sound.\n")
    assert list(files(folder)) == before
    SpoolLock(folder).release()


async def test_damage_is_told_as_by_an_engine(stopped: tuple[Path, MessageId]) -> None:
    """Problems are listed and end with 1, with --json as an array."""
    folder, name = stopped
    (folder / "body" / name).write_bytes(b"y" * 5000)
    done = await check(folder)
    assert done.exit_code == ExitCode.REFUSED
    assert "is not what was accepted" in done.stdout
    assert done.stderr == "1 problem found.\n"
    assert json.loads((await check(folder, "--json")).stdout)[0]["subject"] == name
    (folder / "queue.db").write_bytes(b"nothing of the kind" * 1000)
    done = await check(folder)
    assert done.exit_code == ExitCode.REFUSED
    assert "is damaged" in done.stdout


async def test_an_engine_that_is_just_starting(stopped: tuple[Path, MessageId]) -> None:
    """While an engine has the spool and no socket yet, the check asks for another try."""
    folder, _ = stopped
    lock = SpoolLock(folder)
    done = await check(folder)
    lock.release()
    assert done.exit_code == ExitCode.SPOOL
    assert done.stderr.startswith("An engine is starting or stopping: try again.")


@pytest.mark.parametrize(("version", "why"), [(1, "older than"), (99, "newer Empath")])
async def test_the_spool_of_another_version(
    stopped: tuple[Path, MessageId], version: int, why: str
) -> None:
    """A schema that this Empath cannot read is said to be that, not to be damaged."""
    folder, _ = stopped
    database = apsw.Connection(str(folder / "queue.db"))
    database.pragma("user_version", version)
    database.close()
    done = await check(folder)
    assert done.exit_code == ExitCode.SPOOL
    assert why in done.stderr


async def test_there_is_no_spool(tmp_path: Path) -> None:
    """Where there is neither spool nor engine, nothing is made, and no engine answers."""
    done = await check(tmp_path)
    assert done.exit_code == ExitCode.UNREACHABLE
    assert not (tmp_path / "lock").exists()
