"""One setting changed in the text of a config: everything else stays as it was."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.document import document
from empath.config.edit import EditRefused, set_value, unset
from empath.config.fields import settings_of
from empath.config.keys import BadKey, parse_key
from empath.config.locate import KeyPath
from empath.config.model import Config, Section
from empath.config.spelling import spell
from tests.fakes.configs import configs, values

SHIPPED = (Path(__file__).parents[2] / "empath.toml").read_text()


def put(text: str, key: str, value: str) -> str:
    """*text* with the setting changed."""
    return set_value(text, parse_key(key), value)


def take(text: str, key: str) -> str:
    """*text* with the setting taken away."""
    return unset(text, parse_key(key))


def changes(before: str, after: str) -> list[str]:
    """The lines that went and came, each with its sign."""
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in found if line[0] in "+-"]


def context(text: str, line: str) -> str:
    """The line that stands before *line*."""
    lines = text.splitlines()
    return lines[lines.index(line) - 1]


# The file that comes with Empath


@pytest.mark.parametrize(
    ("key", "value", "line", "before"),
    [
        ("delivery.retry.base", "10m", 'base = "10m"', "# base = "),
        ("hostname", "mx.example.org", 'hostname = "mx.example.org"', "# hostname = "),
        ("relay.networks", "10.0.0.0/8, ::1", 'networks = ["10.0.0.0/8", "::1"]', "# networks = "),
        ("spool.min_free", "1GB", 'min_free = "1GB"', "# min_free = "),
        ("spool.inline_limit", "0", "inline_limit = 0", "[spool]"),
        ("delivery.pipelining", "false", "pipelining = false", "[delivery]"),
        ("delivery.retry.factor", "3", "factor = 3", "[delivery.retry]"),
        ("delivery.rate", "100/m", 'rate = "100/m"', "[delivery]"),
        ("listener[0].certificate", "c.pem", 'certificate = "c.pem"', "# certificate = "),
    ],
)
def test_a_setting_comes_where_a_person_would_write_it(
    key: str, value: str, line: str, before: str
) -> None:
    """Below the line where it stands commented out, else at its table's end; one line more."""
    text = put(SHIPPED, key, value)
    assert changes(SHIPPED, text) == [f"+ {line}"]
    assert context(text, line).startswith(before)


def test_a_value_that_is_there_is_replaced_in_its_line() -> None:
    """What stands behind it stays; nothing else moves."""
    before = 'mode  =  "dev"   # for now\n'
    assert put(before, "mode", "relay") == 'mode  =  "relay"   # for now\n'
    assert put(before, "mode", '"relay"') == 'mode  =  "relay"   # for now\n'
    assert put(before, "mode", "dev") == before


def test_a_secret_stays_in_its_table() -> None:
    """A reference to a file is written in braces, where the password stood."""
    before = '[[route]]\npassword = "x" # soon elsewhere\ndomain = "a"\n'
    after = put(before, "route[a].password", '{ file = "p" }')
    assert after == '[[route]]\npassword = { file = "p" } # soon elsewhere\ndomain = "a"\n'


def test_a_route_comes_below_its_example() -> None:
    """A new table stands where the file speaks of it, its name first, an empty line round it."""
    text = put(SHIPPED, "route[example.org]", '{ host = "mx.example.org:25", tls = "starttls" }')
    block = '\n[[route]]\ndomain = "example.org"\nhost = "mx.example.org:25"\ntls = "starttls"\n\n'
    assert text.replace(block[1:], "") == SHIPPED
    assert text.index("# password =") < text.index(block) < text.index("\n# What one")
    more = put(text, "route[*].host", "smarthost:587")
    assert more.replace('[[route]]\ndomain = "*"\nhost = "smarthost:587"\n\n', "") == text
    assert more.index('"example.org"\nhost') < more.index('"*"\nhost')
    assert take(more, "route[*]") == text
    assert take(text, "route[0]") == SHIPPED


