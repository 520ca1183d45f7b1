"""A reload that is killed at each of its lines in turn, and the start that follows it.

``python -m tests.e2e.reload_steps FOLDER HOW EVERY`` forks a process a line: it builds a desk on
files, reloads, and ends itself with SIGKILL when it comes to that line of what reads, writes and
swaps a config.  Then the files are taken up as a start does.  Prints what was found, a line of JSON
each; a `Step` with a problem is a fault.  *HOW* is ``edit``, for a text that is written to the file
with a change by hand in its way, or ``reload``, for a file that was changed; of the lines each
*EVERY*th is taken.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import msgspec

from empath.bus import Bus
from empath.clock import SystemClock
from empath.config import staged_file
from empath.config.origin import Origin
from empath.config.problem import ConfigUnusable
from empath.control import config_apply, config_desk, config_history
from empath.control.config_apply import Wish
from empath.control.config_desk import ConfigDesk
from empath.control.config_draft import adopt
from empath.control.config_history import History
from empath.control.standing_config import StandingConfig
from empath.spool.store import Store
from tests.fakes.reloading import no_impact

WATCHED: Final = frozenset(
    str(module.__file__) for module in (config_apply, config_desk, config_history, staged_file)
)
EARLIER: Final = "# the first that ran\nreload.keep = 2\n"
OLD: Final = '# the old\nhostname = "old.example.test"\nreload.keep = 2\n'
BY_HAND: Final = OLD + "# changed by hand\n"
NEW: Final = '# the new\nhostname = "new.example.test"\nreload.keep = 2\n'


class Step(msgspec.Struct):
    """What a kill at one line left."""

    number: int
    killed: bool
    left: str = ""
    """Which text the file has: ``old`` or ``new``."""
    problem: str = ""


class Fuse:
    """Ends the process at the line with this number, once it is lit."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.lit = False

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> Fuse | None:
        """What Python calls at each line."""
        if frame.f_code.co_filename not in WATCHED:
            return None
        if self.lit and event == "line":
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


async def change(folder: Path, how: str, fuse: Fuse) -> None:
    """Start on the old config and put the new one in force."""
    file = folder / "empath.toml"
    clock, bus = SystemClock(), Bus()
    origin = Origin(file)
    file.write_text(OLD)
    reading = origin.read()
    spool = msgspec.structs.replace(reading.config.spool, path=folder / "spool")
    store = await Store.open(spool, clock=clock)
    desk = ConfigDesk(
        standing=StandingConfig(origin, reading.config, text=reading.text, at=clock.now()),
        history=History(store.path),
        renewals=(),
        impact=no_impact,
        spool=store,
        bus=bus,
        clock=clock,
    )
    await desk.begin()
    file.write_text(NEW if how == "reload" else BY_HAND)
    fuse.lit = True
    if how == "reload":
        await desk.change(Wish(actor="a test", source="reload"))
    else:
        await desk.change(Wish(actor="a test", source="edit", text=NEW, write=True))
    fuse.lit = False
    await store.close()


def cut(folder: Path, how: str, number: int) -> bool:
    """Run it in a process that ends at line *number*; False if it came to its end before."""
    child = os.fork()
    if child == 0:
        fuse = Fuse(number)
        threading.settrace(fuse)
        sys.settrace(fuse)
        try:
            asyncio.run(change(folder, how, fuse))
        except BaseException as error:  # noqa: BLE001 - the parent is told by the exit code
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the reload failed; standard error has its reason")
    return os.WIFSIGNALED(status)


def look(folder: Path, how: str) -> tuple[str, str]:
    """Take up what is there, as a start does: which text it is, and what is wrong with it."""
    file = folder / "empath.toml"
    origin, history = Origin(file), History(folder / "spool")
    try:
        reading = origin.read()
    except ConfigUnusable as error:
        return "", f"the file cannot be read: {error}"
    left = "new" if reading.text == NEW else "old"
    if reading.text not in (NEW, BY_HAND):
        return left, f"the file is neither: {reading.text!r}"
    if how == "edit" and left == "new":
        replaced = [path.read_text() for path in history.folder.glob("*.replaced.toml")]
        if replaced != [BY_HAND]:
            return left, f"what was changed by hand is not kept: {replaced}"
    standing = StandingConfig(origin, reading.config, text=reading.text, at=0)
    state = adopt(history, origin, standing.state)
    newest = history.newest()
    if newest is None or (newest.version, newest.text) != (state.version, reading.text):
        return left, f"the newest record is not what runs: {newest}"
    numbers = history.versions()
    if len(numbers) > 2 or any(history.read(number) is None for number in numbers):
        return left, f"records that cannot be read, or too many: {numbers}"
    if adopt(history, origin, standing.state).version != state.version:
        return left, "another start takes it for another version"
    names = sorted(path.name for path in history.folder.iterdir())
    if any(name.endswith((".new", ".tmp")) for name in names):
        return left, f"something was left over: {names}"
    if list(folder.glob(".*.tmp")):
        return left, "a file was left over beside the config"
    return left, ""


def steps(folder: Path, how: str, every: int) -> Iterator[Step]:
    """Kill at each line in turn, up to a reload that comes to its end."""
    number, killed = 1 - every, True
    while killed:
        number += every
        place = folder / f"{how}{number}"
        place.mkdir()
        file = place / "empath.toml"
        file.write_text(EARLIER)
        origin = Origin(file)
        earlier = StandingConfig(origin, origin.read().config, text=EARLIER, at=0)
        (place / "spool").mkdir(mode=0o700)
        adopt(History(place / "spool"), origin, earlier.state)
        killed = cut(place, how, number)
        left, problem = look(place, how)
        yield Step(number, killed, left, problem)


def main() -> None:
    """Print each step."""
    folder, how, every = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for step in steps(folder, how, every):
        sys.stdout.write(msgspec.json.encode(step).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
