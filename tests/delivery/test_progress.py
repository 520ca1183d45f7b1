"""Where a running attempt stands, as `empathctl why` tells it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from empath.address import Domain
from empath.config.model import Tls
from empath.delivery.attempt import Attempts
from empath.delivery.pool import Pool
from empath.delivery.progress import Position, Progress
from empath.envelope import Lot
from empath.policy.answer import NoSuchRecord
from empath.policy.patience import Stage
from empath.spool.face import Content
from tests.fakes.certificates import server_context
from tests.fakes.eventually import eventually
from tests.fakes.fixed_route import finder, routed
from tests.fakes.memory_spool import MemorySpool, Stored, lot
from tests.fakes.one_attempt import attempts
from tests.fakes.scripted_mx import Do, Script, ScriptedMx, hello
from tests.fakes.silent_port import silent_port

TO_RCPT = ("> MAIL", "< 250 Ok", "> RCPT", "< 250 Ok", "> RCPT")
TWO = ("b@there.test", "c@there.test")
ALL_AT_ONCE = hello("PIPELINING")
CHUNKING = hello("PIPELINING", "CHUNKING")


class Stuck(Stored):
    """A body whose first piece comes, and the rest never."""

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        yield self._body[:10]
        await asyncio.Event().wait()


class Hanging(MemorySpool):
    """A spool whose disk does not answer."""

    async def content(self, id: object) -> Content:
        return await asyncio.Future()


async def stands(sending: Attempts, message: Lot, until: Stage, words: str = "") -> Position:
    """Where the attempt at *message* stands once it is at *until*."""
    progress = Progress(message, 5.0, sending.config())
    task = asyncio.ensure_future(sending.deliver(message, progress))  # noqa: TID251 - awaited below
    try:
        await eventually(
            lambda: progress.position().stage is until and words in progress.position().doing
        )
        before = None
        async with asyncio.timeout(10):
            while before != (before := progress.mark()):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
        assert progress.position().doing in repr(progress)
        return progress.told(1000.0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


SCRIPTS: list[tuple[Script, Stage, str, str]] = [
    ((Do.HANG,), Stage.GREETING, "waiting for the greeting", "CONNECT"),
    ((*hello()[:2], Do.HANG), Stage.COMMAND, "waiting for the reply to EHLO", "EHLO"),
    (
        (*hello("STARTTLS"), "> STARTTLS", "< 220 go", Do.HANG),
        Stage.TLS,
        "in the TLS handshake",
        "STARTTLS",
    ),
    ((*hello(), "> MAIL", Do.HANG), Stage.COMMAND, "waiting for the reply to MAIL", "MAIL"),
    (
        (
            *ALL_AT_ONCE,
            *("> MAIL", "< 250 Ok", *["> RCPT", "< 550 no"] * 2),
            "> DATA",
            "< 354",
            "> .",
            Do.HANG,
        ),
        Stage.COMMAND,
        "waiting for the reply to DATA",
        "DATA",
    ),
    ((*hello(), *TO_RCPT, Do.HANG), Stage.COMMAND, "waiting for the reply to RCPT 2 of 2", "RCPT"),
    (
        (*ALL_AT_ONCE, "> MAIL", "< 250 Ok", Do.HANG),
        Stage.COMMAND,
        "waiting for the reply to RCPT 1 of 2",
        "RCPT",
    ),
    (
        (*hello(), *TO_RCPT, "< 250 Ok", "> DATA", Do.HANG),
        Stage.COMMAND,
        "waiting for the reply to DATA",
        "DATA",
    ),
    (
        (*hello(), *TO_RCPT, "< 250 Ok", "> DATA", "< 354 go", Do.CONTENT, Do.HANG),
        Stage.FINAL,
        "waiting for the reply to the final dot",
        "CONTENT",
    ),
    (
        (*CHUNKING, "> MAIL", "> RCPT", "> RCPT", Do.BDAT, "< 250 Ok", "< 250 Ok", Do.HANG),
        Stage.COMMAND,
        "waiting for the reply to RCPT 2 of 2",
        "RCPT",
    ),
    (
        (*CHUNKING, "> MAIL", "> RCPT", "> RCPT", Do.BDAT, *["< 250 Ok"] * 3, Do.HANG),
        Stage.FINAL,
        "waiting for the reply to the last BDAT",
        "CONTENT",
    ),
]


@pytest.mark.parametrize(("script", "stage", "doing", "ended_at"), SCRIPTS)
async def test_each_step_of_a_dialogue_has_its_name(
    script: Script, stage: Stage, doing: str, ended_at: str
) -> None:
    """Read off what was said and what is owed for it."""
    async with ScriptedMx(script) as mx:
        found = await stands(attempts(routed(mx.port)), lot(*TWO), stage, doing)
    assert found.doing == doing
    assert found.shown == f"{doing} at 127.0.0.1:{mx.port}"
    assert (found.ended_at, found.began_at) == (ended_at, 5.0)
    assert 990 < found.since < 1000


async def test_a_body_that_is_not_read_is_told_from_a_server_that_does_not_take_it() -> None:
    """Both have sent so much of so much."""
    message = lot(*TWO, size=70000)
    script = (*hello("8BITMIME"), *TO_RCPT, "< 250 Ok", "> DATA", "< 354 go", Do.HANG)
    async with ScriptedMx(script, script) as mx:
        config = routed(mx.port)
        sending = attempts(config)
        sending.spool.content = _returns(Stuck(b"x" * 70000))  # type: ignore[method-assign]
        reading = await stands(sending, message, Stage.BODY, "sent")
        assert reading.doing == "reading the stored body, 0 octets of 68 KiB sent"
        large = lot(*TWO, size=2**26)
        sending = attempts(config, body=b"x" * 998 + b"\r\n" + b"y" * 2**26)
        sent = await stands(sending, large, Stage.CONTENT)
        assert re.fullmatch(r"sending the content, \d+ (KiB|MiB) of 64 MiB sent", sent.doing)
        assert sent.ended_at == "CONTENT"


async def test_a_spool_that_does_not_answer_is_seen() -> None:
    """Before anything is said to the server about this message."""
    async with ScriptedMx(hello()) as mx:
        config = routed(mx.port)
        sending = Attempts(
            Hanging(),  # type: ignore[arg-type] - the part an attempt uses
            finder(config),
            Pool(),
            lambda: config,
            attempts(config).contexts,
        )
        found = await stands(sending, lot(), Stage.BODY)
    assert found.doing == "reading the stored body"
    assert found.stage.ours


async def test_a_connection_that_does_not_come_is_named_with_its_address() -> None:
    """Which host, which address."""
    with silent_port("127.0.0.1") as port:
        found = await stands(attempts(routed(port)), lot(), Stage.CONNECT, ":")
    assert (found.doing, found.shown) == (f"connecting to 127.0.0.1:{port}",) * 2
    assert found.ended_at == "CONNECT"


async def test_a_look_up_and_a_turn_are_named() -> None:
    """Before there is a connection."""
    config = routed(1, connections_per_host=1)
    sending = attempts(config)

    class Asking:
        async def mail_exchangers(self, domain: Domain) -> NoSuchRecord:
            return await asyncio.Future()

    by_mx = attempts(type(config)(delivery=config.delivery))
    by_mx.finder._resolver = Asking()  # type: ignore[assignment]
    found = await stands(by_mx, lot(), Stage.LOOKUP)
    assert (found.shown, found.ended_at) == ("looking up there.test", "DNS")

    script = (*hello(), "> MAIL", Do.HANG)
    async with ScriptedMx(script) as mx:
        config = routed(mx.port, connections_per_host=1, pipelining=False)
        sending = attempts(config)
        other = asyncio.ensure_future(sending.deliver(lot(number=2)))  # noqa: TID251 - cancelled below
        await eventually(lambda: bool(mx.heard[1:]))
        found = await stands(sending, lot(), Stage.TURN)
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
    assert found.doing == "waiting for one of the connections to 127.0.0.1, which are all busy"


async def test_one_behind_others_on_a_connection_says_so() -> None:
    """SMTP-RULES 3.2: replies come in order, so it waits for theirs first."""
    script = (*CHUNKING, "> MAIL", "> RCPT", Do.BDAT, "> RSET", Do.HANG)
    async with ScriptedMx(script) as mx:
        sending = attempts(routed(mx.port, connections_per_host=1))
        first = asyncio.ensure_future(sending.deliver(lot(number=2)))  # noqa: TID251 - cancelled below
        await eventually(lambda: len(sending.pool) == 1)
        found = await stands(sending, lot(), Stage.COMMAND, "behind")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert found.ended_at == "MAIL"
    assert found.doing == "waiting for the reply to RSET, behind 1 other message"


async def test_after_the_attempt_its_record_is_awaited() -> None:
    """The last step says nothing about a server."""
    progress = Progress(lot())
    progress.recording()
    found = progress.position()
    assert (found.shown, found.ended_at) == ("writing down what came of it", "CONTENT")
    assert progress.mark() == progress.mark()


def _returns(stored: Stored) -> object:
    async def content(id: object) -> Stored:
        return stored

    return content


async def test_a_password_is_in_no_word_about_an_attempt() -> None:
    """AUTH LOGIN sends user name and password as lines of their own."""
    script = (*hello("AUTH LOGIN"), "> AUTH LOGIN", "< 334 VXNlcm5hbWU6", "> ", Do.HANG)
    async with ScriptedMx(script, context=server_context(), implicit=True) as mx:
        config = routed(mx.port, tls=Tls.IMPLICIT, username="ada")
        sending = attempts(config)
        found = await stands(sending, lot(), Stage.COMMAND, "AUTH")
        assert mx.heard[1:] == ["AUTH LOGIN", "YWRh"]
    assert (found.doing, found.ended_at) == ("waiting for the reply to AUTH", "AUTH")
