"""How the link stands: live, stale, offline, incompatible."""

from __future__ import annotations

import random

import msgspec

from tests.fakes.memory_link import PONG
from tui.connection import LAST_WAIT, STALE_AFTER, Connection, Phase


def connection(*, read_only: bool = False) -> Connection:
    """A link that nothing is known of yet."""
    return Connection(random.Random(1), read_only=read_only)


def test_it_begins_connecting() -> None:
    """Before the first snapshot nothing may be changed."""
    link = connection()
    assert link.phase(0.0) is Phase.CONNECTING
    assert "snapshot" in link.why_no_change(0.0)


def test_silence_makes_it_stale_and_a_reply_live_again() -> None:
    """Three missed ticks are STALE, and changes are off while it lasts."""
    link = connection()
    link.greeted(PONG, 10.0)
    assert link.phase(10.0 + STALE_AFTER) is Phase.LIVE
    assert link.why_no_change(10.0) == ""
    assert link.stale_in(10.0) == STALE_AFTER
    assert link.phase(10.1 + STALE_AFTER) is Phase.STALE
    assert link.stale_in(10.1 + STALE_AFTER) == 0.0
    assert "some seconds" in link.why_no_change(10.1 + STALE_AFTER)
    link.heard(20.0)
    assert link.phase(20.0) is Phase.LIVE


def test_tries_come_slower_and_slower_up_to_eight_seconds() -> None:
    """Lost links are tried again after 0.25 to 8 seconds, with jitter, and it begins anew."""
    link = connection()
    waits = [link.lost("gone", float(n)) for n in range(12)]
    assert 0.18 <= waits[0] <= 0.25
    assert all(wait <= LAST_WAIT for wait in waits)
    assert waits[-1] >= 6.0
    assert link.phase(12.0) is Phase.OFFLINE
    assert link.lost_at == 0.0
    link.greeted(PONG, 13.0)
    assert link.lost("gone again", 14.0) <= 0.25


def test_another_protocol_may_be_looked_at_only() -> None:
    """An engine of another protocol is INCOMPATIBLE: read-only, with the remedy."""
    link = connection()
    link.greeted(msgspec.structs.replace(PONG, protocol=99), 1.0)
    assert link.phase(1.0) is Phase.INCOMPATIBLE
    assert "restart this console" in link.why_no_change(1.0)


def test_read_only_by_either_side() -> None:
    """The console's own flag and the link's word both switch changes off."""
    mine = connection(read_only=True)
    mine.greeted(PONG, 1.0)
    theirs = connection()
    theirs.greeted(msgspec.structs.replace(PONG, read_only=True), 1.0)
    assert mine.why_no_change(1.0) == theirs.why_no_change(1.0) == "This console is read-only."


def test_another_engine_is_noticed() -> None:
    """A restarted engine has another pid or start; the same one does not."""
    link = connection()
    assert link.greeted(PONG, 1.0) is False
    assert link.greeted(PONG, 2.0) is False
    assert link.greeted(msgspec.structs.replace(PONG, pid=2), 3.0) is True
