"""`empathctl queue`, the commands that change something: retry, hold, release, delete, bounce,
reroute, priority, flush.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, Where, ask, leave, where
from empath.cli.exit_codes import ExitCode
from empath.cli.preview import (
    DryRunOption,
    ForOption,
    ReasonOption,
    UntilOption,
    seconds_of,
    write_preview,
)
from empath.cli.queue import QueryOption
from empath.cli.show import complain, counted, say, write_json
from empath.cli.words import read_domain, read_ids
from empath.config.model import PriorityClass
from empath.control import link
from empath.envelope import MessageId
from empath.safe_text import safe_text

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)]
ExpectOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Change nothing unless exactly N messages match."),
]

_NAMED = 5


def retry(
    context: typer.Context,
    ids: IdsArgument = None,
    query: QueryOption = "",
    expect: ExpectOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Try messages again now instead of when they are due."""
    request = link.RetryMessages(
        ids=read_ids(ids), query=query, expect=expect, reason=reason, dry_run=dry_run
    )
    report(ask(where(context, socket, config), request), "due now", json=json)


def hold(
    context: typer.Context,
    ids: IdsArgument = None,
    query: QueryOption = "",
    expect: ExpectOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Keep messages from being delivered until they are released."""
    request = link.HoldMessages(
        ids=read_ids(ids), query=query, expect=expect, reason=reason, dry_run=dry_run
    )
    report(ask(where(context, socket, config), request), "held", json=json)


def release(
    context: typer.Context,
    ids: IdsArgument = None,
    query: QueryOption = "",
    expect: ExpectOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Queue held messages again."""
    request = link.ReleaseMessages(
        ids=read_ids(ids), query=query, expect=expect, reason=reason, dry_run=dry_run
    )
    report(ask(where(context, socket, config), request), "released", json=json)


def delete(
    context: typer.Context,
    ids: IdsArgument = None,
    query: QueryOption = "",
    expect: ExpectOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Give messages up. Nobody is told: neither the sender nor the recipients."""
    place = where(context, socket, config)
    named = read_ids(ids)
    if not yes and not dry_run:
        expect = confirm(place, named, query, expect, verb="Delete", told="Nobody will be told")
    request = link.DeleteMessages(
        ids=named, query=query, expect=expect, reason=reason, dry_run=dry_run
    )
    report(ask(place, request), "deleted", json=json)


def confirm(
    place: Where,
    ids: tuple[MessageId, ...],
    query: str,
    expect: int | None,
    *,
    verb: str,
    told: str,
) -> int | None:
    """Ask on a terminal; returns how many messages were agreed to."""
    if not sys.stdin.isatty():
        leave(
            f"This {verb.lower()}s mail: add --yes where there is no terminal to ask.",
            ExitCode.USAGE,
        )
    if ids:
        count = f"{counted(len(ids), 'message')}"
    else:
        found = ask(place, link.ListQueue(query=query, limit=1))
        count = f"{'' if found.matched_exact else 'at least '}{counted(found.matched, 'message')}"
        if expect is None and found.matched_exact:
            expect = found.matched
    if not typer.confirm(f"{verb} {count}? {told}", default=False, err=True):
        leave(f"Nothing was {verb.lower()}{'d' if verb.endswith('e') else 'ed'}.", ExitCode.REFUSED)
    return expect


def bounce(
    context: typer.Context,
    ids: IdsArgument = None,
    query: QueryOption = "",
    status: Annotated[
        str, typer.Option(metavar="5.X.X", help="The RFC 3463 code the sender is given.")
    ] = "5.7.0",
    *,
    expect: ExpectOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Return messages to their senders, who read the reason. They are not tried again."""
    place = where(context, socket, config)
    named = read_ids(ids)
    if not yes and not dry_run:
        expect = confirm(place, named, query, expect, verb="Return", told="Their senders are told")
    request = link.BounceMessages(
        ids=named, query=query, expect=expect, reason=reason, dry_run=dry_run, status=status
    )
    report(ask(place, request), "returned to their senders", json=json)


def reroute(
    context: typer.Context,
    ids: IdsArgument = None,
    query: QueryOption = "",
    to: Annotated[
        str, typer.Option("--to", metavar="HOST[:PORT]", help="The server they go to.")
    ] = "",
    back: Annotated[
        bool, typer.Option("--back", help="To their destination's own servers again.")
    ] = False,
    for_: ForOption = "",
    until: UntilOption = "",
    *,
    expect: ExpectOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send messages to another server from now on, instead of their destination's own."""
    if bool(to) == back:
        leave("Give either --to HOST:PORT or --back.", ExitCode.USAGE)
    request = link.RerouteMessages(
        ids=read_ids(ids),
        query=query,
        expect=expect,
        reason=reason,
        dry_run=dry_run,
        to=to,
        seconds=seconds_of(for_, until),
    )
    what = f"now go to {safe_text(to, 300)}" if to else "now go to their own servers"
    report(ask(where(context, socket, config), request), what, json=json)


def priority(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="[ID]... CLASS", show_default=False)],
    query: QueryOption = "",
    expect: ExpectOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Make messages more or less urgent: critical, high, normal, low or bulk."""
    *ids, word = words
    try:
        name = PriorityClass(word.lower())
    except ValueError:
        leave(
            f"The class comes last: {', '.join(PriorityClass)} (got {safe_text(word, 80)}).",
            ExitCode.USAGE,
        )
    request = link.PrioritizeMessages(
        ids=read_ids(ids),
        query=query,
        expect=expect,
        reason=reason,
        dry_run=dry_run,
        priority=name.value,
    )
    report(ask(where(context, socket, config), request), f"now {name}", json=json)


def flush(
    context: typer.Context,
    destination: Annotated[
        str | None, typer.Argument(metavar="[DOMAIN]", help="Only mail for this domain.")
    ] = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Try everything that waits again now."""
    domain = None if destination is None else read_domain(destination)
    reply = ask(
        where(context, socket, config),
        link.FlushQueue(destination=domain, reason=reason, dry_run=dry_run),
    )
    report(reply, "due now", json=json)


def report(done: link.Changed, what: str, *, json: bool) -> None:
    """Say what a change did, in the words *what*."""
    _write(done, what, json=json)
    if done.unknown:
        named, more = done.unknown[:_NAMED], len(done.unknown) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        leave(f"Not in the queue: {', '.join(named)}{rest}.", ExitCode.REFUSED)


def _write(done: link.Changed, what: str, *, json: bool) -> None:
    if json:
        write_json(done if done.preview is None else done.preview)
        return
    if done.preview is not None:
        write_preview(done.preview)
        return
    recipients = counted(done.recipients, "recipient")
    say(f"{counted(done.messages, 'message')} ({recipients}) {what}.")
    if done.in_flight:
        complain(
            f"{counted(done.in_flight, 'recipient')} being delivered at this moment left alone."
        )
    if done.note:
        complain(f"{safe_text(done.note)}.")


CHANGES = (retry, hold, release, delete, bounce, reroute, priority, flush)
"""The commands, as they are listed."""
