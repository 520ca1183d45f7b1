"""`empathctl queue shape` and `senders`, `destination view`, `system latency` and `upcoming`: the
queue as a whole, one destination in full, who sends most, how long mail takes, what comes next.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Annotated

import typer

from empath.cli.asking import ConfigOption, JsonOption, SocketOption, ask, where
from empath.cli.show import (
    age,
    clock_time,
    complain,
    counted,
    from_now,
    octets,
    write_json,
    write_pairs,
    write_table,
)
from empath.cli.words import read_domain
from empath.clock import SystemClock
from empath.config.units import Rate
from empath.control import link
from empath.control.link import DestinationView, Shape, ShapeRow, Timing

LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Most rows.")]
NULL = "<>"
_HOUR = 3590.0
"""Seconds, less the way of an answer."""


class By(enum.StrEnum):
    """What a row of the shape is."""

    DESTINATION = "destination"
    SENDER = "sender"


class Basis(enum.StrEnum):
    """What the bins are of."""

    QUEUED = "queued"
    NEXT = "next"


class SenderBy(enum.StrEnum):
    """By what senders are told apart."""

    SENDER = "sender"
    DOMAIN = "domain"
    CLIENT = "client"


def shape(
    context: typer.Context,
    basis: Annotated[
        Basis, typer.Option(help="Age since arrival, or time until the next attempt.")
    ] = Basis.QUEUED,
    by: Annotated[By, typer.Option(help="Domains of recipients, or of senders.")] = By.DESTINATION,
    match: Annotated[
        str, typer.Option("--match", metavar="TEXT", help='Only names with it; "!TEXT": without.')
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="total, name, queued, deferred, held, oldest, next, conn, gate, bin0 … bin7;"
            " with - the greatest first.",
        ),
    ] = "-total",
    limit: LimitOption = 40,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show the queue by age and destination, as Postfix's qshape does."""
    request = link.GetShape(by=by.value, basis=basis.value, query=match, sort=sort, limit=limit)
    found = ask(where(context, socket, config), request)
    if json:
        write_json(found)
        return
    titles = (*map(str, found.bounds), f"{found.bounds[-1]}+")
    write_table(
        ("", ">T", *(f">{title}" for title in titles), *_more_titles(by)),
        [
            ("TOTAL", *_figures(found.total), *_more(found.total, by)),
            *((row.name or NULL, *_figures(row), *_more(row, by)) for row in found.rows),
        ],
    )
    _say_rest(found, basis)


def _figures(row: ShapeRow) -> Iterator[str]:
    yield str(row.total)
    yield from map(str, row.bins)


def _more_titles(by: By) -> tuple[str, ...]:
    return ("STATE",) if by is By.DESTINATION else ()


def _more(row: ShapeRow, by: By) -> tuple[str, ...]:
    if by is By.SENDER:
        return ()
    breaker = f"breaker {row.breaker}" if row.breaker else ""
    return (", ".join(filter(None, (breaker, row.gate))) or "–",)


def _say_rest(found: Shape, basis: Basis) -> None:
    said = "since arrival" if basis is Basis.QUEUED else "until the next attempt"
    more = f"{len(found.rows):,} of {found.matched:,} shown; " if found.cursor else ""
    complain(f"{more}recipients by minutes {said}, {found.age:.0f}s ago.")


