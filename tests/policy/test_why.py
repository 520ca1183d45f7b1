"""Why mail is where it is, in one sentence: every situation an operator may meet."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.envelope import Priority, State
from empath.policy.turns import Place
from empath.policy.verdict import Hold
from empath.policy.why import Circumstances, Standing, Why, why

NOW = 1_790_000_000.0
SOON = NOW + 300
T = "2026-09-21 14:13:20 UTC"
T_SOON = "2026-09-21 14:18:20 UTC"
BREAKER = Hold(
    "its breaker is open after failures, last: 421 busy", SOON, "delivery.breaker", "probe"
)
SUSPENDED = Hold(
    "ada suspended it: moving", None, "an operator", "an operator resumes it", lasting=True
)
BUSY = Hold("20 attempts at once is the most it may have", None, "x", "end of an attempt there")


def bob(state: State, **known: object) -> Standing:
    """A recipient in *state*."""
    return Standing("bob@x.test", "x.test", state, **known)  # type: ignore[arg-type]


SITUATIONS = {
    "due, nothing in the way": (
        bob(State.QUEUED, priority=Priority.BULK, next_at=NOW),
        {},
        Why("bob@x.test is due, and goes when bulk mail to x.test has its turn.", "attempt", NOW),
    ),
    "breaker open": (
        bob(State.QUEUED, next_at=NOW),
        {"holds": (BREAKER,)},
        Why(
            f"bob@x.test is due, and held until {T_SOON} because its breaker is open after"
            " failures, last: 421 busy.",
            "probe",
            SOON,
        ),
    ),
    "concurrency": (
        bob(State.QUEUED, next_at=NOW),
        {"holds": (BUSY,)},
        Why(
            "bob@x.test is due, and held because 20 attempts at once is the most it may have.",
            "end of an attempt there",
        ),
    ),
    "waiting for its retry time": (
        bob(
            State.DEFERRED,
            attempts=2,
            next_at=SOON,
            last_reply="451 4.7.1 greylisted",
            server="mx.x.test [192.0.2.1]:25",
            stage="RCPT",
        ),
        {},
        Why(
            f"bob@x.test is tried again at {T_SOON} after 2 attempts of 25, the last at"
            " mx.x.test [192.0.2.1]:25, with “451 4.7.1 greylisted”.",
            "attempt",
            SOON,
        ),
    ),
    "retry time, and a gate that lasts longer": (
        bob(State.DEFERRED, attempts=1, next_at=NOW + 9, last_reply="421 busy"),
        {"holds": (BREAKER,)},
        Why(
            "bob@x.test waits until 2026-09-21 14:13:29 UTC after 1 attempt of 25, the last, with"
            f" “421 busy”; and even then x.test is held until {T_SOON} because its breaker is"
            " open after failures, last: 421 busy.",
            "probe",
            SOON,
        ),
    ),
    "retry time, and a suspension without an end": (
        bob(State.DEFERRED, next_at=SOON),
        {"holds": (SUSPENDED, BREAKER)},
        Why(
            f"bob@x.test waits until {T_SOON}; and even then x.test is held because ada suspended"
            " it: moving.",
            "an operator resumes it",
        ),
    ),
    "retry time, and a gate that will have opened": (
        bob(State.DEFERRED, next_at=NOW + 900),
        {"holds": (BREAKER, BUSY)},
        Why("bob@x.test is tried again at 2026-09-21 14:28:20 UTC.", "attempt", NOW + 900),
    ),
    "several gates": (
        bob(State.QUEUED, next_at=NOW),
        {"holds": (SUSPENDED, BREAKER, BUSY)},
        Why(
            f"bob@x.test is due, and held because ada suspended it: moving; and held until {T_SOON}"
            " because its breaker is open after failures, last: 421 busy; and held because 20"
            " attempts at once is the most it may have.",
            "an operator resumes it",
        ),
    ),
    "a gate that has a time beside one that has none": (
        bob(State.QUEUED, next_at=NOW),
        {"holds": (BREAKER, BUSY)},
        Why(
            f"bob@x.test is due, and held until {T_SOON} because its breaker is open after"
            " failures, last: 421 busy; and held because 20 attempts at once is the most it may"
            " have.",
            "probe",
            SOON,
        ),
    ),
    "a server that fell silent": (
        bob(
            State.DEFERRED,
            attempts=1,
            next_at=SOON,
            last_reply="421 4.4.2 no greeting within 5s",
            ours=True,
            server="mx.x.test:25",
        ),
        {},
        Why(
            f"bob@x.test is tried again at {T_SOON} after 1 attempt of 25, the last at"
            " mx.x.test:25: 421 4.4.2 no greeting within 5s.",
            "attempt",
            SOON,
        ),
    ),
    "a server that fell silent behind the content": (
        bob(
            State.DEFERRED,
            attempts=1,
            next_at=SOON,
            last_reply="421 4.4.2 no reply to the content within 10m",
            ours=True,
            uncertain=True,
            server="mx.x.test:25",
        ),
        {},
        Why(
            f"bob@x.test is tried again at {T_SOON} after 1 attempt of 25, the last at"
            " mx.x.test:25: 421 4.4.2 no reply to the content within 10m (the server may have it"
            " all the same).",
            "attempt",
            SOON,
        ),
    ),
    "failed without a server": (
        bob(
            State.FAILED, ended_at=NOW, last_reply="550 5.1.2 There is no domain x.test", ours=True
        ),
        {},
        Why(
            f"bob@x.test failed for good at {T}: 550 5.1.2 There is no domain x.test; no"
            " notification was asked for or possible."
        ),
    ),
    "DNS trouble": (
        bob(
            State.DEFERRED,
            attempts=1,
            next_at=SOON,
            last_reply="451 4.4.3 no name server answered",
            stage="DNS",
        ),
        {},
        Why(
            f"bob@x.test is tried again at {T_SOON} after 1 attempt of 25, the last since x.test"
            " could not be looked up: 451 4.4.3 no name server answered.",
            "attempt",
            SOON,
        ),
    ),
    "held by an operator": (
        bob(State.HELD, hold_reason="looks like spam", actor="ada (uid 0)"),
        {},
        Why(
            "bob@x.test is held by ada (uid 0): looks like spam; it waits until an operator"
            " releases it."
        ),
    ),
    "captured in dev mode": (
        bob(State.HELD, hold_reason="captured in dev mode"),
        {"delivers": False},
        Why(
            "bob@x.test is held since Empath runs in dev mode, which captures all mail (mode);"
            " nothing is sent unless it is released with `empathctl inbox release`."
        ),
    ),
    "queued in dev mode": (
        bob(State.QUEUED, next_at=NOW),
        {"delivers": False},
        Why("bob@x.test waits since Empath runs in dev mode and sends nothing (mode)."),
    ),
    "being delivered, at a step": (
        bob(State.ACTIVE, began_at=NOW - 7, doing="connecting to mx.x.test [192.0.2.1]:25"),
        {},
        Why(
            "bob@x.test is being delivered to x.test at this moment, for 7 s: connecting to"
            " mx.x.test [192.0.2.1]:25.",
            "end of the attempt",
        ),
    ),
    "being delivered, at a step that lasts": (
        bob(State.ACTIVE, began_at=NOW - 7, doing="looking up x.test", doing_since=NOW),
        {},
        Why(
            "bob@x.test is being delivered to x.test at this moment, for 7 s: looking up x.test,"
            f" since {T} (0 s).",
            "end of the attempt",
        ),
    ),
    "being delivered": (
        bob(State.ACTIVE, began_at=NOW - 7),
        {},
        Why(
            "bob@x.test is being delivered to x.test at this moment, for 7 s.",
            "end of the attempt",
        ),
    ),
    "delivered": (
        bob(State.DELIVERED, ended_at=NOW, server="mx.x.test:25", last_reply="250 2.0.0 Ok"),
        {},
        Why(f"bob@x.test was delivered at {T} to mx.x.test:25, with “250 2.0.0 Ok”."),
    ),
    "failed": (
        bob(
            State.FAILED, ended_at=NOW, server="mx.x.test:25", last_reply="550 5.1.1 no", told=True
        ),
        {},
        Why(
            f"bob@x.test was refused for good at {T} by mx.x.test:25, with “550 5.1.1 no”;"
            " the sender was told."
        ),
    ),
    "expired": (
        bob(State.EXPIRED, attempts=25, ended_at=NOW, last_reply="550 5.4.7 too old"),
        {},
        Why(
            f"bob@x.test was given up at {T} after 25 attempts, with “550 5.4.7 too old”;"
            " no notification was asked for or possible."
        ),
    ),
    "deleted": (
        bob(State.DELETED, actor="ada (uid 0)"),
        {},
        Why("bob@x.test was deleted by ada (uid 0); nobody is told."),
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_sentence_names_the_cause(situation: str) -> None:
    """Who or what holds it, and by which reply, setting or person; and what comes next when."""
    one, around, expected = SITUATIONS[situation]
    assert why(one, Circumstances(NOW, **around)) == expected  # type: ignore[arg-type]


RATE = Hold("its rate of 30/m is used up (delivery.rate)", NOW + 2, "delivery.rate", pace=2)
WAITS = "bob@x.test is due, and held until 2026-09-21 14:13:22 UTC because its rate of 30/m"
ONE_THEN = " is used up (delivery.rate): of 20 messages that wait, one goes then,"

AT_LEAST = (
    " is used up (delivery.rate): of at least 20 messages that wait, one goes then, and"
    " this one after at least 19 others, not before 2026-09-21 14:14:00 UTC."
)


@pytest.mark.parametrize(
    ("place", "said", "at"),
    [
        (Place(0, 1), " is used up (delivery.rate).", 2),
        (Place(0, 20), f"{ONE_THEN} this one first.", 2),
        (
            Place(1, 20),
            f"{ONE_THEN} and this one after about 1 other, at about 2026-09-21 14:13:24 UTC.",
            4,
        ),
        (
            Place(19, 20),
            f"{ONE_THEN} and this one after about 19 others, at about 2026-09-21 14:14:00 UTC.",
            40,
        ),
        (
            Place(19, 20, exact=False),
            AT_LEAST,
            40,
        ),
    ],
)
def test_behind_a_rate_a_message_has_its_place(place: Place, said: str, at: float) -> None:
    """The next token is not for all that wait: each is told about when it is its own turn."""
    waiting = bob(State.QUEUED, next_at=NOW)
    around = Circumstances(NOW, holds=(RATE, BUSY), places={RATE: place})
    busy = "; and held because 20 attempts at once is the most it may have."
    assert why(waiting, around) == Why(f"{WAITS}{said[:-1]}{busy}", "attempt", NOW + at)


@given(
    st.sampled_from(State),
    st.one_of(st.none(), st.floats(NOW - 1e6, NOW + 1e6)),
    st.integers(0, 30),
    st.sampled_from(["", "451 4.3.0 later"]),
    st.lists(st.builds(Hold, st.just("it is so"), st.one_of(st.none(), st.just(SOON)))),
    st.booleans(),
)
def test_there_is_one_sentence_for_everything(
    state: State,
    next_at: float | None,
    attempts: int,
    reply: str,
    holds: list[Hold],
    delivers: bool,
) -> None:
    """Whatever is known or not: one sentence that begins with the address, and a next event for
    all that still goes on by itself.
    """
    one = bob(state, next_at=next_at, attempts=attempts, last_reply=reply)
    answer = why(one, Circumstances(NOW, delivers=delivers, holds=holds))
    assert answer.sentence.startswith("bob@x.test ")
    assert answer.sentence.endswith(".")
    assert "  " not in answer.sentence
    if state.final or state is State.HELD or (state is not State.ACTIVE and not delivers):
        assert answer.next_event == ""
    else:
        assert answer.next_event


def test_a_time_that_no_calendar_has_is_the_last_there_is() -> None:
    """A rate of one in a hundred years has turns behind the year 9999."""
    hold = Hold("its rate is used up", 4e11, "delivery.rate", pace=3e9)
    around = Circumstances(NOW, holds=(hold,), places={hold: Place(2, 3)})
    answer = why(bob(State.QUEUED, next_at=NOW), around)
    assert "at about 9999-12-30 00:00:00 UTC" in answer.sentence
    assert answer.next_at == 4e11 + 2 * 3e9


def test_a_rerouted_recipient_says_where_it_goes() -> None:
    """As long as it waits, with until when; what is done is done."""
    waiting = Standing(
        address="b@there.test",
        destination="there.test",
        state=State.QUEUED,
        next_hop="mx.test:25",
        next_hop_until=0.0,
    )
    sentence = why(waiting, Circumstances(now=1.0)).sentence
    assert sentence.endswith(
        "; an operator re-routed it to mx.test:25 until 1970-01-01 00:00:00 UTC."
    )
    done = why(dataclasses.replace(waiting, state=State.DELIVERED), Circumstances(now=1.0))
    assert "re-routed" not in done.sentence


def test_a_bounced_recipient_names_the_operator() -> None:
    """It was no server that refused it."""
    bounced = Standing(
        address="b@there.test",
        destination="there.test",
        state=State.FAILED,
        last_reply="550 5.7.0 no",
        actor="ada",
        told=True,
    )
    assert why(bounced, Circumstances(now=1.0)).sentence == (
        "b@there.test was bounced by ada, with “550 5.7.0 no”; the sender was told."
    )
