"""A relay in memory with a plausible day of mail: for screenshots, benches and golden pages.

Everything follows from a seed and a hand-turned clock, so that the same pictures come out
each time.  `prime` lets ten minutes pass before a console looks.
"""

from __future__ import annotations

import math
import random

import msgspec

from empath.address import Domain, EmailAddress
from empath.control.link import (
    AttentionItem,
    DestinationItem,
    QueueItem,
)
from empath.envelope import MessageId, Priority
from empath.events import (
    AttemptEnded,
    Event,
    MessageAccepted,
    NotificationSent,
    OperatorActed,
    RecipientResult,
    SessionRefused,
    TlsSession,
)
from empath.query import parse_query
from tests.fakes import demo_places
from tests.fakes.clock import HandClock
from tests.fakes.demo_message import CONTENT, eventful
from tests.fakes.memory_inside import PLAIN, parts_of
from tests.fakes.memory_link import STARTED_AT, STATUS, MemoryLink
from tui.matching import matches as row_matches
from tui.store import Store

DOMAINS = (
    ("bigmail.example", 46, "421 4.7.0 Too many connections from your IP, slow down"),
    ("corp.example", 14, "Connection to mx.corp.example [203.0.113.9]:25 timed out after 30 s"),
    ("isp.example", 11, "451 4.7.1 Greylisted, please try again in 300 seconds"),
    ("gmail.example", 9, ""),
    ("outlook.example", 7, ""),
    ("university.example", 5, "452 4.2.2 Mailbox full"),
    ("partner.example", 4, "454 4.7.0 TLS not available due to local problem"),
    ("startup.example", 2, ""),
    ("museum.example", 1, "451 4.3.0 Temporary lookup failure"),
)

SENDERS = (
    ("billing@shop.example", "Your November invoice"),
    ("news@shop.example", "This week: warm coats, cold drinks"),
    ("alerts@ops.example", "[firing] disk 91 % on db-3"),
    ("no-reply@app.example", "Reset your password"),
    ("team@club.example", "Minutes of Thursday's meeting"),
    ("orders@books.example", "Your order 20417 is on its way"),
)

PRIMED = 600
"""Seconds that pass before anybody looks."""

PEOPLE = ("ada", "bob", "cy", "di", "eve", "finn", "grace", "hugo", "ivy", "jo", "kim", "li")


