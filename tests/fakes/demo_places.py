"""What the relay in memory knows of its destinations: gates, encryption, what became of mail."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from empath.address import Domain
from empath.control.link import (
    GateItem,
    OutcomeColumn,
    QueueItem,
    RateLevel,
    RouteHost,
    SenderItem,
    Timing,
    TlsDestination,
    UpcomingItem,
    WhyItem,
    WhyReply,
)
from tests.fakes.memory_shape import MemoryShape

TLS = {
    "gmail.example": ("TLSv1.3", True),
    "outlook.example": ("TLSv1.3", True),
    "bigmail.example": ("TLSv1.3", False),
    "isp.example": ("plaintext", False),
    "university.example": ("TLSv1.2", False),
    "partner.example": ("failed", False),
}
RUNNING = {"gmail.example": (20, 20), "outlook.example": (9, 20), "startup.example": (2, 5)}


def gates(now: float) -> list[GateItem]:
    """Two open breakers, one that probes, and a destination that an operator suspended."""

    def gate(name: str, kind: str, state: str, until: float | None, **more: Any) -> GateItem:
        return GateItem(
            destination=Domain(name),
            gate=kind,
            state=state,
            until=until,
            **{"reason": "", "actor": "", "since": now - 108, **more},
        )

    return [
        gate(
            "bigmail.example",
            "breaker",
            "open",
            now + 72,
            reason="421 4.7.0 Too many connections from your IP, slow down",
        ),
        gate(
            "bigmail.example",
            "limit",
            "limited to 30/m",
            now + 2400,
            reason="they asked us to",
            actor="ada",
        ),
        gate("corp.example", "breaker", "open", now + 251, reason="cannot connect: timed out"),
        gate("isp.example", "breaker", "half-open", now - 2, reason="451 4.3.0 Try later"),
        gate(
            "museum.example",
            "suspension",
            "suspended",
            None,
            reason="moving to new servers",
            actor="eve",
        ),
    ]


def why(item: QueueItem, now: float, held: Sequence[GateItem]) -> WhyReply:
    """Why a message of the demonstration is where it is."""
    breaker = next(
        (one for one in held if one.destination == item.destination and one.state == "open"), None
    )
    if item.state == "held":
        sentence, event, at = "is held by ada: customer asked us to wait", "", None
    elif item.state == "active":
        sentence, event, at = "is being delivered now", "end of the attempt", None
    elif breaker is not None:
        sentence = f"waits for its breaker, open after failures, last: {breaker.reason}"
        event, at = "probe", breaker.until
    elif item.next_at is not None:
        sentence = f"was deferred {item.attempts} times, last: {item.last_reply}"
        event, at = "attempt", item.next_at
    else:
        sentence, event, at = "is due, and waits for its turn", "attempt", now
    reason = WhyItem(
        address=item.recipient,
        destination=item.destination,
        state=item.state,
        sentence=f"{item.recipient} {sentence}",
        next_event=event,
        next_at=at,
    )
    return WhyReply(id=item.id, recipients=(reason,), total=item.recipients)


def furnish(shape: MemoryShape, queue: Sequence[QueueItem], now: float, seed: int) -> None:
    """Fill in what a day of mail would have left behind."""
    rng = random.Random(seed)
    held = gates(now)
    for name in dict.fromkeys(item.destination for item in queue):
        shape.rows[name] = {**_row(name, held), **_counts(name, rng)}
        shape.views[name] = _view(name, shape.rows[name], now, rng)
    shape.rows["quiet.example"] = {"delivered": 40, "allowed": 5, "tls": "TLSv1.3"}
    shape.senders = [
        SenderItem(name=name, queued=queued, octets=queued * 9000, oldest_at=oldest, accepted=sent)
        for name, queued, oldest, sent in (
            ("news@shop.example", 402, now - 80_000, 40_211),
            ("billing@shop.example", 214, now - 70_400, 12_870),
            ("alerts@ops.example", 198, now - 9000, 3120),
            ("no-reply@app.example", 180, now - 61_000, 2904),
            ("team@club.example", 17, now - 7000, 311),
            ("", 43, now - 90_000, 204),
        )
    ]
    shape.latency = {
        "critical": Timing(count=1204, p50=0.31, p95=1.2, p99=4.4),
        "high": Timing(count=9120, p50=0.4, p95=2.1, p99=9.8),
        "normal": Timing(count=88_213, p50=0.9, p95=14.0, p99=187.0),
        "low": Timing(count=3110, p50=4.2, p95=60.0, p99=911.0),
        "bulk": Timing(count=31_007, p50=31.0, p95=640.0, p99=5210.0),
    }
    shape.upcoming = _upcoming(queue, held, now)


def _row(name: str, held: Sequence[GateItem]) -> dict[str, Any]:
    tls, verified = TLS.get(name, ("", False))
    running, allowed = RUNNING.get(name, (0, 5))
    row: dict[str, Any] = {
        "tls": tls,
        "verified": verified,
        "connections": running,
        "allowed": allowed,
    }
    for gate in held:
        if gate.destination != name:
            continue
        if gate.gate == "breaker":
            row |= {"breaker": gate.state, "until": gate.until, "reason": gate.reason}
        else:
            row["gate"] = gate.state
        if gate.gate == "suspension":
            row |= {"until": gate.until, "reason": f"{gate.actor}: {gate.reason}"}
    return row


def _counts(name: str, rng: random.Random) -> Mapping[str, int]:
    if name == "corp.example":
        return {"unreached": 271}
    good = rng.randint(200, 9000)
    return {"delivered": good, "deferrals": good // rng.randint(3, 40), "failed": good // 300}


def _view(name: str, row: Mapping[str, Any], now: float, rng: random.Random) -> dict[str, Any]:
    columns = []
    for number in range(24):
        troubled = bool(row.get("breaker")) and number > 16
        columns.append(
            OutcomeColumn(
                at=now - 300 * (24 - number),
                delivered=0 if troubled and number % 3 else row.get("delivered", 0) // 12,
                deferred=rng.randint(20, 90) if troubled and row.get("delivered") else number % 2,
                failed=row.get("failed", 0) // 12,
                unreached=row.get("unreached", 0) // 12 if troubled else 0,
            )
        )
    view: dict[str, Any] = {
        "outcomes": tuple(columns),
        "codes": (("421 4.7.0", 1310), ("451 4.7.1", 560), ("452 4.2.2", 32)),
        "attempts": Timing(count=4310, p50=0.9, p95=4.1, p99=30.0),
        "latency": Timing(count=4120, p50=1.4, p95=61.0, p99=1204.0),
        "failures": 0,
        "hosts": (
            RouteHost(host=f"mx1.{name}", port=25, preference=10, addresses=("203.0.113.25",)),
            RouteHost(
                host=f"mx2.{name}",
                port=25,
                preference=20,
                addresses=("203.0.113.26", "2001:db8::26"),
                unreached="timed out" if row.get("breaker") == "open" else "",
            ),
        ),
    }
    if name == "bigmail.example":
        view["rate"] = RateLevel(per_second=0.5, burst=1, tokens=0.4, source="limited by ada")
    return view


def tls(now: float) -> list[TlsDestination]:
    """How mail to some of them was encrypted."""
    found = []
    for name, (version, verified) in TLS.items():
        clear = 210 if version == "plaintext" else 0
        failed = version == "failed"
        found.append(
            TlsDestination(
                destination=Domain(name),
                policy="verify" if failed else "opportunistic",
                source="destination" if failed else "default",
                versions={} if clear or failed else {version: 4044, "TLSv1.2": 76},
                verified=4120 if verified else 0,
                plaintext=clear,
                failures={"certificate-name": 40} if failed else {},
                names=(f"mx1.{name}",),
                expires_at=None if clear else now + 41 * 86_400,
                last_at=now - 9,
                last_failure=f"its certificate is not for mx1.{name}" if failed else "",
                last_failure_at=now - 60 if failed else None,
            )
        )
    return found


def _upcoming(
    queue: Sequence[QueueItem], held: Sequence[GateItem], now: float
) -> list[UpcomingItem]:
    items = [
        UpcomingItem(
            at=max(now, gate.until),
            what="probe" if gate.gate == "breaker" else f"{gate.gate} ends",
            subject=gate.destination,
            detail=gate.reason,
            query=f"dest:{gate.destination}",
        )
        for gate in held
        if gate.until is not None
    ]
    keeping = {gate.destination for gate in held if gate.gate != "limit"}
    soonest: dict[str, float] = {}
    for item in queue:
        if item.next_at is not None and item.destination not in keeping:
            soonest[item.destination] = min(
                item.next_at, soonest.get(item.destination, item.next_at)
            )
    items += [
        UpcomingItem(
            at=max(at, now),
            what="attempt",
            subject=name,
            detail="7 due within 5 minutes",
            query=f"dest:{name}",
        )
        for name, at in soonest.items()
    ]
    items += [
        UpcomingItem(
            at=item.received_at + 432_000,
            what="expiry",
            subject=item.id,
            detail="given up unless it is delivered before",
            query=f"id:{item.id}",
        )
        for item in sorted(queue, key=lambda item: item.received_at)[:5]
    ]
    return sorted(items, key=lambda item: item.at)
