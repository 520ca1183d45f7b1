"""`empathctl` against a real control socket: what it asks, what it shows, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from empath.address import Domain, EmailAddress
from empath.cli.ctl import commands
from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    AttentionItem,
    ClearDnsCache,
    DeleteMessages,
    DestinationItem,
    DnsEntry,
    FlushQueue,
    GetStatus,
    HoldMessages,
    ListQueue,
    MessageView,
    PrioritizeMessages,
    QueueItem,
    RecipientItem,
    ReleaseMessages,
    RetryMessages,
    SetDnsOverride,
    SpoolCheck,
    SpoolProblem,
    StopEngine,
    TlsDestination,
)
from empath.control.routes import REQUESTS
from empath.envelope import MessageId, Priority
from empath.events import (
    AttemptEnded,
    BodyDamaged,
    EngineStopping,
    MessageAccepted,
    NotificationSent,
    OperatorActed,
    RecipientResult,
    TlsSession,
)
from tests.fakes.served_link import ServedLink, serving

EMPATHCTL = Path(sys.executable).with_name("empathctl")
NOW = 1_790_000_000.0


def item(number: int, state: str = "deferred") -> QueueItem:
    """One message of the queue."""
    return QueueItem(
        id=MessageId.compose(1_790_000_000_000 + number, 1),
        state=state,
        received_at=NOW,
        next_at=NOW + 60,
        attempts=2,
        size=4096,
        priority=Priority.NORMAL,
        reverse_path=None if number == 2 else EmailAddress("ada@example.org"),
        recipient=EmailAddress(f"user{number}@example.net"),
        recipients=1 + number,
        destination=Domain("example.net"),
        last_reply="421 4.7.0 [red]too many",
        subject="Hello",
    )


ID = item(0).id

VIEW = MessageView(
    id=ID,
    reverse_path=EmailAddress("ada@example.org"),
    recipients=(
        RecipientItem(
            number=0,
            address=EmailAddress("bob@example.net"),
            destination=Domain("example.net"),
            state="deferred",
            attempts=1,
            next_at=NOW + 300,
            last_reply="451 4.7.1 greylisted",
            hold_reason="",
        ),
    ),
    recipient_count=1001,
    subject="Hello",
    size=4096,
    sha256="ab" * 32,
    priority=Priority.HIGH,
    received_at=NOW,
    expires_at=NOW + 432_000,
    client="192.0.2.9",
    helo="client.example",
    protocol="ESMTPS",
    listener="127.0.0.1:1025",
    tls="TLSv1.3 X",
    body="8BITMIME",
    smtputf8=True,
    body_stored=True,
    timeline=(
        MessageAccepted(
            at=NOW,
            id=ID,
            reverse_path=None,
            recipients=(),
            size=4096,
            client="192.0.2.9",
            helo="",
            protocol="ESMTPS",
            priority=Priority.HIGH,
            subject="Hello",
        ),
        AttemptEnded(
            at=NOW + 1,
            id=ID,
            destination=Domain("example.net"),
            server="mx1.example.net [192.0.2.1]:25",
            stage="RCPT",
            seconds=0.82,
            size=4096,
            latency=1.0,
            results=(
                RecipientResult(
                    0, EmailAddress("bob@example.net"), "deferred", "451 4.7.1 greylisted", NOW
                ),
            ),
            tls=TlsSession("TLSv1.3", "X", "chain"),
            uncertain=True,
            transcript=("> RCPT TO:<bob@example.net>", "< 451 4.7.1 greylisted\x1b[31m"),
        ),
        OperatorActed(at=NOW + 2, id=ID, action="hold", actor="root(uid 0) pid 7", reason="spam"),
        NotificationSent(at=NOW + 3, id=ID, dsn=ID, kind="delayed", recipients=()),
        BodyDamaged(at=NOW + 4, id=ID, reason="its SHA-256 differs"),
    ),
    headers=(("Subject", "Hello"), ("X-Evil", r"\x1b[31m")),
)


@dataclass
class Ctl:
    """`empathctl` on a link that answers."""

    link: ServedLink
    path: Path

    async def run(self, *arguments: str, stdin: str = "") -> Result:
        """Run it in a thread, while the engine's end answers on this loop."""
        given = [*arguments, "--socket", str(self.path)]
        return await asyncio.to_thread(CliRunner().invoke, commands, given, input=stdin)

    async def start(self, *arguments: str, **options: int) -> asyncio.subprocess.Process:
        """Run it as a program."""
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        pipes |= {"stderr": subprocess.PIPE} | options
        return await asyncio.create_subprocess_exec(
            EMPATHCTL, *arguments, "--socket", self.path, **pipes
        )


