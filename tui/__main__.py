"""``python -m tui --attach SOCKET``: the console on this terminal, for the engine behind a socket.

`empath` starts it as a child with ``--child``; ``empath console`` runs it for a daemon.  Ends
with 0 when the operator left, 2 for wrong usage or when there is no terminal.
"""

from __future__ import annotations

import os
import sys

from empath.clock import SystemClock
from tui.options import RecordingUnusable, parse, prepare


def main(arguments: list[str] | None = None) -> int:
    """Run the console until the operator leaves."""
    options = parse(arguments)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print(  # noqa: T201 - there is no terminal to draw on
            "The console needs a terminal; for scripts there is empathctl.", file=sys.stderr
        )
        return 2
    try:
        start = prepare(options, os.environ, SystemClock())
    except RecordingUnusable as error:
        print(error, file=sys.stderr)  # noqa: T201 - it is said before anything is drawn
        return 2
    start.console.run(mouse=start.mouse)
    return start.console.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
