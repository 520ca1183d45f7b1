"""How a command is made: the program, its groups, a verb and the options it shares with others.

A new verb of `empathctl` finds its parts here.  It is a function under ``@GROUP.command()`` and
``@verb``, its docstring is its help, and each parameter is an option of its own or a dataclass
that stands for some; the words of the command line come in the order of the parameters:

- `asking.Client`: which engine (``--socket``, ``--config``), ``--json``, and `Client.ask`;
- `preview.Change`: ``--reason`` and ``--dry-run``, for all that changes something;
- `preview.Term`: ``--for`` and ``--until``, for what ends by itself;
- `queue_changes.Messages`: ids or ``--query``; `request_for` and `change_queue` do the rest.

    @dns.command("remove-override")
    @verb
    def remove_override(*, domain: DomainArgument, change: Change, client: Client) -> None:
        (its help)
        request = link.RemoveDnsOverride(
            domain=read_domain(domain), reason=change.reason, dry_run=change.dry_run
        )
        _write_overrides(client, client.ask(request))

What is written is `show`'s; words that have to be read are `words`'.  A request of the link needs
its verb in `tests/cli`, its entry in `docs/CONTROL.md` and a news fragment.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import typer

from empath.cli.exit_codes import ExitCode
from empath.version import VERSION


def program(name: str, *, help: str, runs_alone: bool) -> typer.Typer:
    """A program; *runs_alone*: it does something without a command, too."""
    return typer.Typer(
        name=name,
        help=help,
        epilog="Exit codes: " + " ".join(f"{code.value} {code.meaning}" for code in ExitCode),
        no_args_is_help=not runs_alone,
        invoke_without_command=runs_alone,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def version_option(name: str) -> Any:
    """The option ``--version`` of the program *name*."""

    def show(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{name} {VERSION}")
            raise typer.Exit

    return typer.Option("--version", help="Show the version.", callback=show, is_eager=True)


def group(name: str, help: str) -> typer.Typer:
    """Commands of one subject, such as ``empathctl queue``."""
    return typer.Typer(name=name, help=help, no_args_is_help=True, rich_markup_mode=None)


def verb(command: Callable[..., None]) -> Callable[..., None]:
    """*command* as typer reads it: each dataclass among its parameters taken apart into options."""
    hints = get_type_hints(command, include_extras=True)
    options: list[inspect.Parameter] = []
    groups: dict[str, list[str]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            parts = _options_of(hints[name])
            groups[name] = [part.name for part in parts]
            options += parts
        else:
            kind = inspect.Parameter.KEYWORD_ONLY
            options.append(parameter.replace(kind=kind, annotation=hints[name]))

    @functools.wraps(command)
    def run(**given: object) -> None:
        for name, parts in groups.items():
            given[name] = hints[name](**{part: given.pop(part) for part in parts})
        command(**given)

    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in options}
    return run


def _options_of(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty
            if field.default is dataclasses.MISSING
            else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(kind)
    ]
