"""The engine's answers, over a real spool."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from empath.address import Domain
from empath.control.link import (
    PROTOCOL,
    ApplyConfig,
    CheckConfig,
    CheckSpool,
    DeleteMessages,
    EmptyTrash,
    FlushQueue,
    GetSpool,
    GetStatus,
    HoldMessages,
    LinkReadOnly,
    ListDestinations,
    ListQueue,
    ListTls,
    NotFound,
    Ping,
    PlanConfig,
    QueueChange,
    ReadContent,
    ReleaseMessages,
    RequestRefused,
    RequestUnclear,
    RetryMessages,
    StopEngine,
    ViewMessage,
)
from empath.control.looking import FRESH, READERS, Read
from empath.control.remote import RemoteLink
from empath.control.routes import REQUESTS
from empath.control.server import ControlServer
from empath.envelope import MessageId
from empath.events import (
    AttemptEnded,
    EngineStopping,
    MessageAccepted,
    TaskFailed,
    TlsSession,
)
from tests.fakes.operator_desk import desk

STRANGER = MessageId("0197a8c0f3e41b2c")


async def test_the_engine_says_who_it_is(tmp_path: Path) -> None:
    """A ping names version, mode and process, and whether the link may change anything."""
    async with desk(tmp_path) as engine:
        pong = await engine.link.ask(Ping())
        assert (pong.mode, pong.protocol, pong.read_only) == ("relay", PROTOCOL, False)
        monitor = engine.link.acting("monitor", read_only=True)
        assert (await monitor.ask(Ping())).read_only


async def test_the_status_counts_and_warns(tmp_path: Path) -> None:
    """Figures of spool, listeners and loop come together, with what needs attention."""
    async with desk(tmp_path) as engine:
        await engine.accept("bob@example.net", "eve@example.com")
        await engine.accept(hold="captured")
        engine.lag.note(0.3)
        engine.link.report("a task", ValueError("\x1b[31m"))
        status = await engine.link.ask(GetStatus())
        assert (status.queued, status.held, status.messages) == (2, 1, 2)
        assert (status.sessions, status.listeners) == (3, ("127.0.0.1:1025",))
        assert status.memory > 10**6
        assert [item.severity for item in status.attention] == ["error", "warning"]
        assert "\x1b" not in status.attention[0].sentence
        assert status.sequence == engine.bus.sequence == 1
        assert isinstance(engine.published[0], TaskFailed)


async def test_the_queue_comes_in_pages(tmp_path: Path) -> None:
    """A cursor leads from page to page and ends empty; a query and ids narrow it."""
    async with desk(tmp_path) as engine:
        ids = []
        for number in range(5):
            ids.append(await engine.accept(f"bob@d{number}.example"))
            engine.clock.advance(1)
        page = await engine.link.ask(ListQueue(limit=3))
        assert [item.id for item in page.items] == ids[:1:-1]
        assert page.matched == 5
        rest = await engine.link.ask(ListQueue(limit=3, cursor=page.cursor))
        assert ([item.id for item in rest.items], rest.cursor) == (ids[1::-1], "")
        found = await engine.link.ask(ListQueue(query="dest:d3.example", sort="age"))
        assert [item.id for item in found.items] == [ids[3]]
        named = await engine.link.ask(ListQueue(ids=(ids[0], STRANGER), query="dest:d3.example"))
        assert [item.id for item in named.items] == [ids[0]]
        assert len((await engine.link.ask(ListQueue(limit=10**9))).items) == 5


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (ListQueue(query="colour:red"), "not a field"),
        (ListQueue(limit=0), "from 1 to 1000"),
        (ListQueue(sort="colour"), "oldest first"),
        (ListQueue(sort="next", cursor="0" * 16), "the page before"),
        (ListDestinations(limit=0), "from 1"),
        (ListTls(limit=0), "from 1"),
        (ReadContent(id=STRANGER, offset=-1), "0 or more"),
        (RetryMessages(), "Name the messages or give a query"),
        (RetryMessages(query="  "), "Name the messages or give a query"),
        (RetryMessages(ids=(STRANGER,), query="x"), "not both"),
        (DeleteMessages(query="x", expect=-1), "expect is a number"),
    ],
)
async def test_what_is_unclear_is_refused(
    tmp_path: Path,
    request_: ListQueue | ListDestinations | ListTls | ReadContent | QueueChange,
    why: str,
) -> None:
    """A request that means nothing changes nothing and says what was expected."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        with pytest.raises(RequestUnclear, match=why):
            await engine.link.ask(request_)
        assert engine.acted == []