def test_a_table_that_goes_leaves_what_stands_above_the_next() -> None:
    """The comment between two tables belongs to the one below it."""
    text = (
        "# Head\n\n[[route]]\n# to us\ndomain = 'a'\nhost = 'a:25'\n\n# How mail goes out.\n"
        "[delivery]\nport = 26\n"
    )
    assert take(text, "route[a]") == "# Head\n\n# How mail goes out.\n[delivery]\nport = 26\n"


def test_a_section_comes_in_the_order_of_the_model() -> None:
    """`[delivery.retry]` stands behind `[delivery]`, before `[dns]` and what is said of that."""
    text = "[delivery]\nport = 26\n\n# Names\n[dns]\ntimeout = '5s'\n"
    assert put(text, "delivery.retry.base", "10m") == (
        '[delivery]\nport = 26\n\n[delivery.retry]\nbase = "10m"\n\n# Names\n[dns]\n'
        "timeout = '5s'\n"
    )
    assert put(text, "log.level", "debug") == text + '\n[log]\nlevel = "debug"\n'
    assert put("", "log.level", "debug") == '[log]\nlevel = "debug"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 'mode = "relay"\n'),
        ("# Head", '# Head\nmode = "relay"'),
        ("# Head\n\n[dns]\n", '# Head\nmode = "relay"\n\n[dns]\n'),
        ("# Names\n[dns]\n", 'mode = "relay"\n# Names\n[dns]\n'),
        ("[dns]\n", 'mode = "relay"\n\n[dns]\n'),
        ('hostname = "a.b"\n[dns]\n', 'hostname = "a.b"\nmode = "relay"\n\n[dns]\n'),
    ],
)
def test_a_setting_of_the_top_stands_before_all_tables(text: str, expected: str) -> None:
    """And below the comment at the head of the file."""
    assert put(text, "mode", "relay") == expected


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        # Dotted keys
        ("delivery.port = 26\n", "delivery.retry.base", "1m", None),
        ("[delivery]\nretry.factor = 3\n", "delivery.retry.base", "1m", None),
        (
            "[delivery]\nretry.factor = 3 # x\n",
            "delivery.retry.factor",
            "4",
            "retry.factor = 4 # x",
        ),
        # Inline tables and lists of them
        ("delivery = { port = 26 }\n", "delivery.port", "27", "delivery = { port = 27 }"),
        ("delivery = { port = 26 }\n", "delivery.burst", "3", None),
        ('route = [{ domain = "a", host = "a:25" }]\n', "route[a].host", "b:25", None),
        ('route = [{ domain = "a", host = "a:25" }]\n', "route[b].host", "b:25", None),
        # A list over lines, and what looks like a heading in it
        ('[relay]\ndomains = [\n  "a.example",\n]\n[dns]\n', "relay.networks", "::1", None),
        ('[dns]\nservers = [\n"192.0.2.1", # [x]\n]\n', "dns.timeout", "5s", 'timeout = "5s"'),
        # No line break at the end, and line breaks of Windows
        ("[dns]", "dns.timeout", "5s", 'timeout = "5s"'),
        ('mode = "dev"\r\n[dns]\r\n# x\r\n', "dns.timeout", "5s", 'timeout = "5s"'),
        # A heading out of order, and one that is quoted
        ("[delivery]\n[dns]\n[delivery.retry]\n", "delivery.retry.base", "1m", 'base = "1m"'),
        ('["dns"]\n', "dns.timeout", "5s", 'timeout = "5s"'),
    ],
)
def test_every_layout_is_kept(text: str, key: str, value: str, expected: str | None) -> None:
    """However the file is written, the setting is there afterwards and the rest is as it was."""
    edited = put(text, key, value)
    old, new = tomllib.loads(text), tomllib.loads(edited)
    assert new != old
    assert _without(new, old) != {}
    if expected is not None:
        assert expected in edited.splitlines()
    assert edited.count("\r\n") in (0, edited.count("\n"))


