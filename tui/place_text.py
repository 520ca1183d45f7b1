"""One destination as lines of text: what holds it, its servers, how mail to it fares.

Pure: a view, a time and a width in, lines out.  Everything that a server said is made harmless.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Final

from rich.text import Text

from empath.control.link import DestinationView, GateItem, OutcomeColumn, RouteHost, Timing
from tui.figures import age, count, due, milliseconds, time_of_day
from tui.safety import safe
from tui.series import Series
from tui.theme import Styles
from tui.widgets.spark import rows_of

LABEL: Final = 11
HOUR: Final = 12
"""Columns of the last hour."""

_SIGNS: Final = {
    "breaker": ("✖", "bad"),
    "suspension": ("■", "special"),
    "override": ("→", "special"),
    "limit": ("▼", "special"),
}


class _Lines:
    """Lines with a name each."""

    def __init__(self, styles: Styles, width: int) -> None:
        self.styles = styles
        self._room = max(20, width - LABEL - 2)
        self.lines: list[Text] = []

    def wrap(self, name: str, text: str, role: str, most: int = 3) -> None:
        """A text that may be long, in at most *most* lines."""
        parts = wrap(text, self._room, max_lines=most, placeholder=" …", break_on_hyphens=False)
        for number, part in enumerate(parts):
            self.add("" if number else name, (part, role))

    def add(self, name: str, *pieces: tuple[str, str]) -> None:
        """One line; a line without a name goes on with the one before."""
        self.lines.append(
            Text.assemble(
                (f" {name:<{LABEL}}", self.styles["muted"]),
                *((text, self.styles[role]) for text, role in pieces),
            )
        )


def standing_lines(
    view: DestinationView, now: float, width: int, level: Series, styles: Styles
) -> list[Text]:
    """What holds the destination, how much it may have, and where its mail goes."""
    lines = _Lines(styles, width)
    _breaker(lines, view, now)
    for gate in view.gates:
        if gate.gate != "breaker":
            _gate(lines, gate, now)
    if view.outcomes:
        strip = [column_sign(column) for column in view.outcomes]
        pieces = [("".join(sign for sign, _ in run), run[0][1]) for run in _runs(strip)]
        lines.add("history", *pieces, ("  2 h, 5 min a cell", "muted"))
    _attempts(lines, view, width, level)
    states = ((n, getattr(view, n)) for n in ("queued", "deferred", "held", "active"))
    lines.add(
        "queue",
        (count(view.queued + view.deferred + view.held + view.active), "strong"),
        ("  " + " · ".join(f"{count(number)} {name}" for name, number in states), "text"),
    )
    _times(lines, view, now)
    if view.last_reply:
        lines.wrap("last reply", safe(view.last_reply, 400), "text")
    _servers(lines, view)
    return lines.lines


def _breaker(lines: _Lines, view: DestinationView, now: float) -> None:
    gate = next((each for each in view.gates if each.gate == "breaker"), None)
    if gate is None:
        lines.add(
            "breaker",
            ("● closed", "good"),
            (f"  {view.failures} of {view.failures_allowed} failures that open it", "muted"),
        )
        return
    left = 0.0 if gate.until is None else max(0.0, gate.until - now)
    since = "" if gate.since is None else f" since {time_of_day(gate.since)}"
    if gate.state == "open":
        lines.add("breaker", (f"✖ OPEN{since}", "bad"), (f"  probe in {age(left)}", "strong"))
    else:
        lines.add(
            "breaker", (f"◐ HALF-OPEN{since}", "warn"), ("  the next attempt decides", "text")
        )
    who = f"{safe(gate.actor)}: " if gate.actor else ""
    lines.wrap("  reason", f"{who}{safe(gate.reason, 300) or 'none given'}", "text")


def _gate(lines: _Lines, gate: GateItem, now: float) -> None:
    sign, role = _SIGNS.get(gate.gate, ("●", "text"))
    ends = "until an operator ends it"
    if gate.until is not None:
        ends = f"until {time_of_day(gate.until)}, {age(max(0.0, gate.until - now))} more"
    lines.add(gate.gate, (f"{sign} {safe(gate.state, 200)}", role), (f"  {ends}", "text"))
    said = f"op:{safe(gate.actor) or '?'}" + (f": {safe(gate.reason, 300)}" if gate.reason else "")
    lines.wrap("", said, "muted")


def _attempts(lines: _Lines, view: DestinationView, width: int, level: Series) -> None:
    lines.add(
        "attempts",
        (f"{view.connections}/{view.allowed}", "strong"),
        (f" at once, at most {view.most}", "text"),
        (f"  {safe(view.most_source)}", "muted"),
    )
    rate = view.rate
    if rate is None:
        lines.add("limiter", ("no limit of attempts a second", "muted"))
        return
    lines.add(
        "limiter",
        (f"{rate.tokens:.1f} of {rate.burst} left", "strong"),
        (f" · {rate.per_second:g}/s", "text"),
        (f"  {safe(rate.source)}", "muted"),
    )
    columns, _per = level.columns(max(1, min(60, width - LABEL - 20)))
    if len(columns) > 1:
        (chart,) = rows_of(columns, 1, max(1.0, float(rate.burst)))
        lines.add("", (chart, "info"), ("  what is left of it", "muted"))


def _times(lines: _Lines, view: DestinationView, now: float) -> None:
    if view.oldest_at is not None:
        pieces = [(age(now - view.oldest_at), "text")]
        if view.expires_at is not None:
            left = view.expires_at - now
            role = "bad" if left < 3600 else "warn" if left < 6 * 3600 else "muted"
            pieces.append((f" → given up in {age(max(0.0, left))}", role))
        lines.add("oldest", *pieces)
    if view.next_at is not None:
        pieces = [(due(view.next_at, now), "text")]
        if view.next_at <= now + 300:  # a breaker or a suspension keeps none of it for longer
            pieces.append((f"  {count(view.nexts[0])} in 5 min", "muted"))
        lines.add("next", *pieces)
    for hold in view.holds:
        lines.wrap("held, as", safe(hold, 300), "text")


def _servers(lines: _Lines, view: DestinationView) -> None:
    if not view.hosts:
        said = safe(view.route_fault, 300) or "not looked up lately"
        lines.add("servers", (said, "bad" if view.route_fault else "muted"))
        return
    for number, host in enumerate(view.hosts[:6]):
        lines.add(safe(view.route, LABEL - 1) if not number else "", *_host(host))
    if len(view.hosts) > 6:
        lines.add("", (f"and {len(view.hosts) - 6} more", "muted"))


def _host(host: RouteHost) -> Iterable[tuple[str, str]]:
    port = "" if host.port == 25 else f":{host.port}"
    yield f"{host.preference:>2} {safe(host.host)}{port}", "text"
    if host.addresses:
        more = f" +{len(host.addresses) - 1}" if len(host.addresses) > 1 else ""
        yield f"  {safe(host.addresses[0])}{more}", "muted"
    if host.unreached:
        yield f"  ✖ {safe(host.unreached, 120)}", "bad"


def column_sign(column: OutcomeColumn) -> tuple[str, str]:
    """One cell of the history: what the attempts of five minutes came to."""
    good = column.delivered
    bad = column.deferred + column.unreached
    if not good and not bad and not column.failed:
        return "·", "faint"
    if column.unreached and not good:
        return "✖", "bad"
    if good and not bad:
        return "●", "good"
    return ("◐", "warn") if good else ("▲", "warn")


def _runs(strip: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Neighbours of one role together."""
    if not strip:
        return []
    found = [[strip[0]]]
    for before, after in pairwise(strip):
        if before[1] == after[1]:
            found[-1].append(after)
        else:
            found.append([after])
    return found


