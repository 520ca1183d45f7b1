"""Killed at any moment, the spool has everything it said it has."""

from __future__ import annotations

import hashlib
import itertools
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from empath.clock import SystemClock
from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.envelope import MessageId, State
from empath.spool.store import Store
from tests.fakes.mail import PREFIX, octets

VICTIM = """
import asyncio, hashlib, os, sys
from pathlib import Path
from empath.clock import SystemClock
from empath.config.model import Spool
from empath.config.units import ByteSize
from empath.spool.store import Store
from tests.fakes.mail import TAKEN, accept, record, take

async def main():
    clock = SystemClock()
    settings = Spool(path=Path(sys.argv[1]), inline_limit=ByteSize(20_000), min_free=ByteSize(0))
    store = await Store.open(settings, clock=clock)
    say = lambda *words: os.write(1, (" ".join(words) + "\\n").encode())
    say("ready")

    async def sender(number):
        while True:
            body = os.urandom((100, 5_000, 60_000)[number % 3])
            name = await accept(store, f"u@d{number}.test", body=body)
            say("accepted", name, hashlib.sha256(body).hexdigest())
            if number % 2:
                for lot in await take(store, clock.now(), limit=1):
                    say("sent", lot.id)
                    await record(store, lot, TAKEN)
                    say("recorded", lot.id)

    await asyncio.gather(*(sender(number) for number in range(12)))

asyncio.run(main())
"""


async def test_killed_while_it_commits(tmp_path: Path) -> None:
    """Ten kills with accepting and recording at full speed: every id that was told is there
    with the same body, what was recorded stays recorded, and no file is left over.
    """
    spool = tmp_path / "spool"
    chance = random.Random(7)
    accepted: dict[str, str] = {}
    sent: set[str] = set()
    recorded: set[str] = set()
    for _ in range(10):
        with subprocess.Popen(  # noqa: ASYNC220 - a test may block
            [sys.executable, "-c", VICTIM, str(spool)], stdout=subprocess.PIPE, text=True
        ) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
            told = [victim.stdout.readline() for _ in range(chance.randrange(3, 120))]
            victim.send_signal(signal.SIGKILL)
            for line in itertools.chain(told, victim.stdout):
                match line.split():
                    case ["accepted", name, digest]:
                        accepted[name] = digest
                    case ["sent", name]:
                        sent.add(name)
                    case ["recorded", name]:
                        recorded.add(name)
    assert len(accepted) > 50
    settings = Settings(path=spool, inline_limit=ByteSize(20_000), min_free=ByteSize(0))
    began = time.monotonic()
    store = await Store.open(settings, clock=SystemClock())
    assert time.monotonic() - began < 30
    try:
        await store.swept()
        waiting = 0
        for name, digest in accepted.items():
            found = await store.message(MessageId(name))
            assert found is not None, f"{name} was accepted and is gone"
            assert found.sha256 == digest
            (row,) = found.recipients
            if name in recorded:
                assert row.state is State.DELIVERED
            elif name not in sent:
                assert row.state is State.QUEUED
            if row.state is State.QUEUED:
                waiting += 1
                body = await octets(await store.content(MessageId(name)))
                assert hashlib.sha256(body.removeprefix(PREFIX)).hexdigest() == digest
        assert list(await store.check()) == []
        stats = await store.stats()
        # What was accepted but not yet told, at most one for each sender and kill.
        assert waiting <= stats.messages <= waiting + 120
    finally:
        await store.close()
