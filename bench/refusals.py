"""A client whose every second brings an engine so many events: recipients that are refused.

A refusal costs the engine a reply, an event and what all who watch do with it, and nothing on the
disk, so that thousands a second are the events' own cost.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Final

from tests.fakes.programs import LOOPBACK

SETTINGS: Final = """\
[relay]
# Nobody may relay, so that each recipient is refused.
networks = ["192.0.2.0/24"]
[inbound]
# One client sends them all.
errors = 1000000
recipients = 100000
"""
_BATCH: Final = 40
"""Commands that are sent at once."""


class Refusals(threading.Thread):
    """Keeps *rate* events a second coming until told to stop; as many as it can, if it can not."""

    def __init__(self, port: int, rate: float) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._pause = _BATCH / rate
        self.stop = threading.Event()
        self.sent = 0

    def run(self) -> None:
        """Send."""
        batch = b"".join(b"RCPT TO:<user%d@elsewhere.test>\r\n" % n for n in range(_BATCH))
        with socket.create_connection((LOOPBACK, self._port), timeout=60) as client:
            reader = client.makefile("rb")
            reader.readline()
            for command, lines in ((b"HELO load.test\r\n", 1), (b"MAIL FROM:<a@load.test>\r\n", 1)):
                client.sendall(command)
                for _ in range(lines):
                    reader.readline()
            due = time.monotonic()
            while not self.stop.is_set():
                client.sendall(batch)
                for _ in range(_BATCH):
                    if not reader.readline().startswith(b"5"):
                        raise RuntimeError("a recipient was not refused")
                self.sent += _BATCH
                due += self._pause
                self.stop.wait(max(0.0, due - time.monotonic()))
