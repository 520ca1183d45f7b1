"""Keys as they are typed: read, followed through the model, found in a config."""

from __future__ import annotations

import pytest
from hypothesis import given

from empath.address import ServerId
from empath.config.diff import Order, differences
from empath.config.keys import BadKey, every_key, parse_key, value_at
from empath.config.locate import show_path
from empath.config.model import Config, PriorityClass, PriorityRule, PrioritySettings, Route
from tests.fakes.configs import configs

CONFIG = Config(
    route=(
        Route(domain="example.org", host=ServerId("a:25")),
        Route(domain="*", host=ServerId("b:25")),
    ),
    priority=PrioritySettings(rule=(PriorityRule(give=PriorityClass.BULK, sender="<>"),)),
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("mode", ("mode",)),
        ("delivery.retry.base", ("delivery", "retry", "base")),
        ('delivery."retry".base', ("delivery", "retry", "base")),
        ('route["example.org"].host', ("route", "example.org", "host")),
        ("route[example.org].host", ("route", "example.org", "host")),
        ("route[*]", ("route", "*")),
        ("route[1].host", ("route", 1, "host")),
        ('listener["[::1]:25"].tls', ("listener", "[::1]:25", "tls")),
        ("priority.rule[0].give", ("priority", "rule", 0, "give")),
        ('route["a\\"b"]', ("route", 'a"b')),
    ],
)
def test_a_key_is_read_as_it_is_typed(text: str, path: tuple[str | int, ...]) -> None:
    """Names of tables stand in brackets; the quotes may be missing, as a shell eats them."""
    assert parse_key(text) == path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the key is empty: keys are written delivery.retry.base"),
        ("a b", '"a b" is not a key: keys are written delivery.retry.base, route["example.org"]'),
        (".mode", '".mode" is not a key'),
        ("mode.", '"mode." is not a key'),
        ("[mode]", '"[mode]" is not a key'),
        ("route[", '"route[" is not a key'),
        ("hostnam", 'hostnam: there is no such setting; did you mean "hostname"?'),
        (
            "delivery.retry.bas",
            'delivery.retry.bas: there is no such setting; did you mean "base"?',
        ),
        ("min_free", "min_free: there is no such setting here; it belongs to spool.min_free"),
        ("route[*].hots", 'route["*"].hots: there is no such setting; did you mean "host"?'),
        ("mode.x", "mode is one setting, there is nothing within it"),
        ("mode[0]", "mode is one setting, there is nothing within it"),
        ("route.host", 'route has more than one table: write route["example.org"] or route[0]'),
        ("priority.rule.give", "priority.rule has more than one table: write priority.rule[0]"),
        ("priority.rule[x]", "a table of priority.rule has a place, not a name: priority.rule[0]"),
    ],
)
def test_a_key_that_means_nothing_says_what_to_write(text: str, told: str) -> None:
    """A slip is told with its remedy, as in the file."""
    with pytest.raises(BadKey) as raised:
        parse_key(text)
    assert str(raised.value).startswith(told)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mode", "dev"),
        ("delivery.retry.base", 300),
        ("route[EXAMPLE.org].host", "a:25"),
        ("route[1].host", "b:25"),
        ('route["*"]', CONFIG.route[1]),
        ("priority.rule[0].sender", "<>"),
        ("delivery.retry", CONFIG.delivery.retry),
    ],
)
def test_a_key_finds_its_value(text: str, value: object) -> None:
    """A table is found by its name or its place."""
    assert value_at(CONFIG, parse_key(text)) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("route[x].host", 'there is no route["x"]: there are example.org, *'),
        ("route[2]", "there is no route[2]: there are 2, counted from 0"),
        ("destination[x]", 'there is no destination["x"]: there is none at all'),
    ],
)
def test_a_table_that_is_not_there_is_told_with_those_that_are(text: str, told: str) -> None:
    """The operator sees which names there are."""
    with pytest.raises(BadKey) as raised:
        value_at(CONFIG, parse_key(text))
    assert str(raised.value) == told


@given(configs(), configs())
def test_every_key_that_is_shown_can_be_typed(old: Config, new: Config) -> None:
    """What a diff calls a setting is what `config get` takes."""
    for item in differences(old, new):
        assert parse_key(item.key) == item.path
        if not isinstance(item.new, Order) and (item.new is not None or item.old is None):
            assert value_at(new, item.path) == item.new


def test_every_key_of_the_model_is_known() -> None:
    """All settings are listed, those of repeated tables without their places."""
    keys = [show_path(path) for path in every_key()]
    assert keys[0] == "mode"
    assert "route.host" in keys
    assert "delivery.retry.base" in keys
    assert len(keys) == len(set(keys))
