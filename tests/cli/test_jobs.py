"""`empathctl queue select`, `job` and `trash`: what they ask and what they show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from typer.testing import Result

from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    EmptyTrash,
    HoldMessages,
    ListQueue,
    ListTrash,
    PrioritizeMessages,
    RestoreTrash,
    SelectMessages,
    UndoJob,
)
from tests.fakes.command_line import ID, Ctl, item
from tests.fakes.eventually import eventually


async def test_a_selection_is_named_and_used(ctl: Ctl) -> None:
    """`queue select` says how many it froze, and what to type next; changes take its name."""
    done = await ctl.run("queue", "select", "state:deferred")
    assert done.stdout.startswith("s-1  ")
    assert ctl.link.asked_of(SelectMessages)[-1].query == "state:deferred"
    count = len(ctl.link.book.selections["s-1"][1])
    assert f"--selection s-1 --expect {count} means these and no others" in done.stderr
    await ctl.run("queue", "hold", "--selection", "s-1", "--expect", str(count))
    asked = ctl.link.asked_of(HoldMessages)[-1]
    assert (asked.selection, asked.expect, asked.ids, asked.query) == ("s-1", count, (), "")
    await ctl.run("queue", "priority", "low", "--selection", "s-1")
    assert ctl.link.asked_of(PrioritizeMessages)[-1].selection == "s-1"
    gone = await ctl.run("queue", "hold", "--selection", "s-9")
    assert gone.exit_code == ExitCode.REFUSED


@pytest.mark.parametrize(
    ("words", "sort"), [("--sort -size", "-size"), ("--oldest", "age"), ("", "-age")]
)
async def test_a_list_is_sorted(ctl: Ctl, words: str, sort: str) -> None:
    """By `--sort`; newest first by default."""
    await ctl.run("queue", "list", *words.split())
    assert ctl.link.asked_of(ListQueue)[-1].sort == sort


async def great(ctl: Ctl, end: Callable[[], object], *words: str) -> Result:
    """What the command says of a great change, for which *end* is called once it runs."""
    ctl.link.book.large = 0
    ctl.link.book.jobs.clear()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        running = group.create_task(ctl.run("queue", "hold", ID, *words))
        await eventually(lambda: bool(ctl.link.book.jobs))
        end()
    return running.result()


async def test_a_great_change_is_waited_for(ctl: Ctl) -> None:
    """The command ends when its job does, and says what came of it and how it is undone."""
    done = await great(ctl, lambda: ctl.link.book.go_on(1))
    assert done.exit_code == ExitCode.OK, done.output
    assert "held." in done.stdout
    assert "`empathctl job undo job-1` takes it back." in done.stderr
    done = await great(ctl, lambda: ctl.link.book.go_on(1), "--json")
    assert json.loads(done.stdout)["state"] == "done"


async def test_a_job_that_is_cancelled_ends_the_command_so(ctl: Ctl) -> None:
    """Exit code 1, and how far it came."""
    book = ctl.link.book
    done = await great(ctl, lambda: book._replace("job-1", state="cancelled"))
    assert done.exit_code == ExitCode.REFUSED
    assert "job-1 is cancelled after 0 of 1 message." in done.stderr
    done = await great(ctl, book.jobs.clear)
    assert "job-1 is not known any more." in done.stderr


async def test_jobs_are_listed_cancelled_and_undone(ctl: Ctl) -> None:
    """With what they did, for whom, and whether they can be undone."""
    assert "No job has run yet." in (await ctl.run("job", "list")).stderr
    await ctl.run("queue", "hold", ID)
    lines = (await ctl.run("job", "list")).stdout.splitlines()
    assert lines[0].split()[:5] == ["JOB", "STATE", "DONE", "OF", "UNDO"]
    assert lines[1].split()[:5] == ["job-1", "done", "1", "1", "yes"]
    done = await ctl.run("job", "undo", "job-1", "--reason", "a slip")
    assert "1 message (1 recipient) as they were before." in done.stdout
    assert ctl.link.asked_of(UndoJob)[-1].reason == "a slip"
    assert (await ctl.run("job", "undo")).exit_code == ExitCode.REFUSED
    done = await ctl.run("job", "cancel", "job-1")
    assert done.stdout == "job-1 ends: 1 of 1 message done.\n"


async def test_the_trash_is_listed_restored_and_emptied(ctl: Ctl) -> None:
    """A table of what was deleted; ids and jobs come back; emptying asks, or takes --yes."""
    assert "The trash is empty." in (await ctl.run("trash", "list")).stderr
    for number in range(3):
        ctl.link.trash.add(item(number))
    lines = (await ctl.run("trash", "list")).stdout.splitlines()
    assert lines[0].split() == ["ID", "DELETED", "GONE", "JOB", "SIZE", "FROM", "TO", "SUBJECT"]
    assert len(lines) == 4
    shown = await ctl.run("trash", "list", "-n", "2")
    assert "2 of 3 shown; --cursor" in shown.stderr
    assert (await ctl.run("trash", "empty")).exit_code == ExitCode.USAGE
    done = await ctl.run("trash", "restore", item(1).id)
    assert done.stdout == "1 message (3 recipients) in the queue again.\n" or done.exit_code == 0
    assert ctl.link.asked_of(RestoreTrash)[-1].ids == (item(1).id,)
    await ctl.run("trash", "restore", "job-1", "--reason", "needed")
    asked = ctl.link.asked_of(RestoreTrash)[-1]
    assert (asked.job, asked.ids, asked.reason) == ("job-1", (), "needed")
    mixed = await ctl.run("trash", "restore", "job-1", ID)
    assert mixed.exit_code == ExitCode.USAGE
    ctl.link.trash.add(item(0))
    await ctl.run("trash", "empty", "--yes", "--expect", "1")
    assert ctl.link.asked_of(EmptyTrash)[-1].expect == 1
    await ctl.run("trash", "list", "--cursor", "x")
    assert ctl.link.asked_of(ListTrash)[-1].cursor == "x"
