"""`empathctl inbox`: captured mail from the command line."""

from __future__ import annotations

import json
import subprocess

import msgspec

from empath.address import Domain, EmailAddress
from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    DeleteMessages,
    ListQueue,
    ReadPart,
    ReleaseCaptured,
)
from empath.events import AttemptEnded, RecipientResult
from tests.fakes.command_line import ID, VIEW, Ctl
from tests.fakes.memory_inside import parts_of


def inside(ctl: Ctl) -> None:
    """Put text and HTML into the first message."""
    ctl.link.inside.parts[ID] = parts_of(ID)
    ctl.link.inside.texts[ID, "2 text"] = "# Reset\n\nYour code: 482913\n\n[1] https://shop.test"
    ctl.link.inside.texts[ID, "2 source"] = "<h1>Reset</h1>"


def attempt(at: float, result: str) -> AttemptEnded:
    """What came of a release."""
    return AttemptEnded(
        at=at,
        id=ID,
        destination=Domain("x.test"),
        server="mx.x.test [192.0.2.1]:25",
        stage="DONE",
        seconds=0.1,
        size=1,
        latency=1,
        results=(RecipientResult(0, EmailAddress("bob@x.test"), result, "250 2.0.0 Ok"),),
    )


async def test_captured_mail_is_listed_and_searched(ctl: Ctl) -> None:
    """What was captured, with what came of its release; --search looks further."""
    done = await ctl.run("inbox", "list", "--search", "invoice header:~X-Test")
    assert done.stdout.splitlines()[0].split() == [
        *("ID", "AGE", "FROM", "TO", "SUBJECT", "SIZE", "RELEASED"),
    ]
    asked = ctl.link.asked_of(ListQueue)[-1]
    assert asked.query == "state:held hold:captured invoice header:~X-Test"
    listed = json.loads((await ctl.run("inbox", "list", "--json")).stdout)
    assert [one["id"] for one in listed] == [one.id for one in ctl.link.queue]
    done = await ctl.run("inbox", "list", "-n", "1")
    assert done.stderr == "1 of 3 shown; -n shows more.\n"
    ctl.link.set_queue([])
    assert (await ctl.run("inbox", "list")).stderr == "No mail is captured.\n"
    assert (await ctl.run("inbox", "list", "-s", "x")).stderr == "No captured message matches.\n"


async def test_a_message_is_shown_as_text(ctl: Ctl) -> None:
    """Head, code, parts, checks, then what a reader sees."""
    inside(ctl)
    shown = (await ctl.run("inbox", "view", ID)).stdout
    assert "code     482913" in shown
    assert "text/html" in shown
    assert "look  no List-Unsubscribe" in shown
    assert shown.endswith("[1] https://shop.test\n")
    both = json.loads((await ctl.run("inbox", "view", ID, "--json")).stdout)
    assert both["inside"]["code"] == "482913"
    assert both["message"]["id"] == ID
    ctl.link.inside.parts[ID] = parts_of(ID, text="", html="")
    assert "It has no text" in (await ctl.run("inbox", "view", ID)).stderr


async def test_links_and_the_code_alone_are_for_scripts(ctl: Ctl) -> None:
    """One a line; a mail without ends with 1."""
    inside(ctl)
    done = await ctl.run("inbox", "view", ID, "--links")
    assert done.stdout.splitlines() == ["https://shop.test/reset?t=9f3c", "mailto:help@shop.test"]
    assert (await ctl.run("inbox", "view", ID, "--code")).stdout == "482913\n"
    assert json.loads((await ctl.run("inbox", "view", ID, "--code", "--json")).stdout) == ["482913"]
    ctl.link.inside.parts[ID] = parts_of(ID, code="", links=(), html="")
    done = await ctl.run("inbox", "view", ID, "--code")
    assert (done.exit_code, done.stderr) == (1, f"{ID} has no one-time code.\n")
    assert (await ctl.run("inbox", "view", ID, "--html")).stderr == f"{ID} has no HTML.\n"
    done = await ctl.run("inbox", "view", ID, "--raw", "--html")
    assert done.exit_code == ExitCode.USAGE