@pytest.fixture
async def ctl(tmp_path: Path) -> AsyncIterator[Ctl]:
    """A link with three messages, and the command that asks it."""
    async with serving(tmp_path) as (link, path):
        link.set_queue([item(number) for number in range(3)])
        link.views[ID] = VIEW
        link.contents[ID] = "Subject: Hello\r\n\r\n\x1b[31mred\r\n"
        yield Ctl(link, path)


VERBS = {
    "tls": "tls list",
    "system/ping": "system ping",
    "system/status": "system status",
    "system/stop": "system stop",
    "queue": "queue list",
    "queue/view": f"queue view {ID}",
    "queue/content": f"queue view {ID} --raw",
    "queue/retry": f"queue retry {ID}",
    "queue/hold": f"queue hold {ID}",
    "queue/release": f"queue release {ID}",
    "queue/delete": f"queue delete {ID} --yes",
    "queue/priority": f"queue priority {ID} high",
    "queue/flush": "queue flush",
    "destinations": "queue stats",
    "spool/stats": "spool stats",
    "spool/check": "spool check",
    "queue/why": f"why {ID}",
    "destinations/gates": "destination list-gates",
    "destinations/breaker/open": "breaker open example.net --for 10m --reason busy",
    "destinations/breaker/close": "breaker close example.net",
    "destinations/breaker/reset": "breaker reset example.net",
    "destinations/suspend": "destination suspend example.net --for 2h --reason moving",
    "destinations/resume": "destination resume example.net",
    "dns/cache": "dns list-cache",
    "dns/clear": "dns clear-cache",
    "dns/refresh": "dns refresh example.net",
    "dns/overrides": "dns list-overrides",
    "dns/override/set": "dns set-override example.net mx.example.com",
    "dns/override/remove": "dns remove-override example.net",
}


@pytest.mark.parametrize("route", sorted(REQUESTS))
async def test_every_request_has_a_command(ctl: Ctl, route: str) -> None:
    """Whatever the engine answers can be asked from the command line, also as JSON."""
    if route == "dns/override/remove":
        await ctl.run(*VERBS["dns/override/set"].split())
    done = await ctl.run(*VERBS[route].split())
    assert done.exit_code == ExitCode.OK, done.output
    assert any(request.route == route for request in ctl.link.asked)
    if route == "dns/override/remove":
        await ctl.run(*VERBS["dns/override/set"].split())
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


async def test_the_queue_as_a_table(ctl: Ctl) -> None:
    """Whole ids, states in words, `<>` for the null sender, `+n` for further recipients."""
    lines = (await ctl.run("queue", "list")).stdout.splitlines()
    titles = "ID STATE PRIO AGE NEXT TRIES SIZE FROM TO LAST REPLY"
    assert lines[0].split() == titles.split()
    assert lines[1].startswith(f"{ID}  deferred")
    assert lines[1].endswith("user0@example.net     421 4.7.0 [red]too many")
    assert "<>" in lines[3]
    assert "user2@example.net +2" in lines[3]


async def test_the_queue_as_json_is_an_array_of_objects(ctl: Ctl) -> None:
    """Scripts get every field of every message."""
    listed = json.loads((await ctl.run("queue", "list", "--json")).stdout)
    assert [one["id"] for one in listed] == [one.id for one in ctl.link.queue]
    ctl.link.set_queue([])
    done = await ctl.run("queue", "list", "--json")
    assert json.loads(done.stdout) == []


async def test_a_long_queue_is_cut_or_paged(ctl: Ctl) -> None:
    """By default fifty are shown and the rest is announced; `--all` goes through all pages."""
    ctl.link.set_queue([item(number) for number in range(2500)])
    done = await ctl.run("queue", "list")
    assert len(done.stdout.splitlines()) == 51
    assert "50 of 2,500 shown; --all shows all." in done.stderr
    done = await ctl.run("queue", "list", "--all", "--json", "--query", "x", "--oldest")
    assert len(json.loads(done.stdout)) == 2500
    asked = ctl.link.asked_of(ListQueue)[-1]
    assert (asked.query, asked.sort, asked.cursor) == ("x", "age", "2000")
    done = await ctl.run("queue", "list", "-n", "1500", "--json")
    assert len(json.loads(done.stdout)) == 1500


