"""From events to the text that Prometheus reads, read back by its own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from empath.address import Domain, EmailAddress
from empath.bus import Bus
from empath.envelope import MessageId, Priority
from empath.events import (
    AttemptEnded,
    ConfigLoaded,
    ConfigRefused,
    ConfigReloaded,
    EngineStopping,
    Event,
    MessageAccepted,
    RecipientResult,
    SessionLost,
    SessionRefused,
    TlsFailure,
    TlsSession,
)
from empath.observe.exposition import Exposition, Gauges
from empath.observe.figures import BOUNDS, Figures

ID = MessageId.compose(1_700_000_000_000, 1)
GAUGES = Gauges(
    recipients={"queued": 7, "held": 1},
    messages=5,
    oldest=12.5,
    sessions=2,
    connections=3,
    loop_lag=0.004,
    memory=1000,
    free_octets=2000,
    breakers={"open": 1},
)


def attempt(
    *words: str,
    latency: float = 0.2,
    priority: Priority = Priority.NORMAL,
    tls: TlsSession | None = None,
    failures: tuple[TlsFailure, ...] = (),
    destination: str = "there.test",
) -> AttemptEnded:
    """One attempt that came to *words* for its recipients."""
    results = tuple(
        RecipientResult(number, EmailAddress("b@there.test"), word, "250 Ok")
        for number, word in enumerate(words)
    )
    return AttemptEnded(
        at=1.0,
        id=ID,
        destination=Domain(destination),
        server="mx:25",
        stage="DONE",
        seconds=0.1,
        size=1,
        latency=latency,
        results=results,
        priority=priority,
        tls=tls,
        tls_failures=failures,
    )


ACCEPTED = MessageAccepted(
    at=1.0,
    id=ID,
    reverse_path=None,
    recipients=(EmailAddress("b@there.test"),),
    size=100,
    client="192.0.2.1",
    helo="c",
    protocol="ESMTP",
    priority=Priority.NORMAL,
    subject="",
)


def samples(*events: Event) -> dict[tuple[str, ...], float]:
    """Name and label values (in the order of the labels' names) to value, after *events*."""
    figures, bus = Figures(), Bus()
    bus.fold(figures)
    for event in events:
        bus.publish(event)
    text = Exposition(figures).text(GAUGES).decode()
    return {
        (
            sample.name.removeprefix("empath_"),
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_came_in_is_counted() -> None:
    """Accepted, octets, refused by stage, lost."""
    refused = SessionRefused(1.0, "192.0.2.1", "c", "RCPT", "x", "550 no")
    odd = SessionRefused(1.0, "192.0.2.1", "c", "\x1bFOO", "x", "500 no")
    lost = SessionLost(1.0, "192.0.2.1", "c", "DATA", "gone")
    found = samples(ACCEPTED, ACCEPTED, refused, refused, odd, lost, EngineStopping(1.0, "x"))
    assert found["messages_accepted_total",] == 2
    assert found["octets_accepted_total",] == 200
    assert found["refused_total", "RCPT"] == 2
    assert found["refused_total", "other"] == 1
    assert found["sessions_lost_total",] == 1


def test_what_went_out_is_counted_by_recipient_and_latency_by_class() -> None:
    """A histogram for each class, of messages that were delivered."""
    found = samples(
        attempt("delivered", "delivered", "failed", latency=0.2),
        attempt("deferred", latency=50.0),
        attempt("expired", latency=1e6),
        attempt("delivered", latency=1e6, priority=Priority.CRITICAL),
    )
    assert found["recipients_total", "delivered"] == 3
    assert found["recipients_total", "deferred"] == 1
    assert found["recipients_total", "failed"] == 1
    assert found["recipients_total", "expired"] == 1
    bucket = "delivery_latency_seconds_bucket"
    assert found[bucket, "0.1", "normal"] == 0
    assert found[bucket, "0.25", "normal"] == 1
    assert found[bucket, str(BOUNDS[-1]), "critical"] == 0
    assert found[bucket, "+Inf", "critical"] == 1
    assert found["delivery_latency_seconds_sum", "normal"] == 0.2
    assert found["delivery_latency_seconds_count", "bulk"] == 0


def test_encryption_is_counted() -> None:
    """Sessions by version and verification, failures by destination and policy."""
    failure = TlsFailure("mx:25", "verify", "default", "certificate-expired")
    found = samples(
        attempt("delivered", tls=TlsSession("TLSv1.3", "X", "chain")),
        attempt("delivered", tls=TlsSession("TLSv1.2", "X")),
        attempt("delivered"),
        attempt("failed", failures=(failure, failure)),
        *(attempt(destination=f"{n}.test", failures=(failure,)) for n in range(200)),
    )
    assert found["tls_sessions_total", "chain", "TLSv1.3"] == 1
    assert found["tls_sessions_total", "no", "TLSv1.2"] == 1
    assert found["tls_sessions_total", "no", "none"] == 1
    failures = {key: value for key, value in found.items() if key[0].startswith("tls_handshake")}
    assert failures["tls_handshake_failures_total", "there.test", "verify"] == 2
    assert failures["tls_handshake_failures_total", "other", "verify"] == 101
    assert len(failures) == 101


def test_reloads_are_counted_and_the_config_in_force_is_told() -> None:
    """The version and when it came, how many were refused, and what waits for a restart."""
    start = ConfigLoaded(1.0, "empath.toml", 3)
    reload = ConfigReloaded(2.0, "empath.toml", 4, "signal", "SIGHUP", pending=("mode",))
    refusal = ConfigRefused(3.0, "empath.toml", "reload", "root", ("line 1: no",))
    assert samples(start)["config_version",] == 3
    found = samples(start, reload, refusal)
    assert found["config_version",] == 4
    assert found["config_reloads_total", "applied"] == 1
    assert found["config_reloads_total", "refused"] == 1
    assert found["config_last_reload_successful",] == 0
    assert found["config_last_reload_success_timestamp_seconds",] == 2.0
    assert found["config_pending_restart",] == 1
    assert samples(refusal, reload)["config_last_reload_successful",] == 1


def test_what_is_so_now_is_told() -> None:
    """The queue by state, the loop, the disk, breakers."""
    found = samples()
    assert found["queue_recipients", "queued"] == 7
    assert found["queue_oldest_seconds",] == 12.5
    assert found["loop_lag_seconds",] == 0.004
    assert found["breakers", "open"] == 1
    assert "0 messages" in repr(Exposition(Figures()))


def test_two_engines_in_one_process_do_not_meet() -> None:
    """There is no global registry: each has its own figures."""
    one, other = Figures(), Figures()
    one(ACCEPTED)
    assert b"empath_messages_accepted_total 1.0" in Exposition(one).text(GAUGES)
    assert b"empath_messages_accepted_total 0.0" in Exposition(other).text(GAUGES)
