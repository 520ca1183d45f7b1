"""An engine in memory whose config has a past, for the Config screen."""

from __future__ import annotations

import msgspec

from empath.control.link import ConfigFault, ConfigVersion
from tests.fakes.memory_config import CHANGE, FIRST, PLAN, TEXT, VIEW
from tests.fakes.memory_link import MemoryLink
from tui.app import Console
from tui.screens.config import ConfigScreen
from tui.widgets.toml_editor import TomlEditor

FAULT = ConfigFault(
    file="/etc/empath.toml", line=4, key="delivery.retry.base", sentence="must be at least 1s"
)
SECOND = ConfigVersion(
    version=2,
    at=1_790_000_100.0,
    actor="ada(uid 1000) pid 7",
    reason="slow",
    source="edit",
    changes=(CHANGE,),
)


def with_a_past() -> MemoryLink:
    """An engine whose file is what is in force, with one change in its past."""
    engine = MemoryLink()
    config = engine.config
    config.version = 2
    config.versions = (SECOND, FIRST)
    config.texts[1] = 'mode = "relay"\n'
    config.view = msgspec.structs.replace(VIEW, version=2, drift=False, pending=(), digest="d1")
    config.text = msgspec.structs.replace(TEXT, version=2)
    config.plan = msgspec.structs.replace(PLAN, changes=(), pending=())
    return engine


def editor_of(console: Console) -> TomlEditor:
    """The text of the screen in front."""
    screen = console.screen
    assert isinstance(screen, ConfigScreen)
    return screen.editor


def wanting(link: MemoryLink) -> None:
    """The engine finds one change in whatever is planned."""
    link.config.plan = msgspec.structs.replace(PLAN, changes=(CHANGE,), pending=())
