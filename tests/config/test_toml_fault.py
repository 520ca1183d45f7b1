"""Text that is no TOML is told with its line and its key, in the words of the other faults."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.toml_fault import toml_fault

SEALED = (
    "cannot be written here: the table or list it belongs to stands in braces or brackets already;"
    " put it in there"
)


def told(text: str) -> str:
    """What is said of *text*."""
    with pytest.raises(tomllib.TOMLDecodeError) as raised:
        tomllib.loads(text)
    return str(toml_fault("f", text, raised.value))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[log]\nlevel = 1\n[log]\n",
            "f:3: log: is written a second time, first in line 1; put the two together",
        ),
        (
            "a = 1\r\n\r\na = 2",
            "f:3: a: is written a second time, first in line 1; keep one of them",
        ),
        (
            "[[l]]\nb = 1\n[[l]]\nb = 2\nb = 3\n",
            "f:5: l[1].b: is written a second time, first in line 4; keep one of them",
        ),
        (
            "[a]\nb = [\n1,\n]\nb = [\n2,\n]\n",
            "f:5: a.b: is written a second time, first in line 2; keep one of them",
        ),
        ("a = 1\n[[a]]\n", "f:2: a: is written a second time, first in line 1; keep one of them"),
        ("a = { b = { c = 1, c = 2 } }", "f:1: a.b.c: is written a second time; keep one of them"),
        (
            "[a.b]\nx = 1\n[a]\nb.y = 2\n",
            (
                "f:4: a.b.y: cannot be written here: its table has a heading of its own;"
                " put it in there"
            ),
        ),
        ("a = {}\na.b = 1\n", f"f:2: a.b: {SEALED}"),
        ("a = [", "f:1: the file ends in the middle of something: Invalid value"),
    ],
)
def test_a_clash_names_the_key_and_where_it_stood_first(text: str, sentence: str) -> None:
    """Not the column, nor the key as Python shows it."""
    assert told(text).startswith(sentence)


NAMES = st.sampled_from(["a", "b", '"c.d"'])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
LINES = st.one_of(
    PATHS.map("[{}]".format),
    PATHS.map("[[{}]]".format),
    PATHS.map("{} = 1".format),
    PATHS.map("{} = [1,\n2]".format),
    PATHS.map("{} = {{ a = 1, b.a = 2 }}".format),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_whatever_clashes_is_told_at_a_line_of_its_key(text: str) -> None:
    """The line is one of the text, and the last part of the key stands in it."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = toml_fault("f", text, error)
        assert fault.line is not None
        assert "(" not in fault.sentence
        line = text.split("\n")[fault.line - 1]
        assert any(part in line for part in ("a", "b", "c.d") if part in fault.key)
