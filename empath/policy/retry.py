"""When deferred mail is tried again, and when it is given up (RFC 5321 4.5.4.1).

Waits grow from a base by a factor up to a cap, varied a little so that mail deferred
together does not come back together.  A recipient is given up after a number of attempts
or at an age.  Pure: the draw that varies the wait, the time and the history are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

from empath.config.model import Retry
from empath.config.units import Duration


@dataclass(frozen=True, slots=True)
class At:
    """Try again at *time*, in seconds since the epoch."""

    time: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again; *reason* is a sentence for the sender and the operator."""

    reason: str


def next_attempt(
    settings: Retry, *, attempts: int, age: float, jitter_draw: float, now: float
) -> At | GiveUp:
    """What follows the deferral that was attempt number *attempts* (1 is the first).

    *age* is in seconds since arrival, *jitter_draw* lies in 0 to 1.  The last attempt is made
    when the recipient reaches its expiry, so a time behind that is never returned.
    """
    if attempts >= settings.attempts:
        return GiveUp(f"given up after {attempts} attempts")
    left = settings.expiry - age
    if left <= 0:
        return GiveUp(f"given up after {Duration(settings.expiry)} in the queue")
    varied = wait(settings, attempts) * (1 + settings.jitter * (2 * jitter_draw - 1))
    return At(now + min(varied, left))


def wait(settings: Retry, attempts: int) -> float:
    """Seconds between attempt number *attempts* and the next, before they are varied."""
    seconds = float(settings.base)
    # By steps: a large exponent would overflow long after the cap is reached.
    for _ in range(attempts - 1):
        if seconds >= settings.cap:
            break
        seconds *= settings.factor
        if settings.factor == 1.0:
            break
    return min(seconds, settings.cap)


def notice_due(settings: Retry, *, age: float) -> bool:
    """Whether a message of *age* seconds is late enough to tell its sender; 0 never tells."""
    return 0 < settings.delay_notice <= age
