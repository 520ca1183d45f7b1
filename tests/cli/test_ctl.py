"""`empathctl` against a real control socket: what it asks, what it shows, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from empath.address import Domain
from empath.cli.exit_codes import ExitCode
from empath.cli.finding import Where, option_for
from empath.control.link import (
    AttentionItem,
    ClearDnsCache,
    DnsEntry,
    GetStatus,
    SetDnsOverride,
    SpoolCheck,
    SpoolProblem,
    StopEngine,
    TlsDestination,
)
from empath.control.routes import REQUESTS
from empath.events import EngineStopping
from tests.fakes.command_line import EMPATHCTL, ID, NOW, Ctl
from tests.fakes.eventually import eventually
from tests.fakes.programs import ROOT

VERBS = {
    "config": "config show",
    "config/plan": "config diff",
    "config/apply": "config reload --reason tuned",
    "config/history": "config history",
    "config/rollback": "config rollback 1 --reason slow",
    "config/text": "config text",
    "config/version": "config show --version 1",
    "config/check": "config diff --quick",
    "config/describe": "config describe delivery.retry.base",
    "config/watch": "config watch",
    "config/keep": "config keep --reason good",
    "tls": "tls list",
    "system/ping": "system ping",
    "system/status": "system status",
    "system/stop": "system stop",
    "queue": "queue list",
    "queue/view": f"queue view {ID}",
    "queue/content": f"queue view {ID} --raw",
    "queue/parts": f"inbox view {ID} --links",
    "queue/part": f"inbox view {ID}",
    "inbox/release": f"inbox release {ID} --to mx.example.com:25 --no-wait",
    "queue/retry": f"queue retry {ID}",
    "queue/hold": f"queue hold {ID}",
    "queue/release": f"queue release {ID}",
    "queue/delete": f"queue delete {ID} --yes",
    "queue/bounce": f"queue bounce {ID} --yes --status 5.1.6 --reason moved",
    "queue/reroute": f"queue reroute {ID} --to mx.example.com:2525 --expires 2h",
    "queue/priority": f"queue priority {ID} high",
    "queue/flush": "queue flush",
    "queue/select": "queue select state:deferred",
    "jobs": "job list",
    "jobs/cancel": "job cancel job-1",
    "jobs/undo": "job undo",
    "trash": "trash list",
    "trash/restore": f"trash restore {ID}",
    "trash/empty": "trash empty --yes",
    "destinations": "queue stats",
    "shape": "queue shape --basis next --match example --sort -bin3",
    "senders": "queue senders --by domain",
    "upcoming": "queue upcoming",
    "system/latency": "system latency",
    "destinations/view": "destination view example.net",
    "destinations/limit": "destination limit example.net 30/m --for 2h --reason polite",
    "destinations/lift-limit": "destination lift-limit example.net",
    "spool/stats": "spool stats",
    "spool/check": "spool check",
    "queue/why": f"why {ID}",
    "destinations/gates": "destination list-gates",
    "destinations/unreached": "destination list-unreached",
    "destinations/breaker/open": "breaker open example.net --for 10m --reason busy",
    "destinations/breaker/probe": "breaker probe example.net",
    "destinations/breaker/close": "breaker close example.net",
    "destinations/breaker/reset": "breaker reset example.net",
    "destinations/suspend": "destination suspend example.net --for 2h --reason moving",
    "destinations/resume": "destination resume example.net",
    "destinations/reroute": "destination reroute example.net --to mx.example.com --expires 2h",
    "destinations/restore-route": "destination restore-route example.net",
    "record": "record",
    "dns/cache": "dns list-cache",
    "dns/clear": "dns clear-cache",
    "dns/refresh": "dns refresh example.net",
    "dns/overrides": "dns list-overrides",
    "dns/override/set": "dns set-override example.net mx.example.com",
    "dns/override/remove": "dns remove-override example.net",
}


BEFORE = {
    "dns/override/remove": VERBS["dns/override/set"],
    "jobs/cancel": VERBS["queue/hold"],
    "jobs/undo": VERBS["queue/hold"],
}
"""What makes that there is something to be taken back."""

LATEST = "9999-12-31T23:59:59-23:00"
FIRST = "0001-01-01T00:00+23:00"
"""Times at the ends of the calendar, that are outside it in another zone."""


@pytest.mark.parametrize("route", sorted(REQUESTS))
async def test_every_request_has_a_command(ctl: Ctl, route: str) -> None:
    """Whatever the engine answers can be asked from the command line, also as JSON."""
    before = BEFORE.get(route, "queue list").split()
    await ctl.run(*before)
    ctl.link.trash.add(ctl.link.queue[0])
    done = await ctl.run(*VERBS[route].split())
    assert done.exit_code == ExitCode.OK, done.output
    assert any(request.route == route for request in ctl.link.asked)
    await ctl.run(*before)
    ctl.link.trash.add(ctl.link.queue[0])
    if route != "queue/content":
        done = await ctl.run(*VERBS[route].split(), "--json")
        assert isinstance(json.loads(done.stdout), list | dict)


async def test_tls_list_shows_what_each_destination_gets(ctl: Ctl) -> None:
    """Policy and source, what was verified, what went in clear, what failed and why."""
    assert "No mail was sent yet." in (await ctl.run("tls", "list")).stderr
    bank = TlsDestination(
        destination=Domain("bank.example"),
        policy="verify",
        source="destination",
        versions={"TLSv1.3": 12},
        verified=12,
        plaintext=0,
        failures={"certificate-expired": 2},
        names=("mx.bank.example",),
        expires_at=1.0,
        last_at=NOW,
        last_failure="mx2.bank.example:25 the TLS handshake failed: certificate has expired",
        last_failure_at=NOW,
    )
    shop = msgspec.structs.replace(
        bank, destination=Domain("shop.example"), versions={}, plaintext=3, failures={}
    )
    far = msgspec.structs.replace(shop, expires_at=None, last_failure="")
    ctl.link.tls = [bank, shop, far]
    out = (await ctl.run("tls", "list")).stdout.splitlines()
    assert out[1].split()[:5] == ["bank.example", "verify", "(destination)", "12", "0"]
    assert "TLSv1.3 12" in out[1]
    assert "certificate-expired 2" in out[1]
    assert out[2].split()[3:7] == ["12", "3", "–", "expired"]
    assert out[3].split()[-3:] == ["–", "–", "–"]
    for form in ((), ("--json",)):
        cut = await ctl.run("tls", "list", "--limit", "2", *form)
        assert cut.stderr == "2 of 3 shown; --limit 3 shows all.\n"
    assert len(json.loads(cut.stdout)) == 2


async def test_ping_says_who_answers(ctl: Ctl) -> None:
    """Version, host, mode, process and uptime on one line."""
    done = await ctl.run("system", "ping")
    assert done.stdout == "empath 0.1.0 on mx1.example.org, relay mode, pid 4411, up 1h00m\n"


async def test_status_shows_what_needs_attention(ctl: Ctl) -> None:
    """Figures first, then what an operator should see to, or that there is nothing."""
    assert "Nothing needs attention." in (await ctl.run("system", "status")).stdout
    disk = AttentionItem(severity="error", subject="disk", sentence="12 MB are left.")
    ctl.link.status = msgspec.structs.replace(ctl.link.status, attention=(disk,), oldest_at=NOW)
    out = (await ctl.run("system", "status")).stdout
    assert "3 messages" not in out
    assert "3, the oldest 1h00m" in out
    assert "error" in out.splitlines()[-1]
    assert "12 MB are left." in out.splitlines()[-1]


async def test_events_are_chosen_by_kind_destination_and_words(ctl: Ctl) -> None:
    """Looking back and following show the same choice; a kind that is none is refused."""
    for event in (EngineStopping(at=NOW, reason="drain"), EngineStopping(at=NOW, reason="reboot")):
        ctl.link.bus.publish(event)
    ctl.link.status = msgspec.structs.replace(ctl.link.status, sequence=2)
    listed = json.loads((await ctl.run("events", "--kind", "stopping,dns", "--json")).stdout)
    assert [notice["event"]["reason"] for notice in listed] == ["drain", "reboot"]
    listed = json.loads((await ctl.run("events", "--text", "REB", "--json")).stdout)
    assert [notice["sequence"] for notice in listed] == [2]
    assert json.loads((await ctl.run("events", "--dest", "a.example", "--json")).stdout) == []
    wrong = await ctl.run("events", "--kind", "stoping")
    assert wrong.exit_code != ExitCode.OK
    assert 'did you mean "stopping"?' in wrong.stderr
    following = await ctl.start("events", "--follow", "--text", "reboot", "--json")
    assert following.stdout is not None
    line = await asyncio.wait_for(following.stdout.readline(), 30)
    assert json.loads(line)["sequence"] == 2
    following.send_signal(signal.SIGINT)
    await asyncio.wait_for(following.communicate(), 30)


async def test_watching_ends_with_control_c(ctl: Ctl) -> None:
    """`stats --watch` and `events --follow` go on until Ctrl-C, which is no error."""
    for arguments in (["queue", "stats", "--watch"], ["events", "--follow"]):
        before = len(ctl.link.asked_of(GetStatus)) + len(ctl.link.followed)
        ctl.link.bus.publish(EngineStopping(at=NOW, reason="x"))
        watching = await ctl.start(*arguments)
        assert watching.stdout is not None
        line = await asyncio.wait_for(watching.stdout.readline(), 30)
        assert line
        assert len(ctl.link.asked_of(GetStatus)) + len(ctl.link.followed) > before
        watching.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(watching.communicate(), 30)
        assert (watching.returncode, said) == (ExitCode.OK, b"")


async def test_control_c_elsewhere_is_130(ctl: Ctl) -> None:
    """A question that is broken off ends without a traceback."""
    ctl.link.delay = 30.0
    asking = await ctl.start("queue", "list")
    await eventually(lambda: bool(ctl.link.asked), within=30)
    asking.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(asking.communicate(), 30)
    assert (asking.returncode, said) == (130, b"")


async def test_events_that_are_kept(ctl: Ctl) -> None:
    """Without `--follow` what is kept is shown, as lines or as an array."""
    assert json.loads((await ctl.run("events", "--json")).stdout) == []
    for reason in ("one", "two"):
        ctl.link.push(event := EngineStopping(at=NOW, reason=reason))
        ctl.link.bus.publish(event)
    lines = (await ctl.run("events")).stdout.splitlines()
    assert len(lines) == 2
    assert "two" in lines[1]
    listed = json.loads((await ctl.run("events", "--json", "--after", "1")).stdout)
    assert [one["sequence"] for one in listed] == [2]


async def test_names_for_reading(ctl: Ctl) -> None:
    """Answers, "there is none", and overrides."""
    assert (await ctl.run("dns", "list-cache")).stderr == "No answer is kept.\n"
    assert (await ctl.run("dns", "list-overrides")).stderr == "There is no override.\n"
    ctl.link.cache = [
        DnsEntry(name="example.net", kind="MX", answer=("10 mx",), expires_at=NOW * 2),
        DnsEntry(name="example.net", kind="A", answer=(), expires_at=0.0),
    ]
    lines = (await ctl.run("dns", "list-cache")).stdout.splitlines()
    assert lines[1].endswith("10 mx")
    assert lines[2].split() == ["example.net", "A", "0s", "none"]
    done = await ctl.run("dns", "clear-cache", "example.net")
    assert done.stdout == "2 answers forgotten.\n"
    assert ctl.link.asked_of(ClearDnsCache)[0].name == "example.net"
    done = await ctl.run("dns", "set-override", "example.net", "a.example", "b.example:26")
    assert done.stdout.splitlines()[1].split()[:3] == ["example.net", "a.example,", "b.example:26"]
    assert ctl.link.asked_of(SetDnsOverride)[0].hosts == ("a.example", "b.example:26")


async def test_a_check_of_the_spool_ends_with_1_when_something_is_wrong(ctl: Ctl) -> None:
    """Sound is 0; problems are listed and end with 1, so a script can tell."""
    assert (await ctl.run("spool", "check")).stdout == "The spool is sound.\n"
    problem = SpoolProblem(subject=ID, sentence="Its body is missing.")
    ctl.link.check = SpoolCheck(problems=(problem,))
    done = await ctl.run("spool", "check")
    assert done.exit_code == ExitCode.REFUSED
    assert "Its body is missing." in done.stdout
    assert done.stderr == "1 problem found.\n"
    done = await ctl.run("spool", "check", "--json")
    assert json.loads(done.stdout)[0]["subject"] == ID


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["queue", "view", "0197"], ExitCode.USAGE, "16 hexadecimal digits"),
        (["queue", "retry"], ExitCode.REFUSED, "Name the messages"),
        (["queue", "view", "0" * 16], ExitCode.REFUSED, "There is no message"),
        (["queue", "flush", "a b"], ExitCode.USAGE, "is not a mail domain"),
        (["dns", "remove-override", "x.org"], ExitCode.REFUSED, "no override"),
        (["queue", "list", "--limit", "0"], ExitCode.USAGE, "greater than or equal"),
        (["queue", "list", "-q", "\udcff"], ExitCode.USAGE, "octets that are not UTF-8"),
        (["queue", "hold", "--reason", "\udcff", ID], ExitCode.USAGE, "not UTF-8"),
        (["destination", "suspend", "x.org", "--until", LATEST], ExitCode.USAGE, "is not a time"),
        (["destination", "suspend", "x.org", "--until", FIRST], ExitCode.USAGE, "is not a time"),
    ],
)
async def test_errors_are_sentences_and_codes(
    ctl: Ctl, arguments: list[str], code: ExitCode, why: str
) -> None:
    """What is wrong is on standard error, and the exit code says of what kind it is."""
    done = await ctl.run(*arguments)
    assert done.exit_code == code
    assert why in done.stderr
    assert done.stdout == ""


async def test_stop_is_asked_for(ctl: Ctl) -> None:
    """`system stop` asks the engine to drain."""
    assert "stops once" in (await ctl.run("system", "stop")).stdout
    assert ctl.link.asked_of(StopEngine)


def ctl_program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed program."""
    return subprocess.run(
        [EMPATHCTL, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"XDG_STATE_HOME": str(cwd / "state")},
    )  # fmt: skip