def senders(
    context: typer.Context,
    by: Annotated[SenderBy, typer.Option(help="What a row is.")] = SenderBy.SENDER,
    queued: Annotated[
        bool, typer.Option("--queued", help="Those with most in the queue first.")
    ] = False,
    limit: LimitOption = 20,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show who sends most: in the last hour, and what of it is queued."""
    request = link.ListSenders(by=by.value, sort="queued" if queued else "accepted", limit=limit)
    found = ask(where(context, socket, config), request)
    if json:
        write_json(found)
        return
    if not found.items:
        complain("Nothing was accepted in the last hour, and nothing is queued.")
        return
    now = SystemClock().now()
    write_table(
        (by.value.upper(), ">ACCEPTED", ">QUEUED", ">SIZE", ">OLDEST"),
        [
            (
                item.name or NULL,
                f"{item.accepted:,}",
                f"{item.queued:,}",
                octets(item.octets) if item.queued else "–",
                "–" if item.oldest_at is None else age(now - item.oldest_at),
            )
            for item in found.items
        ],
    )
    if now - found.since < _HOUR:
        complain(f"The engine started {age(now - found.since)} ago: accepted since then.")
    if found.error:
        complain(f"Of so many that each of the accepted may be {found.error:,} too great.")


def latency(
    context: typer.Context,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show how long mail took from arrival to delivery in the last hour, by class."""
    found = ask(where(context, socket, config), link.GetLatency())
    if json:
        write_json(found)
        return
    write_table(
        ("CLASS", ">WAITING", ">DELIVERED", ">P50", ">P95", ">P99"),
        [
            (each.priority, f"{each.queued:,}", f"{each.timing.count:,}", *_times(each.timing))
            for each in found.classes
        ],
    )


def upcoming(
    context: typer.Context,
    limit: LimitOption = 20,
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show what happens next by itself, and when: attempts, probes, ends of gates, expiries."""
    found = ask(where(context, socket, config), link.ListUpcoming(limit=limit))
    if json:
        write_json(found)
        return
    if not found.items:
        complain("Nothing waits, and no gate ends.")
        return
    write_table(
        (">IN", "AT", "WHAT", "OF", ""),
        [
            (
                from_now(item.at, found.now),
                clock_time(item.at),
                item.what,
                item.subject,
                item.detail or "–",
            )
            for item in found.items
        ],
    )


def view(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN")],
    json: JsonOption = False,
    socket: SocketOption = None,
    config: ConfigOption = None,
) -> None:
    """Show one destination: its queue, gates, servers, encryption and what became of its mail."""
    place = where(context, socket, config)
    found = ask(place, link.ViewDestination(destination=read_domain(domain)))
    if json:
        write_json(found)
    else:
        write_destination(found, found.now - ask(place, link.Ping()).started_at)


def write_destination(found: DestinationView, up: float) -> None:
    """All of one destination under each other, by an engine that is *up* so many seconds."""
    now = found.now
    queue = (
        f"{found.queued:,} queued, {found.deferred:,} deferred, {found.held:,} held,"
        f" {found.active:,} active"
    )
    attempts = f"{found.connections} run, {found.allowed} allowed, at most {found.most}"
    if found.most_source:
        attempts += f" ({found.most_source})"
    pairs = [
        ("destination", found.destination),
        ("recipients", queue),
        ("oldest", "–" if found.oldest_at is None else age(now - found.oldest_at)),
        ("next attempt", from_now(found.next_at, now)),
        ("last reply", found.last_reply or "–"),
        ("attempts", attempts),
        ("breaker", f"{found.breaker}, {found.failures} of {found.failures_allowed} failures"),
    ]
    pairs += [(gate.gate, _gate(gate, now)) for gate in found.gates]
    if found.rate is not None:
        rate = found.rate
        now_left = f"{rate.tokens:.1f} of {rate.burst} may go now"
        told = f"{Rate(rate.per_second)}, {now_left} ({rate.source})"
        pairs.append(("rate", told))
    pairs += [("held because", hold) for hold in found.holds]
    pairs.append(("servers", found.route or found.route_fault or "not looked up lately"))
    pairs += [("", _host(host)) for host in found.hosts]
    pairs += _tls(found, now)
    last = found.outcomes[-12:]
    became = [
        (sum(each.delivered for each in last), "delivered"),
        (sum(each.deferred for each in last), "deferred"),
        (sum(each.failed for each in last), "failed"),
        (sum(each.unreached for each in last), "not reached"),
    ]
    told = ", ".join(f"{count:,} {word}" for count, word in became if count)
    # What was before the start is not known: it is not said to be nothing.
    counted = "last hour" if up >= 3600 else f"up {age(up)}"
    nothing = "nothing was tried" if up >= 3600 else "nothing was tried since the start"
    pairs.append((counted, told or nothing))
    if found.codes:
        shown = ", ".join(f"{code} ({count:,})" for code, count in found.codes)
        pairs.append(("answers", shown))
    if found.attempts.count:
        pairs.append(("an attempt", _timing(found.attempts)))
    if found.latency.count:
        pairs.append(("delivery", _timing(found.latency)))
    write_pairs(pairs)


def _gate(gate: link.GateItem, now: float) -> str:
    ends = "" if gate.until is None else f", ends {from_now(gate.until, now)}"
    return f"{gate.state} by {gate.actor or 'failures'}{ends}: {gate.reason or 'no reason given'}"


def _host(host: link.RouteHost) -> str:
    known = ", ".join(host.addresses)
    told = f"{host.preference} {host.host}:{host.port}" + (f" [{known}]" if known else "")
    return told + (f", tried last: {host.unreached}" if host.unreached else "")


def _tls(found: DestinationView, now: float) -> list[tuple[str, str]]:
    tls = found.tls
    if tls is None:
        return [("encryption", "nothing is known: no session lately")]
    sessions = [f"{count:,} {version}" for version, count in sorted(tls.versions.items())]
    if tls.plaintext:
        sessions.append(f"{tls.plaintext:,} in clear")
    policy = f"policy {tls.policy or 'none'} ({tls.source})" if tls.source else tls.policy
    lines = [
        (
            "encryption",
            f"{', '.join(sessions) or 'no session'}; {tls.verified:,} verified; {policy}",
        )
    ]
    if tls.failures:
        failed = ", ".join(f"{counted(count, fault)}" for fault, count in tls.failures.items())
        lines.append(("", f"failed: {failed}; last: {tls.last_failure}"))
    if tls.expires_at is not None:
        lines.append(("", f"certificate expires {from_now(tls.expires_at, now)}"))
    return lines


def _times(timing: Timing) -> tuple[str, str, str]:
    if not timing.count:
        return ("–", "–", "–")
    return seconds(timing.p50), seconds(timing.p95), seconds(timing.p99)


def _timing(timing: Timing) -> str:
    half, most, nearly = _times(timing)
    return f"half within {half}, 95 % within {most}, 99 % within {nearly}"


def seconds(value: float) -> str:
    """A length of time, fine where it is short: ``85ms``, ``1.4s``, ``3m07s``."""
    if value < 1:
        return f"{value * 1000:.0f}ms"
    return f"{value:.1f}s" if value < 60 else age(value)