async def test_source_raw_and_parts_come_as_they_are(ctl: Ctl) -> None:
    """--html is the source, --raw the message, --part a decoded part, octet for octet."""
    inside(ctl)
    assert (await ctl.run("inbox", "view", ID, "--html")).stdout == "<h1>Reset</h1>\n"
    assert "Subject: Hello" in (await ctl.run("inbox", "view", ID, "--raw")).stdout
    started = await ctl.start("inbox", "view", ID, "--part", "1", stderr=subprocess.DEVNULL)
    octets, _ = await started.communicate()
    assert octets == ctl.link.inside.octets
    assert ctl.link.asked_of(ReadPart)[-1].form == "octets"


async def test_a_release_tells_what_came_of_it(ctl: Ctl) -> None:
    """It waits for the outcome in the timeline; what was not delivered ends with 1."""
    late = msgspec.structs.replace(VIEW, timeline=(attempt(9e9, "delivered"),))
    ctl.link.views[ID] = late
    words = ("inbox", "release", ID, "--to", "mx.x.test:25", "--rcpt", "dev@me.test")
    done = await ctl.run(*words, "--reason", "demo")
    assert done.stdout == f"{ID}  bob@x.test  delivered at mx.x.test [192.0.2.1]:25  250 2.0.0 Ok\n"
    assert done.exit_code == 0
    [asked] = ctl.link.inside.released
    assert asked == ReleaseCaptured(
        ids=(ID,), to="mx.x.test:25", recipients=(EmailAddress("dev@me.test"),), reason="demo"
    )
    ctl.link.views[ID] = msgspec.structs.replace(VIEW, timeline=(attempt(9e9, "deferred"),))
    done = await ctl.run(*words, "--json")
    assert done.exit_code == ExitCode.REFUSED
    assert json.loads(done.stdout)["outcomes"][0]["results"][0]["result"] == "deferred"


async def test_a_release_may_be_tried_dry_or_left_to_itself(ctl: Ctl) -> None:
    """--dry-run says where it would go; --no-wait does not wait; the queue takes it in relay mode;
    a refusal is its sentence.
    """
    done = await ctl.run("inbox", "release", ID, "--to", "a.test", "--dry-run")
    assert done.stdout.splitlines()[0] == "1 message (1 recipient) would be sent."
    assert done.stderr == "Dry run: nothing was sent.\n"
    done = await ctl.run("inbox", "release", ID, "--no-wait")
    assert "handed on" in done.stdout
    ctl.link.inside.queued = True
    done = await ctl.run("inbox", "release", ID)
    assert done.stdout == "1 message (1 recipient) went into the queue.\n"
    assert (await ctl.run("inbox", "release", ID, "--rcpt", "nobody")).exit_code == ExitCode.USAGE
    ctl.link.refuse(ReleaseCaptured, "In dev mode nothing leaves this machine by itself.")
    done = await ctl.run("inbox", "release", ID)
    assert (done.exit_code, done.stderr.startswith("In dev mode")) == (ExitCode.REFUSED, True)


async def test_captured_mail_is_deleted_by_name_or_all(ctl: Ctl) -> None:
    """Named messages, all of them, or those that are found; never nothing in particular."""
    done = await ctl.run("inbox", "delete", ID, "--yes")
    assert done.stdout == "1 message (1 recipient) deleted.\n"
    await ctl.run("inbox", "delete", "--all", "--yes", "--expect", "3")
    asked = ctl.link.asked_of(DeleteMessages)[-1]
    assert (asked.query, asked.expect) == ("state:held hold:captured", 3)
    await ctl.run("inbox", "delete", "-s", "old", "--dry-run")
    assert ctl.link.asked_of(DeleteMessages)[-1].query == "state:held hold:captured old"
    assert (await ctl.run("inbox", "delete", "--yes")).exit_code == ExitCode.USAGE
    assert (await ctl.run("inbox", "delete", ID, "--all")).exit_code == ExitCode.USAGE
