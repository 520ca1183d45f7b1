"""The `:` line and the palette as plain Python: what a line means, and what it may become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tui.app  # noqa: F401 - declares the actions
from tui.actions import ACTIONS, Action
from tui.commands import BadCommand, choices, completions, fuzzy, matching, parse


def free(_act: Action) -> str:
    """Nothing is off."""
    return ""


@pytest.mark.parametrize("scope", ACTIONS.scopes)
def test_every_action_can_be_named(scope: str) -> None:
    """Whatever has a key can be done by its name on the line, and is in the palette."""
    listed = {choice.act.id for choice in choices(scope, free)}
    for act in ACTIONS.within(scope):
        argument = " x" if act.needs else ""
        assert parse(scope, f":{act.names[0]}{argument}") == (act, argument.strip())
        assert act.id in listed


@pytest.mark.parametrize(
    ("line", "id", "argument"),
    [
        ("q", "global.quit", ""),
        (":queue  state:held ", "global.queue", "state:held"),
        ("dest mail.example", "global.destinations", "mail.example"),
        ("pict", "global.picture", ""),
        ("queue.hold", "queue.hold", ""),
    ],
)
def test_what_a_line_means(line: str, id: str, argument: str) -> None:
    """A name, cut short where that is clear, and what follows it."""
    act, given_argument = parse("queue", line)
    assert (act.id, given_argument) == (id, argument)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "Type the name"),
        ("zzzz", "lists what there is"),
        ("interval", "wants SECONDS"),
        ("help me", "takes nothing after its name"),
    ],
)
def test_what_means_nothing_says_why(line: str, why: str) -> None:
    """A line that means nothing is a sentence."""
    with pytest.raises(BadCommand, match=why):
        parse("queue", line)


@given(st.text(max_size=30))
def test_any_line_is_done_or_told(line: str) -> None:
    """Whatever is typed is an action, or a sentence that says why it is none."""
    completions("queue", line, free, lambda _act: ())
    try:
        act, _ = parse("queue", line)
    except BadCommand as error:
        act = None
        said = str(error)
    else:
        said = act.help
    assert said
    assert act is None or act in ACTIONS.within("queue")


def test_what_an_action_takes_is_completed() -> None:
    """Behind a name its values are offered, those that begin as typed first."""
    found = completions("queue", "theme ar", free, lambda _act: ("dark", "arctic", "light"))
    assert [choice.text for choice in found] == ["theme arctic", "theme dark"]


def test_the_best_comes_first() -> None:
    """The same name is best, then letters at the beginnings of words, then any in their order."""
    assert fuzzy("hold", "hold") == 0
    assert fuzzy("xyz", "hold") is None
    near, far = fuzzy("ho", "hold"), fuzzy("hd", "hold")
    assert near is not None
    assert far is not None
    assert near < far
    best = matching("hold", choices("queue", free))
    assert best[0].act.id == "queue.hold"
