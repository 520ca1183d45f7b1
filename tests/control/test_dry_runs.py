"""What a change would do, asked over a real spool: counts, examples, and what it is refused for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from empath.address import Domain
from empath.control.link import (
    BounceMessages,
    CloseBreaker,
    DeleteMessages,
    FlushQueue,
    GateChange,
    HoldMessages,
    LiftLimit,
    LimitDestination,
    ListGates,
    ListQueue,
    ListRecord,
    NotFound,
    OpenBreaker,
    PrioritizeMessages,
    QueueChange,
    ReleaseMessages,
    RequestUnclear,
    RerouteDestination,
    RerouteMessages,
    ResetBreaker,
    RestoreRoute,
    ResumeDestination,
    RetryMessages,
    SuspendDestination,
)
from tests.fakes.operator_desk import Desk, desk

NET = Domain("example.net")
QUERY = "dest:example.net"
CHANGES: tuple[QueueChange | FlushQueue, ...] = (
    RetryMessages(query=QUERY, dry_run=True),
    HoldMessages(query=QUERY, dry_run=True),
    DeleteMessages(query=QUERY, dry_run=True),
    BounceMessages(query=QUERY, dry_run=True),
    PrioritizeMessages(query=QUERY, dry_run=True, priority="high"),
    RerouteMessages(query=QUERY, dry_run=True, to="mx.example.com"),
    FlushQueue(destination=NET, dry_run=True),
)
GATES: tuple[GateChange, ...] = (
    OpenBreaker(destination=NET, dry_run=True),
    ResetBreaker(destination=NET, dry_run=True),
    SuspendDestination(destination=NET, dry_run=True),
    RerouteDestination(destination=NET, dry_run=True, to=("mx.example.com",)),
    LimitDestination(destination=NET, dry_run=True, per_second=2.0),
)
UNDOING: tuple[tuple[GateChange, GateChange], ...] = (
    (OpenBreaker(destination=NET), CloseBreaker(destination=NET)),
    (SuspendDestination(destination=NET), ResumeDestination(destination=NET)),
    (RerouteDestination(destination=NET, to=("mx.example.com",)), RestoreRoute(destination=NET)),
    (LimitDestination(destination=NET, per_second=2.0), LiftLimit(destination=NET)),
)
"""What sets something, and what takes it back."""


async def state(engine: Desk) -> tuple[Any, ...]:
    """All that a change could have changed."""
    return (
        await engine.link.ask(ListQueue()),
        await engine.link.ask(ListGates()),
        await engine.link.ask(ListRecord()),
        list(engine.published),
    )


@pytest.mark.parametrize("request_", [*CHANGES, *GATES], ids=lambda one: one.route)
async def test_a_dry_run_counts_and_changes_nothing(
    tmp_path: Path, request_: QueueChange | FlushQueue | GateChange
) -> None:
    """Every change can be asked for its count first: by destination, with a few examples."""
    async with desk(tmp_path) as engine:
        first = await engine.accept("a@example.net", "b@example.net", "c@example.com")
        await engine.accept("d@example.com")
        before = await state(engine)
        preview = (await engine.link.ask(request_)).preview
        assert preview is not None
        priority = isinstance(request_, PrioritizeMessages)  # all of a message has one class
        assert (preview.messages, preview.recipients) == (1, 3 if priority else 2)
        assert (preview.destinations[0].destination, preview.destinations[0].recipients) == (NET, 2)
        assert [item.id for item in preview.examples] == [first]
        assert [item.recipients for item in preview.examples] == [preview.recipients]
        deletes = isinstance(request_, DeleteMessages)
        assert preview.kept_for == (86_400.0 if deletes else None)  # in the trash, by default
        assert await state(engine) == before


@pytest.mark.parametrize(("do", "undo"), UNDOING, ids=lambda one: one.route)
async def test_a_dry_run_is_refused_as_the_change_is(
    tmp_path: Path, do: GateChange, undo: GateChange
) -> None:
    """Nothing can be taken back that is not there; where it is, the dry run leaves it."""
    async with desk(tmp_path) as engine:
        await engine.accept("a@example.net")
        rehearsal = msgspec.structs.replace(undo, dry_run=True)
        for request in (undo, rehearsal):
            with pytest.raises(NotFound):
                await engine.link.ask(request)
        await engine.link.ask(do)
        done = await engine.link.ask(rehearsal)
        assert (len(done.gates), done.preview and done.preview.recipients) == (1, 1)
        assert (await engine.link.ask(undo)).gates == ()


@pytest.mark.parametrize(
    "request_",
    [
        RerouteDestination(destination=NET, dry_run=True, to=("bad host",)),
        RerouteDestination(destination=NET, dry_run=True, to=("mx.example.com",), seconds=-1),
        SuspendDestination(destination=NET, dry_run=True, seconds=0),
        OpenBreaker(destination=NET, dry_run=True, seconds=1e12),
    ],
)
async def test_a_dry_run_reads_what_it_is_given(tmp_path: Path, request_: GateChange) -> None:
    """A bad host or length of time is refused as it will be in earnest."""
    async with desk(tmp_path) as engine:
        with pytest.raises(RequestUnclear):
            await engine.link.ask(request_)


async def test_examples_of_a_dry_run_show_who_would_be_touched(tmp_path: Path) -> None:
    """Not the first recipient of the message, which the change may have nothing to do with."""
    async with desk(tmp_path) as engine:
        await engine.accept("z@example.com", "a@example.net", "b@example.net")
        done = await engine.link.ask(HoldMessages(query=QUERY, dry_run=True))
        assert done.preview is not None
        (item,) = done.preview.examples
        assert (item.recipient, item.destination, item.recipients) == ("a@example.net", NET, 2)


async def test_a_dry_run_of_a_release_counts_held_mail(tmp_path: Path) -> None:
    """And nothing else; where nothing matches, it says so."""
    async with desk(tmp_path) as engine:
        await engine.accept(hold="odd")
        await engine.accept()
        done = await engine.link.ask(ReleaseMessages(query=QUERY, dry_run=True))
        assert done.preview is not None
        assert (done.preview.messages, done.messages) == (1, 0)
        none = await engine.link.ask(ReleaseMessages(query="dest:nowhere.test", dry_run=True))
        assert none.preview is not None
        assert (none.preview.destinations, none.preview.examples) == ((), ())