def counted_for(up: float) -> str:
    """For how long an engine that is *up* so many seconds has counted what is told of an hour."""
    return "last hour" if up >= 3600 else f"since the start {age(up)} ago"


def fate_lines(
    view: DestinationView, now: float, width: int, styles: Styles, up: float = math.inf
) -> list[Text]:
    """What became of mail in the last hour, how it was encrypted, and how long it took; *up* are
    the seconds of the engine, which knows of nothing before.
    """
    lines = _Lines(styles, width)
    _tls(lines, view, now, up)
    last = view.outcomes[-HOUR:]
    sums = (
        ("delivered", sum(each.delivered for each in last), "good"),
        ("deferred", sum(each.deferred for each in last), "warn"),
        ("failed", sum(each.failed for each in last), "bad"),
        ("no session", sum(each.unreached for each in last), "bad"),
    )
    most = max(number for _, number, _ in sums)
    room = max(1, width - LABEL - 12)
    for name, number, role in sums:
        length = 0 if not most or not number else max(1, round(number / most * room))
        lines.add(
            name,
            ("█" * length + " " * (room - length), role),
            (f"{count(number):>8}", "strong" if number else "muted"),
        )
    if view.codes:
        shown = " · ".join(f"{safe(code, 20)} {count(number)}" for code, number in view.codes)
        lines.wrap("answers", shown, "text", most=2)
    lines.add("an attempt", *timing(view.attempts))
    lines.add("delivery", *timing(view.latency))
    return lines.lines


