"""What is remembered, for how long, and what goes first."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from empath.address import Domain
from empath.policy.answer import Found, LookupFailed, MailExchanger, NoSuchName
from empath.resolver.cache import Cache, Kept
from empath.resolver.wire import Kind

ADDRESS = Found((ipaddress.ip_address("192.0.2.1"),), 60)


def test_an_answer_holds_until_its_time_and_not_a_moment_longer() -> None:
    """At the very second that an answer ends it is forgotten."""
    cache = Cache()
    cache.put("a.org", Kind.A, ADDRESS, until=100, limit=10)
    assert cache.get("a.org", Kind.A, 99.9) is ADDRESS
    assert cache.get("a.org", Kind.A, 100) is None
    assert len(cache) == 0


def test_name_and_type_are_told_apart() -> None:
    """The A record of a name says nothing of its AAAA record."""
    cache = Cache()
    cache.put("a.org", Kind.A, ADDRESS, until=100, limit=10)
    assert cache.get("a.org", Kind.AAAA, 0) is None
    assert cache.get("b.org", Kind.A, 0) is None


def test_the_least_recently_used_answer_goes_first() -> None:
    """An answer that was asked for stays, one that was not makes room."""
    cache = Cache()
    for name in ("a.org", "b.org"):
        cache.put(name, Kind.A, ADDRESS, until=100, limit=2)
    cache.get("a.org", Kind.A, 0)
    cache.put("c.org", Kind.A, ADDRESS, until=100, limit=2)
    assert cache.get("b.org", Kind.A, 0) is None
    assert cache.get("a.org", Kind.A, 0) is ADDRESS
    assert repr(cache) == "<Cache answers=2>"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=60))
def test_never_more_than_the_limit(puts: list[tuple[int, int]]) -> None:
    """However the limit changes, no more than the last one given are kept."""
    cache = Cache()
    for number, limit in puts:
        cache.put(f"{number}.org", Kind.A, ADDRESS, until=100, limit=limit)
        assert len(cache) <= limit
        assert cache.get(f"{number}.org", Kind.A, 0) is ADDRESS


def test_clearing_one_name_leaves_the_others() -> None:
    """All types of one name go together, in whatever case the name is written."""
    cache = Cache()
    for name, kind in (("a.org", Kind.A), ("a.org", Kind.MX), ("b.org", Kind.A)):
        cache.put(name, kind, ADDRESS, until=100, limit=10)
    assert cache.clear("A.org") == 2
    assert cache.clear("a.org") == 0
    assert cache.clear() == 1


def test_the_list_shows_records_as_text_and_leaves_failures_out() -> None:
    """Answers stand by name with the time of their end on the wall clock."""
    cache = Cache()
    records = (MailExchanger(10, Domain("mx.a.org"), "mx.a.org"), MailExchanger(20, None, "."))
    cache.put("b.org", Kind.A, ADDRESS, until=100, limit=10)
    cache.put("a.org", Kind.MX, Found(records, 60), until=100, limit=10)
    cache.put("c.org", Kind.MX, NoSuchName(60), until=100, limit=10)
    cache.put("d.org", Kind.MX, LookupFailed("timeout"), until=100, limit=10)
    cache.put("e.org", Kind.A, ADDRESS, until=40, limit=10)
    assert list(cache.entries(cache.names(), 50, ahead=1000)) == [
        Kept("a.org", "MX", ("10 mx.a.org", "20 ."), 1100),
        Kept("b.org", "A", ("192.0.2.1",), 1100),
        Kept("c.org", "MX", (), 1100),
    ]
