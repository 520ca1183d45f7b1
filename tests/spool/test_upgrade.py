"""A spool of an older Empath is brought up to date, with all that waits in it."""

from __future__ import annotations

import apsw

from empath.address import ServerId
from empath.config.model import Spool as Settings
from empath.envelope import NextHop, Priority
from empath.events import OperatorRecord
from empath.query import EVERYTHING
from empath.spool import database, migrations
from empath.spool.rows import select
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import TAKEN, accept, record, take
from tests.spool.conftest import Opener


def step_back_to_3(connection: apsw.Connection) -> None:
    """Turn a spool of schema 4 into what schema 3 made of the same mail."""
    with connection:
        for table in ("job", "former", "trash"):
            connection.execute(f"DROP TABLE {table}")
        for index in ("recipient_next", "recipient_tries"):
            connection.execute(f"DROP INDEX {index}")
        connection.pragma("user_version", 3)


def step_back_to_2(connection: apsw.Connection) -> None:
    """Turn a spool of schema 4 into what schema 2 made of the same mail."""
    step_back_to_3(connection)
    with connection:
        connection.execute("ALTER TABLE recipient DROP COLUMN next_hop")
        connection.execute("DROP TABLE record")
        connection.pragma("user_version", 2)


def step_back(connection: apsw.Connection) -> None:
    """Turn a spool of schema 4 into what schema 1 made of the same mail."""
    step_back_to_2(connection)
    with connection:
        connection.execute("DROP INDEX recipient_open")
        connection.execute("ALTER TABLE recipient DROP COLUMN priority")
        connection.execute(
            "CREATE INDEX recipient_open ON recipient (destination, due_at, state) WHERE state < 10"
        )
        connection.pragma("user_version", 1)


async def test_recipients_learn_the_class_of_their_message(
    opened: Opener, settings: Settings, clock: HandClock
) -> None:
    """Version 1 to 2: what waits goes out in the lane of its class; nothing is lost."""
    store = await opened()
    await accept(store, "a@a.test", priority=Priority.BULK)
    await accept(store, "b@a.test", priority=Priority.CRITICAL)
    await accept(store, "c@a.test")
    await store.close()
    connection = database.open_writer(settings.path / "queue.db")
    step_back(connection)
    connection.close()

    store = await Store.open(settings, clock=clock)
    lots = await take(store, clock.now())
    assert [lot.priority for lot in lots] == [Priority.CRITICAL, Priority.NORMAL, Priority.BULK]
    for lot in lots:
        await record(store, lot, TAKEN)
    await store.close()

    connection = database.open_writer(settings.path / "queue.db")
    assert connection.pragma("user_version") == len(migrations.steps()) >= 2
    assert select(connection, "SELECT priority FROM recipient ORDER BY key") == [(-2,), (2,), (0,)]
    connection.close()


async def test_mail_of_before_can_be_rerouted_and_operators_are_on_record(
    opened: Opener, settings: Settings, clock: HandClock
) -> None:
    """Version 2 to 3: what waits has no next hop of its own, and may be given one."""
    store = await opened()
    name = await accept(store, "a@a.test", hold="for now")
    await store.close()
    connection = database.open_writer(settings.path / "queue.db")
    step_back_to_2(connection)
    connection.close()

    store = await Store.open(settings, clock=clock)
    found = await store.message(name)
    assert found is not None
    assert found.recipients[0].next_hop is None
    hop = NextHop(ServerId("mx.test:2525"), clock.now() + 60)
    done = await store.reroute(EVERYTHING, hop, actor="ada", at=clock.now(), reason="moved")
    assert (done.recipients, done.told) == (1, "to mx.test:2525: moved")
    found = await store.message(name)
    assert found is not None
    assert found.recipients[0].next_hop == hop
    record = OperatorRecord(at=clock.now(), actor="ada", action="reroute", target="everything")
    await store.note(record)
    assert [each for _, each in await store.notes(9)] == [record]
    await store.close()
