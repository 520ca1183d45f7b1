"""`empathctl dns`: what the resolver keeps, and overrides."""

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
from empath.cli.words import read_domain
from empath.clock import SystemClock
from empath.control import link

dns = typer.Typer(
    name="dns",
    help="Names: what is kept of them, and domains whose mail goes elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN")]


@dns.command("list-cache")
def list_cache(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List the answers that are kept."""
    _write_cache(ask(where(context, socket, config), link.ListDnsCache()), json=json)


@dns.command("clear-cache")
def clear_cache(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this name.")] = "",
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Forget the answers that are kept."""
    done = ask(where(context, socket, config), link.ClearDnsCache(name=name))
    if json:
        write_json(done)
    else:
        say(f"{counted(done.entries, 'answer')} forgotten.")


@dns.command()
def refresh(
    context: typer.Context,
    domain: DomainArgument,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Look a mail domain up afresh: its MX and their addresses."""
    request = link.RefreshDns(domain=read_domain(domain))
    _write_cache(ask(where(context, socket, config), request), json=json)


def _write_cache(cache: link.DnsCache, *, json: bool) -> None:
    if json:
        write_json(cache.entries)
    elif not cache.entries:
        complain("No answer is kept.")
    else:
        now = SystemClock().now()
        write_table(
            ("NAME", "KIND", ">KEPT FOR", "ANSWER"),
            [
                (one.name, one.kind, age(one.expires_at - now), ", ".join(one.answer) or "none")
                for one in cache.entries
            ],
        )


@dns.command("list-overrides")
def list_overrides(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """List the domains whose mail goes to hosts of your choice."""
    _write_overrides(ask(where(context, socket, config), link.ListDnsOverrides()), json=json)


@dns.command("set-override")
def set_override(
    context: typer.Context,
    domain: DomainArgument,
    hosts: Annotated[list[str], typer.Argument(metavar="HOST[:PORT]...")],
    for_: ForOption = "",
    until: UntilOption = "",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Send a domain's mail to these hosts, in order of preference, whatever the DNS says.

    It holds from now on, over restarts too, until a time or until it is removed.
    """
    request = link.SetDnsOverride(
        domain=read_domain(domain),
        hosts=tuple(hosts),
        reason=reason,
        dry_run=dry_run,
        seconds=seconds_of(for_, until),
    )
    _write_overrides(ask(where(context, socket, config), request), json=json)


@dns.command("remove-override")
def remove_override(
    context: typer.Context,
    domain: DomainArgument,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Ask the DNS again where a domain's mail goes."""
    request = link.RemoveDnsOverride(domain=read_domain(domain), reason=reason, dry_run=dry_run)
    _write_overrides(ask(where(context, socket, config), request), json=json)


def _write_overrides(reply: link.DnsOverrides, *, json: bool) -> None:
    if reply.preview is not None:
        if json:
            write_json(reply.preview)
        else:
            write_preview(reply.preview)
    elif json:
        write_json(reply.overrides)
    elif not reply.overrides:
        complain("There is no override.")
    else:
        now = SystemClock().now()
        rows = [
            (
                one.domain,
                ", ".join(one.hosts),
                "–" if one.until is None else from_now(one.until, now),
                one.actor or "–",
                one.reason or "–",
            )
            for one in reply.overrides
        ]
        write_table(("DOMAIN", "HOSTS", ">ENDS", "BY", "REASON"), rows)
