"""What encryption mail for a destination needs, and what follows when it cannot be had.

Pure decisions: the transport carries them out.  A `Need` is a policy and where it came from;
every further source of policy (DANE, RFC 7672; MTA-STS, RFC 8461) is one more `Source` that
`need` weighs, with its own consequence in `unmet`.  Promise: what is required is never made up
for in clear (RFC 3207 6, SMTP-RULES 3.3 TLS downgrade).
"""

from __future__ import annotations

import enum
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from empath.config.model import DeliveryTls, OnTlsFailure, Route, Tls, TlsPolicy
from empath.reply import Deferred, EnhancedCode, Failed, Reply

_STRENGTH: Final = {policy: place for place, policy in enumerate(TlsPolicy)}
_OF_ROUTE: Final = {
    Tls.NONE: TlsPolicy.DISABLED,
    Tls.STARTTLS: TlsPolicy.REQUIRED,
    Tls.IMPLICIT: TlsPolicy.REQUIRED,
}


_WANTS: Final = {
    False: "mail there is sent encrypted or not at all",
    True: "mail there is sent encrypted to a verified host or not at all",
}


class Source(enum.StrEnum):
    """Who asked for a policy."""

    DEFAULT = "default"
    """``[delivery.tls]``."""
    DESTINATION = "destination"
    """A ``[[destination]]``."""
    ROUTE = "route"
    """The ``tls`` of a ``[[route]]``."""
    OVERRIDE = "override"
    """What holds for the destination anyway, at a host that an operator re-routed it to."""


class TlsFault(enum.StrEnum):
    """Why a session has not the encryption it should have.

    The names are those of RFC 8460 4.3 where it has one.
    """

    NOT_OFFERED = "starttls-not-supported"
    REFUSED = "starttls-refused"
    INJECTED = "plaintext-injected"
    """Octets in clear behind the 220 to STARTTLS (SMTP-RULES 3.2)."""
    CLOSED = "handshake-closed"
    TIMEOUT = "handshake-timeout"
    HANDSHAKE = "handshake-failed"
    """No protocol version or cipher in common, or no TLS at all."""
    SELF_SIGNED = "certificate-self-signed"
    EXPIRED = "certificate-expired"
    NOT_YET_VALID = "certificate-not-yet-valid"
    HOST_MISMATCH = "certificate-host-mismatch"
    NOT_TRUSTED = "certificate-not-trusted"
    """Issued by an authority that is not trusted, or through a chain that is not whole."""
    INVALID = "validation-failure"
    """Anything else that is wrong with a certificate."""

    @property
    def of_certificate(self) -> bool:
        """There was encryption; it is the peer that could not prove who it is."""
        return self in _OF_CERTIFICATE


_OF_CERTIFICATE: Final = frozenset(
    {
        TlsFault.SELF_SIGNED,
        TlsFault.EXPIRED,
        TlsFault.NOT_YET_VALID,
        TlsFault.HOST_MISMATCH,
        TlsFault.NOT_TRUSTED,
        TlsFault.INVALID,
    }
)


@final
class Need(Struct, frozen=True):
    """How a connection to one server is encrypted.  Part of what a connection is reused for."""

    policy: TlsPolicy
    source: Source
    implicit: bool = False
    """From the first octet (RFC 8314), instead of by STARTTLS."""

    @property
    def required(self) -> bool:
        """Nothing may be sent in clear."""
        return self.implicit or self.policy in {TlsPolicy.REQUIRED, TlsPolicy.VERIFY}

    @property
    def verified(self) -> bool:
        """The peer must prove that it is the host it was taken for."""
        return self.policy is TlsPolicy.VERIFY

    def may_send_in_clear(self, *, has_secret: bool) -> bool:
        """Whether a new connection in clear is tried after STARTTLS was refused or failed.

        Never where encryption is required, nor where a password would be needed on the way.
        """
        return self.policy is TlsPolicy.OPPORTUNISTIC and not self.required and not has_secret


def need(
    fixed: Route | None,
    destination: TlsPolicy | None,
    default: TlsPolicy,
    *,
    override: bool = False,
) -> Need:
    """What a target needs; *override* marks a host that an operator put in the place of others,
    at which what the destination needs anyway holds no less.

    *fixed* is the operator's route to it (None for one found in DNS), *destination* what its
    ``[[destination]]`` asks for.  Both count before the *default*; of the two the stricter
    holds, so that a general route cannot undo what one domain was promised.
    """
    wanted = _need(fixed, destination, default)
    return replace(wanted, source=Source.OVERRIDE) if override else wanted


def _need(fixed: Route | None, destination: TlsPolicy | None, default: TlsPolicy) -> Need:
    stated = fixed.tls if fixed is not None else None
    implicit = stated is Tls.IMPLICIT
    route = _OF_ROUTE[stated] if stated is not None else None
    if route is None and destination is None:
        return Need(default, Source.DEFAULT)
    if route is None or (destination is not None and _STRENGTH[destination] > _STRENGTH[route]):
        assert destination is not None
        return Need(destination, Source.DESTINATION, implicit)
    return Need(route, Source.ROUTE, implicit)


def unmet(
    wanted: Need, fault: TlsFault, settings: DeliveryTls, *, reason: str
) -> Deferred | Failed:
    """What it means for the mail when the last host did not meet *wanted*.

    Permanent, unless the operator chose to wait.  A route or a re-route is this relay's own
    setting, whose mistake must not return everybody's mail: there, and where nothing is required,
    it waits.
    5.7.10 (RFC 8689 5) when there was no encryption, 5.7.5 (RFC 3463 3.8: cryptographic
    failure) when the peer's certificate would not do.
    """
    number = "5" if fault.of_certificate else "10"
    text = f"{reason}; {_WANTS[wanted.verified]}" if wanted.required else reason
    fails = wanted.required and wanted.source not in {Source.ROUTE, Source.OVERRIDE}
    if fails and settings.on_failure is OnTlsFailure.FAIL:
        return Failed(Reply(550, EnhancedCode(f"5.7.{number}"), text))
    return Deferred(Reply(451, EnhancedCode(f"4.7.{number}"), text))
