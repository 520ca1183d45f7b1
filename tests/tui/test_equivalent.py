"""The lines that the console shows for what it asks: `empathctl` asks for exactly the same."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain, EmailAddress
from empath.control.link import (
    ApplyConfig,
    BounceMessages,
    CancelJob,
    CloseBreaker,
    DeleteMessages,
    FlushQueue,
    HoldMessages,
    KeepConfig,
    LiftLimit,
    LimitDestination,
    OpenBreaker,
    PrioritizeMessages,
    ProbeDestination,
    ReleaseCaptured,
    ReleaseMessages,
    Request,
    RerouteDestination,
    RerouteMessages,
    ResetBreaker,
    RestoreRoute,
    ResumeDestination,
    RetryMessages,
    RollBackConfig,
    SuspendDestination,
    UndoJob,
)
from tests.fakes.command_line import Ctl, item
from tests.fakes.served_link import ServedLink, serving
from tui.equivalent import duration, line_of, rate
from tui.gate_changes import per_second, seconds

IDS = tuple(item(number).id for number in range(5))
NAME = Domain("soft.example")

ASKED: list[tuple[Request[Any], str]] = [
    (RetryMessages(ids=IDS[:1]), f"queue retry {IDS[0]}"),
    (HoldMessages(ids=IDS), f"queue hold {' '.join(IDS)}"),
    (HoldMessages(selection="s-1", expect=5), "queue hold --selection s-1 --expect 5"),
    (ReleaseMessages(ids=IDS[:2], reason="all right"),
     f"queue release {IDS[0]} {IDS[1]} --reason 'all right'"),
    (DeleteMessages(query="state:held hold:captured", expect=5),
     "queue delete --query 'state:held hold:captured' --expect 5"),
    (BounceMessages(ids=IDS[:1], status="5.1.6", reason="moved"),
     f"queue bounce {IDS[0]} --status 5.1.6 --reason moved"),
    (RerouteMessages(ids=IDS[:1], to="127.0.0.1:25601"),
     f"queue reroute {IDS[0]} --to 127.0.0.1:25601"),
    (RerouteMessages(ids=IDS[:1], to="mx.b.example", seconds=5400.0),
     f"queue reroute {IDS[0]} --to mx.b.example --for 90m"),
    (RerouteMessages(ids=IDS[:1]), f"queue reroute {IDS[0]} --back"),
    (PrioritizeMessages(ids=IDS[:2], priority="bulk"), f"queue priority {IDS[0]} {IDS[1]} bulk"),
    (FlushQueue(destination=NAME), "queue flush soft.example"),
    (ReleaseCaptured(ids=IDS[:2], to="127.0.0.1:25601", recipients=(EmailAddress("a@b.example"),)),
     f"inbox release {IDS[0]} {IDS[1]} --to 127.0.0.1:25601 --rcpt a@b.example"),
    (OpenBreaker(destination=NAME, seconds=1800.0, reason="their move"),
     "breaker open soft.example --for 30m --reason 'their move'"),
    (CloseBreaker(destination=NAME), "breaker close soft.example"),
    (ProbeDestination(destination=NAME), "breaker probe soft.example"),
    (ResetBreaker(destination=NAME), "breaker reset soft.example"),
    (SuspendDestination(destination=NAME, seconds=3600.0),
     "destination suspend soft.example --for 1h"),
    (ResumeDestination(destination=NAME), "destination resume soft.example"),
    (LimitDestination(destination=NAME, per_second=7.0, seconds=3600.0),
     "destination limit soft.example 7/s --for 1h"),
    (LiftLimit(destination=NAME), "destination lift-limit soft.example"),
    (RerouteDestination(destination=NAME, to=("a.example", "b.example:26")),
     "destination reroute soft.example --to a.example --to b.example:26"),
    (RestoreRoute(destination=NAME), "destination restore-route soft.example"),
    (CancelJob(id="job-6"), "job cancel job-6"),
    (UndoJob(id="job-6"), "job undo job-6"),
    (ApplyConfig(), "config reload"),
    (ApplyConfig(watch=60.0, reason="slow"), "config reload --watch 1m --reason slow"),
    (RollBackConfig(version=3), "config rollback 3"),
    (KeepConfig(), "config keep"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "line"), ASKED, ids=[line for _, line in ASKED])
async def test_empathctl_asks_for_the_same(
    tmp_path: Path, request_: Request[Any], line: str
) -> None:
    """A line that is shown has `empathctl` put the very request that the console put; before it
    deletes or bounces it asks, as the console does.
    """
    assert line_of(request_) == f"empathctl {line}"
    link = ServedLink()
    link.queue = [item(number) for number in range(5)]
    async with serving(tmp_path, link=link) as (_, path):
        sure = ["--yes"] if isinstance(request_, DeleteMessages | BounceMessages) else []
        await Ctl(link, path).run(*shlex.split(line), *sure)
    assert [asked for asked in link.asked_of(type(request_)) if _in_earnest(asked)] == [request_]


def _in_earnest(request: Request[Any]) -> bool:
    return not getattr(request, "dry_run", False)


def test_what_no_line_does_has_none() -> None:
    """A config out of the editor is in no file."""
    assert line_of(ApplyConfig(text="mode = 'relay'", expect="abc", watch=60.0)) == ""


def test_the_reason_nobody_gave_is_left_out() -> None:
    """No line has one that is empty; whatever was given is there."""
    assert line_of(HoldMessages(ids=IDS[:1])) == f"empathctl queue hold {IDS[0]}"
    given = line_of(HoldMessages(ids=IDS[:1], reason="console"))
    assert given == f"empathctl queue hold {IDS[0]} --reason console"


@given(st.integers(1, 10**7))
def test_lengths_are_read_back(length: int) -> None:
    """A length of time is the same when it is typed again."""
    assert seconds(duration(float(length))) == length


@given(st.integers(1, 10**5), st.sampled_from("smh"))
def test_rates_are_read_back(times: int, unit: str) -> None:
    """A rate is the same when it is typed again."""
    typed = per_second(f"{times}/{unit}")
    assert per_second(rate(typed)) == pytest.approx(typed)