def _tls(lines: _Lines, view: DestinationView, now: float, up: float) -> None:
    tls = view.tls
    if tls is None:
        when = "lately" if up >= 3600 else counted_for(up)
        lines.add("TLS", (f"nothing is known: no session {when}", "muted"))
        return
    whole = sum(tls.versions.values())
    every = whole + tls.plaintext
    pieces: list[tuple[str, str]] = []
    for version, number in sorted(tls.versions.items(), reverse=True):
        pieces.append((f"● {safe(version, 12)} {_share(number, every)}  ", "good"))
    if tls.plaintext:
        pieces.append((f"▲ in clear {_share(tls.plaintext, every)}  ", "warn"))
    lines.add("TLS", *(pieces or [("no session yet", "muted")]))
    policy = f"{safe(tls.policy) or 'none'}" + (
        f" ({safe(tls.source)})" if tls.source not in {"", "default"} else ""
    )
    verified = (
        "✓ name proved" if whole and tls.verified == whole else f"{count(tls.verified)} proved"
    )
    lines.add(
        "",
        (verified if tls.verified else "name not proved", "good" if tls.verified else "muted"),
        (f" · {policy}", "text"),
    )
    if tls.expires_at is not None:
        left = tls.expires_at - now
        role = "bad" if left < 0 else "warn" if left < 14 * 86400 else "muted"
        said = f"certificate expires in {age(left)}" if left > 0 else "certificate has expired"
        lines.add("", (said, role))
    if tls.failures:
        shown = " · ".join(f"{safe(fault, 40)} {count(n)}" for fault, n in tls.failures.items())
        lines.add("", (f"✖ {shown}", "bad"))
        if tls.last_failure:
            lines.wrap("", safe(tls.last_failure, 300), "muted", most=2)


def _share(number: int, every: int) -> str:
    part = 100 * number / every
    return "100 %" if number == every else f"{part:.1f} %" if part >= 0.1 else "<0.1 %"


def timing(found: Timing) -> list[tuple[str, str]]:
    """``p50 0.9s · p95 4.1s · p99 30.0s``, and of how many."""
    if not found.count:
        return [("–", "faint")]
    parts = ((name, getattr(found, name)) for name in ("p50", "p95", "p99"))
    shown = " · ".join(f"{name} {duration(value)}" for name, value in parts)
    return [(shown, "text"), (f"  of {count(found.count)}", "muted")]


def duration(seconds: float) -> str:
    """A time that may be short or long: ``85ms``, ``4.1s``, ``3m07s``."""
    return milliseconds(seconds) if seconds < 60 else age(seconds)
