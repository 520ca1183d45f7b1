"""One connection for one message after another: what is owed between them, and its end."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import pytest

from empath.delivery.pool import Pool
from empath.reply import Deferred, Delivered
from empath.smtp.steps import Dialogue, Say
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import lot
from tests.fakes.one_attempt import attempts, keep, only, tried
from tests.fakes.scripted_mx import ONE_MESSAGE, Do, Script, ScriptedMx, hello


async def test_a_connection_serves_one_message_after_another() -> None:
    """No RSET between messages that were taken (DESIGN 12)."""
    pool = Pool()
    async with ScriptedMx((*hello(), *ONE_MESSAGE, *ONE_MESSAGE)) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        for _ in range(2):
            report = await delivery.deliver(lot())
            keep(pool, report)
        assert isinstance(only(report), Delivered)
        assert len(pool) == 1
        pool.close()
    assert mx.connections == 1


async def test_rset_comes_after_a_refused_transaction() -> None:
    """What the server kept of the refused one is not mixed into the next."""
    pool = Pool()
    refused = ("> MAIL", "< 250 Ok", "> RCPT", "< 550 5.1.1 no")
    async with ScriptedMx((*hello(), *refused, "> RSET", "< 250 Ok", *ONE_MESSAGE)) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        keep(pool, await delivery.deliver(lot()))
        report = await delivery.deliver(lot())
        pool.close()
    assert isinstance(only(report), Delivered)


async def test_nothing_to_send_leaves_the_session_as_it_was() -> None:
    """A message too large for the server says nothing at all; RSET is still owed if it was."""
    pool = Pool()
    refused = ("> MAIL", "< 250 Ok", "> RCPT", "< 550 5.1.1 no")
    script = (*hello("SIZE 100"), *refused, "> RSET", "< 250 Ok", *ONE_MESSAGE)
    async with ScriptedMx(script) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        keep(pool, await delivery.deliver(lot()))
        keep(pool, await delivery.deliver(msgspec.structs.replace(lot(), size=101)))
        report = await delivery.deliver(lot())
        pool.close()
    assert isinstance(only(report), Delivered)


GOODBYES: Collection[Script] = (
    ("> MAIL", Do.CLOSE),
    ("> MAIL", "< 421 4.4.2 idle too long"),
    ("> MAIL", Do.RESET),
)


@pytest.mark.parametrize("goodbye", GOODBYES)
async def test_a_reused_connection_that_proves_dead_costs_no_attempt(goodbye: Script) -> None:
    """The message goes on a fresh connection at once."""
    pool = Pool()
    async with ScriptedMx((*hello(), *ONE_MESSAGE, *goodbye), (*hello(), *ONE_MESSAGE)) as mx:
        delivery = attempts(routed(mx.port), pool=pool)
        keep(pool, await delivery.deliver(lot()))
        report = await delivery.deliver(lot())
        assert report.connection is not None
        report.connection.quit()
    assert isinstance(only(report), Delivered)
    assert mx.connections == 2


async def test_a_fresh_connection_that_says_421_to_mail_defers() -> None:
    """There is no second go at a server that means it."""
    async with ScriptedMx((*hello(), "> MAIL", "< 421 4.7.0 not you")) as mx:
        report = await tried(routed(mx.port))
    assert isinstance(only(report), Deferred)
    assert mx.connections == 1


async def test_a_command_of_two_lines_is_never_sent() -> None:
    """C1: the last door of the transport, for whatever made the line; a bug comes out as one."""

    def injected() -> Dialogue[None]:
        yield Say("NOOP")
        yield Say("MAIL FROM:<a@x.test>\r\nRCPT TO:<y@x.test>")

    pool = Pool()
    script = (*hello(), *ONE_MESSAGE, "> NOOP", "< 250 Ok", "> QUIT")
    async with ScriptedMx(script) as mx:
        report = await attempts(routed(mx.port), pool=pool).deliver(lot())
        assert report.connection is not None
        with pytest.raises(ValueError, match="more than one line"):
            await report.connection.run(injected())
        assert not report.connection.usable
    assert "RCPT TO:<y@x.test>" not in mx.heard
