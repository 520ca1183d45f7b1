"""Why a recipient is where it is: one causal sentence, and what happens next and when.

Composed from values alone: the recipient's state, its last result, what operators did, and
the verdicts of the gates.  Each sentence begins with the address, names who or what holds
it and by which reply, setting or person, and is safe to show (DESIGN P6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from empath.envelope import Priority, State
from empath.policy.turns import Place
from empath.policy.verdict import Hold

_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one recipient."""

    address: str
    destination: str
    state: State
    priority: Priority = Priority.NORMAL
    attempts: int = 0
    next_at: float | None = None
    last_reply: str = ""
    ours: bool = False
    """No server spoke that reply: it is what Empath says of the attempt."""
    uncertain: bool = False
    """The last attempt ended behind the content: the server may have taken it."""
    hold_reason: str = ""
    server: str = ""
    """The server of the last attempt, if it reached one."""
    stage: str = ""
    """Where the last attempt ended."""
    ended_at: float | None = None
    """When the last attempt ended."""
    actor: str = ""
    """Who held, deleted or bounced it; empty where no operator did."""
    told: bool = False
    """The sender has been sent a notification that it failed."""
    began_at: float | None = None
    """When the attempt that runs now began."""
    doing: str = ""
    """What that attempt waits for, and at which server."""
    doing_since: float | None = None
    """Since when."""
    next_hop: str | None = None
    """Where it is re-routed to by an operator: hosts, in their order."""
    next_hop_until: float | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is true of the whole relay."""

    now: float
    delivers: bool = True
    """False in dev mode."""
    most_attempts: int = 25
    expires_at: float | None = None
    holds: Sequence[Hold] = ()
    """All that keeps mail of this class at this destination from its turn."""
    places: Mapping[Hold, Place] = field(default_factory=dict)
    """The recipient's place among what waits for each of them that has a pace."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer."""

    sentence: str
    next_event: str = ""
    """What happens next, such as ``attempt``; empty if nothing will."""
    next_at: float | None = None
    """When, if that is known."""


def why(one: Standing, around: Circumstances) -> Why:
    """Why *one* is where it is."""
    answer = _why(one, around)
    if one.next_hop is None or one.state.final:
        return answer
    until = _until(one.next_hop_until)
    sentence = f"{answer.sentence[:-1]}; an operator re-routed it to {one.next_hop}{until}."
    return replace(answer, sentence=sentence)


def _why(one: Standing, around: Circumstances) -> Why:
    who = one.address
    match one.state:
        case State.DELIVERED:
            return Why(f"{who} was delivered{_at(one.ended_at)}{_to(one)}{_said(one)}.")
        case State.FAILED if one.actor:
            return Why(f"{who} was bounced by {one.actor}{_said(one)}; {_told(one)}.")
        case State.FAILED if one.ours:
            return Why(f"{who} failed for good{_at(one.ended_at)}{_said(one)}; {_told(one)}.")
        case State.FAILED:
            return Why(
                f"{who} was refused for good{_at(one.ended_at)}{_by(one)}"
                f"{_said(one)}; {_told(one)}."
            )
        case State.EXPIRED:
            return Why(
                f"{who} was given up{_at(one.ended_at)} after {_counted(one.attempts)}"
                f"{_said(one)}; {_told(one)}."
            )
        case State.DELETED:
            return Why(f"{who} was deleted by {one.actor or 'an operator'}; nobody is told.")
        case State.HELD:
            return _held(one, around)
        case State.ACTIVE:
            since = (
                "" if one.began_at is None else f", for {max(0, around.now - one.began_at):.0f} s"
            )
            return Why(
                f"{who} is being delivered to {one.destination} at this moment{since}"
                f"{_doing(one, around.now)}.",
                "end of the attempt",
            )
        case State.QUEUED | State.DEFERRED:
            return _waiting(one, around)


def _doing(one: Standing, now: float) -> str:
    if not one.doing:
        return ""
    if one.doing_since is None:
        return f": {one.doing}"
    seconds = max(0, now - one.doing_since)
    return f": {one.doing}, since {moment(one.doing_since)} ({seconds:.0f} s)"


