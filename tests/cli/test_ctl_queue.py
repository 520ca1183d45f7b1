"""`empathctl queue`: what of the queue and of a message is shown, and what is changed in it."""

from __future__ import annotations

import asyncio
import json
import os
import pty

import msgspec
import pytest

from empath.address import Domain
from empath.cli.exit_codes import ExitCode
from empath.control.link import (
    DeleteMessages,
    DestinationItem,
    FlushQueue,
    HoldMessages,
    ListQueue,
    PrioritizeMessages,
    ReleaseMessages,
    RetryMessages,
)
from tests.fakes.command_line import ID, NOW, VIEW, Ctl, item


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
    assert done.stderr == "1,500 of 2,500 shown; --all shows all.\n"


async def test_json_is_not_cut_in_silence(ctl: Ctl) -> None:
    """The note about the rest stands on standard error; standard output stays pure JSON."""
    ctl.link.set_queue([item(number) for number in range(120)])
    done = await ctl.run("queue", "list", "--json")
    assert len(json.loads(done.stdout)) == 50
    assert done.stderr == "50 of 120 shown; --all shows all.\n"
    assert (await ctl.run("queue", "list", "--json", "--all")).stderr == ""


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


async def test_mail_that_is_not_tried_has_no_end(ctl: Ctl) -> None:
    """No time is told at which held or finished mail would be given up."""
    ctl.link.views[ID] = msgspec.structs.replace(VIEW, expires_at=None)
    out = (await ctl.run("queue", "view", ID)).stdout
    assert "expires   – (nothing of it is tried)" in out


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
    ctl.link.destinations *= 201
    cut = await ctl.run("queue", "stats", "--json")
    assert len(json.loads(cut.stdout)["destinations"]) == 200
    assert cut.stderr == "200 of 201 destinations shown, longest queue first.\n"


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


async def test_a_class_that_there_is_not(ctl: Ctl) -> None:
    """A slip in the class is told with the classes there are, and nothing is asked."""
    done = await ctl.run("queue", "priority", ID, "urgent")
    assert done.exit_code == ExitCode.USAGE
    assert "critical, high, normal, low, bulk (got urgent)" in done.output
    assert ctl.link.asked == []
