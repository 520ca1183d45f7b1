"""The first line of every screen: who the engine is, whether it answers, and how mail flows.

It is painted every second from the store, keeps its own clock, and turns its ground amber or
red when what is shown below may not be trusted.
"""

from __future__ import annotations

from rich.cells import cell_len

from tui.connection import Phase
from tui.figures import age, count, milliseconds, rate, time_of_day
from tui.replay import Tape
from tui.store import Store
from tui.widgets.bars import Line, Piece

_BAR = ("  ", "faint")


class StatusBar(Line):
    """The engine at a glance."""

    def update_from(self, store: Store) -> None:
        """Paint what the store says."""
        phase = store.phase
        connection = store.connection
        pong = connection.pong or (store.status.pong if store.status else None)
        name = pong.hostname if pong else ""
        left: list[Piece] = [(" empath ", "strong")]
        if name:
            left.append((name, "text"))
        left.append(_BAR)
        left += self._link(store, phase)
        if pong is not None and pong.mode and pong.mode != "relay":
            left += [_BAR, (pong.mode.upper(), "special")]
        if connection.read_only and store.replay is None:
            left += [_BAR, ("READ-ONLY", "warn")]
        status = store.status
        if status is not None:
            flow = [
                _BAR,
                ("in ", "muted"),
                (_rate(store, "accepted", phase), "text"),
                ("  out ", "muted"),
                (_rate(store, "delivered", phase), "text"),
                _BAR,
                ("queue ", "muted"),
                (count(status.messages), "text"),
            ]
            left += flow
            if self.size.width >= 100:
                more: list[list[Piece]] = [
                    [
                        # One is counted in messages, the other in their recipients.
                        (" msg", "muted"),
                        _BAR,
                        ("deferred ", "muted"),
                        (count(status.deferred), _hot(status.deferred)),
                        (" rcpt", "muted"),
                    ]
                ]
                # Whether an engine that does not answer is up, nobody knows.
                gone = phase is Phase.OFFLINE
                up = None if gone else store.now - status.pong.started_at
                more.append([_BAR, ("up ", "muted"), (age(up), "text")])
                # A figure that does not fit is left out, and its name with it.
                room = self.size.width - 10
                for pieces in more:
                    if sum(cell_len(text) for text, _ in (*left, *pieces)) <= room:
                        left += pieces
        dim = phase in (Phase.OFFLINE, Phase.STALE)
        if dim:
            left = [(text, role if role.startswith("bar") else "muted") for text, role in left]
        self.show(left, [(f" {time_of_day(store.clock.now())} ", "muted")])

    def _link(self, store: Store, phase: Phase) -> list[Piece]:
        connection = store.connection
        if store.replay is not None:
            return [(_tape(store.replay), "bar_warn")]
        match phase:
            case Phase.LIVE:
                pieces: list[Piece] = [("● live", "good")]
                if connection.latency is not None:
                    pieces.append((f" {milliseconds(connection.latency)}", "muted"))
                return pieces
            case Phase.CONNECTING:
                return [("◐ connecting", "info")]
            case Phase.STALE:
                heard = connection.heard_at or 0.0
                return [(f" ▲ STALE {age(store.clock.monotonic() - heard)} ", "bar_warn")]
            case Phase.OFFLINE:
                lost = connection.lost_at or store.clock.monotonic()
                return [(f" ✖ OFFLINE {age(store.clock.monotonic() - lost)} ", "bar_bad")]
            case Phase.INCOMPATIBLE:
                return [(" ▲ INCOMPATIBLE ", "bar_warn")]


def _tape(tape: Tape) -> str:
    """What is played is never taken for what is."""
    how = "ended" if tape.ended else "paused" if tape.paused else f"{tape.speed:g}x"
    return f" ▶ REPLAY {how} {age(tape.position)} of {age(tape.length)} "


def _rate(store: Store, name: str, phase: Phase) -> str:
    if phase in (Phase.OFFLINE, Phase.STALE):
        return "–"
    return f"{rate(store.rate(name))}/s"


def _hot(number: int) -> str:
    return "warn" if number else "text"
