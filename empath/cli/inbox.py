"""`empathctl inbox`: captured mail: list, look inside, release for real, delete."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Final

import typer

from empath import codec
from empath.address import BadAddress, EmailAddress
from empath.cli.asking import Client, leave
from empath.cli.exit_codes import ExitCode
from empath.cli.preview import Change
from empath.cli.queue import write_raw
from empath.cli.queue_changes import ExpectOption, YesOption, agreed, change_queue
from empath.cli.show import (
    age,
    complain,
    counted,
    octets,
    say,
    write_json,
    write_pairs,
    write_table,
)
from empath.cli.verbs import group, verb
from empath.cli.words import read_ids
from empath.clock import SystemClock
from empath.control import link
from empath.control.link import Link, MessageParts, Released
from empath.envelope import MessageId
from empath.events import AttemptEnded
from empath.safe_text import safe_text

inbox = group("inbox", "Mail that dev mode captured: look inside, release it for real, delete it.")

CAPTURED: Final = "state:held hold:captured"
"""The filter of the queue that means captured mail."""
_HELD: Final = "held: captured in dev mode"
_WAIT: Final = 60.0
"""Seconds that `release` waits for what came of it."""
_PIECE: Final = 256 * 1024

IdArgument = Annotated[str, typer.Argument(metavar="ID")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)]


@inbox.command("list")
@verb
def list_inbox(
    *,
    search: Annotated[
        str,
        typer.Option(
            "--search",
            "-s",
            metavar="TEXT",
            help="In subject, sender, recipients; or terms such as header:~X-Campaign.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most messages shown.")] = 50,
    client: Client,
) -> None:
    """List captured messages, newest first."""
    request = link.ListQueue(query=f"{CAPTURED} {search}", sort="-age", limit=limit)
    page = client.ask(request)
    if client.json:
        write_json([codec.to_builtins(item) for item in page.items])
        return
    if not page.items:
        complain("No captured message matches." if search else "No mail is captured.")
        return
    now = SystemClock().now()
    write_table(
        ("ID", ">AGE", "FROM", "TO", "SUBJECT", ">SIZE", "RELEASED"),
        [
            (
                item.id,
                age(now - item.received_at),
                item.reverse_path or "<>",
                item.recipient + (f" +{item.recipients - 1}" if item.recipients > 1 else ""),
                item.subject or "–",
                octets(item.size),
                item.last_reply.removeprefix(_HELD).removeprefix("; released ") or "–",
            )
            for item in page.items
        ],
    )
    if page.cursor:
        least = "" if page.matched_exact else "at least "
        complain(f"{len(page.items):,} of {least}{page.matched:,} shown; -n shows more.")


@inbox.command()
@verb
def view(
    *,
    id: IdArgument,
    part: Annotated[
        str, typer.Option(metavar="N", help="This part, decoded; octet for octet into a file.")
    ] = "",
    html: Annotated[bool, typer.Option("--html", help="The HTML as it was sent.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The whole message as it came.")] = False,
    links: Annotated[bool, typer.Option("--links", help="Only its links, one a line.")] = False,
    code: Annotated[bool, typer.Option("--code", help="Only its one-time code.")] = False,
    client: Client,
) -> None:
    """Show a message as text, with its parts, links, checks and the one-time code in it."""
    (message,) = read_ids([id])
    if sum(map(bool, (part, html, raw, links, code))) > 1:
        leave("Give one of --part, --html, --raw, --links and --code.", ExitCode.USAGE)
    if raw:
        client.run(lambda engine: write_raw(engine, message))
    elif part:
        client.run(lambda engine: _write_octets(engine, message, part))
    elif html:
        client.run(lambda engine: _write_text(engine, message, form="source"))
    else:
        json = client.json
        client.run(lambda engine: _show(engine, message, links=links, code=code, json=json))


async def _show(engine: Link, id: MessageId, *, links: bool, code: bool, json: bool) -> None:
    parts = await engine.ask(link.ListParts(id=id))
    if links or code:
        found = list(parts.links) if links else [parts.code] if parts.code else []
        if json:
            write_json(found)
            return
        for each in found:
            say(safe_text(each, 2000))
        if not found:
            leave(f"{id} has no {'link' if links else 'one-time code'}.", ExitCode.REFUSED)
    elif json:
        view = await engine.ask(link.ViewMessage(id=id))
        write_json({"message": codec.to_builtins(view), "inside": codec.to_builtins(parts)})
    else:
        view = await engine.ask(link.ViewMessage(id=id))
        recipients = ", ".join(one.address for one in view.recipients[:10])
        write_pairs(
            [
                ("id", view.id),
                ("from", f"<{view.reverse_path or ''}>"),
                ("to", recipients),
                ("subject", view.subject),
                ("size", octets(view.size)),
                *([("code", parts.code)] if parts.code else []),
            ]
        )
        _write_inside(parts)
        say()
        await _write_text(engine, id, form="text", parts=parts)


def _write_inside(parts: MessageParts) -> None:
    say()
    write_table(
        ("PART", "TYPE", "CHARSET", ">SIZE", "FILE"),
        [
            (
                "  " * one.depth + one.number,
                one.kind,
                one.charset,
                octets(one.size),
                one.filename or "–",
            )
            for one in parts.parts
        ],
    )
    say()
    for check in parts.checks:
        say(f"{'ok  ' if check.fine else 'look'}  {check.sentence}")


async def _write_text(
    engine: Link, id: MessageId, *, form: str, parts: MessageParts | None = None
) -> None:
    """The text that a reader sees, or the source of the HTML."""
    number = ""
    if form == "source":
        parts = await engine.ask(link.ListParts(id=id))
        number = parts.html
        if not number:
            leave(f"{id} has no HTML.", ExitCode.REFUSED)
    elif parts is not None and not (parts.html or parts.text):
        complain("It has no text; --part N writes one of its parts.")
        return
    offset: int | None = 0
    cut = False
    while offset is not None:
        request = (
            link.ReadPart(id=id, part=number, form="source", offset=offset, limit=_PIECE)
            if form == "source"
            else link.ReadPart(id=id, part=number, offset=offset, limit=_PIECE)
        )
        piece = await engine.ask(request)
        sys.stdout.write(piece.text)
        offset, cut = piece.next_offset, piece.cut
    say()
    if cut:
        complain("There is more than is shown; --raw has all of it.")


async def _write_octets(engine: Link, id: MessageId, part: str) -> None:
    """A part decoded: octet for octet into a file or pipe, made harmless on a terminal."""
    offset: int | None = 0
    while offset is not None:
        request = link.ReadPart(id=id, part=part, form="octets", offset=offset, limit=_PIECE)
        piece = await engine.ask(request)
        if sys.stdout.isatty():
            for line in piece.octets.splitlines():
                say(safe_text(line, _PIECE))
        else:
            sys.stdout.buffer.write(piece.octets)
        offset = piece.next_offset
    sys.stdout.flush()


@inbox.command()
@verb
def release(
    *,
    ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    to: Annotated[
        str, typer.Option("--to", metavar="HOST:PORT", help="The server that gets it.")
    ] = "",
    rcpt: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Instead of the recipients; may be repeated."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait for what comes of it.")
    ] = False,
    change: Change,
    client: Client,
) -> None:
    """Send captured messages for real, each once; they stay captured."""
    try:
        recipients = tuple(EmailAddress(each) for each in rcpt or ())
    except BadAddress as error:
        leave(f"--rcpt: {error}.", ExitCode.USAGE)
    request = link.ReleaseCaptured(
        ids=read_ids(ids),
        to=to,
        recipients=recipients,
        reason=change.reason,
        dry_run=change.dry_run,
    )

    async def send(engine: Link) -> tuple[Released, dict[MessageId, list[AttemptEnded]]]:
        since = SystemClock().now()
        done = await engine.ask(request)
        wait = not (change.dry_run or no_wait or done.queued)
        return done, await _outcomes(engine, done, since) if wait else {}

    done, outcomes = client.run(send)
    ended = [each for some in outcomes.values() for each in some]
    if client.json:
        write_json(
            {"released": codec.to_builtins(done), "outcomes": [codec.to_builtins(e) for e in ended]}
        )
    else:
        _write_release(done, ended, dry_run=change.dry_run, waited=bool(outcomes))
    if any(result.result != "delivered" for each in ended for result in each.results):
        raise SystemExit(ExitCode.REFUSED)


async def _outcomes(
    engine: Link, done: Released, since: float
) -> dict[MessageId, list[AttemptEnded]]:
    """What came of each message, as its timeline tells; waits for `_WAIT` seconds at most."""
    expected: dict[MessageId, int] = {}
    for item in done.items:
        expected[item.id] = expected.get(item.id, 0) + 1
    found: dict[MessageId, list[AttemptEnded]] = {each: [] for each in expected}
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + _WAIT, 0.05
    while loop.time() < until:
        for each, count in expected.items():
            if len(found[each]) < count:
                view = await engine.ask(link.ViewMessage(id=each))
                attempts = (one for one in view.timeline if isinstance(one, AttemptEnded))
                found[each] = [one for one in attempts if one.at >= since]
        if all(len(found[each]) >= count for each, count in expected.items()):
            break
        await asyncio.sleep(pause)
        pause = min(2 * pause, 1.0)
    return found


def _write_release(
    done: Released, ended: list[AttemptEnded], *, dry_run: bool, waited: bool
) -> None:
    count = f"{counted(done.messages, 'message')} ({counted(done.recipients, 'recipient')})"
    if done.queued:
        say(f"{count} {'would go' if dry_run else 'went'} into the queue.")
    elif dry_run:
        say(f"{count} would be sent.")
        for item in done.items:
            say(f"{item.id}  {', '.join(item.recipients[:3])}  {item.route}")
    for each in ended:
        for result in each.results:
            where_to = f" at {each.server}" if each.server else ""
            say(f"{each.id}  {result.address}  {result.result}{where_to}  {result.reply}")
    if not ended and not dry_run and not done.queued:
        say(f"{count} handed on; `empathctl inbox list` tells what came of it.")
    elif waited and len(ended) < len(done.items):
        complain("Not all have ended; `empathctl inbox list` tells what came of them.")
    if done.unknown:
        complain(f"No captured mail: {', '.join(done.unknown[:5])}")
    if dry_run:
        complain("Dry run: nothing was sent.")


@inbox.command()
@verb
def delete(
    *,
    ids: IdsArgument = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All captured mail, or all that --search finds.")
    ] = False,
    search: Annotated[str, typer.Option("--search", "-s", metavar="TEXT")] = "",
    expect: ExpectOption = None,
    yes: YesOption = False,
    change: Change,
    client: Client,
) -> None:
    """Delete captured messages."""
    named = read_ids(ids)
    if bool(named) == (everything or bool(search)):
        leave("Name the messages, or give --all or --search TEXT.", ExitCode.USAGE)
    request = link.DeleteMessages(
        ids=named,
        query="" if named else f"{CAPTURED} {search}".rstrip(),
        expect=expect,
        reason=change.reason,
        dry_run=change.dry_run,
    )
    if not yes:
        request = agreed(client, request, verb="Delete", told="Nobody will be told")
    change_queue(client, request, "deleted")
