"""The filter language, as operators type it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from empath.envelope import State
from empath.query import EVERYTHING, FIELDS, BadQuery, QueueQuery, Term, parse_query

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


values = st.text(
    st.characters(exclude_categories=("Z", "C"), exclude_characters="~!:"), min_size=1, max_size=20
)
terms = st.one_of(
    st.builds(
        Term,
        st.sampled_from([name for name in FIELDS if name not in ("state", "id")]),
        values,
        contains=st.booleans(),
        negated=st.booleans(),
    ),
    st.builds(Term, st.just(""), values, contains=st.just(True), negated=st.booleans()),
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