def test_no_engine_is_one_sentence(tmp_path: Path) -> None:
    """The socket comes from --socket, else ./empath.toml, else the built-in default."""
    for arguments, socket in (
        (["--socket", "/nowhere/s"], Path("/nowhere/s")),
        ([], tmp_path / "state/empath/empath.sock"),
    ):
        done = ctl_program("system", "ping", *arguments, cwd=tmp_path)
        assert done.returncode == ExitCode.UNREACHABLE
        assert f"No engine answers at {socket}: " in done.stderr
        assert len(done.stderr.splitlines()) == 1
    (tmp_path / "empath.toml").write_text('[spool]\npath = "here"\n')
    done = ctl_program("system", "ping", cwd=tmp_path)
    assert str(tmp_path / "here/empath.sock") in done.stderr
    before = ctl_program("--config", "empath.toml", "system", "ping", cwd=Path(tmp_path))
    assert before.stderr == done.stderr


def test_a_broken_config_is_told(tmp_path: Path) -> None:
    """A config that cannot be read is named, with its line."""
    (tmp_path / "empath.toml").write_text("mode = \n")
    done = ctl_program("system", "ping", cwd=tmp_path)
    assert done.returncode == ExitCode.CONFIG
    assert "empath.toml:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_commands_and_exit_codes(tmp_path: Path) -> None:
    """Help reads without an engine and lists the exit codes."""
    done = ctl_program("--help", cwd=tmp_path)
    for word in ("queue", "dns", "spool", "system", "events", "Exit codes"):
        assert word in done.stdout
    assert ctl_program("--version", cwd=tmp_path).stdout.startswith("empathctl ")


def test_the_module_is_the_command_too(tmp_path: Path) -> None:
    """`python -m empath.cli.ctl` says what `empathctl` says, rather than nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "empath.cli.ctl", "--version"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ctl_program("--version", cwd=tmp_path).stdout)


def test_commands_shown_to_an_operator_find_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option is shown only where the command would ask another engine, or none, without it."""
    monkeypatch.chdir(tmp_path)
    # No engine that somebody runs on this machine is meant.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    default, other = Where().path(), tmp_path / "my mail/empath.sock"
    assert option_for(default, "--socket") == ""
    assert option_for(other, "--socket") == f" --socket '{other}'"
    (tmp_path / "empath.toml").write_text('[spool]\npath = "my mail"\n')
    assert option_for(other, "--attach") == ""
    (tmp_path / "empath.toml").write_text("broken")
    assert option_for(default, "--attach") == f" --attach {default}"
