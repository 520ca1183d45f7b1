"""Words from the command line to values; a bad one ends the command with its sentence."""

from __future__ import annotations

from typing import Annotated

import typer

from empath.address import BadAddress, Domain
from empath.cli.asking import leave
from empath.cli.exit_codes import ExitCode
from empath.config.units import BadUnit, Rate
from empath.envelope import BadMessageId, MessageId
from empath.safe_text import safe_text

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN")]


def read_ids(texts: list[str] | None) -> tuple[MessageId, ...]:
    """Ids from the command line; ends the command on a bad one."""
    try:
        return tuple(MessageId(text) for text in texts or ())
    except BadMessageId as error:
        leave(f"{error}.", ExitCode.USAGE)


def read_domain(text: str) -> Domain:
    """A domain from the command line; ends the command on a bad one."""
    try:
        return Domain(text)
    except BadAddress as error:
        leave(f'"{safe_text(text, 300)}" is not a mail domain: {error}.', ExitCode.USAGE)


def read_rate(text: str) -> float:
    """A rate from the command line, a second; ends the command on a bad one."""
    try:
        return float(Rate.parse(text))
    except BadUnit as error:
        leave(f"{error}.", ExitCode.USAGE)
