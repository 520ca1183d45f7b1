"""An address that neither takes nor refuses a connection, as behind a firewall that drops.

The kernel drops what comes to a listener whose queue is full, so no rule of a firewall is
needed.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def silent_port(host: str, port: int = 0) -> Iterator[int]:
    """Connections to *host* at the port yielded hang until the block ends."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        taken = int(listener.getsockname()[1])
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((host, taken))
        yield taken
