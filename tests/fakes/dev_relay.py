"""A dev relay in memory that has captured some mail, for the inbox of the console."""

from __future__ import annotations

import msgspec

from empath.control.link import QueueItem
from empath.envelope import MessageId
from tests.fakes.console import item
from tests.fakes.demo_message import eventful
from tests.fakes.memory_inside import parts_of
from tests.fakes.memory_link import MemoryLink

HELD = "held: captured in dev mode"
BODY = "# Reset your password\n\nHi Bob, your one-time code: 482 913\n\nhere[1]\n\n[1] https://shop.test"


def dev(messages: int = 3, *, mode: str = "dev") -> MemoryLink:
    """A dev relay that has captured some messages, newest first."""
    link = MemoryLink()
    link.status = msgspec.structs.replace(
        link.status,
        pong=msgspec.structs.replace(link.status.pong, mode=mode, now=1_790_000_000.0),
        captured=messages,
    )
    link.set_queue([captured(number) for number in range(messages)])
    link.matching = lambda one, query: all(
        word in f"{one.subject} {one.recipient}" for word in query.split() if ":" not in word
    )
    for one in link.queue:
        remember(link, one.id)
    return link


def captured(number: int, subject: str = "") -> QueueItem:
    """A captured message."""
    one = item(
        number, state="held", recipient=f"user{number}@x.test", subject=subject or f"Mail {number}"
    )
    return msgspec.structs.replace(one, last_reply=HELD)


def remember(link: MemoryLink, id: MessageId) -> None:
    """Let the engine know what is in it."""
    one = next(each for each in link.queue if each.id == id)
    link.views[id] = msgspec.structs.replace(
        eventful(one), subject=one.subject, timeline=eventful(one).timeline[:1]
    )
    link.inside.parts[id] = parts_of(id)
    link.inside.texts[id, "2 text"] = BODY
    link.inside.texts[id, "1 text"] = "Plain text here"
    link.inside.texts[id, "2 source"] = "<h1>Reset</h1>"
    link.contents[id] = "Subject: raw\r\n\r\nraw \x1b[31m body\r\n"
