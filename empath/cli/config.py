"""`empathctl config`: read, check and change the config file; no engine is needed for that.

What asks an engine that runs stands in `config_running` and `config_editing`, added at the end.

A change is made in the text, which keeps its comments and layout, and is written only when the
whole file is valid with it.  What is in force changes with ``empathctl config reload``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from empath.cli import config_editing, config_running
from empath.cli import config_values as values
from empath.cli.asking import ConfigOption, JsonOption, leave, where
from empath.cli.certificates import check_certificates
from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain, say, write_json, write_table
from empath.cli.verbs import group
from empath.config.config_file import read_text
from empath.config.diff import Difference, differences, shown
from empath.config.edit import EditRefused, set_value, unset
from empath.config.keys import BadKey, parse_key, show_key
from empath.config.load import DEFAULT_NAME, find_config, load_config, parse_config
from empath.config.locate import KeyPath
from empath.config.model import Config, Effect
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.rewrite import NotWritten, rewrite
from empath.config.schema import schema_text

config = group("config", "The config: what it says, what it would do, changes to it.")

_FAILURES: Final = (BadKey, EditRefused, ConfigUnusable, NotWritten)

_KEY_HELP: Final = "Such as delivery.retry.base or 'route[\"example.org\"].host'."

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help=_KEY_HELP)]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change; write nothing.")
]


@config.callback()
def _group() -> None:
    """The config: what it says, what it would do, changes to it."""


@config.command()
def check(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", readable=False, help="Default: the config.")
    ] = None,
    json: JsonOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Say everything that is wrong with a config file, each with its line and its remedy."""
    elsewhere: list[ConfigProblem] = []
    try:
        path = file or _file(context, config_file)
        text, _ = read_text(path)
        settings = load_config(path, elsewhere=elsewhere)
        check_certificates(settings, file=str(path), text=text)
    except ConfigUnusable as error:
        if json:
            write_json(values.faults(error))
            raise SystemExit(ExitCode.CONFIG) from None
        _fail(error)
    except _FAILURES as error:
        _fail(error)
    for warning in elsewhere:
        complain(str(warning))
    if json:
        write_json([])
    else:
        say(f"{path}: ok" + ("" if text.strip() else ", but empty: every setting has its default"))


