"""`empathctl record`: who did what when, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from empath.cli.asking import Client
from empath.cli.show import clock_time, complain, write_json, write_table
from empath.cli.verbs import verb
from empath.control import link
from empath.events import OperatorRecord


@verb
def record(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Most shown.")] = 50,
    before: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Only what is older than this one.")
    ] = None,
    client: Client,
) -> None:
    """List what operators did, newest first: who, when, to what, and why."""
    found = client.ask(link.ListRecord(limit=limit, before=before))
    if client.json:
        write_json(found.items)
        return
    if not found.items:
        complain("No operator has changed anything yet.")
        return
    write_table(
        ("WHEN", "WHO", "WHAT", "ON", ">MESSAGES", "UNTIL", "REASON"),
        [_row(one.record) for one in found.items],
    )
    if len(found.items) == limit:
        complain(f"--before {found.items[-1].number} shows what is older.")


def _row(one: OperatorRecord) -> tuple[str, ...]:
    what = f"{one.action} {one.detail}" if one.detail else one.action
    if not one.finished:
        messages = "unfinished"
    else:
        messages = "–" if one.messages is None else f"{one.messages:,}"
    return (
        clock_time(one.at),
        one.actor,
        what,
        one.target,
        messages,
        "–" if one.until is None else clock_time(one.until),
        one.reason or "–",
    )
