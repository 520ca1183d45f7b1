"""`empathctl system` and `empathctl events`: the engine itself, and what happens in it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from empath import codec
from empath.cli.asking import Client, ConfigOption, SocketOption, run, where
from empath.cli.show import (
    age,
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
from empath.control import link
from empath.control.event_filter import checked
from empath.control.link import Link
from empath.observe.lines import text_line

system = group("system", "The engine itself: does it answer, how is it, stop it.")


@system.command()
@verb
def ping(client: Client) -> None:
    """Say who answers."""
    pong = client.ask(link.Ping())
    if client.json:
        write_json(pong)
    else:
        up = age(pong.now - pong.started_at)
        say(
            f"empath {pong.version} on {pong.hostname}, {pong.mode} mode, pid {pong.pid}, up {up}"
            + (", read-only" if pong.read_only else "")
        )


@system.command()
@verb
def status(client: Client) -> None:
    """Show the engine at a glance, and what needs attention."""
    found = client.ask(link.GetStatus())
    if client.json:
        write_json(found)
        return
    pong = found.pong
    oldest = "–" if found.oldest_at is None else age(pong.now - found.oldest_at)
    recipients = (
        f"{found.queued:,} queued, {found.deferred:,} deferred, {found.held:,} held,"
        f" {found.active:,} active"
    )
    done = (
        f"{found.accepted:,} accepted, {found.refused:,} refused, {found.delivered:,} delivered,"
        f" {found.deferrals:,} deferrals, {found.bounced:,} bounced"
    )
    write_pairs(
        [
            ("engine", f"empath {pong.version}, {pong.mode} mode, pid {pong.pid}"),
            ("hostname", pong.hostname),
            ("up", age(pong.now - pong.started_at)),
            ("listeners", ", ".join(found.listeners) or "none"),
            ("messages", f"{found.messages:,}, the oldest {oldest}"),
            ("recipients", recipients),
            ("next due", from_now(found.next_at, pong.now)),
            ("since start", done),
            ("connections", f"{found.sessions:,} in, {found.connections_out:,} out"),
            ("loop lag", f"{found.loop_lag * 1000:.1f} ms"),
            ("memory", octets(found.memory)),
            ("disk free", octets(found.free_octets)),
        ]
    )
    say()
    if not found.attention:
        say("Nothing needs attention.")
        return
    rows = [(one.severity, one.subject, one.sentence) for one in found.attention]
    write_table(("SEVERITY", "SUBJECT", "WHAT"), rows)


@system.command()
@verb
def stop(client: Client) -> None:
    """Have the engine finish what is on the wire, then stop."""
    reply = client.ask(link.StopEngine())
    if client.json:
        write_json(reply)
    else:
        say("The engine stops once what is on the wire is finished.")


def events(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    after: Annotated[
        int, typer.Option(metavar="N", min=0, help="Only events behind number N.")
    ] = 0,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND,…", help="Only of these kinds, such as deferred."),
    ] = None,
    dest: Annotated[
        str, typer.Option("--dest", metavar="DOMAIN", help="Only about this destination.")
    ] = "",
    message: Annotated[
        str, typer.Option("--id", metavar="ID", help="Only about this message.")
    ] = "",
    text: Annotated[
        str, typer.Option("--text", metavar="WORDS", help="Only those in which this occurs.")
    ] = "",
    json: Annotated[
        bool, typer.Option("--json", help="Write JSON; with --follow an object a line.")
    ] = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show what happened lately in the engine, and with --follow what happens."""
    kinds = tuple(one for part in kind or () for one in part.split(",") if one)
    only = link.EventFilter(kinds=kinds, destination=dest, id=message, text=text)

    async def tell(engine: Link) -> None:
        try:
            checked(only)
        except link.BadEventFilter as error:
            raise link.RequestUnclear(str(error)) from error
        if follow:
            await _follow(engine, after, only, json=json)
        else:
            await _look_back(engine, after, only, json=json)

    try:
        run(where(context, socket, config), tell)
    except SystemExit as end:
        if not (follow and end.code == 130):  # Ctrl-C is how following ends
            raise


async def _follow(engine: Link, after: int, only: link.EventFilter, *, json: bool) -> None:
    first = True
    async for notice in engine.events(after, only):
        if first and notice.missed and not json:
            complain(f"{counted(notice.missed, 'earlier event')} no longer kept.")
        _tell(notice, json=json, gap=not first)
        first = False


async def _look_back(engine: Link, after: int, only: link.EventFilter, *, json: bool) -> None:
    status = await engine.ask(link.GetStatus())
    kept: list[link.Notice] = []
    if status.sequence > after:
        first = True
        # Chosen from here: the last event there is must come, so that we know where to stop.
        async for notice in engine.events(after):
            if first and notice.missed and not json:
                complain(f"{counted(notice.missed, 'earlier event')} no longer kept.")
            if only.passes(notice.event):
                kept.append(notice)
                if not json:
                    _tell(notice, json=False, gap=not first)
            first = False
            if notice.sequence >= status.sequence:
                break
    if json:
        write_json(kept)


def _tell(notice: link.Notice, *, json: bool, gap: bool) -> None:
    if json:
        say(codec.encode(notice).decode())
    else:
        if notice.missed and gap:
            complain(f"{counted(notice.missed, 'event')} missed.")
        say(text_line(notice.event, transcript=False))
    sys.stdout.flush()
