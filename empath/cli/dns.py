"""`empathctl dns`: what the resolver keeps, and overrides."""

from __future__ import annotations

from typing import Annotated

import typer

from empath.cli.asking import Client
from empath.cli.preview import Change, Term, write_preview
from empath.cli.show import age, complain, counted, from_now, say, write_json, write_table
from empath.cli.verbs import group, verb
from empath.cli.words import DomainArgument, read_domain
from empath.clock import SystemClock
from empath.control import link

dns = group("dns", "Names: what is kept of them, and domains whose mail goes elsewhere.")


@dns.command("list-cache")
@verb
def list_cache(client: Client) -> None:
    """List the answers that are kept."""
    _write_cache(client, client.ask(link.ListDnsCache()))


@dns.command("clear-cache")
@verb
def clear_cache(
    *,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this name.")] = "",
    client: Client,
) -> None:
    """Forget the answers that are kept."""
    done = client.ask(link.ClearDnsCache(name=name))
    if client.json:
        write_json(done)
    else:
        say(f"{counted(done.entries, 'answer')} forgotten.")


@dns.command()
@verb
def refresh(*, domain: DomainArgument, client: Client) -> None:
    """Look a mail domain up afresh: its MX and their addresses."""
    request = link.RefreshDns(domain=read_domain(domain))
    _write_cache(client, client.ask(request))


def _write_cache(client: Client, cache: link.DnsCache) -> None:
    if client.json:
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
@verb
def list_overrides(client: Client) -> None:
    """List the domains whose mail goes to hosts of your choice."""
    _write_overrides(client, client.ask(link.ListDnsOverrides()))


@dns.command("set-override")
@verb
def set_override(
    *,
    domain: DomainArgument,
    hosts: Annotated[list[str], typer.Argument(metavar="HOST[:PORT]...")],
    term: Term,
    change: Change,
    client: Client,
) -> None:
    """Send a domain's mail to these hosts, in order of preference, whatever the DNS says.

    It holds from now on, over restarts too, until a time or until it is removed.
    """
    request = link.SetDnsOverride(
        domain=read_domain(domain),
        hosts=tuple(hosts),
        reason=change.reason,
        dry_run=change.dry_run,
        seconds=term.seconds,
    )
    _write_overrides(client, client.ask(request))


@dns.command("remove-override")
@verb
def remove_override(*, domain: DomainArgument, change: Change, client: Client) -> None:
    """Ask the DNS again where a domain's mail goes."""
    request = link.RemoveDnsOverride(
        domain=read_domain(domain), reason=change.reason, dry_run=change.dry_run
    )
    _write_overrides(client, client.ask(request))


def _write_overrides(client: Client, reply: link.DnsOverrides) -> None:
    if reply.preview is not None:
        write_preview(client, reply.preview)
    elif client.json:
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
