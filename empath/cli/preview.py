"""The options that every change has, and what a dry run of it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from empath.cli.asking import Client, leave
from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain, counted, say, write_json, write_table
from empath.clock import SystemClock
from empath.config.units import BadUnit, Duration
from empath.control.link import Preview

ReasonOption = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; kept in the record, and shown where it matters.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Count what would be changed, and change nothing.")
]
ForOption = Annotated[
    str,
    typer.Option("--for", "--expires", metavar="DURATION", help='Such as "90m" or "2d".'),
]
UntilOption = Annotated[
    str,
    typer.Option(metavar="TIME", help='Such as "2026-11-23T06:00+01:00"; local without a zone.'),
]


@dataclass(frozen=True, slots=True)
class Change:
    """The options of every command that changes something."""

    reason: ReasonOption = ""
    dry_run: DryRunOption = False


@dataclass(frozen=True, slots=True)
class Term:
    """The options of what ends by itself."""

    for_: ForOption = ""
    until: UntilOption = ""

    @property
    def seconds(self) -> float | None:
        """How long; None if neither is given.  Ends the command on both."""
        if self.for_ and self.until:
            leave("Give either --for or --until, not both.", ExitCode.USAGE)
        if self.for_:
            return _duration(self.for_)
        return _seconds_until(self.until) if self.until else None


def write_preview(client: Client, found: Preview) -> None:
    """Counts, destinations, a few messages; and that nothing was changed."""
    if client.json:
        write_json(found)
        return
    recipients = counted(found.recipients, "recipient")
    say(f"{counted(found.messages, 'message')} ({recipients}) would be touched.")
    if found.destinations:
        rows = [
            (one.destination, f"{one.messages:,}", f"{one.recipients:,}")
            for one in found.destinations
        ]
        say()
        write_table(("DESTINATION", ">MESSAGES", ">RECIPIENTS"), rows)
        more = found.destination_count - len(rows)
        if more:
            say(f"… and {more:,} more")
    if found.examples:
        say()
        write_table(
            ("SUCH AS", "STATE", "FROM", "TO"),
            [
                (
                    one.id,
                    one.state,
                    f"<{one.reverse_path or ''}>",
                    one.recipient + (f" +{one.recipients - 1:,}" if one.recipients > 1 else ""),
                )
                for one in found.examples
            ],
        )
    if found.in_flight:
        complain(
            f"{counted(found.in_flight, 'recipient')} being delivered at this moment left alone."
        )
    complain("Dry run: nothing was changed.")


def _duration(text: str) -> float:
    try:
        return float(Duration.parse(text))
    except BadUnit as error:
        leave(f"{error}.", ExitCode.USAGE)


def _seconds_until(text: str) -> float:
    try:
        at = datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError):
        leave(f'"{text[:60]}" is not a time such as 2026-11-23T06:00.', ExitCode.USAGE)
    seconds = at - SystemClock().now()
    if seconds <= 0:
        leave(f'"{text[:60]}" has passed.', ExitCode.USAGE)
    return seconds
