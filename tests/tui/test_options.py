"""How a console is started: options, settings and terminal together."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.control.remote import RemoteLink
from tests.fakes.clock import HandClock
from tui.options import Options, parse, prepare
from tui.recording import RecordingLink, RecordingUnusable

BASE = ["--attach", "x.sock"]
TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def environ(tmp_path: Path, settings: str = "", **more: str) -> dict[str, str]:
    """The environment of an operator with these settings."""
    folder = tmp_path / "config" / "empath"
    folder.mkdir(parents=True)
    (folder / "console.toml").write_text(settings)
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), **TRUE, **more}


def test_what_the_options_say() -> None:
    """Each option has its meaning; without any the console may change things and has the mouse."""
    assert parse(BASE) == Options(Path("x.sock"), False, False, "", None, None, True)
    found = parse([*BASE, "--read-only", "--no-mouse", "--theme", "light", "--record", "f"])
    assert found == Options(Path("x.sock"), False, True, "light", Path("f"), None, False)
    assert parse(["--replay", "f"]).replay == Path("f")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "give --attach SOCKET, or --replay FILE"),
        ([*BASE, "--replay", "f"], "give --attach SOCKET, or --replay FILE"),
        ([*BASE, "--theme", "mauve"], "there is no theme 'mauve'; there are dark"),
        (["--replay", "f", "--record", "g"], "cannot be recorded"),
    ],
)
def test_wrong_options_end_it(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not go together is said, with exit status 2."""
    with pytest.raises(SystemExit) as end:
        parse(arguments)
    assert end.value.code == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "more", "option", "theme"),
    [
        ("", {}, "", "dark"),
        ('theme = "light"', {}, "", "light"),
        ('theme = "light"', {}, "grey", "grey"),
        ('theme = "light"', {"NO_COLOR": "1"}, "", "plain"),
        ('theme = "light"', {"NO_COLOR": "1"}, "grey", "grey"),
        ("", {"COLORTERM": "", "TERM": "xterm"}, "", "ansi"),
        ('theme = "mauve"', {}, "", "dark"),
    ],
)
def test_the_theme_is_that_of_option_settings_or_terminal(
    tmp_path: Path, settings: str, more: dict[str, str], option: str, theme: str
) -> None:
    """An option is stronger than NO_COLOR, NO_COLOR than what was kept, that than the terminal."""
    options = parse([*BASE, *(["--theme", option] if option else [])])
    start = prepare(options, environ(tmp_path, settings, **more), HandClock())
    assert start.console.theme_name == theme


def test_settings_are_used_and_faults_are_told(tmp_path: Path) -> None:
    """Interval, mouse and keymap come from console.toml; what is wrong in it is kept to be said."""
    settings = 'interval = 5\nmouse = false\ncolour = 1\n[keymap]\n"queue.hold" = "D"\n'
    start = prepare(parse(BASE), environ(tmp_path, settings), HandClock())
    console = start.console
    assert console.feed.pace.data == 5.0
    assert not start.mouse
    assert [fault.rpartition("console.toml: ")[2] for fault in console._faults] == [
        "colour is no setting of the console; the default stands.",
        "keymap.queue.hold: D is taken by queue.delete; the default stands",
    ]
    assert isinstance(console.link, RemoteLink)


async def test_a_recording_is_made_or_played(tmp_path: Path) -> None:
    """--record wraps the link; --replay takes a file's; one that cannot be used is told."""
    clock, named = HandClock(), environ(tmp_path)
    start = prepare(parse([*BASE, "--record", str(tmp_path / "f")]), named, clock)
    assert isinstance(start.console.link, RecordingLink)
    await start.console.link.close()
    with pytest.raises(RecordingUnusable):
        prepare(parse(["--replay", str(tmp_path / "none")]), named, clock)