async def test_an_empty_queue_is_said_to_be_empty(ctl: Ctl) -> None:
    """Nothing on standard output, a sentence beside it."""
    ctl.link.set_queue([])
    done = await ctl.run("queue", "list")
    assert (done.stdout, done.stderr) == ("", "The queue is empty.\n")
    assert (await ctl.run("queue", "list", "-q", "x")).stderr == "No message matches.\n"


async def test_a_message_for_reading(ctl: Ctl) -> None:
    """Envelope, recipients, headers, each step of its way, and the last failed dialogue."""
    out = (await ctl.run("queue", "view", ID)).stdout
    for shown in (
        "<ada@example.org>",
        "4.1 kB (4096 octets), 8BITMIME, SMTPUTF8",
        "192.0.2.9 (client.example), ESMTPS, TLSv1.3 X, at 127.0.0.1:1025",
        "priority  high",
        "bob@example.net  deferred      1",
        "451 4.7.1 greylisted",
        "… and 1,000 more",
        "Subject: Hello",
        "attempt at mx1.example.net [192.0.2.1]:25: ended at RCPT, 0.82 s, TLSv1.3, verified by",
        "by chain, the server may have it all the same",
        "hold by root(uid 0) pid 7: spam",
        "notification (delayed) queued as",
        "body damaged, held: its SHA-256 differs",
        "> RCPT TO:<bob@example.net>",
    ):
        assert shown in out
    assert "\x1b" not in out


async def test_a_message_whose_body_is_gone(ctl: Ctl) -> None:
    """The view says why there are no headers."""
    gone = msgspec.structs.replace(VIEW, headers=(), body_stored=False, reverse_path=None)
    ctl.link.views[ID] = gone
    out = (await ctl.run("queue", "view", ID)).stdout
    assert "the body is not kept any more" in out
    assert "<>" in out


async def test_raw_content_goes_into_a_pipe_octet_for_octet(ctl: Ctl) -> None:
    """What is saved is the message as it was stored."""
    done = await ctl.run("queue", "view", ID, "--raw")
    assert done.stdout_bytes == ctl.link.contents[ID].encode()


async def test_raw_content_is_harmless_on_a_terminal(ctl: Ctl) -> None:
    """On a terminal control characters are shown, not obeyed."""
    main, side = pty.openpty()
    shown = await ctl.start("queue", "view", ID, "--raw", stdout=side, stderr=side)
    await asyncio.wait_for(shown.wait(), 30)
    os.close(side)
    said = os.read(main, 65536)
    os.close(main)
    assert rb"\x1b[31mred" in said
    assert b"\x1b[31m" not in said


async def test_a_table_on_a_terminal_keeps_its_ids(ctl: Ctl) -> None:
    """However narrow the terminal, ids are whole; replies are cut, and no markup is read."""
    main, side = pty.openpty()
    shown = await ctl.start("queue", "list", stdout=side, stderr=side)
    await asyncio.wait_for(shown.wait(), 30)
    os.close(side)
    said = os.read(main, 65536).decode()
    os.close(main)
    for message in ctl.link.queue:
        assert message.id in said


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["retry", ID], RetryMessages(ids=(ID,))),
        (["retry", "-q", "a", "--expect", "3"], RetryMessages(query="a", expect=3)),
        (["hold", ID, "--reason", "spam"], HoldMessages(ids=(ID,), reason="spam")),
        (["release", "-q", "x"], ReleaseMessages(query="x")),
        (["delete", ID, "-y", "--reason", "r"], DeleteMessages(ids=(ID,), reason="r")),
        (["priority", ID, "critical"], PrioritizeMessages(ids=(ID,), priority="critical")),
        (["priority", "-q", "a", "Bulk"], PrioritizeMessages(query="a", priority="bulk")),
        (["flush"], FlushQueue()),
        (["flush", "Example.NET"], FlushQueue(destination=Domain("example.net"))),
    ],
)  # fmt: skip
async def test_changes_ask_for_what_was_typed(
    ctl: Ctl, arguments: list[str], request_: RetryMessages
) -> None:
    """Ids, query, count and reason arrive as they were given; what was done is said."""
    done = await ctl.run("queue", *arguments)
    assert done.exit_code == ExitCode.OK, done.output
    assert ctl.link.asked == [request_]
    assert "recipient" in done.stdout


