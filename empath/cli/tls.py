"""`empathctl tls`: how mail is encrypted on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from empath.cli.asking import Client
from empath.cli.show import age, complain, write_json, write_table
from empath.cli.verbs import group, verb
from empath.clock import SystemClock
from empath.control import link

tls = group("tls", "Encryption: what each destination gets, and what failed.")


@tls.callback()
def _group() -> None:
    """Encryption: what each destination gets, and what failed."""


@tls.command("list")
@verb
def list_tls(
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most destinations to show.")] = 200,
    client: Client,
) -> None:
    """List the destinations heard of last, with their policy and what became of it."""
    reply = client.ask(link.ListTls(limit=limit))
    if client.json:
        write_json(reply.items)
    elif not reply.items:
        complain("No mail was sent yet.")
    else:
        now = SystemClock().now()
        write_table(
            (
                "DESTINATION",
                "POLICY",
                ">VERIFIED",
                ">CLEAR",
                "VERSIONS",
                ">CERTIFICATE",
                "FAILURES",
                "LAST FAILURE",
            ),
            [_row(item, now) for item in reply.items],
        )
    if len(reply.items) < reply.total:
        complain(f"{len(reply.items):,} of {reply.total:,} shown; --limit {reply.total} shows all.")


def _row(item: link.TlsDestination, now: float) -> tuple[str, ...]:
    return (
        item.destination,
        f"{item.policy} ({item.source})",
        f"{item.verified:,}",
        f"{item.plaintext:,}",
        _counts(item.versions),
        _certificate(item.expires_at, now),
        _counts(item.failures),
        item.last_failure or "–",
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "–"


def _certificate(expires_at: float | None, now: float) -> str:
    if expires_at is None:
        return "–"
    return "expired" if expires_at <= now else age(expires_at - now)
