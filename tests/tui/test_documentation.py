"""The keys in the documents are those of the registry."""

from __future__ import annotations

from pathlib import Path

from tui.actions import ACTIONS
from tui.documentation import document
from tui.keymap import Keymap
from tui.settings import parse_settings

KEYS = Path(__file__).parents[2] / "docs" / "KEYS.md"


def test_the_document_is_what_the_registry_says() -> None:
    """docs/KEYS.md is written by ``python -m tui.documentation``; write it anew when this fails."""
    assert KEYS.read_text(encoding="utf-8") == document()


def test_its_example_is_a_keymap() -> None:
    """The lines that it gives for console.toml are taken without a fault."""
    settings, faults = parse_settings(document().partition("```text\n")[2].partition("```")[0])
    assert settings.keymap
    assert [*faults, *Keymap(settings.keymap).faults] == []


def test_every_action_is_in_it() -> None:
    """No action is left out, with a key or without."""
    text = document()
    for scope in ACTIONS.scopes:
        for act in ACTIONS.of(scope):
            assert f"`{act.id}`" in text