def _held(one: Standing, around: Circumstances) -> Why:
    if not around.delivers and not one.actor:
        return Why(
            f"{one.address} is held since Empath runs in dev mode, which captures all mail"
            " (mode); nothing is sent unless it is released with `empathctl inbox release`."
        )
    reason = f": {one.hold_reason}" if one.hold_reason else ""
    by = f" by {one.actor}" if one.actor else ""
    return Why(f"{one.address} is held{by}{reason}; it waits until an operator releases it.")


def _waiting(one: Standing, around: Circumstances) -> Why:
    now, due = around.now, one.next_at
    if not around.delivers:
        return Why(f"{one.address} waits since Empath runs in dev mode and sends nothing (mode).")
    before = ""
    if one.attempts and one.last_reply:
        before = f" after {_counted(one.attempts)} of {around.most_attempts}, the last{_last(one)}"
    if due is not None and due > now:
        longer = [hold for hold in around.holds if hold.outlasts(due)]
        if not longer:
            return Why(f"{one.address} is tried again{_at(due)}{before}.", "attempt", due)
        return _behind(
            longer,
            {},
            f"{one.address} waits until{_at(due)[3:]}{before}; and even then {one.destination} is",
        )
    if around.holds:
        return _behind(around.holds, around.places, f"{one.address} is due{before}, and")
    return Why(
        f"{one.address} is due{before}, and goes when {one.priority.name.lower()} mail to"
        f" {one.destination} has its turn.",
        "attempt",
        now,
    )


def _behind(holds: Sequence[Hold], places: Mapping[Hold, Place], beginning: str) -> Why:
    """Kept by *holds*, until the last of them ends."""
    said: list[str] = []
    ends: list[tuple[bool, float]] = []
    for hold in holds:
        place, at = places.get(hold), hold.until
        turn = ""
        if place is not None and at is not None and place.waiting > 1:
            at += place.before * hold.pace
            turn = _turn(place, at)
        said.append(f"held{_until(hold.until)} because {hold.reason}{turn}")
        # What an operator has to end comes last; what ends, nobody knows when, comes first.
        ends.append((hold.lasting, at or 0.0))
    last = ends.index(max(ends))
    return Why(f"{beginning} {'; and '.join(said)}.", holds[last].ends, ends[last][1] or None)


def _turn(place: Place, at: float) -> str:
    least = "" if place.exact else "at least "
    among = f": of {least}{place.waiting:,} messages that wait, one goes then"
    if not place.before:
        return f"{among}, this one first"
    others = f"{place.before:,} other{'' if place.before == 1 else 's'}"
    when = f"at about {moment(at)}" if place.exact else f"not before {moment(at)}"
    return f"{among}, and this one after {least or 'about '}{others}, {when}"


def _last(one: Standing) -> str:
    if one.stage == "DNS":
        return f" since {one.destination} could not be looked up: {one.last_reply}"
    return f" at {one.server}{_said(one)}" if one.server else _said(one)


def _at(at: float | None) -> str:
    return "" if at is None else f" at {moment(at)}"


def _until(at: float | None) -> str:
    return "" if at is None else f" until {moment(at)}"


def moment(at: float) -> str:
    """A time as people and machines read it, in UTC; behind the year 9999 there is none."""
    return datetime.fromtimestamp(min(at, _LAST), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _to(one: Standing) -> str:
    return f" to {one.server}" if one.server else ""


def _by(one: Standing) -> str:
    return f" by {one.server}" if one.server else ""


def _said(one: Standing) -> str:
    """The last reply: in quotes if a server spoke it."""
    if not one.last_reply:
        return ""
    doubt = " (the server may have it all the same)" if one.uncertain else ""
    return f": {one.last_reply}{doubt}" if one.ours else f", with “{one.last_reply}”{doubt}"


def _told(one: Standing) -> str:
    return "the sender was told" if one.told else "no notification was asked for or possible"


def _counted(attempts: int) -> str:
    return f"{attempts} attempt{'' if attempts == 1 else 's'}"