async def test_a_class_that_there_is_not(ctl: Ctl) -> None:
    """A slip in the class is told with the classes there are, and nothing is asked."""
    done = await ctl.run("queue", "priority", ID, "urgent")
    assert done.exit_code == ExitCode.USAGE
    assert "critical, high, normal, low, bulk (got urgent)" in done.output
    assert ctl.link.asked == []


async def test_deleting_needs_a_yes(ctl: Ctl) -> None:
    """Without a terminal to ask, `--yes` is needed and nothing is asked of the engine."""
    done = await ctl.run("queue", "delete", ID)
    assert done.exit_code == ExitCode.USAGE
    assert "--yes" in done.stderr
    assert ctl.link.asked == []


@pytest.mark.parametrize(("answer", "deleted"), [(b"n\n", 0), (b"\n", 0), (b"y\n", 1)])
async def test_deleting_asks_on_a_terminal(ctl: Ctl, answer: bytes, deleted: int) -> None:
    """The question names the number; the default is no; exactly those counted are deleted."""
    main, side = pty.openpty()
    asking = await ctl.start("queue", "delete", "-q", "x", stdin=side)
    os.write(main, answer)
    _, said = await asyncio.wait_for(asking.communicate(), 30)
    os.close(side)
    os.close(main)
    assert b"Delete 3 messages?" in said
    assert [one.expect for one in ctl.link.asked_of(DeleteMessages)] == [3] * deleted
    assert asking.returncode == (ExitCode.OK if deleted else ExitCode.REFUSED)


async def test_figures_by_destination(ctl: Ctl) -> None:
    """How much waits, and for whom; as JSON an object."""
    ctl.link.destinations = [
        DestinationItem(
            destination=Domain("example.net"), queued=1, deferred=1204, held=0, active=2,
            connections=2, oldest_at=NOW, next_at=None, last_reply="421 busy",
        )
    ]  # fmt: skip
    out = (await ctl.run("queue", "stats")).stdout
    assert "0 queued, 3 deferred, 0 held, 0 active" in out
    assert out.splitlines()[-1].split() == (
        ["example.net", "1", "1,204", "0", "2", "2", "1h00m", "421", "busy"]
    )
    found = json.loads((await ctl.run("queue", "stats", "--json")).stdout)
    assert found["messages"] == 3
    assert found["destinations"][0]["deferred"] == 1204


async def test_watching_ends_with_control_c(ctl: Ctl) -> None:
    """`stats --watch` and `events --follow` go on until Ctrl-C, which is no error."""
    for arguments in (["queue", "stats", "--watch"], ["events", "--follow"]):
        before = len(ctl.link.asked_of(GetStatus))
        ctl.link.bus.publish(EngineStopping(at=NOW, reason="x"))
        watching = await ctl.start(*arguments)
        assert watching.stdout is not None
        line = await asyncio.wait_for(watching.stdout.readline(), 30)
        assert line
        assert len(ctl.link.asked_of(GetStatus)) > before
        watching.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(watching.communicate(), 30)
        assert (watching.returncode, said) == (ExitCode.OK, b"")


async def test_control_c_elsewhere_is_130(ctl: Ctl) -> None:
    """A question that is broken off ends without a traceback."""
    ctl.link.delay = 30.0
    asking = await ctl.start("queue", "list")
    async with asyncio.timeout(30):
        while not ctl.link.asked:  # noqa: ASYNC110 - the link keeps a list, no event
            await asyncio.sleep(0.01)
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
    assert done.stdout.splitlines()[1].split() == ["example.net", "a.example,", "b.example:26"]
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
        assert done.stderr.startswith(f"No engine answers at {socket}: ")
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


async def test_a_closed_pipe_is_no_traceback(ctl: Ctl) -> None:
    """`empathctl queue list | head -1` ends quietly."""
    ctl.link.set_queue([item(number) for number in range(5000)])
    reader, writer = os.pipe()
    listing = await ctl.start("queue", "list", "--all", stdout=writer)
    os.close(writer)
    assert await asyncio.to_thread(os.read, reader, 100)
    os.close(reader)
    _, said = await asyncio.wait_for(listing.communicate(), 30)
    assert b"Traceback" not in said
    assert b"Exception" not in said


def test_help_names_commands_and_exit_codes(tmp_path: Path) -> None:
    """Help reads without an engine and lists the exit codes."""
    done = ctl_program("--help", cwd=tmp_path)
    for word in ("queue", "dns", "spool", "system", "events", "Exit codes"):
        assert word in done.stdout
    assert ctl_program("--version", cwd=tmp_path).stdout.startswith("empathctl ")
