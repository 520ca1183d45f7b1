"""The operator's own keys: what is taken, what is told, and that nothing shows another key."""

from __future__ import annotations

import pytest

from empath.control.link import HoldMessages
from tests.fakes.clock import HandClock
from tests.fakes.console import item, page_of, press, running
from tests.fakes.memory_link import MemoryLink
from tui.actions import ACTIONS, shown_key
from tui.keymap import UNBOUND, Keymap, key_of
from tui.settings import Settings


def test_without_entries_the_registry_stands() -> None:
    """Every action has the keys it was declared with."""
    keymap = Keymap()
    for scope in ACTIONS.scopes:
        for act in ACTIONS.of(scope):
            assert keymap.key(act) == act.key
            assert keymap.shown(act) == shown_key(act.key.split(",")[0])
    assert not keymap.faults
    assert not keymap.for_textual()


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("X", "X"),
        (":", "colon"),
        ("^X", "ctrl+x"),
        ("ctrl+x", "ctrl+x"),
        ("f5", "f5"),
        ("shift+f5", "shift+f5"),
        ("enter", "enter"),
        ("hold it", None),
        ("hyper+x", None),
        ("", None),
        (" ", None),
        ("\x1b", None),
    ],
)
def test_keys_are_read_as_operators_write_them(written: str, key: str | None) -> None:
    """A letter, a sign, ^X or Textual's own name is a key; anything else is none."""
    assert key_of(written) == key


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"queue.hodl": "X"}, "queue.hodl: there is no such action; did you mean queue.hold?"),
        ({"x\x1b": "X"}, "keymap.x\\x1b: there is no such action"),
        ({"queue.hold": "hold it"}, '"hold it" is no key; the default stands'),
        ({"queue.hold": "D"}, "queue.hold: D is taken by queue.delete; the default stands"),
        ({"queue.hold": "p"}, "queue.hold: p is taken by global.pause; the default stands"),
        ({"queue.hold": "j"}, "queue.hold: j is taken by moving in lists; the default stands"),
    ],
)
def test_a_fault_is_a_sentence_and_the_default_stands(entry: dict[str, str], fault: str) -> None:
    """What cannot be taken names the action and why; its keys are those of the registry."""
    keymap = Keymap(entry)
    assert len(keymap.faults) == 1
    assert fault in keymap.faults[0]
    assert keymap.key(ACTIONS.get("queue.hold")) == "H"


def test_two_actions_may_change_places() -> None:
    """A key that its owner gives away is free."""
    keymap = Keymap({"queue.hold": "D", "queue.delete": "H"})
    assert not keymap.faults
    assert keymap.key(ACTIONS.get("queue.hold")) == "D"


def test_a_key_of_everywhere_changes_everywhere() -> None:
    """Screens with a way back of their own follow the key for going back."""
    keymap = Keymap({"global.back": "escape"})
    assert keymap.key(ACTIONS.get("queue.back")) == "escape"
    assert Keymap({"queue.hold": ""}).for_textual() == {"queue.hold": UNBOUND}


async def test_another_key_does_it_and_is_shown(clock: HandClock) -> None:
    """The new key acts, the old one does not; footer, help and palette show the new one."""
    link = MemoryLink()
    link.set_queue([item(1)])
    settings = Settings(keymap={"queue.hold": "f9"})
    async with running(link, clock, settings=settings) as (console, pilot):
        await press(pilot, "2", "H")
        assert not link.asked_of(HoldMessages)
        assert "F9 hold" in page_of(console)
        assert "H hold" not in page_of(console)
        await press(pilot, "f9")
        assert len(link.asked_of(HoldMessages)) == 1
        await press(pilot, "question_mark")
        assert "F9           Keep from being delivered" in page_of(console)


async def test_faults_are_told_at_the_start(clock: HandClock) -> None:
    """What is wrong in console.toml is one short notice at the start; the log has all of it."""
    faults = [
        "console.toml: interval is one of 0.5, 1, 2, 5 and 10 seconds; the default stands.",
        "console.toml: foo is no setting; the default stands.",
    ]
    async with running(MemoryLink(), clock, faults=faults) as (console, pilot):
        (told,) = console._notifications
        assert told.message == f"{faults[0]} And 1 more; @ lists them."
        assert told.timeout <= 6
        await press(pilot, "at")
        assert "foo is no setting" in page_of(console)
