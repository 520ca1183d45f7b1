"""Asking the engine from the command line: where its socket is, and what failures mean.

The socket is the one named with --socket, else that of the spool which the config names, else
that of the built-in default spool.  `ask` and `run` end the command with one sentence and an
exit code when the engine cannot be reached or says no.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer

from empath.cli.exit_codes import ExitCode
from empath.cli.show import complain
from empath.config.load import find_config, load_config
from empath.config.problem import ConfigUnusable
from empath.config.salvage import spool_of_unusable
from empath.control.link import Link, LinkLost, NoEngine, Request, RequestRefused, RequestUnclear
from empath.control.remote import RemoteLink

T = TypeVar("T")

SOCKET_NAME: Final = "empath.sock"
"""The control socket's name in the folder of the spool."""

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


@dataclass(frozen=True, slots=True)
class Where:
    """Which engine is meant, as the command line says it."""

    socket: Path | None = None
    config: Path | None = None

    def path(self) -> Path:
        """The control socket.  Raises `ConfigUnusable`.

        A config that cannot be used names it all the same while an engine answers there: that
        is how one rolls back.  Secrets that only the engine can read are in nobody's way.
        """
        if self.socket is not None:
            return self.socket
        file = find_config(self.config, needed=False)
        try:
            config = load_config(file, elsewhere=[])
        except ConfigUnusable:
            spool = None if file is None else spool_of_unusable(file)
            if spool is None or not _may_be_asked(spool / SOCKET_NAME):
                raise
            return spool / SOCKET_NAME
        return config.spool.path / SOCKET_NAME


def _may_be_asked(socket: Path) -> bool:
    try:
        return socket.is_socket()
    except PermissionError:
        return True  # it is behind a folder of somebody else's: who asks is told so


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
    try:
        return place.path().parent
    except ConfigUnusable as error:
        leave(str(error), ExitCode.CONFIG)


def option_for(socket: Path, option: str) -> str:
    """What a command that is run in this folder must be told to find *socket*, a blank before it.

    Nothing where it is found without; reads the config to know.
    """
    try:
        found = Where().path()
    except ConfigUnusable:
        found = None
    return "" if found == socket else f" {option} {shlex.quote(str(socket))}"


def ask(place: Where, request: Request[T]) -> T:
    """One request and its reply; ends the command when there is none."""
    return run(place, lambda link: link.ask(request))


def _as_it_is(_place: Where, error: Exception) -> str:
    return str(error)


def run(
    place: Where,
    work: Callable[[Link], Awaitable[T]],
    *,
    explain: Callable[[Where, Exception], str] = _as_it_is,
) -> T:
    """Do *work* with a link to the engine; ends the command when that fails.

    *explain* says why no engine is found, given the error.
    """
    try:
        return asyncio.run(_with_link(place.path(), work))
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
    except KeyboardInterrupt:
        raise SystemExit(130) from None


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
