"""`empathctl`: the queue by age, one destination, senders, latency, what comes next."""

from __future__ import annotations

import msgspec

from empath.address import Domain
from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    GateItem,
    GetShape,
    LimitDestination,
    OutcomeColumn,
    RateLevel,
    RouteHost,
    SenderItem,
    Timing,
    TlsDestination,
    UpcomingItem,
)
from tests.fakes.command_line import Ctl, item

NET = Domain("example.net")
NOW = 1_790_003_600.0
"""The time of the engine that answers: an hour after the messages came."""


async def test_shape_reads_like_qshape(ctl: Ctl) -> None:
    """A TOTAL row on top, a column for each age, a row for each destination."""
    ctl.link.set_queue([item(number) for number in range(3)])
    ctl.link.shape.rows["example.net"] = {"breaker": "open", "gate": "limited to 5/s"}
    lines = (done := await ctl.run("queue", "shape")).stdout.splitlines()
    assert lines[0].split() == ["T", "5", "10", "20", "40", "80", "160", "320", "320+", "STATE"]
    assert lines[1].split() == ["TOTAL", "3", "0", "0", "0", "0", "3", "0", "0", "0", "–"]
    assert lines[2].endswith("breaker open, limited to 5/s")
    assert "recipients by minutes since arrival, 1s ago." in done.stderr
    lines = (await ctl.run("queue", "shape", "--by", "sender", "-n", "1")).stdout.splitlines()
    assert lines[2].split() == ["example.org", "2", "0", "0", "0", "0", "2", "0", "0", "0"]
    asked = ctl.link.asked_of(GetShape)[-1]
    assert (asked.by, asked.basis, asked.limit) == ("sender", "queued", 1)


async def test_more_rows_than_shown_are_told(ctl: Ctl) -> None:
    """How many match stands on standard error, so that pipes get rows only."""
    ctl.link.shape.rows = {f"d{number}.test": {} for number in range(3)}
    ctl.link.set_queue([item(0), item(1)])
    done = await ctl.run("queue", "shape", "--by", "sender", "--limit", "1")
    assert done.stderr.startswith("recipients") or "of 2 shown" in done.stderr


async def test_senders_are_listed_with_what_they_have_queued(ctl: Ctl) -> None:
    """The null sender is written <>; nothing at all is a sentence."""
    assert "Nothing was accepted" in (await ctl.run("queue", "senders")).stderr
    ctl.link.shape.senders = [
        SenderItem(name="ada@example.org", queued=3, octets=9000, oldest_at=NOW, accepted=1204),
        SenderItem(name="", queued=0, octets=0, oldest_at=None, accepted=7),
    ]
    lines = (await ctl.run("queue", "senders")).stdout.splitlines()
    assert lines[1].split()[:5] == ["ada@example.org", "1,204", "3", "9.0", "kB"]
    assert lines[2].split() == ["<>", "7", "0", "–", "–"]


async def test_latency_is_a_row_a_class(ctl: Ctl) -> None:
    """Milliseconds where it is quick, a dash where nothing was delivered."""
    ctl.link.shape.latency["high"] = Timing(count=12, p50=0.0853, p95=4.1, p99=187.0)
    lines = (await ctl.run("system", "latency")).stdout.splitlines()
    assert lines[2].split() == ["high", "0", "12", "85ms", "4.1s", "3m07s"]
    assert lines[3].split() == ["normal", "3", "0", "–", "–", "–"]


async def test_upcoming_says_when_and_what(ctl: Ctl) -> None:
    """The soonest first, with its time and how long that is."""
    assert "Nothing waits" in (await ctl.run("queue", "upcoming")).stderr
    probe = UpcomingItem(at=NOW + 90, what="probe", subject="example.net", detail="421 Busy")
    ctl.link.shape.upcoming = [probe]
    line = (await ctl.run("queue", "upcoming")).stdout.splitlines()[1]
    assert line.split()[0] == "+1m30s"
    assert line.endswith("probe  example.net  421 Busy")


async def test_one_destination_in_full(ctl: Ctl) -> None:
    """Gates, servers, encryption and what became of its mail; nothing that is not known."""
    ctl.link.set_queue([item(0)])
    bare = (await ctl.run("destination", "view", "example.net")).stdout
    assert "nothing is known" in bare
    assert "nothing was tried" in bare
    status, pong = ctl.link.status, ctl.link.status.pong
    started = msgspec.structs.replace(pong, started_at=NOW - 90)
    ctl.link.status = msgspec.structs.replace(status, pong=started)
    young = (await ctl.run("destination", "view", "example.net")).stdout
    assert "nothing was tried since the start" in young
    assert "last hour" not in young
    ctl.link.status = status
    ctl.link.gates = [
        GateItem(
            destination=NET, gate="breaker", state="open", until=NOW + 60, reason="421", actor=""
        )
    ]
    ctl.link.tls = [
        TlsDestination(
            destination=NET,
            policy="verify",
            source="destination",
            versions={"TLSv1.3": 40},
            verified=40,
            plaintext=1,
            failures={"certificate-expired": 2},
            names=(),
            expires_at=NOW + 86_400,
            last_at=NOW,
            last_failure="it has expired",
            last_failure_at=NOW,
        )
    ]
    ctl.link.shape.views["example.net"] = {
        "rate": RateLevel(per_second=0.5, burst=1, tokens=0.25, source="limited by ada"),
        "holds": ("its breaker is open",),
        "hosts": (
            RouteHost(
                host="mx.example.net",
                port=25,
                preference=10,
                addresses=("192.0.2.1",),
                unreached="timed out",
            ),
        ),
        "outcomes": (OutcomeColumn(at=NOW, delivered=9, deferred=2, failed=1, unreached=0),),
        "codes": (("421 4.7.0", 2),),
        "attempts": Timing(count=12, p50=0.2, p95=1.0, p99=30.0),
        "latency": Timing(count=9, p50=0.5, p95=1.0, p99=2.0),
    }
    done = await ctl.run("destination", "view", "example.net")
    assert done.exit_code == ExitCode.OK
    for words in (
        "open by failures, ends +1m00s: 421",
        "30/m, 0.2 of 1 may go now (limited by ada)",
        "held because  its breaker is open",
        "10 mx.example.net:25 [192.0.2.1], tried last: timed out",
        "40 TLSv1.3, 1 in clear; 40 verified; policy verify (destination)",
        "last: it has expired",
        "9 delivered, 2 deferred, 1 failed",
        "421 4.7.0 (2)",
        "half within 200ms, 95 % within 1.0s, 99 % within 30.0s",
    ):
        assert words in done.stdout


async def test_a_limit_is_written_as_a_rate(ctl: Ctl) -> None:
    """Thirty a minute is half a one a second; what is no rate is said so."""
    assert (await ctl.run("destination", "limit", "example.net", "30/m")).exit_code == ExitCode.OK
    assert ctl.link.asked_of(LimitDestination)[0].per_second == 0.5
    done = await ctl.run("destination", "limit", "example.net", "fast")
    assert done.exit_code == ExitCode.USAGE
    assert done.stderr == 'rates are written "20/s", "100/m", "5/h".\n'