def _without(new: Any, old: Any) -> Any:
    """What *new* has beyond *old*; fails when something of *old* is gone."""
    if isinstance(new, dict):
        assert set(old) <= set(new)
        found = {key: _without(new[key], old.get(key, {})) for key in new}
        return {key: value for key, value in found.items() if value != {}}
    return {} if new == old else new


# Any config, any setting


def plain(section: type[Section] = Config, path: KeyPath = ()) -> list[tuple[KeyPath, Any]]:
    """Every plain setting that stands outside repeated tables."""
    found: list[tuple[KeyPath, Any]] = []
    for setting in settings_of(section):
        at = (*path, setting.name)
        if setting.section is not None:
            found += plain(setting.section, at)
        elif setting.repeated is None:
            found.append((at, setting))
    return found


@given(configs(), st.booleans(), st.data())
def test_an_edit_changes_one_setting_and_no_other_line(
    config: Config, written_only: bool, data: st.DataObject
) -> None:
    """For any config, setting and value: at most one line goes, one comes; unset takes it back."""
    text = document(config, written_only=written_only)
    path, setting = data.draw(st.sampled_from(plain()))
    value = data.draw(values(setting).filter(lambda value: value is not None))
    before = tomllib.loads(text)
    edited = set_value(text, path, spell(value))
    after = tomllib.loads(edited)
    assert _taken(after, path) == tomllib.loads(f"value = {spell(value)}")["value"]
    was = _taken(before, path)
    assert after == before
    if was is None:
        assert not [line for line in changes(text, edited) if line[0] == "-"]
    assert comments(edited) == comments(text)
    bare = tomllib.loads(unset(edited, path))
    assert _taken(bare, path) is None
    assert _tidy(bare) == before


def comments(text: str) -> list[str]:
    """The lines that say something to people only."""
    return [line for line in text.splitlines() if line.startswith("#")]


def _taken(document: Any, path: KeyPath) -> Any:
    """The value at *path*, which is taken out of the document, as are tables left empty by it."""
    inner = document
    for part in path[:-1]:
        inner = inner.get(part, {})
    value = inner.pop(path[-1], None)
    _tidy(document)
    return value


def _tidy(document: Any) -> Any:
    for key, inner in list(document.items()):
        if isinstance(inner, dict) and not _tidy(inner):
            del document[key]
    return document


# What is refused


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("delivery.retry", "{}", "delivery.retry is no single setting: name one in it,"),
        ("route", "[]", 'route is no single setting: name one in it, route["…"]'),
        (
            "route[x]",
            "mx:25",
            'a table is written { host = "mx.example.org:25", tls = "starttls" }',
        ),
    ],
)
def test_what_cannot_be_set_says_why(key: str, value: str, told: str) -> None:
    """A section is not a setting, and a table is more than a word: slips of the command line."""
    with pytest.raises(BadKey) as raised:
        put(SHIPPED, key, value)
    assert str(raised.value).startswith(told)


def test_a_table_that_is_there_is_not_replaced() -> None:
    """That hangs on the file: another one would take it."""
    with pytest.raises(EditRefused, match=r"^listener\[0\] is there already: set what is in it"):
        put(SHIPPED, "listener[0]", "{ tls = 'none' }")


def test_a_rule_is_added_at_the_next_place_only() -> None:
    """Rules have places, and there is no place behind the next."""
    text = put(SHIPPED, "priority.rule[0]", '{ sender = "@a.example", give = "bulk" }')
    assert text.count("\n[[priority.rule]]") == 1
    with pytest.raises(BadKey, match=r"there is no priority.rule\[2\]: there are 1"):
        put(text, "priority.rule[2].give", "bulk")


