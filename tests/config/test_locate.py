"""Lines of keys: `locate_keys` agrees with `tomllib` about every document."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.config.locate import KeyPath, locate_keys, show_path

DOCUMENT = '''\
# a comment with [brackets] = "and quotes
top = 1
"quoted key" = """
[not.a.table]
fake = 1 ""\\"""""

[delivery]
connect_timeout = "30s" # = comment
retry.base = "5m"
retry . cap = "1d"

  [ delivery . more ]
when = 1979-05-27 07:32:00

[[listener]]
bind = "[::1]:25"
[[listener]]
bind = 'C:\\'
networks = [ # one
  "10.0.0.0/8", # ], two
  [1, 2], { a = 1, b = { "c.d" = 2 } },
]
  [[listener.inner]]
  x = true
  [[listener.inner]]
  y = false
[listener.last]
z = \'\'\'
]]\'\'\'
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("delivery",), 7),
        (("delivery", "connect_timeout"), 8),
        (("delivery", "retry"), 9),
        (("delivery", "retry", "base"), 9),
        (("delivery", "retry", "cap"), 10),
        (("delivery", "more"), 12),
        (("delivery", "more", "when"), 13),
        (("listener",), 15),
        (("listener", 0), 15),
        (("listener", 0, "bind"), 16),
        (("listener", 1), 17),
        (("listener", 1, "bind"), 18),
        (("listener", 1, "networks", 0), 20),
        (("listener", 1, "networks", 1, 1), 21),
        (("listener", 1, "networks", 2, "b", "c.d"), 21),
        (("listener", 1, "inner", 0, "x"), 24),
        (("listener", 1, "inner", 1), 25),
        (("listener", 1, "inner", 1, "y"), 26),
        (("listener", 1, "last", "z"), 28),
    ],
)
def test_every_form_of_key_has_its_line(path: KeyPath, line: int) -> None:
    """Headers, dotted keys, arrays of tables, inline tables and list items are found."""
    tomllib.loads(DOCUMENT)
    assert locate_keys(DOCUMENT)[path] == line


def test_windows_line_ends_count_once() -> None:
    """A file saved on Windows has the same line numbers."""
    assert locate_keys(DOCUMENT.replace("\n", "\r\n")) == locate_keys(DOCUMENT)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("listener", 0, "bind"), "listener[0].bind"),
        (("a b", "c"), '"a b".c'),
        ((), ""),
    ],
)
def test_a_path_is_shown_as_toml_writes_it(path: KeyPath, shown: str) -> None:
    """Operators read key paths the way they would write them."""
    assert show_path(path) == shown


# Documents are made as text, piece by piece, so that every way of writing a thing occurs.

_words = st.from_regex(r"[a-z0-9_-]{1,6}", fullmatch=True)
_texts = st.text(st.sampled_from("ab=[]{}#,.'\" \\\n\té"), max_size=12)


def _basic(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


_keys = st.one_of(_words, _texts.map(_basic), _words.map(lambda word: f"'{word}.x'"))
_blanks = st.sampled_from(["", " ", "\t "])
_gaps = st.sampled_from(["", " ", "\n", "  # ]},= comment\n", "\n\n  "])
_scalars = st.one_of(
    _texts.map(_basic),
    _texts.map(lambda text: '"""' + _basic(text)[1:-1].replace("\\n", "\n") + '"""'),
    st.sampled_from(["'''it''s\n[x]'''", "'lit # eral'", '""', '"""a""b"""', "''''quoted''''"]),
    st.sampled_from(["0", "-1.5e3", "true", "inf", "0xff", "1979-05-27 07:32:00", "07:32:00"]),
)


@st.composite
def _arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(values, max_size=4))
    text = "["
    for number, item in enumerate(items):
        text += draw(_gaps) + item + draw(_gaps)
        text += "," if number < len(items) - 1 or draw(st.booleans()) else ""
    return text + draw(_gaps) + "]"


@st.composite
def _inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    pairs = draw(st.dictionaries(_keys, values, max_size=3))
    body = ",".join(
        f"{draw(_blanks)}{key}{draw(_blanks)}={draw(_blanks)}{value}"
        for key, value in pairs.items()
    )
    return "{" + body + " }"


_values = st.recursive(
    _scalars, lambda inner: st.one_of(_arrays(inner), _inline_tables(inner)), max_leaves=6
)


@st.composite
def _documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 8))):
        dotted = draw(_blanks) + draw(st.sampled_from([".", " . "])).join(
            draw(st.lists(_keys, min_size=1, max_size=3))
        )
        match draw(st.sampled_from(["pair", "pair", "pair", "table", "array", "comment"])):
            case "pair":
                lines.append(f"{dotted}{draw(_blanks)}={draw(_blanks)}{draw(_values)}")
            case "table":
                lines.append(f"[{dotted}] # x")
            case "array":
                lines.append(f"[[{dotted}]]")
            case _:
                lines.append("# [a] = 'b")
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


def _paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for part, child in children:
        yield (*path, part)
        yield from _paths(child, (*path, part))


@settings(max_examples=400, deadline=None)
@given(_documents())
def test_every_key_that_tomllib_reads_has_a_line_that_names_it(text: str) -> None:
    """No key path of a parsed document is without a line, and its last part stands there."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # keys that clash, or an escape that is none: not a document
    lines = locate_keys(text)
    written = text.split("\n")
    for path in _paths(document):
        line = written[lines[path] - 1]
        part = path[-1]
        if isinstance(part, str):
            assert part in line or _basic(part) in line or f"'{part}'" in line


@given(st.text(st.sampled_from("a=[]{}\"'.,#\n\\ "), max_size=60))
def test_text_that_is_not_toml_does_no_harm(text: str) -> None:
    """The scanner ends on any text at all, though only valid documents give true lines."""
    assert all(line >= 1 for line in locate_keys(text).values())
