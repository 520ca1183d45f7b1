"""`empathctl why`, `breaker` and `destination`: what keeps mail from its turn or sends it
elsewhere, and changing it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, ask, where
from empath.cli.preview import (
    DryRunOption,
    ForOption,
    ReasonOption,
    UntilOption,
    seconds_of,
    write_preview,
)
from empath.cli.show import age, complain, counted, from_now, say, write_json, write_table
from empath.cli.words import read_domain, read_ids, read_rate
from empath.clock import SystemClock
from empath.control import link
from empath.control.request import Request

breaker = typer.Typer(
    name="breaker",
    help="Circuit breakers: destinations that failed are left alone for a while.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
destination = typer.Typer(
    name="destination",
    help="Destinations: which are left alone or re-routed; suspend, resume, limit, re-route them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN")]


def why(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Say why a message is where it is: one sentence a recipient, and what comes next."""
    (message,) = read_ids([id])
    found = ask(where(context, socket, config), link.ExplainMessage(id=message))
    if json:
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
def open_breaker(
    context: typer.Context,
    domain: DomainArgument,
    for_: ForOption = "",
    until: UntilOption = "",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Leave a destination alone for a while; then one attempt probes it."""
    request = link.OpenBreaker(
        destination=read_domain(domain),
        reason=reason,
        dry_run=dry_run,
        seconds=seconds_of(for_, until),
    )
    _show(context, request, json, socket, config)


@breaker.command("probe")
def probe_breaker(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Let one attempt through an open breaker now: a success closes it."""
    request = link.ProbeDestination(destination=read_domain(domain), reason=reason, dry_run=dry_run)
    _show(context, request, json, socket, config)


@breaker.command("close")
def close_breaker(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Let mail go to a destination again whose breaker is open."""
    request = link.CloseBreaker(destination=read_domain(domain), reason=reason, dry_run=dry_run)
    _show(context, request, json, socket, config)


@breaker.command("reset")
def reset_breaker(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Forget all failures of a destination, and what its concurrency was reduced to."""
    request = link.ResetBreaker(destination=read_domain(domain), reason=reason, dry_run=dry_run)
    _show(context, request, json, socket, config)


@destination.command("list-gates")
def list_gates(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List breakers that are not closed, suspended, limited and re-routed destinations."""
    _show(context, link.ListGates(), json, socket, config)


@destination.command("list-unreached")
def list_unreached(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List hosts and addresses that could not be reached lately, and are tried last."""
    found = ask(where(context, socket, config), link.ListUnreached())
    if json:
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
def suspend(
    context: typer.Context,
    domain: DomainArgument,
    for_: ForOption = "",
    until: UntilOption = "",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send nothing to a destination until a time, or until it is resumed."""
    request = link.SuspendDestination(
        destination=read_domain(domain),
        reason=reason,
        dry_run=dry_run,
        seconds=seconds_of(for_, until),
    )
    _show(context, request, json, socket, config)


@destination.command()
def resume(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Let mail go to a suspended destination again."""
    request = link.ResumeDestination(
        destination=read_domain(domain), reason=reason, dry_run=dry_run
    )
    _show(context, request, json, socket, config)


@destination.command()
def reroute(
    context: typer.Context,
    domain: DomainArgument,
    to: Annotated[
        list[str],
        typer.Option(
            "--to", metavar="HOST[:PORT]", help="Repeat it for more, in order of preference."
        ),
    ],
    for_: ForOption = "",
    until: UntilOption = "",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send a destination's mail to other servers until a time, or until its route is restored.

    It holds from now on, over restarts too. Encryption that config requires for the destination
    is required of these servers.
    """
    request = link.RerouteDestination(
        destination=read_domain(domain),
        reason=reason,
        dry_run=dry_run,
        to=tuple(to),
        seconds=seconds_of(for_, until),
    )
    _show(context, request, json, socket, config)


@destination.command()
def limit(
    context: typer.Context,
    domain: DomainArgument,
    rate: Annotated[
        str, typer.Argument(metavar="RATE", help='Attempts, such as "5/s", "30/m" or "100/h".')
    ],
    for_: ForOption = "",
    until: UntilOption = "",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send a destination's mail at this rate until a time, or until the limit is lifted.

    It holds from now on, over restarts too, and goes before the rate of the config.
    """
    request = link.LimitDestination(
        destination=read_domain(domain),
        per_second=read_rate(rate),
        reason=reason,
        dry_run=dry_run,
        seconds=seconds_of(for_, until),
    )
    _show(context, request, json, socket, config)


@destination.command("lift-limit")
def lift_limit(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Let the config decide again how fast mail goes to a destination."""
    request = link.LiftLimit(destination=read_domain(domain), reason=reason, dry_run=dry_run)
    _show(context, request, json, socket, config)


@destination.command("restore-route")
def restore_route(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send a re-routed destination's mail to its own servers again."""
    request = link.RestoreRoute(destination=read_domain(domain), reason=reason, dry_run=dry_run)
    _show(context, request, json, socket, config)


def _show(
    context: typer.Context,
    request: Request[link.GateList],
    json: bool,
    socket: SocketOption,
    config: ConfigOption,
) -> None:
    found = ask(where(context, socket, config), request)
    if found.preview is not None:
        if json:
            write_json(found.preview)
        else:
            write_preview(found.preview)
        return
    if json:
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
