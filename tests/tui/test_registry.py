"""The registry of actions: what every action must have, and what no two may share."""

from __future__ import annotations

import pytest

import tui.app  # noqa: F401 - declares the actions
from tui.actions import ACTIONS, CATEGORIES, Action, Danger, Registry, action, shown_key

EVERY = [act for scope in ACTIONS.scopes for act in ACTIONS.of(scope)]

LOOKING = {"N", "S", "V", "E"}
"""Upper-case keys that look, as vi and k9s have them: back through what was found, the order
reversed, a range of marks, a message written to a file."""


def test_nothing_is_declared_twice() -> None:
    """No two actions of a screen share a key or a name, nor does one take a key of everywhere."""
    assert ACTIONS.clashes() == []


@pytest.mark.parametrize("act", EVERY, ids=lambda act: act.id)
def test_every_action_can_be_learned(act: Action) -> None:
    """An action has a title, a sentence of help, a category and a name for the `:` line."""
    assert act.title
    assert act.help[0].isupper()
    assert act.help.endswith(".")
    assert act.category in CATEGORIES
    assert all(name and " " not in name for name in act.names)
    assert act.key or act.names


@pytest.mark.parametrize(
    "act", [act for act in EVERY if act.danger is not Danger.SAFE], ids=lambda act: act.id
)
def test_every_change_can_be_off(act: Action) -> None:
    """What changes something says why it cannot be done, as where one may only look."""
    assert act.why_off is not None


@pytest.mark.parametrize("act", EVERY, ids=lambda act: act.id)
def test_lower_case_looks_and_upper_case_changes(act: Action) -> None:
    """A letter says by its case whether it changes anything; undoing, which takes a change back,
    is the one exception.
    """
    for key in act.keys:
        if len(key) != 1 or not key.isalpha():
            continue
        if act.danger is Danger.SAFE:
            assert key.islower() or key in LOOKING, act.id
        else:
            assert key.isupper() or act.id.endswith(".undo"), act.id


def test_clashes_are_told() -> None:
    """A key or name that is declared twice, or taken from everywhere, is a sentence each."""

    class Screen:
        @action("a", "one", help="One.")
        def one(self) -> None: ...

        @action("a", "two", help="Two.", names=("one",))
        def two(self) -> None: ...

    class Everywhere:
        @action("a", "three", help="Three.")
        def three(self) -> None: ...

    registry = Registry()
    registry.collect("global", Everywhere)
    registry.collect("screen", Screen)
    assert registry.clashes() == [
        "screen: a is screen.one and screen.two",
        "screen: the name one is screen.one and screen.two",
        "screen: a is screen.two, and everywhere else global.three",
    ]


def test_keys_are_shown_as_operators_read_them() -> None:
    """Textual's names of keys are not those on keyboards."""
    assert [shown_key(key) for key in ("enter", "ctrl+p", "colon", "f12", "X", "")] == [
        "⏎",
        "^P",
        ":",
        "F12",
        "X",
        "",
    ]
