"""Releasing captured mail, over a real spool and to a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from empath.address import Domain, EmailAddress, ServerId
from empath.config.model import Dev, Mode, Route
from empath.control.inbox import MOST, MOST_RECIPIENTS
from empath.control.link import (
    ListQueue,
    ListRecord,
    NotFound,
    ReleaseCaptured,
    RequestRefused,
    RequestUnclear,
    ViewMessage,
)
from empath.control.operator import LocalLink
from empath.delivery.releasing import WAITING
from empath.envelope import MessageId
from empath.events import AttemptEnded
from empath.spool.operating import CAPTURED
from tests.fakes.any_mx import AnyMx
from tests.fakes.eventually import eventually
from tests.fakes.operator_desk import Desk, desk
from tests.fakes.turns import AT_MOST, longest_turn

STRANGER = MessageId("0197a8c0f3e41b2c")


@asynccontextmanager
async def developing(folder: Path) -> AsyncIterator[tuple[Desk, AnyMx]]:
    """A dev relay whose releases run, and a server to release to."""
    async with AnyMx() as mx, desk(folder, mode=Mode.DEV) as engine, asyncio.TaskGroup() as group:
        running = group.create_task(engine.releases.run())
        try:
            yield engine, mx
        finally:
            running.cancel()


async def ended(engine: Desk, count: int = 1) -> list[AttemptEnded]:
    """What came of *count* attempts."""

    def attempts() -> list[AttemptEnded]:
        return [one for one in engine.published if isinstance(one, AttemptEnded)]

    await eventually(lambda: len(attempts()) >= count)
    return attempts()


def damage(folder: Path) -> None:
    """Put something else in the place of the one body that is a file."""
    [body] = (each for each in (folder / "spool" / "body").rglob("*") if each.is_file())
    body.write_bytes(b"other")


async def test_captured_mail_goes_to_the_server_that_is_named(tmp_path: Path) -> None:
    """One attempt; the message stays captured, and list, timeline and record tell the outcome."""
    async with developing(tmp_path) as (engine, mx):
        message = await engine.accept("bob@shop.test", "cy@shop.test", hold=CAPTURED)
        to = f"127.0.0.1:{mx.port}"
        done = await engine.link.ask(ReleaseCaptured(ids=(message,), to=to, reason="a demo"))
        assert (done.messages, done.recipients, done.queued) == (1, 2, False)
        assert done.items[0].route == f"to {to}"
        [attempt] = await ended(engine)
        assert [one.result for one in attempt.results] == ["delivered", "delivered"]
        assert [line for line in mx.heard if line.startswith(b"RCPT")] == [
            b"RCPT TO:<bob@shop.test>",
            b"RCPT TO:<cy@shop.test>",
        ]
        view = await engine.link.ask(ViewMessage(id=message))
        assert [one.state for one in view.recipients] == ["held", "held"]
        assert view.timeline[-1] == attempt
        assert view.body_stored
        [item] = (await engine.link.ask(ListQueue(query="state:held hold:captured"))).items
        assert item.last_reply == f"held: {CAPTURED}; released to {to}: delivered 250 2.0.0 taken"
        [noted] = (await engine.link.ask(ListRecord())).items
        assert (noted.record.action, noted.record.target) == ("release", message)
        assert (noted.record.detail, noted.record.reason) == (f"to {to}", "a demo")
        assert (noted.record.messages, noted.record.recipients) == (1, 2)


async def test_other_recipients_may_get_it(tmp_path: Path) -> None:
    """A developer has it sent to himself; nobody of the envelope gets it."""
    async with developing(tmp_path) as (engine, mx):
        message = await engine.accept("bob@shop.test", hold=CAPTURED)
        me = (EmailAddress("dev@me.test"), EmailAddress("dev@me.test"))
        request = ReleaseCaptured(ids=(message,), to=f"127.0.0.1:{mx.port}", recipients=me)
        assert (await engine.link.ask(request)).recipients == 1
        [attempt] = await ended(engine)
        assert attempt.destination == "me.test"
        assert [line for line in mx.heard if line.startswith(b"RCPT")] == [b"RCPT TO:<dev@me.test>"]


async def test_many_releases_hold_nobody_up(tmp_path: Path) -> None:
    """Five hundred messages to a hundred recipients each are made ready one message a turn."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        ids = [await engine.accept(hold=CAPTURED) for _ in range(MOST)]
        crowd = tuple(EmailAddress(f"u{each}@me.test") for each in range(MOST_RECIPIENTS))
        request = ReleaseCaptured(
            ids=tuple(ids), to="127.0.0.1:2525", recipients=crowd, dry_run=True
        )
        assert await longest_turn(lambda: LocalLink.ask(engine.link, request)) < AT_MOST


async def test_a_server_that_says_no_is_told_with_its_words(tmp_path: Path) -> None:
    """Refused or deferred, nothing is tried again, and no report is written to the sender."""
    async with developing(tmp_path) as (engine, mx):
        mx.answer = b"451 4.7.1 greylisted\r\n"
        message = await engine.accept(hold=CAPTURED)
        to = f"127.0.0.1:{mx.port}"
        await engine.link.ask(ReleaseCaptured(ids=(message,), to=to))
        [first] = await ended(engine)
        assert (first.results[0].result, first.results[0].next_at) == ("deferred", None)
        assert any("greylisted" in line for line in first.transcript)
        mx.answer = b"550 5.7.1 go away\r\n"
        await engine.link.ask(ReleaseCaptured(ids=(message,), to=to))
        assert (await ended(engine, 2))[1].results[0].reply == "550 5.7.1 go away"
        assert (await engine.link.ask(ListQueue())).matched == 1


