"""What is told of a message that stays as it is, and finding captured mail."""

from __future__ import annotations

import pytest

from empath.address import Domain, EmailAddress
from empath.envelope import MessageId
from empath.events import AttemptEnded, RecipientResult
from empath.query import BadQuery, parse_query
from empath.spool.operating import CAPTURED
from empath.spool.store import Store
from tests.fakes.mail import accept

STRANGER = MessageId("0197a8c0f3e41b2c")


def attempt(id: MessageId) -> AttemptEnded:
    """What came of a release."""
    return AttemptEnded(
        at=1.0,
        id=id,
        destination=Domain("x.test"),
        server="mx.x.test",
        stage="DONE",
        seconds=0.1,
        size=1,
        latency=1,
        results=(RecipientResult(0, EmailAddress("bob@x.test"), "delivered", "250 2.0.0 Ok"),),
    )


async def test_an_event_is_added_and_nothing_else_changes(store: Store) -> None:
    """The timeline has it, held recipients are held for the new reason, states stay."""
    held = await accept(store, hold=CAPTURED)
    queued = await accept(store)
    for key in (held, queued, STRANGER):
        await store.tell(attempt(key), hold_reason=f"{CAPTURED}; released: delivered")
    record = await store.message(held)
    assert record is not None
    assert record.timeline == (attempt(held),)
    [row] = record.recipients
    assert (row.state.word, row.hold_reason) == ("held", f"{CAPTURED}; released: delivered")
    other = await store.message(queued)
    assert other is not None
    assert (other.recipients[0].state.word, other.recipients[0].hold_reason) == ("queued", "")
    assert await store.message(STRANGER) is None


async def test_captured_mail_is_found_by_why_it_is_held(store: Store) -> None:
    """`hold:` begins with, `hold:~` contains; only of mail that is held now."""
    captured = await accept(store, hold=CAPTURED)
    by_hand = await accept(store, hold="waits for the lawyers")
    await accept(store)

    async def found(text: str) -> list[MessageId]:
        page = await store.page(parse_query(text))
        return [row.id for row in page.rows]

    assert await found("state:held hold:captured") == [captured]
    assert await found("hold:CAPTURED") == [captured]
    assert await found("hold:~lawyers") == [by_hand]
    assert await found("state:held !hold:captured") == [by_hand]


async def test_header_sections_are_searched_of_few_messages(store: Store) -> None:
    """`header:` looks at the header section only, and not at the whole queue."""
    body = b"Subject: x\r\nX-Campaign: Winter\r\n\r\nspring in the text\r\n"
    wanted = await accept(store, hold=CAPTURED, body=body)
    await accept(store, hold=CAPTURED)

    async def found(text: str) -> list[MessageId]:
        page = await store.page(parse_query(text))
        return [row.id for row in page.rows]

    assert await found("state:held header:~winter") == [wanted]
    assert await found("state:held header:~spring") == []
    assert len(await found("state:held !header:~winter")) == 1
    assert await found(f"id:{wanted} header:~winter") == [wanted]
    with pytest.raises(BadQuery, match="it goes with state:held"):
        await found("header:~winter")
