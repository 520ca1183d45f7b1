"""How a console is started: its options, what console.toml says, and what the terminal can show.

``python -m tui`` and ``empath console`` take the same ones.  Faults of the settings are sentences
for the operator and keep nothing from starting; wrong options end the program with 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from empath.clock import Clock
from empath.control.link import Link
from empath.control.remote import RemoteLink
from tui.app import Console
from tui.keymap import Keymap
from tui.recording import RecordingLink, RecordingUnusable
from tui.replay import ReplayLink, Tape
from tui.settings import Settings, read_settings, settings_file, state_folder
from tui.terminal import colours_of, shows_unicode
from tui.theme import THEMES, theme_for


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    attach: Path | None
    child: bool
    read_only: bool
    theme: str
    record: Path | None
    replay: Path | None
    mouse: bool


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; ends the program with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="empath console", description="Empath's console.")
    parser.add_argument("--attach", type=Path, metavar="SOCKET", help="the engine's control socket")
    parser.add_argument(
        "--child", action="store_true", help="this console was started together with the relay"
    )
    parser.add_argument("--read-only", action="store_true", help="look, do not touch")
    parser.add_argument("--theme", default="", metavar="NAME", help=", ".join(THEMES))
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write the session to a new file"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play a recorded session")
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    found = parser.parse_args(arguments)
    if (found.attach is None) == (found.replay is None):
        parser.error("give --attach SOCKET, or --replay FILE without one")
    if found.record is not None and found.replay is not None:
        parser.error("a recording that is played cannot be recorded")
    if found.theme and found.theme not in THEMES:
        parser.error(f"there is no theme {found.theme!r}; there are {', '.join(THEMES)}")
    return Options(
        attach=found.attach,
        child=found.child,
        read_only=found.read_only,
        theme=found.theme,
        record=found.record,
        replay=found.replay,
        mouse=not found.no_mouse,
    )


@dataclass(frozen=True, slots=True)
class Start:
    """A console that is ready to run."""

    console: Console
    mouse: bool


def prepare(options: Options, environ: Mapping[str, str], clock: Clock) -> Start:
    """The console that options, settings and terminal ask for.  Raises `RecordingUnusable`."""
    file = settings_file(environ)
    settings, faults = read_settings(file)
    keymap = Keymap(settings.keymap)
    faults += [f"{file}: {fault}" for fault in keymap.faults]
    link, tape = _link(options, clock)
    console = Console(
        link,
        clock=clock,
        child=options.child,
        read_only=options.read_only,
        settings=settings,
        settings_file=file,
        state=state_folder(environ),
        theme=_theme(options, settings, environ, faults),
        unicode=shows_unicode(environ),
        keymap=keymap,
        faults=faults,
        replay=tape,
    )
    if isinstance(link, RecordingLink):
        link.told = lambda sentence: console.say_faults((sentence,))
    return Start(console, options.mouse and settings.mouse)


def _link(options: Options, clock: Clock) -> tuple[Link, Tape | None]:
    if options.replay is not None:
        played = ReplayLink(options.replay, clock)
        return played, played.tape
    assert options.attach is not None
    link = RemoteLink(options.attach)
    if options.record is not None:
        return RecordingLink(link, options.record, clock), None
    return link, None


def _theme(
    options: Options, settings: Settings, environ: Mapping[str, str], faults: list[str]
) -> str:
    """The theme that was asked for, or that the terminal needs; NO_COLOR is stronger than what
    was kept, and weaker than an option of today.
    """
    if options.theme:
        return options.theme
    fitting = theme_for(environ, colours_of(environ))
    if settings.theme and settings.theme not in THEMES:
        faults.append(f"theme {settings.theme[:40]!r} is none; there are {', '.join(THEMES)}.")
        return fitting
    return fitting if fitting == "plain" else settings.theme or fitting


__all__ = ["Options", "RecordingUnusable", "Start", "parse", "prepare"]
