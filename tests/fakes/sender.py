"""Attempts with a pool and a spool of their own, and the scripts of servers told much at once.

Attempts may run at the same time; connections are kept between them as an engine keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence

from empath.config.model import Config
from empath.delivery.attempt import Attempts, Report
from empath.delivery.pool import Pool
from empath.envelope import Lot
from empath.tls import ClientContexts
from tests.fakes.fixed_route import finder
from tests.fakes.memory_spool import BODY, MemorySpool, lot
from tests.fakes.one_attempt import only
from tests.fakes.scripted_mx import Do, Script, hello

ENVELOPE: Script = ("> MAIL FROM:<", "> RCPT TO:<")
PIPELINED: Script = (*ENVELOPE, "> DATA", b"250 Ok\r\n250 Ok\r\n354 go\r\n", Do.CONTENT)
TAKEN = "< 250 2.0.0 taken"
PIPE: Script = hello("PIPELINING")
BOTH: Script = hello("PIPELINING", "CHUNKING")
WHOLE: Script = (*ENVELOPE, Do.BDAT)
ALL_OK = b"250 Ok\r\n250 Ok\r\n250 2.0.0 taken\r\n"


class Sender:
    """Attempts with a pool and a spool of their own."""

    def __init__(self, config: Config, *, body: bytes = BODY) -> None:
        self.config = config
        self.spool = MemorySpool()
        self.body = body
        self.pool = Pool()
        self.attempts = Attempts(
            self.spool,  # type: ignore[arg-type] - the part an attempt uses
            finder(config),
            self.pool,
            lambda: self.config,
            ClientContexts(lambda: config.delivery.tls),
        )

    async def deliver(self, message: Lot, body: bytes | None = None) -> Report:
        """One attempt, its connection kept as an engine keeps it."""
        self.spool.bodies[message.id] = self.body if body is None else body
        report = await self.attempts.deliver(message)
        if report.connection is not None and report.key is not None:
            self.pool.put(report.key, report.connection)
        return report

    async def one(self, message: Lot | None = None) -> Report:
        """One attempt, and everything closed behind it."""
        report = await self.deliver(message or lot(size=len(self.body)))
        self.pool.close()
        return report


def kinds(reports: Sequence[Report]) -> list[str]:
    """What came of each message; "?" marks what may have been taken."""
    return [type(only(each)).__name__ + "?" * each.uncertain for each in reports]
