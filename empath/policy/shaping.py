"""What the config says of turns, rates and caps, as the values that the gates work with.

Each limit comes with the setting that says it, so that a verdict can name it.
"""

from __future__ import annotations

from collections.abc import Mapping

from empath.address import Domain
from empath.config.model import Delivery
from empath.envelope import Priority
from empath.policy.breaker import Thresholds
from empath.policy.destination import Destinations
from empath.policy.limiter import Rate
from empath.policy.room import CLASSES


def cap(domain: Domain, delivery: Delivery, destinations: Destinations) -> tuple[int, str]:
    """Most attempts at once at *domain*, and the setting that says so."""
    for section in destinations.of(domain):
        if section.concurrency is not None:
            return section.concurrency, f'[[destination]] "{section.domain}" concurrency'
    return delivery.per_destination, "delivery.per_destination"


def rate(domain: Domain, delivery: Delivery, destinations: Destinations) -> Rate | None:
    """Most attempts a second at *domain*; None where there is no limit."""
    per_second, source = delivery.rate, "delivery.rate"
    for section in destinations.of(domain):
        if section.rate is not None:
            per_second, source = section.rate, f'[[destination]] "{section.domain}" rate'
            break
    if not per_second:
        return None
    burst = destinations.setting(domain, lambda section: section.burst)
    return Rate(per_second, delivery.burst if burst is None else burst, source)


def pipelining(domain: Domain, delivery: Delivery, destinations: Destinations) -> bool:
    """Whether *domain* is sent commands at once, where it offers that."""
    said = destinations.setting(domain, lambda section: section.pipelining)
    return delivery.pipelining if said is None else said


def chunking(domain: Domain, delivery: Delivery, destinations: Destinations) -> bool:
    """Whether *domain* is sent content by BDAT, where it offers that."""
    said = destinations.setting(domain, lambda section: section.chunking)
    return delivery.chunking if said is None else said


def weights(delivery: Delivery) -> Mapping[Priority, int]:
    """Turns of each class in a round."""
    return {each: getattr(delivery.weights, each.name.lower()) for each in CLASSES}


def class_rates(delivery: Delivery) -> Mapping[Priority, Rate]:
    """The rates of those classes that have one; a second's worth may go at once."""
    rates: dict[Priority, Rate] = {}
    for priority in CLASSES:
        name = priority.name.lower()
        per_second: float = getattr(delivery.class_rate, name)
        if per_second:
            burst = max(1, round(per_second))
            rates[priority] = Rate(per_second, burst, f"delivery.class_rate.{name}")
    return rates


def thresholds(delivery: Delivery) -> Thresholds:
    """When breakers open, and for how long."""
    breaker = delivery.breaker
    return Thresholds(breaker.failures, breaker.window, breaker.open_for)
