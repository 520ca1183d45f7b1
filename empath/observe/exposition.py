"""Figures and gauges as the text that Prometheus collects, by prometheus-client.

Nothing global: one registry for one engine, and the numbers are made into metrics when they
are asked for, so an event costs no lock.  Every name begins with ``empath_``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from empath.observe.figures import Figures

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@final
@dataclass(frozen=True, slots=True)
class Gauges:
    """What is so at this moment."""

    recipients: Mapping[str, int]
    """By state."""
    messages: int
    oldest: float
    """Age in seconds of the message that waits longest; 0 when none does."""
    sessions: int
    connections: int
    loop_lag: float
    memory: int
    free_octets: int
    breakers: Mapping[str, int] = field(default_factory=dict)
    """Destinations by the state of their circuit breaker."""


@final
class Exposition(Collector):
    """Writes figures down; one for an engine."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._gauges: Gauges | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def __repr__(self) -> str:
        return f"<Exposition of {self._figures.accepted} messages>"

    def text(self, gauges: Gauges) -> bytes:
        """All metrics in the text format."""
        self._gauges = gauges
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the registry need not ask for the numbers to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each metric with its samples."""
        figures = self._figures
        yield _total("messages_accepted", "Messages acknowledged to a client.", figures.accepted)
        yield _total("octets_accepted", "Octets of those messages.", figures.octets)
        yield _total("sessions_lost", "Clients gone in the middle of a transaction.", figures.lost)
        yield _totals(
            "refused", "Clients, commands and messages refused.", ("stage",), _one(figures.refused)
        )
        yield _totals(
            "recipients",
            "Recipients by what an attempt, or an operator who returned them, meant for them.",
            ("result",),
            _one(figures.results),
        )
        latency = HistogramMetricFamily(
            "empath_delivery_latency_seconds",
            "Seconds from arrival to delivery.",
            labels=("priority",),
        )
        for priority, histogram in figures.latency.items():
            latency.add_metric(
                (priority.name.lower(),), buckets=histogram.buckets(), sum_value=histogram.total
            )
        yield latency
        yield _totals(
            "tls_sessions",
            "Attempts by version of TLS and how the peer was verified.",
            ("version", "verified"),
            figures.sessions.items(),
        )
        yield _totals(
            "tls_handshake_failures",
            "Servers whose encryption failed; the destinations seen most have their own label.",
            ("domain", "policy"),
            (((name, kind), number) for name, kind, number in figures.tls_failures.rows()),
        )
        yield from _config(figures)
        if self._gauges is not None:
            yield from _now(self._gauges)


def _config(figures: Figures) -> Iterator[Metric]:
    yield _gauge("config_version", "The number of the config in force.", figures.config_version)
    yield _totals("config_reloads", "Reloads by result.", ("result",), _one(figures.reloads))
    yield _gauge(
        "config_last_reload_successful", "1 unless the last was refused.", figures.reload_well
    )
    yield _gauge(
        "config_last_reload_success_timestamp_seconds",
        "When a config was last put in force.",
        figures.reloaded_at,
    )
    yield _gauge("config_pending_restart", "Settings waiting for a restart.", figures.waiting)


def _now(gauges: Gauges) -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "empath_queue_recipients", "Recipients in the queue by state.", labels=("state",)
    )
    for state, number in gauges.recipients.items():
        queue.add_metric((state,), number)
    yield queue
    yield _gauge("queue_messages", "Messages in the queue.", gauges.messages)
    yield _gauge("queue_oldest_seconds", "Age of the oldest message.", gauges.oldest)
    yield _gauge("sessions", "Clients connected.", gauges.sessions)
    yield _gauge("connections_out", "Attempts that run.", gauges.connections)
    yield _gauge("loop_lag_seconds", "Worst lag of the event loop in 10 s.", gauges.loop_lag)
    yield _gauge("resident_memory_bytes", "Resident memory.", gauges.memory)
    yield _gauge("spool_free_bytes", "Free disk space of the spool.", gauges.free_octets)
    breakers = GaugeMetricFamily(
        "empath_breakers", "Destinations by circuit breaker, if not closed.", labels=("state",)
    )
    for state, number in gauges.breakers.items():
        breakers.add_metric((state,), number)
    yield breakers


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"empath_{name}", what, value=value)


def _total(name: str, what: str, value: int) -> Metric:
    return CounterMetricFamily(f"empath_{name}", what, value=value)


def _totals(
    name: str, what: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], int]]
) -> Metric:
    family = CounterMetricFamily(f"empath_{name}", what, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _one(values: Mapping[str, int]) -> list[tuple[tuple[str, ...], int]]:
    return [((key,), value) for key, value in values.items()]
