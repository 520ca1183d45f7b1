"""Whether a server will give the encryption that it is to be asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.model import OnTlsFailure, TlsPolicy
from empath.policy.outlook import Seen, outlook
from empath.policy.tls import Need, Source, TlsFault

NOW = 1000.0
REQUIRED = Need(TlsPolicy.REQUIRED, Source.DEFAULT)
VERIFY = Need(TlsPolicy.VERIFY, Source.DESTINATION)
GOOD = {"encrypted": True, "host": "mx.there.test", "names": ("mx.there.test",)}


def said(wanted: Need, on_failure: OnTlsFailure = OnTlsFailure.FAIL, **seen: object) -> str:
    """What is foretold."""
    return outlook(wanted, Seen(**seen), on_failure, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "required", "verify"),
    [
        ({"encrypted": False}, "was in clear", "was in clear"),
        (GOOD, "", ""),
        (GOOD | {"expires_at": NOW + 1}, "", ""),
        (GOOD | {"expires_at": NOW}, "", "met an expired certificate"),
        (GOOD | {"self_signed": True}, "", "met a self-signed certificate"),
        (GOOD | {"self_signed": True, "verified": True}, "", ""),
        (GOOD | {"names": ("mx.else.test",)}, "", "met a certificate for another host"),
        (GOOD | {"names": ("*.There.test", "x")}, "", ""),
        (GOOD | {"names": ("*.test",)}, "", "met a certificate for another host"),
        (GOOD | {"names": ()}, "", ""),
        (GOOD | {"host": ""}, "", ""),
        (
            {"encrypted": False, "fault": TlsFault.REFUSED},
            "was refused STARTTLS",
            "was refused STARTTLS",
        ),
        (
            {"encrypted": False, "fault": TlsFault.TIMEOUT},
            "failed at its encryption",
            "failed at its encryption",
        ),
        (
            {"encrypted": True, "fault": TlsFault.NOT_TRUSTED},
            "",
            "met a certificate that is not trusted",
        ),
    ],
)
def test_the_last_attempt_speaks(seen: dict[str, object], required: str, verify: str) -> None:
    """A certificate counts only where it must be verified; what nobody looked at is not guessed."""
    for wanted, expected in ((REQUIRED, required), (VERIFY, verify)):
        text = said(wanted, **seen)
        assert text == (
            f"the last attempt {expected}, so mail would be returned" if expected else ""
        )


def test_what_becomes_of_the_mail_is_what_delivery_would_decide() -> None:
    """It waits where the config says so, and where a route or re-route asked for encryption."""
    assert said(VERIFY, OnTlsFailure.DEFER, encrypted=False).endswith("so mail would wait")
    route = Need(TlsPolicy.REQUIRED, Source.ROUTE)
    assert said(route, encrypted=False).endswith("so mail would wait")


@given(
    st.sampled_from([TlsPolicy.DISABLED, TlsPolicy.OPPORTUNISTIC]),
    st.booleans(),
    st.sampled_from([None, *TlsFault]),
)
def test_where_nothing_is_required_nothing_fails(
    policy: TlsPolicy, encrypted: bool, fault: TlsFault | None
) -> None:
    """Whatever was seen."""
    assert said(Need(policy, Source.DEFAULT), encrypted=encrypted, fault=fault) == ""


@given(st.booleans(), st.sampled_from([None, *TlsFault]), st.booleans())
def test_every_fault_has_words(encrypted: bool, fault: TlsFault | None, verify: bool) -> None:
    """And verification never fails less than encryption does."""
    strict, plain = (
        said(VERIFY, encrypted=encrypted, fault=fault),
        said(REQUIRED, encrypted=encrypted, fault=fault),
    )
    assert strict or not plain
    assert "None" not in strict