def test_what_is_not_written_cannot_be_unset() -> None:
    """The operator is told that the default holds already, or that there is no such table."""
    with pytest.raises(EditRefused, match="is not written in the file; it has its default already"):
        take(SHIPPED, "delivery.retry.base")
    with pytest.raises(EditRefused, match=r'route\["x"\] is not written in the file$'):
        take(SHIPPED, "route[x]")


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("delivery = 5", "delivery.retry.base", "delivery must be a table; mend that first"),
        ("delivery = 5", "delivery.port", "delivery must be a table; mend that first"),
        ("route = 5", "route[x].host", "route must be a list of tables; mend that first"),
        ("[route]", "route[x].host", "route must be a list of tables; mend that first"),
        ("route = [5]", "route[0].host", "route[0] must be a table; mend that first"),
    ],
)
def test_what_is_no_table_has_no_settings(text: str, key: str, told: str) -> None:
    """A file that says something impossible is not made worse."""
    for edit in (lambda: put(text, key, "x"), lambda: take(text, key)):
        with pytest.raises(EditRefused) as raised:
            edit()
        assert str(raised.value) == told


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("delivery.port = 26\nmode = 'dev'\n", "delivery.port", "mode = 'dev'\n"),
        ("delivery = { port = 26, burst = 3 }\n", "delivery.port", "delivery = {burst = 3 }\n"),
        (
            "[delivery]\nport = 26 # x\n# y\nburst = 3\n",
            "delivery.port",
            "[delivery]\n# y\nburst = 3\n",
        ),
        (
            "route = [{ domain = 'a' }, { domain = 'b' }]\n",
            "route[a]",
            "route = [{ domain = 'b' }]\n",
        ),
        ("route = [{ domain = 'a' }]\nmode = 'dev'\n", "route[a]", "mode = 'dev'\n"),
        ("[[listener]]\ntls = 'none'\n", "listener[127.0.0.1:1025]", ""),
        ("mode = 'dev'\r\n[dns]\r\n", "mode", "[dns]\r\n"),
    ],
)
def test_what_is_taken_away_leaves_the_rest(text: str, key: str, expected: str) -> None:
    """In every way that a file can be written; blanks in braces may differ."""
    assert take(text, key).replace(" ", "") == expected.replace(" ", "")


def test_broken_text_is_not_edited() -> None:
    """What is no TOML has no lines that one could know."""
    with pytest.raises(EditRefused, match=r"^mend the file first, line 1: is not valid TOML"):
        put("mode = \n", "mode", "dev")
    with pytest.raises(EditRefused) as raised:
        put("[log]\n[log]\n", "mode", "dev")
    assert str(raised.value) == (
        "mend the file first, line 2: log: is written a second time, first in line 1;"
        " put the two together"
    )


def test_what_looks_like_a_heading_does_no_harm() -> None:
    """A heading within a text of many lines deceives nobody: the edit is right, or refused."""
    text = 'hostname = """\n[dns]\n"""\n[dns]\n[log]\n'
    edited = put(text, "dns.timeout", "5s")
    assert tomllib.loads(edited) == tomllib.loads(text) | {"dns": {"timeout": "5s"}}


anything = st.text(max_size=20) | st.text("[]{}\"'=.,#\\\n0aé ", max_size=20)


@given(st.sampled_from(plain()), anything)
def test_whatever_is_typed_as_a_value_changes_one_setting_or_is_refused(
    place: tuple[KeyPath, Any], typed: str
) -> None:
    """No value can break out of its place, not even into a file that is no config."""
    path, _ = place
    before = tomllib.loads(SHIPPED)
    try:
        after = tomllib.loads(set_value(SHIPPED, path, typed))
    except EditRefused:
        return
    assert _taken(after, path) is not None
    _taken(before, path)
    assert after == before


@given(anything)
def test_whatever_is_typed_as_a_key_is_a_key_or_refused(typed: str) -> None:
    """A key is one of the model's, or there is a sentence about it that can be shown."""
    told = ""
    try:
        path = parse_key(typed)
    except BadKey as error:
        told, path = str(error), ()
    assert bool(told) != bool(path)
    assert told.isprintable()