class DemoEngine(MemoryLink):
    """The relay."""

    def __init__(self, clock: HandClock, *, messages: int = 1243, seed: int = 7) -> None:
        super().__init__()
        self.clock = clock
        self._random = random.Random(seed)
        self._carry = dict.fromkeys(("accepted", "delivered", "deferrals", "bounced", "refused"), 0)
        self._start = clock.now()
        items = [self._item(number) for number in range(messages)]
        items.sort(key=lambda item: item.id, reverse=True)
        self.set_queue(items)
        self.matching = matches
        self._count_destinations()
        self._elapsed = 0
        self.status = msgspec.structs.replace(
            self.status,
            pong=msgspec.structs.replace(
                STATUS.pong, started_at=clock.now() - 273_900, now=clock.now()
            ),
            accepted=2_113_870,
            delivered=2_098_114,
            deferrals=41_877,
            bounced=3_204,
            refused=90_125,
            listeners=("0.0.0.0:25", "127.0.0.1:1025"),
            memory=148 << 20,
            attention=(
                AttentionItem(
                    severity="error",
                    subject="bigmail.example",
                    sentence="568 messages wait; for 22 minutes every attempt ends in 421 4.7.0.",
                    query="dest:bigmail.example",
                    destination="bigmail.example",
                ),
                AttentionItem(
                    severity="error",
                    subject="corp.example",
                    sentence="No connection since 13:51: its one MX does not answer.",
                    query="dest:corp.example",
                ),
                AttentionItem(
                    severity="warning",
                    subject="held",
                    sentence="31 messages are held; the oldest for 2h12m.",
                    query="state:held",
                ),
                AttentionItem(
                    severity="warning",
                    subject="disk",
                    sentence="82 % of /var/spool/empath is used.",
                ),
            ),
        )
        self.detail = self._detail()
        later = clock.now() + PRIMED
        self.gates, self.tls = demo_places.gates(later), demo_places.tls(later)
        demo_places.furnish(self.shape, self.queue, later, seed)
        for item in self.queue:
            shown = self.views.get(item.id)
            whom = item.recipient if shown is None else shown.recipients[0].address
            told = msgspec.structs.replace(item, recipient=whom)
            self.whys[item.id] = demo_places.why(told, later, self.gates)
        self.inside.parts[self.detail] = parts_of(self.detail, code="", html="", parts=PLAIN)
        self.inside.texts[self.detail, "1 text"] = CONTENT.partition("\r\n\r\n")[2]

    # Time.

    def step(self, seconds: int = 1) -> None:
        """Let time pass: counters run, events happen, the queue breathes."""
        for _ in range(seconds):
            self._elapsed += 1
            self.clock.advance(1)
            wave = 1 + 0.45 * math.sin(self._elapsed / 47) + 0.2 * math.sin(self._elapsed / 11)
            burst = 3.0 if 380 < self._elapsed % 600 < 440 else 1.0
            means = {
                "accepted": 41 * wave,
                "delivered": 38 * wave,
                "deferrals": 5 * burst * wave,
                "bounced": 0.3,
                "refused": 2.5 * wave,
            }
            for name, mean in means.items():
                self._carry[name] = max(0, round(self._random.gauss(mean, math.sqrt(mean + 0.1))))
            status = self.status
            self.status = msgspec.structs.replace(
                status,
                **{name: getattr(status, name) + self._carry[name] for name in means},
                pong=msgspec.structs.replace(status.pong, now=self.clock.now()),
                sessions=round(62 * wave),
                connections_out=round(118 * wave),
                loop_lag=0.0004 + 0.001 * self._random.random(),
            )
            if self._random.random() < 0.7:
                self.push(self._event())

    # Making things up.

    def _item(self, number: int) -> QueueItem:
        rng = self._random
        domain, _, reply = rng.choices(DOMAINS, weights=[weight for _, weight, _ in DOMAINS])[0]
        sender, subject = rng.choice(SENDERS)
        at = self._start + PRIMED - 9 - rng.random() ** 2.5 * 90_000
        state = "deferred" if reply else rng.choice(("queued", "active", "queued"))
        if number % 40 == 7:
            state = "held"
        recipients = rng.choice((1, 1, 1, 1, 1, 2, 3))
        return QueueItem(
            id=MessageId.compose(int(at * 1000), rng.getrandbits(21)),
            state=state,
            received_at=at,
            next_at=self._start + PRIMED + rng.random() * 1800 if state == "deferred" else None,
            attempts=rng.randint(1, 7) if state == "deferred" else 0,
            size=int(900 + rng.random() ** 4 * 400_000),
            priority=rng.choices(list(Priority), weights=(2, 1, 12, 2, 1))[0].word,
            reverse_path=None if number % 29 == 3 else EmailAddress(sender),
            recipient=EmailAddress(f"{rng.choice(PEOPLE)}{number % 97}@{domain}"),
            recipients=recipients,
            destination=Domain(domain),
            last_reply=reply if state in ("deferred", "held") else "",
            subject=subject,
        )

    def _count_destinations(self) -> None:
        rows = []
        for domain, _, reply in DOMAINS:
            items = [item for item in self.queue if item.destination == domain]
            if not items:
                continue
            counts = dict.fromkeys(("queued", "deferred", "held", "active"), 0)
            for item in items:
                counts[item.state] += 1
            waiting = [item.next_at for item in items if item.next_at is not None]
            rows.append(
                DestinationItem(
                    destination=Domain(domain),
                    connections=min(20, counts["active"]),
                    oldest_at=min(item.received_at for item in items),
                    next_at=min(waiting, default=None),
                    last_reply=reply or "250 2.0.0 OK",
                    **counts,
                )
            )
        rows.sort(key=lambda row: -(row.queued + row.deferred + row.held + row.active))
        self.destinations = rows
        oldest = min((item.received_at for item in self.queue), default=None)
        next_at = min((item.next_at for item in self.queue if item.next_at), default=None)
        self.status = msgspec.structs.replace(self.status, oldest_at=oldest, next_at=next_at)

    def _event(self) -> Event:
        rng = self._random
        at = self.clock.now()
        item = rng.choice(self.queue)
        kind = rng.random()
        if kind < 0.35:
            return MessageAccepted(
                at=at,
                id=item.id,
                reverse_path=item.reverse_path,
                recipients=(item.recipient,),
                size=item.size,
                client="10.0.0.5",
                helo="web-2.shop.example",
                protocol="ESMTPS",
                priority=item.priority,
                subject=item.subject,
            )
        if kind < 0.9:
            good = kind < 0.72
            reply = "250 2.0.0 OK queued" if good else DOMAINS[rng.randrange(3)][2]
            return AttemptEnded(
                at=at,
                id=item.id,
                destination=item.destination,
                server=f"mx1.{item.destination} [203.0.113.25]:25",
                stage="DONE" if good else "RCPT",
                seconds=0.2 + rng.random(),
                size=item.size,
                latency=1.2,
                results=(
                    RecipientResult(
                        number=1,
                        address=item.recipient,
                        result="delivered" if good else "deferred",
                        reply=reply,
                        next_at=None if good else at + 900,
                    ),
                ),
                tls=TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            )
        if kind < 0.96:
            return SessionRefused(
                at=at,
                client="198.51.100.7",
                helo="friend",
                stage="RCPT",
                subject="x@elsewhere.example",
                reply="554 5.7.1 Relay access denied",
            )
        if kind < 0.98:
            return OperatorActed(at=at, id=item.id, action="hold", actor="root", recipients=1)
        return NotificationSent(
            at=at, id=item.id, dsn=item.id, kind="failed", recipients=(item.recipient,)
        )

    def _detail(self) -> MessageId:
        """Make the newest deferred message at bigmail one with a rich history; its id."""
        item = next(
            item
            for item in self.queue
            if item.destination == "bigmail.example" and item.state == "deferred"
        )
        self.views[item.id] = eventful(item)
        self.contents[item.id] = CONTENT
        return item.id


def matches(item: QueueItem, query: str) -> bool:
    """Does *query* choose *item*, as the engine would have it?"""
    return row_matches(item, parse_query(query), STARTED_AT)


def prime(engine: DemoEngine, store: Store, seconds: int = PRIMED) -> None:
    """Let *seconds* pass with a console looking, so that its rates have a history."""
    for _ in range(seconds):
        engine.step()
        store.fold_status(engine.status)
