"""Who sends most, in fixed memory."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from empath.address import EmailAddress
from empath.envelope import MessageId, Priority
from empath.events import EngineStopping, MessageAccepted
from empath.observe.senders import PERIOD, PERIODS, Period, TopSenders

START = 1_790_000_400.0


def accepted(at: float, sender: str | None, client: str = "192.0.2.1") -> MessageAccepted:
    """A message that was taken."""
    return MessageAccepted(
        at=at,
        id=MessageId.compose(1_700_000_000_000, 1),
        reverse_path=None if sender is None else EmailAddress(sender),
        recipients=(),
        size=1,
        client=client,
        helo="",
        protocol="ESMTP",
        priority=Priority.NORMAL,
        subject="",
    )


def test_senders_domains_and_clients_are_counted() -> None:
    """The null sender has an empty name; a domain is the same in whatever case."""
    top = TopSenders()
    top(EngineStopping(at=START, reason="no message"))
    for sender in ("ada@one.test", "ada@one.test", "bob@ONE.test", None):
        top(accepted(START, sender))
    assert [(e.name, e.messages, e.error) for e in top.top("sender", START, 9)] == [
        ("ada@one.test", 2, 0),
        ("bob@ONE.test", 1, 0),
        ("", 1, 0),
    ]
    assert [(e.name, e.messages) for e in top.top("domain", START, 1)] == [("one.test", 3)]
    assert [(e.name, e.messages) for e in top.top("client", START, 9)] == [("192.0.2.1", 4)]


def test_what_is_longer_ago_than_an_hour_is_forgotten() -> None:
    """Period by period; the one that runs counts with those of the hour before."""
    top = TopSenders()
    for period in range(PERIODS + 1):
        top(accepted(START + period * PERIOD, "ada@one.test"))
    end = START + PERIODS * PERIOD
    assert top.top("sender", end, 1)[0].messages == PERIODS
    assert top.top("sender", end + PERIODS * PERIOD, 1) == []


@given(st.lists(st.integers(0, 40), max_size=400))
def test_counts_are_never_too_small_nor_too_great_by_more_than_said(names: list[int]) -> None:
    """The rule of space-saving, with room for six names; memory stays bounded."""
    period = Period(0, most=3)
    exact: Counter[str] = Counter()
    for name in names:
        period.count(str(name))
        exact[str(name)] += 1
    assert len(period.counts) <= 6
    for name, count in period.counts.items():
        assert exact[name] <= count <= exact[name] + period.floor
    for name, count in exact.items():
        assert name in period.counts or count <= period.floor
    assert period.floor <= len(names) / 3
