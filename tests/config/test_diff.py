"""What differs between two configs, and what of it can be in force at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from msgspec.structs import replace

from empath.address import ServerId
from empath.config.diff import Difference, apply, at_once, differences, shown, strongest
from empath.config.fields import settings_of
from empath.config.model import (
    Config,
    Effect,
    Listener,
    PriorityClass,
    PriorityRule,
    PrioritySettings,
    Route,
    Section,
)
from empath.config.units import Duration, Secret
from tests.fakes.configs import configs


def route(domain: str, host: str = "mx.example.org:25", password: str = "") -> Route:
    """A route; its user name is there when it has a password."""
    username = "ada" if password else ""
    return Route(domain=domain, host=ServerId(host), username=username, password=Secret(password))


def lines(old: Config, new: Config) -> list[tuple[str, str, str]]:
    """Key, old and new value of each difference, as an operator reads them."""
    return [(item.key, item.was, item.becomes) for item in differences(old, new)]


@given(configs(), configs())
def test_the_differences_of_two_configs_make_one_of_the_other(old: Config, new: Config) -> None:
    """`apply(old, differences(old, new))` is *new*, whatever the two are."""
    assert apply(old, differences(old, new)) == new


@given(configs())
def test_a_config_does_not_differ_from_itself(config: Config) -> None:
    """No difference is found where there is none."""
    assert differences(config, config) == ()


@given(configs(), configs())
def test_every_difference_has_the_effect_that_its_setting_declares(
    old: Config, new: Config
) -> None:
    """A table that comes, goes or moves has the effect of its weightiest setting."""
    for item in differences(old, new):
        assert item.effect is _declared(item)


def _declared(item: Difference) -> Effect | None:
    section: type[Section] = Config
    for part in item.path:
        settings = {setting.name: setting for setting in settings_of(section)}
        if part not in settings:
            continue  # the name or place of a table
        setting = settings[str(part)]
        inner = setting.section or setting.repeated
        if inner is None:
            return setting.effect
        section = inner
    return strongest(section)


@given(configs(), configs())
def test_no_difference_spells_a_secret(old: Config, new: Config) -> None:
    """A password that changes, or comes with its route, is shown as a fingerprint."""
    shown = " ".join(item.was + item.becomes for item in differences(old, new))
    for table in (*old.route, *new.route):
        if table.password:
            assert f'password = "{table.password.reveal()}"' not in shown
    assert re.search(r"password = [^•]", shown) is None


@given(configs(), configs())
def test_what_can_be_in_force_at_once_is_all_but_what_needs_a_restart(
    running: Config, wanted: Config
) -> None:
    """Settings that wait keep the value that runs; all others have the new one."""
    now, waiting = at_once(running, wanted)
    assert differences(now, wanted) == waiting
    assert all(item.effect is Effect.RESTART for item in waiting)
    assert all(item.effect is not Effect.RESTART for item in differences(running, now))
    assert at_once(now, wanted) == (now, waiting)


def test_a_change_of_one_setting_is_one_difference() -> None:
    """A setting is named from the top, with both values as they are written."""
    old = Config()
    retry = replace(old.delivery.retry, base=Duration(600))
    new = replace(old, delivery=replace(old.delivery, retry=retry))
    assert lines(old, new) == [("delivery.retry.base", '"5m"', '"10m"')]


def test_tables_are_told_apart_by_their_name() -> None:
    """A route put before the others is one difference, and so is a host that changes."""
    old = Config(route=(route("a.example"), route("b.example")))
    new = Config(route=(route("c.example"), route("a.example"), route("b.example", "other:25")))
    assert lines(old, new) == [
        ('route["b.example"].host', '"mx.example.org:25"', '"other:25"'),
        (
            'route["c.example"]',
            "–",
            '{ domain = "c.example", host = "mx.example.org:25" }',
        ),
        ("route", "a.example, b.example", "c.example, a.example, b.example"),
    ]


def test_a_table_spells_its_name_even_where_that_is_the_default() -> None:
    """A listener that goes is known by its address, be that the default one."""
    old = Config(listener=(Listener(), Listener(bind=ServerId("127.0.0.1:25"))))
    new = Config(listener=(Listener(bind=ServerId("127.0.0.1:25")),))
    assert lines(old, new) == [
        ('listener["127.0.0.1:1025"]', '{ bind = "127.0.0.1:1025" }', "–"),
    ]


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_tables_without_a_name_keep_their_places_while_others_go(kept: int) -> None:
    """Of several rules that are taken away, none takes another's place with it."""
    rules = tuple(PriorityRule(give=PriorityClass.BULK, sender=f"@{n}.example") for n in range(4))
    old = Config(priority=PrioritySettings(rule=rules))
    new = Config(priority=PrioritySettings(rule=rules[:kept]))
    found = differences(old, new)
    assert [item.key for item in found] == [f"priority.rule[{n}]" for n in range(kept, 4)]
    assert apply(old, found) == new


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ("a.test b.test", ".a.test b.test", ['route["a.test"]', 'route[".a.test"]']),
        ("a.test b.test", "a.test c.test b.test", ['route["c.test"]']),
        ("a.test b.test", "b.test a.test", ["route"]),
        ("a.test b.test c.test", "c.test d.test a.test", None),
    ],
)
def test_an_order_is_told_where_tables_have_moved(
    before: str, after: str, keys: list[str] | None
) -> None:
    """Not where one has another name, or a new one stands between others."""
    old, new = (Config(route=tuple(map(route, names.split()))) for names in (before, after))
    found = differences(old, new)
    assert apply(old, found) == new
    seen = [item.key for item in shown(found)]
    assert seen == keys if keys is not None else "route" in seen


def test_a_secret_that_changes_shows_two_fingerprints() -> None:
    """Two passwords can be told apart without being seen."""
    old, new = (Config(route=(route("*", password=word),)) for word in ("hunter2", "hunter3"))
    ((key, was, becomes),) = lines(old, new)
    assert key == 'route["*"].password'
    assert was.startswith("•••• ")
    assert was != becomes
    assert "hunter" not in was + becomes


def test_some_of_the_changes_can_be_made() -> None:
    """Those to one route, say, while another waits: the order names what is not there."""
    old = Config(route=(route("a.example"), route("b.example")))
    new = Config(route=(route("c.example"), route("b.example", "other:25"), route("a.example")))
    found = [item for item in differences(old, new) if item.path != ("route", "c.example")]
    assert apply(old, found).route == (route("b.example", "other:25"), route("a.example"))