async def test_a_message_shows_everything(tmp_path: Path) -> None:
    """Envelope, origin, headers (decoded and harmless), recipients and timeline in one view."""
    body = b"Subject: =?utf-8?Q?Gr=C3=BC=1B[31m?=\r\nX-Long: a\r\n b\r\n\r\nBody: no\r\n"
    async with desk(tmp_path) as engine:
        id = await engine.accept("bob@example.net", "eve@example.com", body=body)  # noqa: A001
        view = await engine.link.ask(ViewMessage(id=id))
        assert view.reverse_path == "ada@example.org"
        assert [one.address for one in view.recipients] == ["bob@example.net", "eve@example.com"]
        assert view.recipient_count == 2
        assert view.client == "192.0.2.9"
        assert view.expires_at == view.received_at + engine.config.delivery.retry.expiry
        assert view.headers == (
            ("Received", "from client.example"),
            ("Subject", r"Grü\x1b[31m"),
            ("X-Long", "a b"),
        )
        (arrival,) = view.timeline
        assert isinstance(arrival, MessageAccepted)
        assert arrival.size == view.size


async def test_there_is_no_such_message(tmp_path: Path) -> None:
    """A message that never was, or is forgotten, is not found, and the sentence says why."""
    async with desk(tmp_path) as engine:
        with pytest.raises(NotFound, match=r"spool\.keep_finished"):
            await engine.link.ask(ViewMessage(id=STRANGER))
        with pytest.raises(NotFound):
            await engine.link.ask(ReadContent(id=STRANGER))
        for kind in (RetryMessages, HoldMessages, ReleaseMessages, DeleteMessages):
            with pytest.raises(NotFound, match="Not in the queue"):
                await engine.link.ask(kind(ids=(STRANGER,)))


