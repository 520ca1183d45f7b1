"""The filter language, as operators type it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from empath.envelope import State
from empath.query import (
    CHOICES,
    COMPARED,
    EVERYTHING,
    FIELDS,
    BadQuery,
    QueueQuery,
    Term,
    parse_query,
)

ID = "0197a8c0f3e41b2c"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("state:deferred", (Term("state", "deferred"),)),
        ("STATE:Deferred", (Term("state", "deferred"),)),
        ("dest:example.org", (Term("dest", "example.org"),)),
        ("dest:~mail", (Term("dest", "mail", contains=True),)),
        ("from:a@b", (Term("from", "a@b"),)),
        ("!rcpt:~ada", (Term("rcpt", "ada", contains=True, negated=True),)),
        (f"id:{ID}", (Term("id", ID),)),
        ("invoice", (Term("", "invoice", contains=True),)),
        ("!spam", (Term("", "spam", contains=True, negated=True),)),
        ("subject:~a:b", (Term("subject", "a:b", contains=True),)),
        ("client:~10.0.", (Term("client", "10.0.", contains=True),)),
        ("PRIO:Bulk", (Term("prio", "bulk"),)),
        ("age:>1h", (Term("age", "1h", relation=">"),)),
        ("!next:<5M", (Term("next", "5m", relation="<", negated=True),)),
        ("size:>1.5mb", (Term("size", "1.5mb", relation=">"),)),
        ("tries:>3 tries:0", (Term("tries", "3", relation=">"), Term("tries", "0"))),
        ("reply:~421 now", (Term("reply", "421", contains=True), Term("", "now", contains=True))),
    ],
)
def test_terms(text: str, terms: tuple[Term, ...]) -> None:
    """Fields, `~` for "contains", `!` for "not", bare words; blanks between them mean "and"."""
    assert parse_query(text) == QueueQuery(terms=terms)


def test_an_empty_filter_matches_everything() -> None:
    """No term is no condition."""
    assert parse_query("") == EVERYTHING


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("colour:red", '"colour:" is not a field; there are state, dest'),
        ("state:lost", '"lost" is not a state; there are queued, deferred'),
        ("state:~def", '"~" does not go with state'),
        ("dest:", '"dest:" names no value'),
        ("dest:~", '"dest:~" names no value'),
        ("id:0197", "16 hexadecimal digits"),
        ("id:~0197", '"~" does not go with id'),
        ("prio:urgent", '"urgent" is not a priority; there are critical, high'),
        ("age:1h", 'age is compared with "<" or ">", as in "age:>1h"'),
        ("age:>", '"age:>" names no value, as in "age:>1h"'),
        ("next:", 'as in "next:<5m"'),
        ("next:<5", '"5" is not a time, as in "next:<5m"'),
        ("size:>big", '"big" is not a size, as in "size:>1mb"'),
        ("size:>1xb", '"1xb" is not a size'),
        ("tries:>3.5", '"3.5" is not a number, as in "tries:>3"'),
        ("tries:~3", '"~" does not go with tries'),
        ("!", '"!" names no value'),
        (":x", '":" is not a field'),
        ("x " * 51, "at most 50 terms"),
        ("x" * 2001, "at most 2000 characters"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_reason(text: str, why: str) -> None:
    """A refusal names the term and what may stand there."""
    with pytest.raises(BadQuery) as refusal:
        parse_query(text)
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("age:>90s", 90),
        ("age:>1.5h", 5400),
        ("next:<2d", 172_800),
        ("age:<1w", 604_800),
        ("size:<512", 512),
        ("size:>10kb", 10_000),
        ("size:>1mib", 1 << 20),
        ("tries:>12", 12),
    ],
)
def test_what_is_compared_has_its_unit(text: str, amount: float) -> None:
    """Ages are written in s, m, h, d or w, sizes in decimal or binary units, tries are counted."""
    (term,) = parse_query(text).terms
    assert term.amount == amount


def test_every_field_is_written_somehow() -> None:
    """What the language names as choices and comparisons are fields, and read as they stand."""
    for name, example_of in COMPARED.items():
        assert str(parse_query(f"{name}:{example_of}").terms[0]) == f"{name}:{example_of}"
    for name, words in CHOICES.items():
        assert [parse_query(f"{name}:{word}").terms[0].text for word in words] == list(words)
    assert {*COMPARED, *CHOICES} < set(FIELDS)


def test_what_is_wrong_is_found_at_its_place() -> None:
    """A refusal says where in the text the term stands, so that it can be shown there."""
    with pytest.raises(BadQuery) as refusal:
        parse_query("held  state:lost dest:x")
    assert refusal.value.span == (6, 16)


values = st.text(
    st.characters(exclude_categories=("Z", "C"), exclude_characters="~!:"), min_size=1, max_size=20
)
terms = st.one_of(
    st.builds(
        Term,
        st.sampled_from(["dest", "from", "rcpt", "subject", "reply", "client"]),
        values,
        contains=st.booleans(),
        negated=st.booleans(),
    ),
    st.builds(Term, st.just(""), values, contains=st.just(True), negated=st.booleans()),
    st.builds(
        Term,
        st.sampled_from(["age", "next"]),
        st.builds("{}{}".format, st.integers(0, 999), st.sampled_from("smhdw")),
        relation=st.sampled_from(("<", ">")),
        negated=st.booleans(),
    ),
    st.builds(
        Term, st.just("state"), st.sampled_from([s.word for s in State]), negated=st.booleans()
    ),
)


@given(st.lists(terms, max_size=5))
def test_a_filter_reads_back_as_it_is_written(listed: list[Term]) -> None:
    """Terms written as an operator would type them are the terms that are read."""
    words = (str(term) for term in listed)
    assert parse_query(" ".join(words)).terms == tuple(listed)


@given(st.text(max_size=100))
@example("\ud7fc:")
@example("\U000e0100:x")
@example("id:\ud7fc")
@example("state:\ud7fc")
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    """Nothing but `BadQuery` ever comes of what an operator types, and it fits one line."""
    said = ""
    try:
        parse_query(text)
    except BadQuery as error:
        said = str(error)
    assert said.isprintable()