async def test_nothing_leaves_by_itself(tmp_path: Path) -> None:
    """Without a server, a route or `dev.release` it is refused, with all three remedies."""
    async with developing(tmp_path) as (engine, mx):
        message = await engine.accept("bob@shop.test", "eve@other.test", hold=CAPTURED)
        with pytest.raises(RequestRefused) as refused:
            await engine.link.ask(ReleaseCaptured(ids=(message,)))
        for remedy in ("--to smtp.example.org:25", "[[route]] for shop.test", "dev.release"):
            assert remedy in str(refused.value)
        server = ServerId(f"127.0.0.1:{mx.port}")
        engine.configure(route=(Route(domain="shop.test", host=server),))
        with pytest.raises(RequestRefused, match="into the config"):
            await engine.link.ask(ReleaseCaptured(ids=(message,)))
        assert not mx.connections
        engine.configure(dev=Dev(release=True))
        asked = ReleaseCaptured(ids=(message,), dry_run=True)
        assert {one.destination: one.route for one in (await engine.link.ask(asked)).items} == {
            Domain("shop.test"): "by a route of the config",
            Domain("other.test"): "to its own servers",
        }
        assert not mx.connections
        assert not (await engine.link.ask(ListRecord())).items


async def test_only_captured_mail_is_released(tmp_path: Path) -> None:
    """What an operator holds, or nobody knows, is told and not sent."""
    async with developing(tmp_path) as (engine, mx):
        captured = await engine.accept(hold=CAPTURED)
        kept = await engine.accept(hold="by hand")
        to = f"127.0.0.1:{mx.port}"
        done = await engine.link.ask(ReleaseCaptured(ids=(kept, captured, STRANGER), to=to))
        assert (done.messages, done.unknown) == (1, (kept, STRANGER))
        with pytest.raises(NotFound, match="and 1 more: no captured mail"):
            await engine.link.ask(ReleaseCaptured(ids=(kept, STRANGER), to=to))
        with pytest.raises(RequestUnclear):
            await engine.link.ask(ReleaseCaptured(ids=()))
        with pytest.raises(RequestUnclear):
            await engine.link.ask(ReleaseCaptured(ids=(captured,) * 501))
        with pytest.raises(RequestUnclear):
            await engine.link.ask(ReleaseCaptured(ids=(captured,), to="not a host"))
        await ended(engine)


async def test_mail_whose_body_is_damaged_is_not_sent(tmp_path: Path) -> None:
    """A body that is not what was accepted never leaves; the timeline says why."""
    async with developing(tmp_path) as (engine, mx):
        message = await engine.accept(body=b"Subject: x\r\n\r\n" + b"y" * 300_000, hold=CAPTURED)
        damage(tmp_path)
        await engine.link.ask(ReleaseCaptured(ids=(message,), to=f"127.0.0.1:{mx.port}"))
        [attempt] = await ended(engine)
        assert "the body file of" in attempt.results[0].reply
        assert not [line for line in mx.heard if line.startswith(b"BDAT")]


async def test_a_server_that_says_nothing_is_left(tmp_path: Path) -> None:
    """An attempt has its time; then it is told as deferred, and the next can go."""
    async with developing(tmp_path) as (engine, mx):
        mx.hold()
        engine.releases.longest = 0.2
        message = await engine.accept(hold=CAPTURED)
        await engine.link.ask(ReleaseCaptured(ids=(message,), to=f"127.0.0.1:{mx.port}"))
        [attempt] = await ended(engine)
        assert "longer than 0 seconds" in attempt.results[0].reply
        mx.answer_all()


async def test_too_many_at_once_are_refused(tmp_path: Path) -> None:
    """What waits is bounded; a stop gives up what has not begun, and waits for what runs."""
    async with desk(tmp_path, mode=Mode.DEV) as engine:
        many = [await engine.accept(f"bob@n{number}.test", hold=CAPTURED) for number in range(5)]
        me = tuple(EmailAddress(f"dev@d{number}.test") for number in range(100))
        request = ReleaseCaptured(ids=tuple(many), to="127.0.0.1:9", recipients=me)
        for _ in range(WAITING // 500):
            await engine.link.ask(request)
        with pytest.raises(RequestRefused, match="wait until some are done"):
            await engine.link.ask(request)
        await engine.releases.drain(1)
        assert engine.releases.waiting == 0


async def test_in_relay_mode_it_goes_into_the_queue(tmp_path: Path) -> None:
    """Real delivery with all its retries: queued, re-routed to the server that is named."""
    async with desk(tmp_path) as engine:
        message = await engine.accept(hold=CAPTURED)
        dry = await engine.link.ask(ReleaseCaptured(ids=(message,), dry_run=True))
        assert (dry.queued, dry.messages) == (True, 1)
        others = ReleaseCaptured(ids=(message,), recipients=(EmailAddress("dev@me.test"),))
        with pytest.raises(RequestRefused, match="for the recipients of"):
            await engine.link.ask(others)
        done = await engine.link.ask(ReleaseCaptured(ids=(message,), to="mx.me.test:2525"))
        assert (done.queued, done.messages, done.recipients) == (True, 1, 1)
        view = await engine.link.ask(ViewMessage(id=message))
        assert view.recipients[0].state == "queued"
        assert view.recipients[0].next_hop == "mx.me.test:2525"


def test_a_release_is_a_change() -> None:
    """A read-only link refuses it, and it crosses the wire as JSON."""
    assert ReleaseCaptured.changes
    request = ReleaseCaptured(ids=(STRANGER,), to="a.test")
    assert msgspec.json.decode(msgspec.json.encode([str(i) for i in request.ids])) == [STRANGER]
