"""Proofs of what the engine does within: `[spool]`, `[dns]`, `[log]`, `[reload]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from empath.address import Domain
from empath.control.capture_limit import CAPTURED_MAIL, CaptureLimit
from empath.control.changes import QueueDesk
from empath.control.config_apply import Wish
from empath.control.inbox import InboxDesk
from empath.control.jobs import JobRunner
from empath.control.ledger import Ledger
from empath.control.link import ReleaseCaptured, RequestRefused
from empath.control.selections import Selections
from empath.delivery.releasing import Releases
from empath.events import AttemptEnded, EngineStopping
from empath.policy.answer import LookupFailed
from empath.query import EVERYTHING
from empath.reply import Delivered, Reply
from empath.spool.face import Ruling
from empath.spool.jobs import Job
from empath.spool.prune import EVERY
from tests.config.proof import Look, Proof
from tests.fakes.eventually import settled
from tests.fakes.name_server import silence
from tests.fakes.reloading import Reloading
from tests.fakes.wire_client import WireClient


async def _sent(client: WireClient) -> bytes:
    """The code of the reply to a message of 2,000 octets."""
    reply = await client.say(b"MAIL FROM:<a@x.test>")
    if reply.startswith(b"250"):
        await client.play((b"RCPT TO:<b@y.test>", b"250"), (b"DATA", b"354"))
        client.send(b"\r\n" + b"x" * 70 + b"\r\n" + b"y" * 70 + b"\r\n" + b"z\r\n" * 600 + b".\r\n")
        reply = await client.reply()
    return reply[:3]


async def _accepted(parts: Reloading) -> bytes:
    code = await _sent(await parts.ready())
    await parts.leave()
    return code


async def _in_a_file(parts: Reloading) -> bool:
    """Is the body of a message of 2,000 octets a file?"""
    folder = parts.store.path / "body"
    before = sum(path.is_file() for path in folder.rglob("*"))
    assert await _accepted(parts) == b"250"
    return sum(path.is_file() for path in folder.rglob("*")) > before


def _history(*, count: int, age: int) -> Look:
    """Finished messages that are kept of *count* that ended *age* seconds ago."""

    async def look(parts: Reloading) -> int:
        for _ in range(count):
            await _finish(parts)
        parts.clock.advance(age + EVERY)
        await parts.store.keep("tidy", "now")
        return await settled(lambda: parts.store._book.tally.finished, still=0.05)

    return look


async def _finish(parts: Reloading) -> None:
    """One more message that was delivered."""
    assert await _accepted(parts) == b"250"
    now = parts.clock.now()
    [lot] = await parts.store.due(now, limit=1, per_destination=1)
    begun = parts.store.begin(lot)
    assert begun is not None
    ended = AttemptEnded(
        at=now,
        id=lot.id,
        destination=lot.destination,
        server="",
        stage="",
        seconds=0,
        size=lot.size,
        latency=0,
        results=(),
    )
    outcome = Delivered(Reply.of("250 2.0.0 Ok"))
    await parts.store.record(begun, [Ruling(0, outcome)], ended)


def _restorable(*, age: int) -> Look:
    """Bodies that are kept of a message that an operator deleted *age* seconds ago."""

    async def look(parts: Reloading) -> int:
        assert await _accepted(parts) == b"250"
        now = parts.clock.now()
        frozen = await parts.store.freeze(EVERYTHING)
        job = Job(action="delete", target="", actor="a test", total=1, started_at=now)
        number = await parts.store.begin_job(job)
        for lot in frozen.lots(10, job=number):
            await parts.store.delete(lot, actor="a test", reason="", at=now)
        parts.clock.advance(age + EVERY)
        await parts.store.keep("tidy", "now")
        return await settled(lambda: parts.store.trashed[0], still=0.05)

    return look


async def _servers(parts: Reloading) -> bool:
    """Is a name asked at the server that answers?"""
    parts.resolver.clear()
    return not isinstance(await parts.resolver.addresses_v4(Domain("n1.test")), LookupFailed)


async def _patience(parts: Reloading) -> str:
    """What is said of a server that does not answer."""
    parts.names.script = silence
    parts.resolver.clear()
    answer = await parts.resolver.addresses_v4(Domain("n1.test"))
    assert isinstance(answer, LookupFailed)
    return answer.sentence.partition(": ")[2].partition(" s")[0]


async def _kept(parts: Reloading) -> int:
    """Answers that are kept, of four."""
    for number in range(1, 5):
        await parts.resolver.addresses_v4(Domain(f"n{number}.test"))
    return len(parts.resolver.cached())


def _asked_again(name: str) -> Look:
    """Is *name* asked for again after twenty seconds?"""

    async def look(parts: Reloading) -> bool:
        await parts.resolver.addresses_v4(Domain(name))
        before = len(parts.names.asked)
        parts.clock.advance(20)
        await parts.resolver.addresses_v4(Domain(name))
        return len(parts.names.asked) > before

    return look


async def _logged(parts: Reloading) -> bool:
    """Is an event of level info logged?"""
    before = len(parts.journal._waiting)
    parts.journal(EngineStopping(at=parts.clock.now(), reason="a test"))
    return len(parts.journal._waiting) > before


async def _reloads_itself(parts: Reloading) -> bool:
    """Is a file that was changed reloaded by itself?"""
    text = parts.file.read_text() + "\n# changed\n"
    parts.file.write_text(text)
    for _ in range(3):
        await parts.watch.look()
    return parts.standing.state.text == text


async def _versions(parts: Reloading) -> int:
    """Configs that are kept after some more."""
    for number in range(5):
        text = parts.file.read_text() + f"# {number}\n"
        parts.file.write_text(text)
        await parts.desk.change(Wish(actor="a test", source="reload"))
    return len(parts.history.versions())


async def _captured_kept(parts: Reloading) -> int:
    """Captured messages that are kept of three more."""
    for _ in range(3):
        assert await _accepted(parts) == b"250"
    await CaptureLimit(
        spool=parts.store, config=parts.standing.current, bus=parts.bus, clock=parts.clock
    ).look()
    return parts.store.waiting


async def _released(parts: Reloading) -> bool:
    """May captured mail go to its recipients' own servers?"""
    assert await _accepted(parts) == b"250"
    [row] = (await parts.store.page(CAPTURED_MAIL, limit=1)).rows
    desk = InboxDesk(
        spool=parts.store,
        finder=parts.finder,
        releases=Releases(
            spool=parts.store,
            finder=parts.finder,
            config=parts.standing.current,
            bus=parts.bus,
            clock=parts.clock,
        ),
        clock=parts.clock,
        config=parts.standing.current,
        ledger=Ledger(spool=parts.store, bus=parts.bus, clock=parts.clock, actor="a test"),
        queue=QueueDesk(
            spool=parts.store,
            finder=parts.finder,
            bus=parts.bus,
            clock=parts.clock,
            config=parts.standing.current,
            actor="a test",
            selections=Selections(parts.clock),
            jobs=JobRunner(spool=parts.store, bus=parts.bus, clock=parts.clock),
        ),
    )
    try:
        await desk.release(ReleaseCaptured(ids=(row.id,), dry_run=True))
    except RequestRefused:
        return False
    return True


