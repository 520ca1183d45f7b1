"""`empathctl queue`, the commands that change something: retry, hold, release, delete, bounce,
reroute, priority, flush.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from empath.cli.asking import Client, leave
from empath.cli.exit_codes import ExitCode
from empath.cli.jobs import write_change
from empath.cli.preview import Change, Term
from empath.cli.queue import QueryOption
from empath.cli.show import counted
from empath.cli.verbs import verb
from empath.cli.words import read_domain, read_ids
from empath.config.model import PriorityClass
from empath.control import link
from empath.control.queue_requests import QueueChange
from empath.control.request import Request
from empath.safe_text import safe_text

Q = TypeVar("Q", bound=QueueChange)

ExpectOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Change nothing unless exactly N messages match."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

SelectionOption = Annotated[
    str,
    typer.Option("--selection", metavar="ID", help="The messages that `queue select` has frozen."),
]

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Messages:
    """The options of a change of messages: which ones."""

    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)] = None
    query: QueryOption = ""
    selection: SelectionOption = ""


def request_for(
    kind: type[Q],
    messages: Messages,
    expect: int | None,
    change: Change,
    **more: Any,
) -> Q:
    """The request of this kind for what the command line says; ends the command on a bad id."""
    return kind(
        ids=read_ids(messages.ids),
        query=messages.query,
        selection=messages.selection,
        expect=expect,
        reason=change.reason,
        dry_run=change.dry_run,
        **more,
    )


@verb
def retry(
    *, messages: Messages, expect: ExpectOption = None, change: Change, client: Client
) -> None:
    """Try messages again now instead of when they are due."""
    change_queue(client, request_for(link.RetryMessages, messages, expect, change), "due now")


@verb
def hold(
    *, messages: Messages, expect: ExpectOption = None, change: Change, client: Client
) -> None:
    """Keep messages from being delivered until they are released."""
    change_queue(client, request_for(link.HoldMessages, messages, expect, change), "held")


@verb
def release(
    *, messages: Messages, expect: ExpectOption = None, change: Change, client: Client
) -> None:
    """Queue held messages again."""
    change_queue(client, request_for(link.ReleaseMessages, messages, expect, change), "released")


@verb
def delete(
    *,
    messages: Messages,
    expect: ExpectOption = None,
    yes: YesOption = False,
    change: Change,
    client: Client,
) -> None:
    """Give messages up. Nobody is told; `trash restore` brings them back for a while."""
    request = request_for(link.DeleteMessages, messages, expect, change)
    if not yes:
        request = agreed(client, request, verb="Delete", told="Nobody will be told")
    change_queue(client, request, "deleted")


@verb
def bounce(
    *,
    messages: Messages,
    status: Annotated[
        str, typer.Option(metavar="5.X.X", help="The RFC 3463 code the sender is given.")
    ] = "5.7.0",
    expect: ExpectOption = None,
    yes: YesOption = False,
    change: Change,
    client: Client,
) -> None:
    """Return messages to their senders, who read the reason. They are not tried again."""
    request = request_for(link.BounceMessages, messages, expect, change, status=status)
    if not yes:
        request = agreed(client, request, verb="Return", told="Their senders are told")
    change_queue(client, request, "returned to their senders")


def agreed(client: Client, request: Q, *, verb: str, told: str) -> Q:
    """The request, for as many messages as were agreed to on the terminal; a dry run as it is."""
    if request.dry_run:
        return request
    if not sys.stdin.isatty():
        leave(
            f"This {verb.lower()}s mail: add --yes where there is no terminal to ask.",
            ExitCode.USAGE,
        )
    if request.ids:
        count = counted(len(request.ids), "message")
    elif request.selection:
        count = f"what is in {safe_text(request.selection, 40)}"
    else:
        found = client.ask(link.ListQueue(query=request.query, limit=1))
        count = f"{'' if found.matched_exact else 'at least '}{counted(found.matched, 'message')}"
        if request.expect is None and found.matched_exact:
            request = msgspec.structs.replace(request, expect=found.matched)
    if not typer.confirm(f"{verb} {count}? {told}", default=False, err=True):
        leave(f"Nothing was {verb.lower()}{'d' if verb.endswith('e') else 'ed'}.", ExitCode.REFUSED)
    return request


@verb
def reroute(
    *,
    messages: Messages,
    to: Annotated[
        str, typer.Option("--to", metavar="HOST[:PORT]", help="The server they go to.")
    ] = "",
    back: Annotated[
        bool, typer.Option("--back", help="To their destination's own servers again.")
    ] = False,
    term: Term,
    expect: ExpectOption = None,
    change: Change,
    client: Client,
) -> None:
    """Send messages to another server from now on, instead of their destination's own."""
    if bool(to) == back:
        leave("Give either --to HOST:PORT or --back.", ExitCode.USAGE)
    request = request_for(
        link.RerouteMessages, messages, expect, change, to=to, seconds=term.seconds
    )
    what = f"now go to {safe_text(to, 300)}" if to else "now go to their own servers"
    change_queue(client, request, what)


@verb
def priority(
    *,
    words: Annotated[list[str], typer.Argument(metavar="[ID]... CLASS", show_default=False)],
    query: QueryOption = "",
    selection: SelectionOption = "",
    expect: ExpectOption = None,
    change: Change,
    client: Client,
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
    messages = Messages(ids, query, selection)
    request = request_for(link.PrioritizeMessages, messages, expect, change, priority=name.value)
    change_queue(client, request, f"now {name}")


@verb
def flush(
    *,
    destination: Annotated[
        str | None, typer.Argument(metavar="[DOMAIN]", help="Only mail for this domain.")
    ] = None,
    change: Change,
    client: Client,
) -> None:
    """Try everything that waits again now."""
    domain = None if destination is None else read_domain(destination)
    request = link.FlushQueue(destination=domain, reason=change.reason, dry_run=change.dry_run)
    change_queue(client, request, "due now")


def change_queue(client: Client, request: Request[link.Changed], what: str) -> None:
    """Ask for a change and tell what it did; ends the command when some ids were unknown.

    *what* is what the messages are now, such as ``held``.
    """
    done = client.ask(request)
    write_change(client, done, what)
    if done.unknown:
        named, more = done.unknown[:_NAMED], len(done.unknown) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        leave(f"Not in the queue: {', '.join(named)}{rest}.", ExitCode.REFUSED)


CHANGES = (retry, hold, release, delete, bounce, reroute, priority, flush)
"""The commands, as they are listed."""
