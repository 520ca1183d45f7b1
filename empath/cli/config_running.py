"""`empathctl config show|reload|diff|history|rollback`: the config of an engine that runs.

A plan with faults prints each of them as `empath check` does and ends with the code for a config
that cannot be used; nothing was changed then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from empath.cli import config_editing
from empath.cli.asking import Client, leave
from empath.cli.config_diff import fault_line, write_applied, write_faults, write_plan
from empath.cli.exit_codes import ExitCode
from empath.cli.show import clock_time, complain, counted, say, write_json, write_table
from empath.cli.verbs import verb
from empath.control import link

_CHANGES: Final = 100
"""Most changes of one version that are written."""

ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
]


@verb
def show(
    *,
    written: Annotated[
        bool, typer.Option("--written", help="Only what is not at its default.")
    ] = False,
    version: Annotated[
        int | None,
        typer.Option("--version", metavar="N", min=1, help="What that version said, as written."),
    ] = None,
    client: Client,
) -> None:
    """Show the config in force as TOML, a placeholder for each secret."""
    if version is not None:
        if written:
            leave("--written is about what is in force, not about --version.", ExitCode.USAGE)
        config_editing.write_text(client, version)
        return
    found = client.ask(link.GetConfig(written_only=written))
    if client.json:
        write_json(found)
        return
    say(f"# {found.file}, version {found.version}")
    say(f"# in force since {clock_time(found.applied_at)}, by {found.actor or 'the start'}")
    for one in found.pending:
        say(f"# waits for a restart: {one.key} = {one.new}")
    if found.drift:
        say("# The file says something else: empathctl config diff")
    say()
    say(found.text.rstrip("\n"))


@verb
def reload(
    *,
    watch: config_editing.WatchOption = "0",
    dry_run: DryRunOption = False,
    reason: ReasonOption = "",
    client: Client,
) -> None:
    """Put what the config file says in force, all of it or, if anything is wrong, nothing."""
    seconds = config_editing.length_of_trial(watch)
    if dry_run:
        _show_plan(client.ask(link.PlanConfig()), json=client.json)
        return
    applied = client.ask(link.ApplyConfig(reason=reason, watch=seconds))
    _show_applied(applied, json=client.json)
    if not client.json:
        config_editing.say_watched(applied)


@verb
def diff(
    *,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="Another config, - is standard input; default: the engine's own file.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Settings only; the queue is not looked at.")
    ] = False,
    client: Client,
) -> None:
    """Show what a config would change, of settings and of mail in the queue."""
    text = None if file is None else config_editing.text_of(file)
    if quick:
        found = client.ask(link.CheckConfig(text=text))
        found = found if file is None else config_editing.of_draft(found, file)
        _show_checked(found, json=client.json)
        return
    plan = client.ask(link.PlanConfig(text=text))
    _show_plan(plan if file is None else config_editing.of_draft(plan, file), json=client.json)


@verb
def history(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Most shown.")] = 20,
    changes: Annotated[
        bool, typer.Option("--changes", help="Show what each of them changed.")
    ] = False,
    client: Client,
) -> None:
    """List the configs that were in force, newest first; * is the one in force."""
    found = client.ask(link.ListConfigHistory(limit=limit))
    if client.json:
        write_json(found)
        return
    for number in found.unreadable:
        complain(f"Version {number} is kept, but its record is damaged: one cannot go back to it.")
    if changes:
        for one in found.versions:
            say(f"version {one.version}  {clock_time(one.at)}  {_how(one)} by {one.actor}")
            for each in one.changes[:_CHANGES]:
                say(f"  {each.key}: {each.old} -> {each.new} ({each.effect})")
            if more := len(one.changes[_CHANGES:]) + one.more:
                say(f"  and {counted(more, 'more change')}")
        return
    rows = [
        (
            f"{one.version}{'*' if one.version == found.running else ''}",
            clock_time(one.at),
            _how(one),
            one.actor,
            f"{len(one.changes) + one.more:,}",
            one.reason or "–",
        )
        for one in found.versions
    ]
    write_table((">VERSION", "WHEN", "HOW", "WHO", ">CHANGES", "REASON"), rows)


def _how(one: link.ConfigVersion) -> str:
    return f"{one.source} to {one.back_to}" if one.back_to else one.source


@verb
def rollback(
    *,
    version: Annotated[
        int, typer.Argument(metavar="[N]", min=0, help="The version; default: the one before.")
    ] = 0,
    dry_run: DryRunOption = False,
    reason: ReasonOption = "",
    client: Client,
) -> None:
    """Write an earlier version to the config file and put it in force."""
    request = link.RollBackConfig(version=version, reason=reason, dry_run=dry_run)
    applied = client.ask(request)
    if not version and applied.back_to > 0:
        for sentence in stepped_over(applied):
            complain(sentence)
    if dry_run:
        if applied.back_to and not client.json:
            say(f"Back to version {applied.back_to}:")
        _show_plan(applied.plan, json=client.json)
    else:
        _show_applied(applied, json=client.json)


def stepped_over(applied: link.AppliedConfig) -> Iterator[str]:
    """Why the one before is not the number before."""
    running, again = applied.plan.base, applied.again
    if 0 < again < running - 1:
        yield (
            f"Version {running} is version {again} again, since a trial failed: what was before"
            f" that is gone back to; {_span(again + 1, running - 1)[0]} gone to by number only."
        )
    last = (again or running) - 1
    if applied.back_to < last:
        those, records = _span(applied.back_to + 1, last)
        yield (
            f"The one before that can be read is version {applied.back_to}: the {records} of"
            f" {those} damaged or gone."
        )


def _span(first: int, last: int) -> tuple[str, str]:
    """``4 is`` of a ``record``, or ``4 to 6 are`` of ``records``."""
    return (f"{first} is", "record") if first == last else (f"{first} to {last} are", "records")


def register(app: typer.Typer) -> None:
    """Add these commands to `empathctl config`."""
    for command in (show, reload, diff, history, rollback):
        app.command()(command)


def _show_applied(applied: link.AppliedConfig, *, json: bool) -> None:
    if json:
        write_json(applied)
    else:
        write_applied(applied)
    _end(applied.plan, json=json)


def _show_checked(found: link.ConfigFaults, *, json: bool) -> None:
    """Faults and changes, as a plan has them."""
    if json:
        write_json(found)
    else:
        for one in found.changes:
            say(f"{one.key}: {one.old} -> {one.new} ({one.effect})")
        if not found.changes and not found.faults:
            say("No setting changes.")
    for fault in found.faults:
        complain(fault_line(fault))
    if found.faults:
        raise SystemExit(ExitCode.CONFIG)


def _show_plan(plan: link.Plan, *, json: bool) -> None:
    if json:
        write_json(plan)
    else:
        write_plan(plan)
    _end(plan, json=json)


def _end(plan: link.Plan, *, json: bool) -> None:
    if not plan.faults:
        return
    if json:
        write_faults(plan)
    raise SystemExit(ExitCode.CONFIG)
