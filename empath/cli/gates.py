"""`empathctl why`, `breaker` and `destination`: what keeps mail from its turn or sends it
elsewhere, and changing it.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from empath.cli.asking import Client
from empath.cli.preview import Change, Term, write_preview
from empath.cli.show import age, complain, counted, from_now, say, write_json, write_table
from empath.cli.verbs import group, verb
from empath.cli.words import DomainArgument, read_domain, read_ids, read_rate
from empath.clock import SystemClock
from empath.control import link
from empath.control.gate_requests import GateChange
from empath.control.request import Request

breaker = group("breaker", "Circuit breakers: destinations that failed are left alone for a while.")
destination = group(
    "destination",
    "Destinations: which are left alone or re-routed; suspend, resume, limit, re-route them.",
)


@verb
def why(*, id: Annotated[str, typer.Argument(metavar="ID")], client: Client) -> None:
    """Say why a message is where it is: one sentence a recipient, and what comes next."""
    (message,) = read_ids([id])
    found = client.ask(link.ExplainMessage(id=message))
    if client.json:
        write_json(found)
        return
    now = SystemClock().now()
    for one in found.recipients:
        say(one.sentence)
        if one.next_event:
            when = "" if one.next_at is None else f" {from_now(one.next_at, now)}"
            say(f"  next: {one.next_event}{when}")
    if found.total > len(found.recipients):
        complain(f"{len(found.recipients):,} of {counted(found.total, 'recipient')} shown.")


@breaker.command("open")
@verb
def open_breaker(*, domain: DomainArgument, term: Term, change: Change, client: Client) -> None:
    """Leave a destination alone for a while; then one attempt probes it."""
    _change(client, link.OpenBreaker, domain, change, seconds=term.seconds)


@breaker.command("probe")
@verb
def probe_breaker(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Let one attempt through an open breaker now: a success closes it."""
    _change(client, link.ProbeDestination, domain, change)


@breaker.command("close")
@verb
def close_breaker(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Let mail go to a destination again whose breaker is open."""
    _change(client, link.CloseBreaker, domain, change)


@breaker.command("reset")
@verb
def reset_breaker(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Forget all failures of a destination, and what its concurrency was reduced to."""
    _change(client, link.ResetBreaker, domain, change)


@destination.command("list-gates")
@verb
def list_gates(client: Client) -> None:
    """List breakers that are not closed, suspended, limited and re-routed destinations."""
    _show(client, link.ListGates())


@destination.command("list-unreached")
@verb
def list_unreached(client: Client) -> None:
    """List hosts and addresses that could not be reached lately, and are tried last."""
    found = client.ask(link.ListUnreached())
    if client.json:
        write_json(found.hosts)
        return
    if not found.hosts:
        complain("Every host that was tried lately was reached.")
        return
    now = SystemClock().now()
    write_table(
        ("HOST", ">PORT", ">SINCE", ">TRIED LAST FOR", "REASON"),
        [
            (one.host, str(one.port), age(now - one.since), age(one.until - now), one.reason)
            for one in found.hosts
        ],
    )


@destination.command()
@verb
def suspend(*, domain: DomainArgument, term: Term, change: Change, client: Client) -> None:
    """Send nothing to a destination until a time, or until it is resumed."""
    _change(client, link.SuspendDestination, domain, change, seconds=term.seconds)


@destination.command()
@verb
def resume(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Let mail go to a suspended destination again."""
    _change(client, link.ResumeDestination, domain, change)


@destination.command()
@verb
def reroute(
    *,
    domain: DomainArgument,
    to: Annotated[
        list[str],
        typer.Option(
            "--to", metavar="HOST[:PORT]", help="Repeat it for more, in order of preference."
        ),
    ],
    term: Term,
    change: Change,
    client: Client,
) -> None:
    """Send a destination's mail to other servers until a time, or until its route is restored.

    It holds from now on, over restarts too. Encryption that config requires for the destination
    is required of these servers.
    """
    _change(client, link.RerouteDestination, domain, change, to=tuple(to), seconds=term.seconds)


@destination.command()
@verb
def limit(
    *,
    domain: DomainArgument,
    rate: Annotated[
        str, typer.Argument(metavar="RATE", help='Attempts, such as "5/s", "30/m" or "100/h".')
    ],
    term: Term,
    change: Change,
    client: Client,
) -> None:
    """Send a destination's mail at this rate until a time, or until the limit is lifted.

    It holds from now on, over restarts too, and goes before the rate of the config.
    """
    _change(
        client,
        link.LimitDestination,
        domain,
        change,
        per_second=read_rate(rate),
        seconds=term.seconds,
    )


@destination.command("lift-limit")
@verb
def lift_limit(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Let the config decide again how fast mail goes to a destination."""
    _change(client, link.LiftLimit, domain, change)


@destination.command("restore-route")
@verb
def restore_route(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Send a re-routed destination's mail to its own servers again."""
    _change(client, link.RestoreRoute, domain, change)


def _change(
    client: Client,
    kind: type[GateChange],
    domain: str,
    change: Change,
    **more: Any,
) -> None:
    """Ask for a change of one destination, and show what is left alone or re-routed then."""
    request = kind(
        destination=read_domain(domain), reason=change.reason, dry_run=change.dry_run, **more
    )
    _show(client, request)


def _show(client: Client, request: Request[link.GateList]) -> None:
    found = client.ask(request)
    if found.preview is not None:
        write_preview(client, found.preview)
        return
    if client.json:
        write_json(found.gates)
        return
    if not found.gates:
        complain("No destination is left alone, limited or re-routed.")
        return
    now = SystemClock().now()
    write_table(
        ("DESTINATION", "STATE", ">ENDS", "BY", "REASON"),
        [
            (
                one.destination,
                f"breaker {one.state}" if one.gate == "breaker" else one.state,
                "–" if one.until is None else from_now(one.until, now),
                one.actor or "failures",
                one.reason or "–",
            )
            for one in found.gates
        ],
    )
