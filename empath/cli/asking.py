"""Asking the engine from the command line: the options of it, and what failures mean.

The engine is the one named with --socket, else that of the config (`empath.cli.finding`).  `ask`
and `run` end the command with one sentence and an exit code when it cannot be reached or says no.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from empath.cli.exit_codes import ExitCode
from empath.cli.finding import Where, explain
from empath.cli.show import complain
from empath.config.problem import ConfigUnusable
from empath.control.link import Link, LinkLost, NoEngine, Request, RequestRefused, RequestUnclear
from empath.control.remote import RemoteLink

T = TypeVar("T")

# `readable` has the parser refuse a file as a slip in the command line.  Who opens it says what is
# wrong with it, and where the config may not be read, its engine can be asked all the same.
SocketOption = Annotated[
    Path | None,
    typer.Option("--socket", metavar="PATH", readable=False, help="The engine's control socket."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        readable=False,
        help="The config whose spool holds the socket; default: ./empath.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for scripts.")]


def where(context: typer.Context, socket: Path | None, config: Path | None) -> Where:
    """The options given to the command, else those given before it."""
    before = context.obj if isinstance(context.obj, Where) else Where()
    if socket is not None or config is not None:
        return Where(socket, config)
    return before


@dataclass(frozen=True, slots=True)
class Client:
    """The options of every command that asks an engine: which one it is, and ``--json``."""

    context: typer.Context
    json: JsonOption = False
    socket: SocketOption = None
    config: ConfigOption = None

    @property
    def place(self) -> Where:
        """Which engine is meant."""
        return where(self.context, self.socket, self.config)

    def ask(self, request: Request[T]) -> T:
        """One request and its reply; ends the command when there is none."""
        return ask(self.place, request)

    def run(self, work: Callable[[Link], Awaitable[T]]) -> T:
        """Do *work* with a link to the engine; ends the command when that fails."""
        return run(self.place, work)


def spool_of(place: Where) -> Path:
    """The folder of the spool that is meant; ends the command when the config cannot be used."""
    with ends_the_command(place):
        return place.found().parent


def ask(place: Where, request: Request[T]) -> T:
    """One request and its reply; ends the command when there is none."""
    return run(place, lambda link: link.ask(request))


def run(place: Where, work: Callable[[Link], Awaitable[T]]) -> T:
    """Do *work* with a link to the engine; ends the command when that fails."""
    try:
        with ends_the_command(place):
            return asyncio.run(_with_link(place.found(), work))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


@contextmanager
def ends_the_command(place: Where) -> Iterator[None]:
    """An engine at *place* that cannot be found or reached, or says no, ends the command."""
    try:
        yield
    except ConfigUnusable as error:
        leave(explain(place, error), ExitCode.CONFIG)
    except NoEngine as error:
        leave(explain(place, error), ExitCode.UNREACHABLE)
    except LinkLost as error:
        leave(str(error), ExitCode.UNREACHABLE)
    except RequestUnclear as error:
        leave(str(error), ExitCode.USAGE)
    except RequestRefused as error:
        leave(str(error), ExitCode.REFUSED)


def _with_link(path: Path, work: Callable[[Link], Awaitable[T]]) -> Coroutine[Any, Any, T]:
    async def with_link() -> T:
        link = RemoteLink(path)
        try:
            return await work(link)
        finally:
            await link.close()

    return with_link()


def leave(sentence: str, code: ExitCode) -> NoReturn:
    """End the command with a sentence and a code."""
    complain(sentence)
    raise SystemExit(code)
