"""One attempt at a server that plays a script: by itself, or one after another through a pool."""

from __future__ import annotations

from empath.config.model import Config
from empath.config.units import Duration
from empath.delivery.attempt import Attempts, Report
from empath.delivery.pool import Pool
from empath.envelope import Lot
from empath.reply import Outcome
from empath.tls import ClientContexts
from tests.fakes.fixed_route import finder
from tests.fakes.memory_spool import BODY, MemorySpool, lot
from tests.fakes.scripted_mx import ONE_MESSAGE, Script, hello

TO_DATA: Script = (*hello(), *ONE_MESSAGE[:6])
SHORT = {"connect_timeout": Duration(0.2), "command_timeout": Duration(0.2)}
SHORT_CONTENT = {"content_timeout": Duration(0.2), "final_timeout": Duration(0.2)}


def attempts(config: Config, *, pool: Pool | None = None, body: bytes | None = BODY) -> Attempts:
    """Attempts by *config*, whose messages have *body*."""
    spool = MemorySpool()
    spool.bodies[lot().id] = body
    return Attempts(
        spool,  # type: ignore[arg-type] - the part an attempt uses
        finder(config),
        Pool() if pool is None else pool,
        lambda: config,
        ClientContexts(lambda: config.delivery.tls),
    )


async def tried(config: Config, message: Lot | None = None, *, body: bytes = BODY) -> Report:
    """One attempt, its connection closed behind it."""
    report = await attempts(config, body=body).deliver(message or lot())
    if report.connection is not None:
        report.connection.quit()
    return report


def only(report: Report) -> Outcome:
    """The outcome of the one recipient."""
    [outcome] = report.outcomes
    return outcome


def keep(pool: Pool, report: Report) -> None:
    """Put the connection of *report* back."""
    assert report.connection is not None
    assert report.key is not None
    pool.put(report.key, report.connection)