WITHIN: Final[Mapping[str, Proof]] = {
    "spool.inline_limit": Proof('"1KiB"', '"4KiB"', _in_a_file, True, False),
    "spool.min_free": Proof('"1000TB"', '"1MB"', _accepted, b"452", b"250"),
    "spool.keep_finished": Proof('"1m"', '"1d"', _history(count=1, age=120), 0, 1),
    "spool.keep_finished_count": Proof("1", "3", _history(count=2, age=1), 1, 3),
    "spool.trash_for": Proof('"1m"', '"1d"', _restorable(age=120), 0, 1),
    "dev.keep": Proof("1", "2", _captured_kept, 1, 2, more={"mode": '"dev"'}),
    "dev.release": Proof("false", "true", _released, False, True, more={"mode": '"dev"'}),
    "dns.servers": Proof('["127.0.0.1:@OTHER@"]', '["127.0.0.1:@NAMES@"]', _servers, False, True),
    "dns.timeout": Proof(
        '"0.1s"', '"0.2s"', _patience, "no answer within 0.1", "no answer within 0.2"
    ),
    "dns.cache_entries": Proof("1", "3", _kept, 1, 3),
    "dns.cache_ttl": Proof('"10s"', '"1h"', _asked_again("n1.test"), True, False),
    "dns.negative_ttl": Proof('"10s"', '"30s"', _asked_again("none.test"), True, False),
    "log.level": Proof('"warning"', '"info"', _logged, False, True),
    "reload.watch": Proof("false", "true", _reloads_itself, False, True),
    "reload.keep": Proof("2", "4", _versions, 2, 4),
}
