"""`empathctl`: dry runs, bounce and re-route, the record."""

from __future__ import annotations

import json

import msgspec
import pytest

from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    BounceMessages,
    FlushQueue,
    HoldMessages,
    RecordItem,
    RerouteDestination,
    RerouteMessages,
    SuspendDestination,
)
from empath.events import OperatorRecord
from tests.fakes.command_line import ID, NOW, Ctl, item


@pytest.mark.parametrize(
    "words",
    [
        f"queue retry {ID}",
        "queue hold -q dest:example.net",
        "queue release -q dest:example.net",
        "queue delete -q dest:example.net",
        "queue bounce -q dest:example.net",
        "queue reroute -q dest:example.net --to mx.example.com",
        "queue priority -q dest:example.net high",
        "queue flush example.net",
        "breaker open example.net",
        "breaker close example.net",
        "breaker probe example.net",
        "breaker reset example.net",
        "destination suspend example.net",
        "destination resume example.net",
        "destination limit example.net 30/m --for 2h",
        "destination lift-limit example.net",
        "destination reroute example.net --to mx.example.com",
        "destination restore-route example.net",
        "dns set-override example.net mx.example.com --for 2h",
        "dns remove-override example.net",
    ],
)
async def test_every_change_has_a_dry_run_and_takes_a_reason(ctl: Ctl, words: str) -> None:
    """It prints counts, destinations and examples, asks nothing, and says nothing was changed."""
    done = await ctl.run(*words.split(), "--dry-run", "--reason", "why not")
    assert done.exit_code == ExitCode.OK, done.output
    assert "would be touched." in done.stdout
    assert done.stderr.endswith("Dry run: nothing was changed.\n")
    asked = ctl.link.asked[-1]
    assert asked.dry_run  # type: ignore[attr-defined] - each of these has one
    assert asked.reason == "why not"  # type: ignore[attr-defined] - each of these has one


async def test_a_dry_run_for_reading_and_for_programs(ctl: Ctl) -> None:
    """One line a destination, one an example; the same as an object with ``--json``."""
    ctl.link.set_queue([item(number) for number in range(7)])
    lines = (await ctl.run("queue", "flush", "--dry-run")).stdout.splitlines()
    assert lines[0].startswith("7 messages (")
    assert lines[2].split() == ["DESTINATION", "MESSAGES", "RECIPIENTS"]
    examples = lines.index(next(line for line in lines if line.startswith("SUCH AS")))
    assert len(lines) - examples == 1 + 5
    found = json.loads((await ctl.run("queue", "flush", "--dry-run", "--json")).stdout)
    assert (found["messages"], found["in_flight"], len(found["examples"])) == (7, 0, 5)
    assert ctl.link.asked_of(FlushQueue)[0].destination is None


async def test_unknown_ids_end_with_1_after_the_rest_is_done(ctl: Ctl) -> None:
    """What was done is said, what is not in the queue is named on standard error."""
    strangers = [f"{number:016x}" for number in range(7)]
    done = await ctl.run("queue", "hold", ID, *strangers[:2])
    assert done.exit_code == ExitCode.REFUSED
    assert done.stdout.startswith("1 message (")
    assert done.stderr == f"Not in the queue: {strangers[0]}, {strangers[1]}.\n"
    done = await ctl.run("queue", "hold", ID, *strangers, "--json")
    assert json.loads(done.stdout)["unknown"] == strangers
    assert done.stderr.endswith(f"{strangers[4]} and 2 more.\n")


async def test_a_bounce_asks_first(ctl: Ctl) -> None:
    """Without a terminal it wants ``--yes``; status and reason go with it."""
    refused = await ctl.run("queue", "bounce", ID)
    assert refused.exit_code == ExitCode.USAGE
    assert "This returns mail: add --yes" in refused.stderr
    words = ("queue", "bounce", ID, "--yes", "--status", "5.1.6", "--reason", "moved")
    assert "returned to their senders." in (await ctl.run(*words)).stdout
    (asked,) = ctl.link.asked_of(BounceMessages)
    assert (asked.ids, asked.status, asked.reason) == ((ID,), "5.1.6", "moved")


async def test_a_reroute_needs_one_way(ctl: Ctl) -> None:
    """Either to a host or back; for a time or until it is taken back."""
    for words in ((), ("--to", "mx.example.com", "--back")):
        done = await ctl.run("queue", "reroute", ID, *words)
        assert done.exit_code == ExitCode.USAGE
        assert "Give either --to HOST:PORT or --back." in done.stderr
    done = await ctl.run("queue", "reroute", ID, "--to", "mx.example.com", "--expires", "2h")
    assert "now go to mx.example.com." in done.stdout
    assert (
        "now go to their own servers." in (await ctl.run("queue", "reroute", ID, "--back")).stdout
    )
    to, back = ctl.link.asked_of(RerouteMessages)
    assert (to.to, to.seconds, back.to, back.seconds) == ("mx.example.com", 7200, "", None)


async def test_a_destination_is_rerouted_and_listed(ctl: Ctl) -> None:
    """Several hosts in order, and the list says where its mail goes."""
    hosts = ("--to", "a.example", "--to", "b.example:26")
    done = await ctl.run("destination", "reroute", "example.net", *hosts, "--for", "90m")
    assert "re-routed to mx.example.com:25" in done.stdout
    (asked,) = ctl.link.asked_of(RerouteDestination)
    assert (asked.to, asked.seconds) == (("a.example", "b.example:26"), 5400)
    gone = await ctl.run("destination", "restore-route", "example.net")
    assert gone.stderr == "No destination is left alone, limited or re-routed.\n"


async def test_an_end_is_given_once(ctl: Ctl) -> None:
    """Both a span and a time are one too many; `--expires` is another name for `--for`."""
    both = ("--for", "2h", "--until", "2040-01-01T00:00")
    done = await ctl.run("destination", "suspend", "example.net", *both)
    assert done.exit_code == ExitCode.USAGE
    await ctl.run("destination", "suspend", "example.net", "--expires", "2h")
    assert ctl.link.asked_of(SuspendDestination)[0].seconds == 7200


async def test_the_record_for_reading(ctl: Ctl) -> None:
    """Who, what, on what, how much, until when and why; what was cut short says so."""
    assert "No operator has changed anything yet." in (await ctl.run("record")).stderr
    held = OperatorRecord(
        at=NOW, actor="root(uid 0) pid 7", action="hold", target="dest:x.test", messages=1204
    )
    cut = msgspec.structs.replace(held, action="delete", finished=False, messages=None)
    routed = msgspec.structs.replace(
        held,
        action="reroute",
        detail="to b.example:25",
        target="x.test",
        until=NOW + 60,
        messages=None,
        reason="moved",
    )
    ctl.link.record = [
        RecordItem(number=number, record=one) for number, one in ((3, routed), (2, cut), (1, held))
    ]
    done = await ctl.run("record", "-n", "3")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["WHEN", "WHO", "WHAT", "ON", "MESSAGES", "UNTIL", "REASON"]
    assert "reroute to b.example:25" in lines[1]
    assert lines[1].endswith("moved")
    assert "unfinished" in lines[2]
    assert "1,204" in lines[3]
    assert done.stderr == "--before 1 shows what is older.\n"
    shown = json.loads((await ctl.run("record", "--json")).stdout)
    assert [one["number"] for one in shown] == [3, 2, 1]
    assert ctl.link.asked_of(HoldMessages) == []