@config.command()
def get(
    context: typer.Context,
    key: KeyArgument,
    json: JsonOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Show what the file says, or the default; of a table, each of its settings."""
    try:
        path = parse_key(key)
        found = values.look_up(
            find_config(where(context, None, config_file).config, needed=False), path
        )
    except _FAILURES as error:
        _fail(error)
    single = [item.key for item in found] == [show_key(path)]
    if json:
        write_json(found[0] if single else found)
        return
    for item in found:
        say(item.text)
    for line in values.explained(path) if single else ():
        say(f"  {line}")


@config.command("set")
def set_settings(
    context: typer.Context,
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY VALUE [KEY VALUE]...",
            help="Values as in the file, quotes may be left out; lists with commas; - reads one"
            " from standard input.",
        ),
    ],
    without: Annotated[
        list[str] | None,
        typer.Option("--unset", metavar="KEY", help="Take this out of the file, in the same go."),
    ] = None,
    dry_run: DryRunOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Change settings in the file, or add a table: route["example.org"] '{ host = "…" }'.

    Settings that need each other, such as those of TLS, or a name and its password, are given at
    once: the file is checked and written with all of them, or not at all.
    """
    if len(settings) % 2:
        leave(f'"{settings[-1]}" has no value: give KEY VALUE, as often as needed.', ExitCode.USAGE)
    if settings[1::2].count("-") > 1:
        leave("Only one value can be read from standard input.", ExitCode.USAGE)
    try:
        changes: list[tuple[KeyPath, str | None]] = [
            (path, _value(path, written))
            for path, written in zip(map(parse_key, settings[::2]), settings[1::2], strict=True)
        ]
        changes += _to_unset(without or [])
        _change(_file(context, config_file), changes, dry_run=dry_run)
    except _FAILURES as error:
        _fail(error)


@config.command("unset")
def unset_settings(
    context: typer.Context,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help=_KEY_HELP)],
    dry_run: DryRunOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Take settings, or tables such as 'route["example.org"]', out of the file."""
    try:
        _change(_file(context, config_file), _to_unset(keys), dry_run=dry_run)
    except _FAILURES as error:
        _fail(error)


@config.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    sys.stdout.write(schema_text())


def _file(context: typer.Context, named: Path | None) -> Path:
    """The config file that is meant.  Raises `ConfigUnusable` when there is none."""
    return find_config(where(context, None, named).config, needed=True) or DEFAULT_NAME


def _value(path: KeyPath, written: str) -> str:
    """The value that is meant, which may have to be read from standard input."""
    if written == "-":
        return sys.stdin.read().removesuffix("\n")
    if values.shows_secret(path, written):
        leave(
            "A secret on the command line is seen by everybody who lists processes: write"
            ' { file = "…" }, { env = "…" } or { credential = "…" }, or give - and type it.',
            ExitCode.USAGE,
        )
    return written


def _to_unset(keys: list[str]) -> list[tuple[KeyPath, None]]:
    """The keys, those of later tables first: places are those that the file has now."""
    paths = [parse_key(key) for key in keys]
    paths.sort(key=lambda path: [part for part in path if isinstance(part, int)], reverse=True)
    return [(path, None) for path in paths]


def _change(file: Path, changes: Sequence[tuple[KeyPath, str | None]], *, dry_run: bool) -> None:
    """Edit, validate, write, and say what changed and when that takes effect; None is unset."""
    text, shared = read_text(file)
    edited = text
    for key, value in changes:
        edited = unset(edited, key) if value is None else set_value(edited, key, value)
    try:
        new, elsewhere = _parsed(file, edited, shared=shared)
        check_certificates(new, file=str(file), text=edited)
    except ConfigUnusable as error:
        leave(f"{error}\nNothing was written.{_in_one_go(error, changes)}", ExitCode.CONFIG)
    try:
        old, known = _parsed(file, text, shared=shared)
    except ConfigUnusable:
        old, known = None, []  # the edit mends it
    if edited == text:
        say("Nothing changes: the file says so already.")
        return
    told = {(warning.key, warning.sentence) for warning in known}
    for warning in elsewhere:
        if (warning.key, warning.sentence) not in told:
            complain(str(warning))
    if not dry_run:
        rewrite(file, text, edited)
    verb = "would change" if dry_run else "changed"
    if old is None:
        say(f"{file} {verb}, and is valid again.")
        return
    found = differences(old, new)
    if not found:
        say(f"{file} {verb}, and means the same: that was the default, or is written elsewhere.")
        return
    rows = [(item.key, item.was, item.becomes, str(item.effect)) for item in shown(found)]
    write_table(("SETTING", "WAS", "BECOMES", "TAKES EFFECT"), rows)
    if not dry_run:
        say(_next_step(found))


def _in_one_go(error: ConfigUnusable, changes: Sequence[object]) -> str:
    """How settings are changed that need each other, where one alone was tried."""
    if len(changes) > 1 or not any(problem.together for problem in error.problems):
        return ""
    return " What needs each other is changed in one go: config set KEY VALUE KEY VALUE --unset KEY"


def _parsed(file: Path, text: str, *, shared: bool) -> tuple[Config, list[ConfigProblem]]:
    """The config, and what is to be said of secrets that only the engine has."""
    elsewhere: list[ConfigProblem] = []
    config = parse_config(
        text,
        file=str(file),
        directory=file.absolute().parent,
        shared=shared,
        elsewhere=elsewhere,
    )
    return config, elsewhere


def _next_step(changes: tuple[Difference, ...]) -> str:
    if all(item.effect is Effect.RESTART for item in changes):
        return "Written. An engine that runs takes it up when it is started again."
    return 'Written. "empathctl config reload" puts it in force where an engine runs.'


def _fail(error: Exception) -> NoReturn:
    """End the command with what is wrong and the code for it."""
    match error:
        case BadKey():
            leave(str(error), ExitCode.USAGE)
        case EditRefused() | NotWritten():
            leave(str(error), ExitCode.REFUSED)
        case _:
            leave(str(error), ExitCode.CONFIG)


config_running.register(config)
config_editing.register(config)
