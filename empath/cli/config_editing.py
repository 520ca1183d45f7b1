"""`empathctl config text|apply|watch|keep|describe`: editing the config of an engine that runs.

What is read has placeholders for secrets; put back unchanged they stand for the secrets that are
there.  ``config text > draft.toml``, an editor, ``config apply draft.toml --watch 60s``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from msgspec.structs import replace

from empath.cli.asking import Client, leave
from empath.cli.config_diff import write_applied, write_faults
from empath.cli.exit_codes import ExitCode
from empath.cli.show import clock_time, say, write_json
from empath.cli.verbs import verb
from empath.config.units import BadUnit, Duration
from empath.control import link

ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]
_STDIN: Final = "-"

Checked = TypeVar("Checked", link.Plan, link.ConfigFaults)


@verb
def text(
    *,
    version: Annotated[
        int | None,
        typer.Option(
            "--version", metavar="N", min=0, help="A version of the history; 0: in force."
        ),
    ] = None,
    client: Client,
) -> None:
    """Print the config file as it is written, with a placeholder for each secret."""
    write_text(client, version)


def write_text(client: Client, version: int | None) -> None:
    """Write the text of the file, or of a version; 0 is the one in force."""
    found = client.ask(
        link.ReadConfigText() if version is None else link.ReadConfigVersion(version=version)
    )
    if client.json:
        write_json(found)
    else:
        sys.stdout.write(_shown(found.text))


WatchOption = Annotated[
    str,
    typer.Option(
        "--watch",
        metavar="TIME",
        help="Go back by itself if the engine is worse off within this time, such as 60s.",
    ),
]


@verb
def apply(
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The new text; - is standard input.")],
    watch: WatchOption = "0",
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="DIGEST", help="Only if it is the text of that plan."),
    ] = None,
    reason: ReasonOption = "",
    client: Client,
) -> None:
    """Write a text to the config file and put it in force, all of it or nothing."""
    seconds = length_of_trial(watch)
    request = link.ApplyConfig(text=text_of(file), expect=expect, reason=reason, watch=seconds)
    applied = client.ask(request)
    applied = replace(applied, plan=of_draft(applied.plan, file))
    if client.json:
        write_json(applied)
        if applied.plan.faults:
            write_faults(applied.plan)
    else:
        write_applied(applied)
        say_watched(applied)
    if applied.plan.faults:
        raise SystemExit(ExitCode.CONFIG)


@verb
def watch(
    *,
    client: Client,
) -> None:
    """Show whether a config is on trial, and how it does."""
    _write_watch(client.ask(link.GetWatch()), json=client.json)


@verb
def keep(
    *,
    reason: ReasonOption = "",
    client: Client,
) -> None:
    """Keep the config that is on trial, without waiting for the end of its time."""
    request = link.KeepConfig(reason=reason)
    _write_watch(client.ask(request), json=client.json)


@verb
def describe(
    *,
    key: Annotated[
        str, typer.Argument(metavar="[KEY]", help="A setting or table; default: all.")
    ] = "",
    client: Client,
) -> None:
    """Say what settings mean, and what they are in the engine and in its file."""
    found = client.ask(link.DescribeConfig(key=key))
    if client.json:
        write_json(found)
        return
    for one in found.keys:
        say(f"{one.key}  {one.kind}")
        say(f"  {one.what}")
        if one.effect:
            say(f"  default {one.default}; a change takes effect: {one.effect}")
        for value in found.values:
            if _plain(value.key) == one.key:
                file = value.file or "cannot be used"
                differs = "" if value.file == value.running else f"; the file: {file}"
                say(f"  {value.key} = {value.running}{differs}")


def register(app: typer.Typer) -> None:
    """Add these commands to `empathctl config`."""
    for command in (text, apply, watch, keep, describe):
        app.command()(command)


def of_draft(found: Checked, file: str) -> Checked:
    """*found* with its faults in the draft that was named, where the engine says its own file."""
    name = "standard input" if file == _STDIN else file
    return replace(found, faults=tuple(replace(one, file=name) for one in found.faults))


def _plain(key: str) -> str:
    """The key of a value as the manual writes it."""
    return re.sub(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]', "[]", key)


def _write_watch(view: link.ConfigWatchView, *, json: bool) -> None:
    if json:
        write_json(view)
        return
    if view.watching:
        left = max(0.0, view.ends_at - view.now)
        say(
            f"Version {view.version} by {view.actor} is on trial for {left:,.0f} s more; version"
            f" {view.back_to} would come back."
        )
    elif view.version:
        say(f"Version {view.version}: {view.outcome}, {clock_time(view.ends_at)}, by {view.actor}.")
    say(view.sentence)


def _shown(text: str) -> str:
    """*text* for a terminal, or to the letter into a file."""
    if not sys.stdout.isatty():
        return text
    return "".join(each if each.isprintable() or each in "\t\n" else "·" for each in text)


def length_of_trial(watch: str) -> float | None:
    """What ``--watch`` says, in seconds; None for no trial.  Ends the command if it is no time."""
    try:
        return None if watch == "0" else float(Duration.parse(watch)) or None
    except BadUnit as error:
        leave(f"--watch: {error}", ExitCode.USAGE)


def say_watched(applied: link.AppliedConfig) -> None:
    """How long it is on trial, if it is."""
    if applied.watched_until is not None:
        say(
            f"It is watched until {clock_time(applied.watched_until)}: `empathctl config watch`"
            " shows how it does, `config keep` ends it."
        )


def text_of(file: str) -> str:
    """The text of a draft; ends the command when it cannot be read."""
    try:
        data = sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
    except OSError as error:
        leave(f"{file}: cannot be read: {error.strerror}", ExitCode.CONFIG)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        leave(f"{file}: is not UTF-8 text; save it as UTF-8", ExitCode.CONFIG)
