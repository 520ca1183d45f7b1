"""What a plan says about queued mail, staged on a real spool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from empath.address import Domain, EmailAddress, ServerId
from empath.config.model import (
    Config,
    Delivery,
    DeliveryTls,
    Destination,
    Inbound,
    Mode,
    OnTlsFailure,
    PriorityClass,
    PriorityRule,
    PrioritySettings,
    Retry,
    Route,
    Spool,
    TlsPolicy,
)
from empath.config.shaping import ClassRate
from empath.config.units import ByteSize, Duration, parse_network
from empath.control.config_impact import ConfigImpact
from empath.control.config_requests import QueueImpact
from empath.envelope import NextHop, Priority
from empath.events import TlsFailure, TlsSession
from empath.observe.encryption import EncryptionLedger
from empath.policy.override import Override
from empath.query import EVERYTHING, QueueQuery
from empath.spool.store import Store
from tests.fakes.clock import HandClock
from tests.fakes.mail import LATER, accept, ended, rule, take

DAY = 86400
RELAY = Config(mode=Mode.RELAY)
SINK = Route(domain="net.test", host=ServerId("127.0.0.1:2525"))
REQUIRED = Destination(domain="*", tls=TlsPolicy.REQUIRED)
VERIFY = Destination(domain="*", tls=TlsPolicy.VERIFY)
GOOD = TlsSession("TLSv1.3", "X", names=("mx.test",), expires_at=1.9e9)


@dataclass
class Stage:
    """A spool, what operators overrode, what is known of encryption; and the question."""

    store: Store
    clock: HandClock
    ledger: EncryptionLedger = field(default_factory=EncryptionLedger)
    set: dict[Domain, Override] = field(default_factory=dict)
    most: int = 1000

    def overrides(self) -> dict[Domain, Override]:
        return self.set

    async def impact(self, new: Config, old: Config = RELAY) -> Sequence[QueueImpact]:
        """What *new* would do; all queued messages were considered."""
        asked = ConfigImpact(
            spool=self.store,
            finder=self,
            encryption=self.ledger,
            clock=self.clock,
            most=self.most,
        )
        told, considered = await asked.impact(old, new)
        assert repr(asked) == f"<ConfigImpact {self.ledger!r}>"
        assert considered == (await self.store.stats()).messages
        return told

    async def attempt(self, **fields: object) -> None:
        """Defer all that is due, an hour, in attempts of which *fields* are so."""
        for lot in await take(self.store, self.clock.now(), limit=1000):
            event = msgspec.structs.replace(
                ended(lot), **{"tls_policy": "opportunistic", "tls_source": "default", **fields}
            )
            rulings = rule(lot, LATER, self.clock.now() + 3600)
            await self.store.record(lot, rulings, event)
            self.ledger(event)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """An empty stage."""
    clock = HandClock()
    store = await Store.open(Spool(path=tmp_path / "s", min_free=ByteSize(0)), clock=clock)
    yield Stage(store, clock)
    await store.close()


def changed(**settings: object) -> Config:
    """The config with other settings of delivery."""
    return msgspec.structs.replace(RELAY, delivery=Delivery(**settings))  # type: ignore[arg-type]


def told(found: Sequence[QueueImpact]) -> list[tuple[str, str, int, int, bool]]:
    """What is said, without its sentence and examples."""
    return [(o.destination, o.what, o.messages, o.recipients, o.warning) for o in found]


async def test_a_route_change_that_touches_37_messages_shows_37(stage: Stage) -> None:
    """Each message counts once, with all of its recipients there; others are not counted."""
    names = [
        await accept(stage.store, f"u{n}@net.test", f"v{n}@net.test", "x@other.test")
        for n in range(37)
    ]
    await accept(stage.store, "someone@sub.net.test")
    [found] = await stage.impact(msgspec.structs.replace(RELAY, route=(SINK,)))
    assert told([found]) == [("net.test", "route", 37, 74, False)]
    assert found.sentence == "would go to 127.0.0.1:2525 instead of its MX hosts"
    assert len(found.examples) == 3
    assert set(found.examples) <= set(names)


async def test_what_touches_no_queued_mail_says_nothing(stage: Stage) -> None:
    """Limits of reception and rules of priority hold for mail that comes; other domains too."""
    await accept(stage.store, "a@net.test")
    rules = PrioritySettings(rule=(PriorityRule(give=PriorityClass.BULK, recipient="@net.test"),))
    for new in (
        RELAY,
        msgspec.structs.replace(RELAY, priority=rules),
        msgspec.structs.replace(RELAY, inbound=Inbound(recipients=100)),
        msgspec.structs.replace(RELAY, route=(Route(domain="x.test", host=SINK.host),)),
        changed(window=100, retry=Retry(jitter=0.2)),
    ):
        assert await stage.impact(new) == ()
        assert await stage.impact(RELAY, new) == ()


@pytest.mark.parametrize(
    ("said", "seen", "policy"),
    [
        ("was in clear", {}, REQUIRED),
        ("was in clear", {}, VERIFY),
        ("met a self-signed certificate", {"self_signed": True}, VERIFY),
        ("met an expired certificate", {"expires_at": 1.7e9}, VERIFY),
        ("met a certificate for another host", {"names": ("mx.else.test",)}, VERIFY),
        ("", {"self_signed": True}, REQUIRED),
        ("", {"names": ("*.test", "else")}, VERIFY),
        ("", {"verified": "chain", "names": ("odd",)}, VERIFY),
    ],
)
@pytest.mark.parametrize("remembered", [True, False], ids=["remembered", "after a restart"])
async def test_a_tls_requirement_names_who_would_fail(
    stage: Stage, said: str, seen: dict[str, object], policy: Destination, remembered: bool
) -> None:
    """Judged by the last attempt: as it is remembered, or as the timeline of queued mail has it."""
    await accept(stage.store, "a@net.test")
    await stage.attempt(tls=msgspec.structs.replace(GOOD, **seen) if seen else None)
    if not remembered:
        stage.ledger = EncryptionLedger()
    new = msgspec.structs.replace(RELAY, destination=(policy,))
    [found] = await stage.impact(new)
    assert told([found]) == [("net.test", "tls", 1, 1, bool(said))]
    start = f'would need TLS "{policy.tls}" instead of "opportunistic"'
    end = f"; the last attempt {said}, so mail would be returned" if said else ""
    assert found.sentence == start + end
    waiting = DeliveryTls(on_failure=OnTlsFailure.DEFER)
    new = msgspec.structs.replace(new, delivery=Delivery(tls=waiting))
    [found] = await stage.impact(new)
    assert found.sentence.endswith("so mail would wait" if said else '"opportunistic"')


async def test_a_fault_of_encryption_counts_until_a_session_has_it(stage: Stage) -> None:
    """A server that refused STARTTLS would fail; one that has only a bad name is encrypted."""
    await accept(stage.store, "a@net.test")
    failures = (TlsFailure("mx", "required", "default", "starttls-refused"),)
    await stage.attempt(stage="STARTTLS", tls_failures=failures)
    new = msgspec.structs.replace(RELAY, destination=(REQUIRED,))
    [found] = await stage.impact(new)
    assert "the last attempt was refused STARTTLS" in found.sentence
    stage.clock.advance(3600)
    await stage.attempt(stage="STARTTLS", tls_failures=failures, tls=GOOD)
    [found] = await stage.impact(new)
    assert not found.warning


async def test_an_attempt_that_asked_for_no_encryption_says_nothing_about_it(stage: Stage) -> None:
    """Mail in clear on our own wish is no sign that the server could not do better."""
    await accept(stage.store, "a@net.test")
    await stage.attempt(tls_policy="disabled")
    old = changed(tls=DeliveryTls(policy=TlsPolicy.DISABLED))
    [found] = await stage.impact(changed(tls=DeliveryTls(policy=TlsPolicy.REQUIRED)), old)
    assert (found.what, found.warning) == ("tls", False)


async def test_an_attempt_that_reached_nobody_says_nothing(stage: Stage) -> None:
    """Nor does one at a host that an operator re-routed the mail to: other mail is asked."""
    await accept(stage.store, "a@net.test")
    await stage.attempt(stage="CONNECT")
    await accept(stage.store, "b@net.test")
    await stage.attempt(tls_source="override")
    new = msgspec.structs.replace(RELAY, destination=(REQUIRED,))
    [found] = await stage.impact(new)
    assert not found.warning
    await accept(stage.store, "c@net.test")
    await stage.attempt()
    stage.ledger = EncryptionLedger()
    [found] = await stage.impact(new)
    assert "was in clear" in found.sentence


async def test_servers_at_addresses_that_are_allowed_no_more(stage: Stage) -> None:
    """Judged by where mail went last; not by an override, nor by a name that is no address."""
    old = changed(allow_networks=(parse_network("10.0.0.0/8"),))
    at = {"server": "mx.test [10.0.0.7]:25"}
    await accept(stage.store, "a@net.test")
    assert await stage.impact(RELAY, old) == ()
    for fields in (
        at | {"tls_source": "override"},
        {"server": "mx.test [what]:25"},
        {"server": ""},
    ):
        await stage.attempt(**fields)
        assert await stage.impact(RELAY, old) == ()
        stage.clock.advance(3600)
    await stage.attempt(**at)
    [found] = await stage.impact(RELAY, old)
    assert told([found]) == [("net.test", "route", 1, 1, True)]
    assert "would not go to 10.0.0.7 any more" in found.sentence
    stage.set[Domain("net.test")] = Override((ServerId("192.0.2.2:25"),))
    assert await stage.impact(RELAY, old) == ()


async def test_other_hosts_are_not_judged_by_the_last_ones(stage: Stage) -> None:
    """A new route with encryption leads to a server of which nothing is known."""
    await accept(stage.store, "a@net.test")
    await stage.attempt()
    new = msgspec.structs.replace(RELAY, route=(SINK,), destination=(REQUIRED,))
    assert [(one.what, one.warning) for one in await stage.impact(new)] == [
        ("route", False),
        ("tls", False),
    ]


async def test_a_shorter_expiry_tells_how_many_would_be_returned(stage: Stage) -> None:
    """Counted are those whose next deferral would be the last; what is when is told of others."""
    for _ in range(5):
        await accept(stage.store, "a@net.test", "b@net.test")
    stage.clock.advance(2 * DAY)
    young = await accept(stage.store, "c@net.test")
    new = changed(retry=Retry(expiry=Duration(DAY)))
    gone, other = await stage.impact(new)
    assert told([gone, other]) == [
        ("net.test", "expiry", 5, 10, True),
        ("net.test", "expiry", 1, 1, False),
    ]
    assert gone.sentence == (
        "would be returned unless the next attempt succeeds: older than 1d by then"
    )
    assert other.sentence == "would be given up at the age of 1d instead of 5d"
    assert other.examples == (young,)
    kept, other = await stage.impact(RELAY, new)
    assert (kept.messages, kept.warning) == (5, False)
    assert "tried on instead of being returned" in kept.sentence


async def test_fewer_attempts_and_other_waits(stage: Stage) -> None:
    """Mail that was tried often is told of; and mail whose waits change, and which way."""
    await accept(stage.store, "a@net.test")
    await stage.attempt()
    found = await stage.impact(changed(retry=Retry(attempts=2)))
    assert [one.messages for one in found if one.warning] == [1]
    assert "tried 2 times or more by then" in found[0].sentence
    [shorter] = await stage.impact(changed(retry=Retry(base=Duration(60))))
    assert shorter.what == "retry"
    assert "shorter" in shorter.sentence
    [longer] = await stage.impact(changed(retry=Retry(factor=4)))
    assert "longer" in longer.sentence
    assert await stage.impact(changed(retry=Retry(cap=Duration(43200)))) == ()


async def test_senders_who_would_be_told_of_a_delay(stage: Stage) -> None:
    """A notice to the null sender there is none."""
    await accept(stage.store, "a@net.test")
    await accept(stage.store, "a@net.test", sender=None)
    stage.clock.advance(3600)
    [found] = await stage.impact(changed(retry=Retry(delay_notice=Duration(60))))
    assert (found.what, found.messages) == ("notice", 1)


async def test_limits_of_a_destination_and_of_a_class(stage: Stage) -> None:
    """A class is counted where its rate changes, and no other class."""
    await accept(stage.store, "a@net.test", priority=Priority.BULK)
    await accept(stage.store, "a@net.test")
    [found] = await stage.impact(changed(class_rate=ClassRate(bulk=10)))
    assert told([found]) == [("net.test", "limits", 1, 1, False)]
    limited = Destination(domain="net.test", concurrency=1, rate=2)
    [found] = await stage.impact(msgspec.structs.replace(RELAY, destination=(limited,)))
    assert found.sentence == (
        "would go in at most 1 attempt at once instead of 20;"
        " and go at 2/s (20 at once) instead of without a limit"
    )
    assert found.messages == 2


async def test_re_routed_mail_stays_where_an_operator_sent_it(stage: Stage) -> None:
    """A route changes nothing for it; what it needs for encryption does change."""
    for text in ("net.test", "over.test"):
        await accept(stage.store, f"a@{text}")
    first = await accept(stage.store, "b@net.test")
    hop = NextHop(ServerId("192.0.2.1:25"), stage.clock.now() + 60)
    query = QueueQuery(ids=(first,))
    await stage.store.reroute(query, hop, actor="root", at=stage.clock.now(), reason="")
    stage.set[Domain("over.test")] = Override((ServerId("192.0.2.2:25"),))
    everywhere = Route(domain="*", host=SINK.host)
    new = msgspec.structs.replace(RELAY, route=(everywhere,))
    assert told(await stage.impact(new)) == [("net.test", "route", 1, 1, False)]
    new = msgspec.structs.replace(RELAY, destination=(VERIFY,))
    assert told(await stage.impact(new)) == [
        ("net.test", "tls", 2, 2, False),
        ("over.test", "tls", 1, 1, False),
    ]
    stage.clock.advance(61)
    new = msgspec.structs.replace(RELAY, route=(everywhere,))
    assert told(await stage.impact(new)) == [("net.test", "route", 2, 2, False)]


async def test_held_mail_counts_and_finished_mail_does_not(stage: Stage) -> None:
    """What an operator may release is touched; what was deleted is not."""
    await accept(stage.store, "a@net.test", hold="by hand")
    gone = await accept(stage.store, "b@net.test")
    ids = QueueQuery(ids=(gone,))
    await stage.store.delete(ids, actor="root", reason="", at=stage.clock.now())
    new = msgspec.structs.replace(RELAY, route=(SINK,))
    assert told(await stage.impact(new)) == [("net.test", "route", 1, 1, False)]
    await stage.store.delete(EVERYTHING, actor="root", reason="", at=stage.clock.now())
    assert await stage.impact(new) == ()


async def test_dev_mode_warns_that_everything_waits(stage: Stage) -> None:
    """The other way round nothing is said: what was captured stays held."""
    await accept(stage.store, "a@net.test")
    dev = msgspec.structs.replace(RELAY, mode=Mode.DEV)
    [found] = await stage.impact(dev)
    assert (found.what, found.warning) == ("mode", True)
    assert await stage.impact(RELAY, dev) == ()


async def test_another_spool_warns_that_everything_stays_behind(stage: Stage) -> None:
    """Held and re-routed mail too, each message once."""
    await accept(stage.store, "a@net.test", "b@net.test")
    await accept(stage.store, "c@net.test", hold="by hand")
    turned = await accept(stage.store, "d@net.test")
    hop = NextHop(ServerId("127.0.0.1:2526"), stage.clock.now() + 60)
    ids = QueueQuery(ids=(turned,))
    await stage.store.reroute(ids, hop, actor="root", reason="", at=stage.clock.now())
    moved = msgspec.structs.replace(RELAY, spool=Spool(path=Path("/srv/other")))
    [found] = await stage.impact(moved)
    assert told([found]) == [("net.test", "spool", 3, 4, True)]
    assert "would stay behind in" in found.sentence


async def test_at_most_so_many_are_told_and_warnings_first(stage: Stage) -> None:
    """What is large comes first; what is small is left out before a warning is."""
    stage.most = 3
    for place in range(20):
        for number in range(1 + place):
            await accept(stage.store, f"u{number}@d{place:02}.test")
    await stage.attempt(tls=GOOD)
    await accept(stage.store, "a@clear.test")
    await stage.attempt()
    new = msgspec.structs.replace(RELAY, destination=(REQUIRED,))
    assert told(await stage.impact(new)) == [
        ("d19.test", "tls", 20, 20, False),
        ("d18.test", "tls", 19, 19, False),
        ("clear.test", "tls", 1, 1, True),
    ]


async def test_addresses_of_peers_are_shown_as_they_are_kept(stage: Stage) -> None:
    """A destination that is an address literal goes to itself until a route says otherwise."""
    await accept(stage.store, EmailAddress("a@[192.0.2.7]"))
    new = msgspec.structs.replace(RELAY, route=(Route(domain="*", host=SINK.host),))
    [found] = await stage.impact(new)
    assert found.sentence == "would go to 127.0.0.1:2525 instead of [192.0.2.7]:25"
