"""How each destination's mail is encrypted, as it is remembered."""

from __future__ import annotations

from empath.address import Domain
from empath.bus import Bus
from empath.envelope import MessageId
from empath.events import AttemptEnded, EngineStopping, TlsFailure, TlsSession
from empath.observe.encryption import EncryptionLedger

SESSION = TlsSession("TLSv1.3", "X", names=("mx.there.test",), expires_at=99.0)
EXPIRED = TlsFailure("mx:25", "verify", "default", "certificate-expired", "it has expired")


def attempt(
    at: float = 1.0,
    *,
    destination: str = "there.test",
    stage: str = "DONE",
    tls: TlsSession | None = None,
    failures: tuple[TlsFailure, ...] = (),
    policy: str = "opportunistic",
) -> AttemptEnded:
    """One attempt as it is published."""
    return AttemptEnded(
        at=at,
        id=MessageId.compose(1_700_000_000_000, 1),
        destination=Domain(destination),
        server="mx:25",
        stage=stage,
        seconds=0.1,
        size=1,
        latency=0.2,
        results=(),
        tls=tls,
        tls_policy=policy,
        tls_source="default",
        tls_failures=failures,
    )


def test_sessions_are_counted_by_what_they_were() -> None:
    """By version, verified or not, in clear, and failures by their class."""
    bus, ledger = Bus(), EncryptionLedger()
    bus.fold(ledger)
    bus.publish(attempt(1, tls=SESSION))
    bus.publish(attempt(2, tls=TlsSession("TLSv1.2", "X", verified="chain"), policy="verify"))
    bus.publish(attempt(3))
    bus.publish(attempt(4, stage="STARTTLS", failures=(EXPIRED, EXPIRED), policy="verify"))
    bus.publish(attempt(5, stage="CONNECT"))
    bus.publish(attempt(6, stage="DNS", policy=""))
    bus.publish(EngineStopping(at=7, reason="x"))
    [known] = ledger.latest()
    assert known.versions == {"TLSv1.3": 1, "TLSv1.2": 1}
    assert (known.verified, known.plaintext) == (1, 1)
    assert known.failures == {"certificate-expired": 2}
    assert (known.last_failure, known.last_failure_at, known.last_at) == ("it has expired", 4, 5)
    assert known.policy == "opportunistic"


def test_the_destination_heard_of_longest_ago_is_forgotten() -> None:
    """Memory is bounded, and what is in use stays."""
    ledger = EncryptionLedger(most=2)
    for name in ("a.test", "b.test", "a.test", "c.test"):
        ledger(attempt(destination=name, tls=SESSION))
    assert [known.destination for known in ledger.latest()] == ["c.test", "a.test"]
    assert repr(ledger) == "<EncryptionLedger 2 of 2>"
