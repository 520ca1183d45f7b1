"""What encryption a destination needs, and what follows when it is not to be had."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import ServerId
from empath.config.model import DeliveryTls, OnTlsFailure, Route, Tls, TlsPolicy
from empath.policy.tls import Need, Source, TlsFault, need, unmet
from empath.reply import Deferred, Failed

POLICIES = st.sampled_from(TlsPolicy)
STRICTER = list(TlsPolicy)


def route(tls: Tls | None) -> Route:
    """A route with this setting."""
    return Route(domain="*", host=ServerId("smtp.example.com:25"), tls=tls)


@pytest.mark.parametrize(
    ("tls", "policy", "implicit"),
    [
        (Tls.NONE, TlsPolicy.DISABLED, False),
        (Tls.STARTTLS, TlsPolicy.REQUIRED, False),
        (Tls.IMPLICIT, TlsPolicy.REQUIRED, True),
    ],
)
def test_a_route_says_what_it_needs(tls: Tls, policy: TlsPolicy, implicit: bool) -> None:
    """What a route says about its own host counts before the default."""
    wanted = need(route(tls), None, TlsPolicy.VERIFY)
    assert wanted == Need(policy, Source.ROUTE, implicit)


@pytest.mark.parametrize("fixed", [None, route(None)])
@pytest.mark.parametrize("default", TlsPolicy)
def test_who_says_nothing_gets_the_default(fixed: Route | None, default: TlsPolicy) -> None:
    """A host from the DNS, or a route without ``tls``, gets ``delivery.tls.policy``."""
    assert need(fixed, None, default) == Need(default, Source.DEFAULT)


@given(st.none() | st.sampled_from(Tls), POLICIES, POLICIES)
def test_of_route_and_destination_the_stricter_holds(
    tls: Tls | None, destination: TlsPolicy, default: TlsPolicy
) -> None:
    """A general route cannot undo what one domain was promised, nor the other way round."""
    wanted = need(route(tls), destination, default)
    assert STRICTER.index(wanted.policy) >= STRICTER.index(destination)
    assert wanted.implicit == (tls is Tls.IMPLICIT)
    assert wanted.required or tls in {None, Tls.NONE}
    if tls is None:
        assert wanted == Need(destination, Source.DESTINATION)


@given(st.none() | st.sampled_from(Tls), st.none() | POLICIES, POLICIES)
def test_a_reroute_changes_who_asks_and_not_what(
    tls: Tls | None, destination: TlsPolicy | None, default: TlsPolicy
) -> None:
    """What a destination needs, it needs at a host that an operator put in the place of others."""
    usual = need(route(tls), destination, default)
    wanted = need(route(tls), destination, default, override=True)
    assert (wanted.policy, wanted.implicit) == (usual.policy, usual.implicit)
    assert wanted.source is Source.OVERRIDE
    settings = DeliveryTls(on_failure=OnTlsFailure.FAIL)
    outcome = unmet(wanted, TlsFault.NOT_OFFERED, settings, reason="no STARTTLS")
    assert isinstance(outcome, Deferred)


def test_only_opportunistic_tls_falls_back_to_clear() -> None:
    """3.4-5a: STARTTLS 454 or a failed handshake: plaintext for opportunistic only."""
    wanted = Need(TlsPolicy.OPPORTUNISTIC, Source.DEFAULT)
    assert wanted.may_send_in_clear(has_secret=False)
    assert not wanted.may_send_in_clear(has_secret=True)


@given(POLICIES, st.sampled_from(Source), st.booleans(), st.booleans())
def test_what_requires_encryption_never_falls_back(
    policy: TlsPolicy, source: Source, implicit: bool, has_secret: bool
) -> None:
    """3.3 TLS downgrade, 3.4-5b: never plaintext where encryption is required."""
    wanted = Need(policy, source, implicit)
    assert not (wanted.required and wanted.may_send_in_clear(has_secret=has_secret))
    assert wanted.required or not wanted.verified


@pytest.mark.parametrize("policy", [TlsPolicy.REQUIRED, TlsPolicy.VERIFY])
@pytest.mark.parametrize("source", [Source.DEFAULT, Source.DESTINATION])
def test_required_and_not_met_fails_unless_it_is_to_wait(policy: TlsPolicy, source: Source) -> None:
    """3.3 TLS downgrade: an operator's policy fails permanently unless configured to defer."""
    wanted = Need(policy, source)
    verified = " to a verified host" if policy is TlsPolicy.VERIFY else ""
    told = f"mail there is sent encrypted{verified} or not at all"
    failed = unmet(wanted, TlsFault.NOT_OFFERED, DeliveryTls(), reason="why")
    assert isinstance(failed, Failed)
    assert str(failed.reply) == f"550 5.7.10 why; {told}"
    waiting = DeliveryTls(on_failure=OnTlsFailure.DEFER)
    deferred = unmet(wanted, TlsFault.EXPIRED, waiting, reason="why")
    assert isinstance(deferred, Deferred)
    assert str(deferred.reply) == f"451 4.7.5 why; {told}"


@pytest.mark.parametrize("fault", TlsFault)
def test_the_code_tells_a_bad_certificate_from_no_encryption(fault: TlsFault) -> None:
    """5.7.5 for a certificate that will not do, 5.7.10 where there was no encryption."""
    outcome = unmet(Need(TlsPolicy.VERIFY, Source.DEFAULT), fault, DeliveryTls(), reason="")
    is_certificate = fault.value.startswith(("certificate-", "validation-"))
    assert outcome.reply.enhanced == ("5.7.5" if is_certificate else "5.7.10")
    assert fault.of_certificate == is_certificate


@pytest.mark.parametrize(
    "wanted",
    [Need(TlsPolicy.REQUIRED, Source.ROUTE), Need(TlsPolicy.OPPORTUNISTIC, Source.DEFAULT)],
)
def test_the_mistake_of_a_route_returns_nobodys_mail(wanted: Need) -> None:
    """A route is this relay's own setting: mail waits until it is mended."""
    outcome = unmet(wanted, TlsFault.NOT_OFFERED, DeliveryTls(), reason="why")
    assert isinstance(outcome, Deferred)
