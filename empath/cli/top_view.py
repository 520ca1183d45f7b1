"""What `empathctl top` shows: one look at an engine as lines that fit a terminal, or none.

Pure: two looks in, lines out.  Everything from the engine is sanitised here; state is told by sign
and word, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from empath.cli.show import STYLES, age, counted, from_now, octets
from empath.control.link import (
    AttentionItem,
    ClassLatency,
    DestinationItem,
    Destinations,
    GateItem,
    GateList,
    Latency,
    Status,
)
from empath.safe_text import safe_text

_LONGEST: Final = 400
_SPARE: Final = (">CONN", ">HELD", ">DEFERRED")
"""Columns that give way in a narrow terminal, in this order."""
_GAP: Final = "  "
_SIGNS: Final = {"open": "✖ open", "half-open": "◐ half-open"}
_ATTENTION: Final = 6
"""Most things that need attention, on a screen."""


class Rates(Struct, frozen=True, kw_only=True):
    """Recipients, or for the first two transactions, a second."""

    accepted: float
    refused: float
    delivered: float
    deferred: float
    bounced: float


class Look(Struct, frozen=True, kw_only=True):
    """One look at an engine; also what ``--json`` writes, an object each."""

    at: float
    seconds: float | None
    """Over which the rates are; None for the first look, and after a restart."""
    rates: Rates | None
    status: Status
    destinations: tuple[DestinationItem, ...]
    total: int
    """Destinations that mail waits for."""
    gates: tuple[GateItem, ...]
    latency: tuple[ClassLatency, ...]


class Lost(Struct, frozen=True, kw_only=True):
    """The engine does not answer; also what ``--json`` writes then."""

    at: float
    lost: str


def look(
    status: Status,
    destinations: Destinations,
    gates: GateList,
    latency: Latency,
    *,
    before: Look | None,
) -> Look:
    """What was answered, with the rates since *before*, unless that was another run."""
    seconds = rates = None
    if before is not None and before.status.pong.started_at == status.pong.started_at:
        earlier = before.status
        seconds = status.pong.now - earlier.pong.now
        if seconds > 0:
            rates = Rates(
                accepted=(status.accepted - earlier.accepted) / seconds,
                refused=(status.refused - earlier.refused) / seconds,
                delivered=(status.delivered - earlier.delivered) / seconds,
                deferred=(status.deferrals - earlier.deferrals) / seconds,
                bounced=(status.bounced - earlier.bounced) / seconds,
            )
    return Look(
        at=status.pong.now,
        seconds=seconds if rates else None,
        rates=rates,
        status=status,
        destinations=destinations.items,
        total=destinations.total,
        gates=gates.gates,
        latency=latency.classes,
    )


def on_screen(found: Look, *, width: int, height: int, lost: str = "") -> list[Text]:
    """The look in lines for a terminal of that size.

    With *lost*, why the engine does not answer, the look is an old one and shown as that.
    """
    head = [
        *_offline(lost),
        *_engine(found.status),
        *_flow(found),
        *_queue(found),
        *_latency(found),
        *_attention(found.status.attention, _ATTENTION),
        Text(),
    ]
    # Under the destinations there are their titles and how many more there are.
    shown = [*head, *_places(found, max(0, height - len(head) - 2), width)][:height]
    for line in shown:
        line.truncate(width, overflow="ellipsis")
        if lost and not line.plain.startswith("✖ OFFLINE"):
            line.stylize("dim")
    return shown


def block(found: Look, places: int) -> list[str]:
    """The look in plain lines of any length, with so many *places* at most."""
    shown = [
        *_engine(found.status),
        *_flow(found),
        *_queue(found),
        *_latency(found),
        *_attention(found.status.attention, None),
        *_places(found, places),
    ]
    return [line.plain for line in shown]


def _offline(lost: str) -> Iterator[Text]:
    if lost:
        yield Text("✖ OFFLINE, trying again; what follows was so before", "bold red")
        yield Text(safe_text(lost, _LONGEST))


def _engine(status: Status) -> Iterator[Text]:
    pong = status.pong
    yield Text.assemble(
        (safe_text(pong.hostname, 80), "bold"),
        f"{_GAP}empath {safe_text(pong.version, 40)}, {safe_text(pong.mode, 20)} mode, pid"
        f" {pong.pid}, up {age(pong.now - pong.started_at)}",
    )
    yield Text(
        f"connections {status.sessions:,} in, {status.connections_out:,} out{_GAP}"
        f"loop lag {1000 * status.loop_lag:.1f} ms{_GAP}memory {octets(status.memory)}{_GAP}"
        f"disk free {octets(status.free_octets)}",
    )


def _flow(found: Look) -> Iterator[Text]:
    rates = found.rates
    words = ("accepted", "refused", "delivered", "deferred", "bounced")
    shown = [f"{word} {'–' if rates is None else _rate(getattr(rates, word))}" for word in words]
    yield Text(_GAP.join(shown))


def _rate(each_second: float) -> str:
    return f"{each_second:,.0f}/s" if each_second >= 100 else f"{each_second:.1f}/s"


def _queue(found: Look) -> Iterator[Text]:
    status = found.status
    oldest = "–" if status.oldest_at is None else age(found.at - status.oldest_at)
    recipients = status.active + status.queued + status.deferred + status.held
    yield Text(
        f"{counted(status.messages, 'message')}, {counted(recipients, 'recipient')}:"
        f" {status.active:,} active, {status.queued:,} queued,"
        f" {status.deferred:,} deferred, {status.held:,} held"
    )
    yield Text(f"oldest {oldest}{_GAP}next {from_now(status.next_at, found.at)}")


def _latency(found: Look) -> Iterator[Text]:
    timings = [(one.priority, one.timing) for one in found.latency if one.timing.count]
    if timings:
        shown = [f"{name} {_seconds(each.p50)} {_seconds(each.p99)}" for name, each in timings]
        yield Text(f"delivered after (p50 p99){_GAP}{_GAP.join(shown)}")


def _seconds(spent: float) -> str:
    return f"{1000 * spent:.0f}ms" if spent < 1 else f"{spent:.1f}s" if spent < 10 else age(spent)


def _attention(items: Sequence[AttentionItem], most: int | None) -> Iterator[Text]:
    if not items:
        yield Text("● nothing needs attention", "green")
    for one in items[:most]:
        sign = "✖" if one.severity == "error" else "▲"
        yield Text(
            f"{sign} {one.severity}: {safe_text(one.subject, 80)}: "
            f"{safe_text(one.sentence, _LONGEST)}",
            STYLES.get(one.severity, ""),
        )
    if most is not None and len(items) > most:
        yield Text(f"  and {len(items) - most:,} more: empathctl system status")


def _places(found: Look, room: int, width: int | None = None) -> Iterator[Text]:
    if not found.destinations:
        yield Text("No mail waits.")
        return
    breakers = {one.destination: one for one in found.gates if one.gate == "breaker"}
    rows = [
        (
            safe_text(one.destination, 60),
            f"{one.queued + one.deferred + one.held + one.active:,}",
            f"{one.deferred:,}",
            f"{one.held:,}",
            f"{one.connections:,}",
            _breaker(breakers.get(one.destination), found.at),
            "–" if one.oldest_at is None else age(found.at - one.oldest_at),
            from_now(one.next_at, found.at),
            safe_text(one.last_reply, _LONGEST),
        )
        for one in found.destinations[:room]
    ]
    yield from _table(
        (
            *("DESTINATION", ">WAITING", ">DEFERRED", ">HELD", ">CONN", "BREAKER", ">OLDEST"),
            *(">NEXT", "LAST REPLY"),
        ),
        rows,
        width,
    )
    if more := found.total - len(rows):
        yield Text(f"and {more:,} more destinations: empathctl queue stats")


def _breaker(gate: GateItem | None, now: float) -> str:
    if gate is None:
        return "● closed"
    word = _SIGNS.get(gate.state, safe_text(gate.state, 20))
    return word if gate.until is None else f"{word} {from_now(gate.until, now)}"


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], width: int | None = None
) -> Iterator[Text]:
    """The rows under their titles.  Where *width* has no room for all but the last column, those
    of `_SPARE` are left out one by one; the last is cut where it is shown.
    """
    names = [column.removeprefix(">") for column in columns]
    cells = [names, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    shown = list(range(len(columns)))
    for spare in _SPARE:
        wanted = sum(widths[place] + len(_GAP) for place in shown[:-1])
        if width is None or wanted <= width:
            break
        shown.remove(columns.index(spare))
    breaker = columns.index("BREAKER")
    for number, row in enumerate(cells):
        padded = []
        for place in shown:
            cell, blank = row[place], " " * (widths[place] - cell_len(row[place]))
            padded.append(blank + cell if columns[place].startswith(">") else cell + blank)
        style = "bold" if number == 0 else "red" if "✖" in row[breaker] else ""
        yield Text(_GAP.join(padded).rstrip(), style)
