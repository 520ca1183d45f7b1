"""`empathctl queue`: lists, one message, figures; `queue_changes` holds the rest."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from empath import codec
from empath.cli.asking import Client
from empath.cli.show import (
    age,
    clear_screen,
    complain,
    counted,
    from_now,
    octets,
    say,
    write_json,
    write_pairs,
    write_table,
)
from empath.cli.verbs import group, verb
from empath.cli.view import write_view
from empath.cli.words import read_ids
from empath.clock import SystemClock
from empath.control import link
from empath.control.link import Link, QueueItem
from empath.envelope import MessageId
from empath.safe_text import safe_text

queue = group("queue", "Mail that waits: look at it, try it again, keep it, give it up.")

STATES = (">QUEUED", ">DEFERRED", ">HELD", ">ACTIVE")
WATCH_EVERY = 2.0
"""Seconds between two looks of ``stats --watch``."""
_PART = 1024 * 1024

QueryOption = Annotated[
    str,
    typer.Option(
        "--query",
        "-q",
        metavar="QUERY",
        help='A filter, such as "state:deferred dest:example.org from:~news !rcpt:~ada".',
    ),
]


@queue.command("list")
@verb
def list_messages(
    *,
    query: QueryOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most messages shown.")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="Show all that match.")] = False,
    sort: Annotated[
        str,
        typer.Option(
            metavar="ORDER",
            help="age, next, size, tries, destination or from; -ORDER turns it round.",
        ),
    ] = "-age",
    oldest: Annotated[bool, typer.Option("--oldest", help="The same as --sort age.")] = False,
    client: Client,
) -> None:
    """List the messages in the queue, newest first."""
    wanted = None if everything else limit
    order = "age" if oldest else sort

    async def pages(engine: Link) -> None:
        cursor, shown, opened = "", 0, False
        while True:
            left = 1000 if wanted is None else min(1000, wanted - shown)
            request = link.ListQueue(query=query, sort=order, cursor=cursor, limit=left)
            page = await engine.ask(request)
            if client.json:
                _write_json_rows(page.items, first=not opened)
            elif page.items:
                _write_rows(page.items)
            opened = opened or bool(page.items)
            shown += len(page.items)
            cursor = page.cursor
            if not cursor or not page.items or (wanted is not None and shown >= wanted):
                break
        if client.json:
            say("\n]" if opened else "[]")
        elif not shown:
            complain("No message matches." if query else "The queue is empty.")
        if shown and cursor:
            least = "" if page.matched_exact else "at least "
            complain(f"{shown:,} of {least}{page.matched:,} shown; --all shows all.")

    client.run(pages)


def _write_json_rows(items: tuple[QueueItem, ...], *, first: bool) -> None:
    for item in items:
        sys.stdout.write("[\n  " if first else ",\n  ")
        sys.stdout.write(codec.encode(item).decode())
        first = False


def _write_rows(items: tuple[QueueItem, ...]) -> None:
    now = SystemClock().now()
    write_table(
        ("ID", "STATE", "PRIO", ">AGE", ">NEXT", ">TRIES", ">SIZE", "FROM", "TO", "LAST REPLY"),
        [
            (
                item.id,
                item.state,
                item.priority,
                age(now - item.received_at),
                from_now(item.next_at, now),
                str(item.attempts),
                octets(item.size),
                item.reverse_path or "<>",
                item.recipient + (f" +{item.recipients - 1}" if item.recipients > 1 else ""),
                item.last_reply or "–",
            )
            for item in items
        ],
    )


@queue.command()
@verb
def select(
    *,
    query: Annotated[
        str, typer.Argument(metavar="[QUERY]", show_default=False, help="A filter; none: all.")
    ] = "",
    client: Client,
) -> None:
    """Freeze all messages that match now under a name, for --selection of the changes."""
    found = client.ask(link.SelectMessages(query=query))
    if client.json:
        write_json(found)
        return
    recipients = counted(found.recipients, "recipient")
    say(f"{found.id}  {counted(found.messages, 'message')} ({recipients}, {octets(found.octets)})")
    lasts = from_now(found.expires_at, found.taken_at)
    complain(
        f"--selection {found.id} --expect {found.messages} means these and no others; it ends"
        f" {lasts}."
    )


@queue.command()
@verb
def view(
    *,
    id: Annotated[str, typer.Argument(metavar="ID")],
    raw: Annotated[bool, typer.Option("--raw", help="The content of the message instead.")] = False,
    client: Client,
) -> None:
    """Show one message: envelope, recipients, headers, timeline, last failed dialogue."""
    (message,) = read_ids([id])
    if raw:
        client.run(lambda engine: write_raw(engine, message))
        return
    found = client.ask(link.ViewMessage(id=message))
    if client.json:
        write_json(found)
    else:
        write_view(found, SystemClock().now())


async def write_raw(engine: Link, id: MessageId) -> None:
    """The content: octet for octet into a file or pipe, made harmless on a terminal."""
    offset = 0
    while True:
        part = await engine.ask(link.ReadContent(id=id, offset=offset, limit=_PART))
        if sys.stdout.isatty():
            for line in part.octets.splitlines():
                say(safe_text(line, _PART))
        else:
            sys.stdout.buffer.write(part.octets)
        offset += len(part.octets)
        if offset >= part.size or not part.octets:
            break
    sys.stdout.flush()


@queue.command()
@verb
def stats(
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again every 2 s.")] = False,
    client: Client,
) -> None:
    """Show how much mail waits, and for which destinations."""

    async def look(engine: Link) -> None:
        while True:
            status = await engine.ask(link.GetStatus())
            destinations = await engine.ask(link.ListDestinations())
            if watch and not client.json:
                clear_screen()
            _write_stats(status, destinations, json=client.json)
            if len(destinations.items) < destinations.total:
                shown = f"{len(destinations.items):,} of {destinations.total:,}"
                complain(f"{shown} destinations shown, longest queue first.")
            sys.stdout.flush()
            if not watch:
                break
            await asyncio.sleep(WATCH_EVERY)

    try:
        client.run(look)
    except SystemExit as end:
        if not (watch and end.code == 130):  # Ctrl-C is how watching ends
            raise


def _write_stats(status: link.Status, destinations: link.Destinations, *, json: bool) -> None:
    counts = {name: getattr(status, name) for name in ("queued", "deferred", "held", "active")}
    if json:
        rows = [codec.to_builtins(item) for item in destinations.items]
        write_json({"messages": status.messages, **counts, "destinations": rows})
        return
    now = status.pong.now
    oldest = "–" if status.oldest_at is None else age(now - status.oldest_at)
    write_pairs(
        [
            ("messages", f"{status.messages:,}"),
            ("recipients", ", ".join(f"{count:,} {name}" for name, count in counts.items())),
            ("oldest", oldest),
            ("next due", from_now(status.next_at, now)),
        ]
    )
    if not destinations.items:
        return
    say()
    write_table(
        (
            "DESTINATION",
            ">QUEUED",
            ">DEFERRED",
            ">HELD",
            ">ACTIVE",
            ">CONN",
            ">OLDEST",
            "LAST REPLY",
        ),
        [
            (
                item.destination,
                *(f"{count:,}" for count in (item.queued, item.deferred, item.held, item.active)),
                str(item.connections),
                "–" if item.oldest_at is None else age(now - item.oldest_at),
                item.last_reply or "–",
            )
            for item in destinations.items
        ],
    )
