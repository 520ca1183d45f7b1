"""Content as octets behind BDAT over real sockets: whole, in chunks, or not at all."""

from __future__ import annotations

import pytest

from empath.reply import Delivered
from empath.smtp.manner import WHOLE_OCTETS
from empath.spool.face import BodyUnfit
from tests.fakes.fixed_route import routed
from tests.fakes.memory_spool import BODY, lot
from tests.fakes.one_attempt import only
from tests.fakes.scripted_mx import Do, ScriptedMx
from tests.fakes.sender import ALL_OK, BOTH, ENVELOPE, PIPELINED, TAKEN, WHOLE, Sender


async def test_small_content_arrives_with_the_envelope_unstuffed() -> None:
    """RFC 3030: BDAT takes the octets as they are; nothing was answered before all were sent."""
    body = b"Subject: x\r\n\r\n.\r\n..x\r\n"
    async with ScriptedMx((*BOTH, *WHOLE, ALL_OK)) as mx:
        report = await Sender(routed(mx.port), body=body).one()
    assert isinstance(only(report), Delivered)
    assert mx.contents == [body]
    assert mx.heard[-1] == f"BDAT {len(body)} LAST"


@pytest.mark.parametrize("size", [WHOLE_OCTETS + 2, 2**20, 2 * 2**20 + 70_000])
async def test_large_content_goes_in_chunks(size: int) -> None:
    """RFC 3030 2: each chunk at most 1 MB, the last one marked, the octets as they were."""
    body = (b".x" * 499 + b"\r\n") * (size // 1000) + b"x" * (size % 1000 - 2) + b"\r\n"
    chunks = -(-len(body) // 2**20)
    script = (
        *BOTH, *ENVELOPE, b"250 Ok\r\n250 Ok\r\n", *[Do.BDAT, "< 250 more"] * (chunks - 1),
        Do.BDAT, TAKEN,
    )  # fmt: skip
    async with ScriptedMx(script) as mx:
        report = await Sender(routed(mx.port), body=body).one()
    assert isinstance(only(report), Delivered)
    assert b"".join(mx.contents) == body
    assert [line.endswith(" LAST") for line in mx.heard[-chunks:]] == [False] * (chunks - 1) + [
        True
    ]


async def test_a_refused_chunk_ends_the_content() -> None:
    """RFC 3030 2: after a refusal nothing more of the message is sent."""
    body = (b"x" * 998 + b"\r\n") * 5000
    script = (*BOTH, *ENVELOPE, b"250 Ok\r\n250 Ok\r\n", Do.BDAT, "< 552 5.3.4 too big", Do.HANG)
    async with ScriptedMx(script) as mx:
        report = await Sender(routed(mx.port), body=body).one()
    assert str(only(report).reply) == "552 5.3.4 too big"
    assert report.connection is None


@pytest.mark.parametrize("body", [b"x\ry\r\n", b"x\ny\r\n", b"x\r"])
@pytest.mark.parametrize("large", [False, True])
async def test_a_bare_newline_never_leaves_in_a_chunk(body: bytes, large: bool) -> None:
    """3.1, C5: in BDAT too the writer asserts that no CR or LF stands alone."""
    body = (b"x" * 998 + b"\r\n") * 100 * large + body
    script = (*BOTH, *ENVELOPE, b"250 Ok\r\n250 Ok\r\n") if large else BOTH
    async with ScriptedMx((*script, Do.HANG)) as mx:
        with pytest.raises(BodyUnfit):
            await Sender(routed(mx.port), body=body).one()


async def test_content_that_is_not_as_long_as_announced_is_not_sent() -> None:
    """A BDAT that promises other octets than follow would swallow the next command."""
    async with ScriptedMx((*BOTH, Do.HANG)) as mx:
        with pytest.raises(BodyUnfit, match="octets and not"):
            await Sender(routed(mx.port)).one(lot(size=len(BODY) + 1))


async def test_who_offers_chunking_and_does_not_know_bdat_gets_data() -> None:
    """Remembered for that server; the message is delivered at once."""
    no = b"250 Ok\r\n250 Ok\r\n502 5.5.1 what?\r\n"
    async with ScriptedMx((*BOTH, *WHOLE, no, Do.HANG), (*BOTH, *PIPELINED, TAKEN)) as mx:
        report = await Sender(routed(mx.port)).one()
    assert isinstance(only(report), Delivered)


async def test_chunking_can_be_switched_off() -> None:
    """`delivery.chunking`: DATA in the batch."""
    async with ScriptedMx((*BOTH, *PIPELINED, TAKEN)) as mx:
        report = await Sender(routed(mx.port, chunking=False)).one()
    assert isinstance(only(report), Delivered)