@pytest.mark.parametrize("size", [100, 400_000])
async def test_content_is_read_in_parts(tmp_path: Path, size: int) -> None:
    """The parts of a body, inline or in a file, make up the octets that were stored."""
    body = b"Subject: x\r\n\r\n" + bytes(range(128, 256)) * (size // 128) + b"\r\n"
    async with desk(tmp_path) as engine:
        id = await engine.accept(body=body)  # noqa: A001
        octets, total = b"", 1
        while len(octets) < total:
            request = ReadContent(id=id, offset=len(octets), limit=150_000)
            part = await engine.link.ask(request)
            assert part.offset == len(octets)
            assert part.text == part.octets.decode("utf-8", "backslashreplace")
            octets, total = octets + part.octets, part.size
        assert octets == b"Received: from client.example\r\n" + body
        beyond = await engine.link.ask(ReadContent(id=id, offset=total))
        assert beyond.octets == b""


async def test_a_body_is_verified_once_for_all_its_parts(tmp_path: Path) -> None:
    """Reading a large body on does not verify all of it again for each part; beginning does."""
    async with desk(tmp_path) as engine:
        id = await engine.accept(body=b"Subject: x\r\n\r\n" + b"y" * 400_000)  # noqa: A001
        first = await engine.link.ask(ReadContent(id=id, limit=1000))
        (file,) = (path for path in (tmp_path / "spool/body").rglob("*") if path.is_file())
        file.write_bytes(b"z" * file.stat().st_size)
        on = ReadContent(id=id, offset=len(first.octets), limit=1000)
        assert (await engine.link.ask(on)).octets == b"z" * 1000
        engine.clock.advance(FRESH)
        for again in (on, ReadContent(id=id)):
            with pytest.raises(RequestRefused, match="SHA-256 differs"):
                await engine.link.ask(again)


async def test_only_a_few_bodies_count_as_verified(tmp_path: Path) -> None:
    """However many messages are read, few of their bodies are remembered."""
    async with desk(tmp_path) as engine:
        read = Read()
        ids = [await engine.accept(body=b"Subject: x\r\n\r\nHello\r\n") for _ in range(READERS + 2)]
        first = [await read.content(engine.store, id, 0, 1.0) for id in ids]  # noqa: A001
        later = [await read.content(engine.store, id, 5, 1.0) for id in reversed(ids)]  # noqa: A001
        kept = [one is two for one, two in zip(first, reversed(later), strict=True)]
        assert kept == [False, False, True, True, True, True]


async def test_the_body_of_a_deleted_message_is_gone(tmp_path: Path) -> None:
    """Once it is not in the trash either: its history is still shown, its content is gone."""
    async with desk(tmp_path) as engine:
        id = await engine.accept()  # noqa: A001
        await engine.link.ask(DeleteMessages(ids=(id,)))
        await engine.link.ask(EmptyTrash())
        view = await engine.link.ask(ViewMessage(id=id))
        assert (view.body_stored, view.headers) == (False, ())
        assert view.recipients[0].state == "deleted"
        with pytest.raises(NotFound, match="not kept any more"):
            await engine.link.ask(ReadContent(id=id))


async def test_a_damaged_body_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    """A body file that was changed costs the headers, not the view."""
    async with desk(tmp_path) as engine:
        id = await engine.accept(body=b"Subject: x\r\n\r\n" + b"y" * 400_000)  # noqa: A001
        (file,) = (path for path in (tmp_path / "spool/body").rglob("*") if path.is_file())
        file.write_bytes(b"z" * 10)
        assert (await engine.link.ask(ViewMessage(id=id))).headers == ()
        with pytest.raises(RequestRefused, match="cannot be read"):
            await engine.link.ask(ReadContent(id=id))
        problems = (await engine.link.ask(CheckSpool())).problems
        assert any(id in problem.subject + problem.sentence for problem in problems)


async def test_a_read_only_link_only_looks(tmp_path: Path) -> None:
    """Every request that changes something is refused, whatever it asks."""
    async with desk(tmp_path) as engine:
        await engine.accept()
        monitor = engine.link.acting("monitor", read_only=True)
        for request in (FlushQueue(), StopEngine(), RetryMessages(query="x")):
            with pytest.raises(LinkReadOnly):
                await monitor.ask(request)
        assert len((await monitor.ask(ListQueue())).items) == 1
        assert engine.stopped == []


async def test_no_watcher_has_a_text_of_his_own_read_as_a_config(tmp_path: Path) -> None:
    """It could be tried out until it has the right password, or names a file that is there."""
    asking = [kind for name, kind in REQUESTS.items() if name.startswith("config/")]
    tried = [kind for kind in asking if "text" in kind.__struct_fields__]
    assert set(tried) == {CheckConfig, PlanConfig, ApplyConfig}
    async with desk(tmp_path) as engine:
        monitor = engine.link.acting("monitor", read_only=True)
        for kind in tried:
            with pytest.raises(LinkReadOnly, match="This link is "):
                await monitor.ask(kind(text='[[route]]\npassword = "guess"\n'))


async def test_stopping_is_handed_on_with_who_asked(tmp_path: Path) -> None:
    """The engine is told to stop, and by whom."""
    async with desk(tmp_path) as engine:
        await engine.link.acting("root(uid 0) pid 7").ask(StopEngine())
        assert engine.stopped == ["root(uid 0) pid 7 asked for it"]


async def test_encryption_is_told_by_destination(tmp_path: Path) -> None:
    """What the attempts came to, the destination heard of last first."""
    async with desk(tmp_path) as engine:
        for name in ("a.test", "b.test"):
            engine.bus.publish(
                AttemptEnded(
                    at=1.0,
                    id=MessageId.compose(1_700_000_000_000, 1),
                    destination=Domain(name),
                    server="mx:25",
                    stage="DONE",
                    seconds=0.1,
                    size=1,
                    latency=0.2,
                    results=(),
                    tls=TlsSession("TLSv1.3", "X", "chain"),
                    tls_policy="verify",
                    tls_source="default",
                )
            )
        reply = await engine.link.ask(ListTls(limit=1))
        assert reply.total == 2
        assert (reply.items[0].destination, reply.items[0].verified) == ("b.test", 1)
        assert reply.items[0].versions == {"TLSv1.3": 1}


async def test_destinations_and_spool_are_figures(tmp_path: Path) -> None:
    """Queues by destination with their open connections; the spool with its octets."""
    async with desk(tmp_path) as engine:
        await engine.accept("bob@example.net")
        await engine.accept("eve@example.net", "joe@example.com")
        reply = await engine.link.ask(ListDestinations(limit=1))
        assert reply.total == 2
        (item,) = reply.items
        engine.figures.open[item.destination] = 4
        (item,) = (await engine.link.ask(ListDestinations(limit=1))).items
        assert (item.destination, item.queued, item.connections) == ("example.net", 2, 4)
        report = await engine.link.ask(GetSpool())
        assert (report.messages, report.path) == (2, str(tmp_path / "spool"))
        assert (await engine.link.ask(CheckSpool())).problems == ()


async def test_events_are_numbered_and_losses_counted(tmp_path: Path) -> None:
    """The stream goes on behind any number, also one of an engine that ran before."""
    async with desk(tmp_path) as engine:
        for number in range(1, 4):
            engine.bus.publish(EngineStopping(at=1.0, reason=str(number)))
        stream = engine.link.events(after=1)
        assert [(await anext(stream)).sequence for _ in range(2)] == [2, 3]
        with engine.link.reading(after=5000) as reading:
            assert [notice.sequence for notice in await reading.batch()] == [1, 2, 3]
        with engine.link.reading() as reading:
            engine.bus.publish(EngineStopping(at=1.0, reason="4"))
            (notice,) = await reading.batch()
            assert (notice.sequence, notice.missed) == (4, 0)
        await engine.link.close()


async def test_near_and_far_answer_alike(tmp_path: Path) -> None:
    """What `LocalLink` answers is what comes through the socket, field for field."""
    async with desk(tmp_path) as engine:
        id = await engine.accept("bob@example.net", "eve@example.com")  # noqa: A001
        server = ControlServer(engine.link, tmp_path / "spool" / "empath.sock")
        await server.open()
        remote = RemoteLink(server.path)
        for request in (
            ListQueue(),
            ViewMessage(id=id),
            ReadContent(id=id),
            ListDestinations(),
            CheckSpool(),
        ):
            assert await remote.ask(request) == await engine.link.ask(request)
        await remote.ask(HoldMessages(ids=(id,)))
        await remote.close()
        await server.close()
        (event,) = engine.acted
        assert "(uid " in event.actor
        assert msgspec.structs.asdict(event)["recipients"] == 2
