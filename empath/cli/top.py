"""`empathctl top`: an engine at a glance, again and again, on any terminal or none.

On a terminal it redraws the screen in place and gives it back as it was; where there is none, or
``TERM=dumb``, it writes a plain block each time.  An engine that is lost is said to be, and asked
again until it is back.  Ctrl-C, SIGTERM and a reader that goes away are how it ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import Console, Group
from rich.live import Live

from empath import codec
from empath.cli.asking import Client, ends_the_command
from empath.cli.show import clock_time, say, write_json
from empath.cli.top_view import Look, Lost, block, look, on_screen
from empath.cli.verbs import verb
from empath.clock import SystemClock
from empath.control import link
from empath.control.link import LinkIncompatible, LinkLost, RequestRefused
from empath.control.remote import RemoteLink

_FIRST: Final = 1.0
"""Seconds between the first look and the second, at most: rates need two."""
_ROWS: Final = 200
"""Destinations that are asked for."""
_PLAIN_ROWS: Final = 10
"""Destinations in a block that is written where there is no terminal."""

Seen: TypeAlias = Look | Lost


Show: TypeAlias = Callable[[Seen, Look | None], None]
"""Shows what was seen; if the engine is lost, with the look before that, if there is one."""


@verb
def top(
    *,
    interval: Annotated[
        float,
        typer.Option(
            "--interval", "-i", metavar="SECONDS", min=0.2, max=3600, help="Between looks."
        ),
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="One look, over one second.")] = False,
    client: Client,
) -> None:
    """Show rates, queue, destinations, breakers and what needs attention, again and again."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal of any charset
    try:
        with ends_the_command(client.place), ExitStack() as screen:
            path = client.place.found()
            show = _json if client.json else screen.enter_context(_screen(once=once))
            if client.json and once:
                show = _pretty
            asyncio.run(_watch(path, show, interval=interval, once=once))
    except BrokenPipeError:
        # Nobody reads any more; neither shall the interpreter's last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _watch(path: Path, show: Show, *, interval: float, once: bool) -> None:
    """Look and show until told to end.  Raises `LinkLost` when there is no engine to begin with."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    engine = RemoteLink(path)
    try:
        last = await _look(engine, None)
        if not once and show not in (_block, _json):
            show(last, last)  # a person sees at once that it works; the rates come with the next
        pause = min(_FIRST, interval)
        while not await _over(ended, pause):
            seen: Seen
            try:
                seen = last = await _look(engine, last)
            except (LinkIncompatible, RequestRefused):
                raise
            except LinkLost as error:
                if once:
                    raise
                seen = Lost(at=SystemClock().now(), lost=str(error))
            show(seen, last)
            pause = interval
            if once:
                return
    finally:
        await engine.close()


async def _look(engine: RemoteLink, before: Look | None) -> Look:
    status = await engine.ask(link.GetStatus())
    destinations = await engine.ask(link.ListDestinations(limit=_ROWS))
    gates = await engine.ask(link.ListGates())
    return look(status, destinations, gates, await engine.ask(link.GetLatency()), before=before)


async def _over(ended: asyncio.Event, seconds: float) -> bool:
    """Wait; has somebody ended it meanwhile?"""
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    return True


@contextmanager
def _screen(*, once: bool) -> Iterator[Show]:
    """How it is shown to a person: in place on a terminal, else block by block."""
    console = Console(markup=False, highlight=False, emoji=False)
    if once or not console.is_terminal or console.is_dumb_terminal:
        yield _block
        return
    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False) as live:

        def draw(seen: Seen, last: Look | None) -> None:
            width, height = console.size
            found = seen if isinstance(seen, Look) else last
            lost = "" if isinstance(seen, Look) else seen.lost
            if found is not None:
                shown = on_screen(found, width=width, height=height, lost=lost)
                live.update(Group(*shown), refresh=True)

        yield draw


def _block(seen: Seen, _last: Look | None) -> None:
    if isinstance(seen, Lost):
        say(f"{clock_time(seen.at)}  {seen.lost} Trying again.")
    else:
        say(clock_time(seen.at))
        for line in block(seen, _PLAIN_ROWS):
            say(line)
    say()
    sys.stdout.flush()


def _json(seen: Seen, _last: Look | None) -> None:
    say(codec.encode(seen).decode())
    sys.stdout.flush()


def _pretty(seen: Seen, _last: Look | None) -> None:
    write_json(seen)
