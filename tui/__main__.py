"""``python -m tui --attach SOCKET``: the console on this terminal, for the engine behind a socket.

`empath` starts it as a child with ``--child``; ``empath console`` runs it for a daemon.  Ends
with 0 when the operator left, 2 for wrong usage or when there is no terminal.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from empath.control.socket import RemoteLink
from tui.app import Console
from tui.settings import state_folder


def main(arguments: list[str] | None = None) -> int:
    """Run the console until the operator leaves."""
    parser = argparse.ArgumentParser(prog="empath console", description="Empath's console.")
    parser.add_argument(
        "--attach", type=Path, required=True, metavar="SOCKET", help="the engine's control socket"
    )
    parser.add_argument(
        "--child", action="store_true", help="this console was started together with the relay"
    )
    parser.add_argument("--read-only", action="store_true", help="look, do not touch")
    options = parser.parse_args(arguments)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print(  # noqa: T201 - there is no terminal to draw on
            "The console needs a terminal; for scripts there is empathctl.", file=sys.stderr
        )
        return 2
    console = Console(
        RemoteLink(options.attach),
        child=options.child,
        read_only=options.read_only,
        drafts=state_folder(os.environ),
    )
    console.run(mouse=True)
    return console.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
