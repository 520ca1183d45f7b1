"""`empathctl why`, `breaker` and `destination`: what keeps mail from its turn, and changing it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, ask, leave, where
from empath.cli.exit_codes import ExitCode
from empath.cli.show import age, complain, counted, from_now, say, write_json, write_table
from empath.cli.words import read_domain, read_ids
from empath.clock import SystemClock
from empath.config.units import BadUnit, Duration
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
    help="Destinations: which are left alone; suspend and resume them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN")]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Why; shown in every verdict.")]
ForOption = Annotated[str, typer.Option("--for", metavar="DURATION", help='Such as "90m" or "2d".')]
UntilOption = Annotated[
    str,
    typer.Option(metavar="TIME", help='Such as "2026-11-23T06:00+01:00"; local without a zone.'),
]


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
    reason: ReasonOption = "",
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Leave a destination alone for a while; then one attempt probes it."""
    seconds = _duration(for_) if for_ else None
    request = link.OpenBreaker(destination=read_domain(domain), seconds=seconds, reason=reason)
    _show(context, request, json, socket, config)


@breaker.command("close")
def close_breaker(
    context: typer.Context,
    domain: DomainArgument,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Let mail go to a destination again whose breaker is open."""
    _show(context, link.CloseBreaker(destination=read_domain(domain)), json, socket, config)


@breaker.command("reset")
def reset_breaker(
    context: typer.Context,
    domain: DomainArgument,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Forget all failures of a destination, and what its concurrency was reduced to."""
    _show(context, link.ResetBreaker(destination=read_domain(domain)), json, socket, config)


@destination.command("list-gates")
def list_gates(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List breakers that are not closed, and suspended destinations."""
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
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send nothing to a destination until a time, or until it is resumed."""
    if for_ and until:
        leave("Give either --for or --until, not both.", ExitCode.USAGE)
    seconds = _duration(for_) if for_ else _seconds_until(until) if until else None
    request = link.SuspendDestination(
        destination=read_domain(domain), seconds=seconds, reason=reason
    )
    _show(context, request, json, socket, config)


@destination.command()
def resume(
    context: typer.Context,
    domain: DomainArgument,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Let mail go to a suspended destination again."""
    _show(context, link.ResumeDestination(destination=read_domain(domain)), json, socket, config)


def _show(
    context: typer.Context,
    request: Request[link.GateList],
    json: bool,
    socket: SocketOption,
    config: ConfigOption,
) -> None:
    found = ask(where(context, socket, config), request)
    if json:
        write_json(found.gates)
        return
    if not found.gates:
        complain("No destination is left alone.")
        return
    now = SystemClock().now()
    write_table(
        ("DESTINATION", "STATE", ">ENDS", "BY", "REASON"),
        [
            (
                one.destination,
                one.state if one.gate == "suspension" else f"breaker {one.state}",
                "–" if one.until is None else from_now(one.until, now),
                one.actor or "failures",
                one.reason or "–",
            )
            for one in found.gates
        ],
    )


def _duration(text: str) -> float:
    try:
        return float(Duration.parse(text))
    except BadUnit as error:
        leave(f"{error}.", ExitCode.USAGE)


def _seconds_until(text: str) -> float:
    try:
        at = datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        leave(f'"{text[:60]}" is not a time such as 2026-11-23T06:00.', ExitCode.USAGE)
    seconds = at - SystemClock().now()
    if seconds <= 0:
        leave(f'"{text[:60]}" has passed.', ExitCode.USAGE)
    return seconds
