"""Rows of the queue by age, told with what holds each destination now and how mail to it fared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from empath.address import Domain
from empath.control.gate_list import gate_items
from empath.control.link import GateItem, GetShape, ShapeRow
from empath.control.parts import Deliverer
from empath.control.views import NONE_SHUT, next_attempt
from empath.delivery.route import RouteFinder
from empath.observe.encryption import Encryption, EncryptionLedger
from empath.observe.outcomes import HOUR, Outcomes
from empath.spool.surveying import SurveyRow

_SLICE: Final = 50
"""Rows told before the loop has its turn."""


class ShapeRows:
    """Tells rows."""

    def __init__(
        self,
        engine: Deliverer | None,
        finder: RouteFinder,
        encryption: EncryptionLedger,
        outcomes: Outcomes,
    ) -> None:
        self._engine = engine
        self._finder = finder
        self._encryption = encryption
        self._outcomes = outcomes

    def __repr__(self) -> str:
        return f"<ShapeRows {self._outcomes!r}>"

    async def tell(
        self, rows: Sequence[SurveyRow], request: GetShape, now: float
    ) -> list[ShapeRow]:
        """*rows* as they are told at *now*."""
        if request.by == "sender":
            return [row_of(row, request.basis) for row in rows]
        connections = self._engine.connections() if self._engine else {}
        gates: dict[str, list[GateItem]] = {}
        names = [row.domain for row in rows]
        for item in await gate_items(self._engine, self._finder, now, names):
            gates.setdefault(item.destination, []).append(item)
        shut = self._engine.gates.shut(now) if self._engine else NONE_SHUT
        told: list[ShapeRow] = []
        for number, row in enumerate(rows):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            name = row.domain
            allowed = self._engine.gates.concurrency.allowance(name) if self._engine else 0
            more = {
                **_standing(gates.get(name, ())),
                **_encrypted(self._encryption.of(name)),
                **self._became(name, now),
            }
            told.append(
                row_of(
                    replace(row, next_at=next_attempt(row.next_at, name, shut)),
                    request.basis,
                    connections=connections.get(name, 0),
                    allowed=allowed,
                    **more,
                )
            )
        return told

    def _became(self, name: Domain, now: float) -> Mapping[str, int]:
        known = self._outcomes.of(name)
        if known is None:
            return {}
        sums = known.results.sums(now, HOUR)
        return dict(zip(("delivered", "deferrals", "failed", "unreached"), sums, strict=True))


def row_of(row: SurveyRow, basis: str, **more: Any) -> ShapeRow:
    """A row as it is told, with bins by *basis*."""
    return ShapeRow(
        name=row.name,
        total=row.total,
        queued=row.queued,
        deferred=row.deferred,
        held=row.held,
        bins=row.ages if basis == "queued" else row.nexts,
        oldest_at=row.oldest_at if row.total else None,
        next_at=row.next_at,
        **more,
    )


def _standing(items: Sequence[GateItem]) -> Mapping[str, Any]:
    """What holds a destination: what an operator did before what failures did."""
    found: dict[str, Any] = {}
    for item in sorted(items, key=lambda item: _ORDER[item.gate]):
        if item.gate == "breaker":
            found["breaker"] = item.state
        else:
            found["gate"] = item.state
        if item.gate in {"breaker", "suspension"}:
            said = f"{item.actor}: {item.reason}" if item.actor else item.reason
            found |= {"until": item.until, "reason": said}
    return found


_ORDER: Final = {"override": 0, "limit": 1, "breaker": 2, "suspension": 3}
"""What is told last is what is seen."""


def _encrypted(known: Encryption | None) -> Mapping[str, Any]:
    """How mail was encrypted at the last attempt that tells it."""
    if known is None or known.last is None:
        return {}
    session = known.last.tls
    if session is not None:
        return {"tls": session.version, "verified": bool(session.verified)}
    return {"tls": "failed" if known.last.tls_failures else "plaintext"}
