"""Whether a server will give the encryption that it is to be asked for, judged by the last time.

Pure.  Says nothing where the last attempt says nothing: what was never verified may well be
sound.  What becomes of the mail is what delivery would decide (`empath.policy.tls.unmet`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from empath.config.model import DeliveryTls, OnTlsFailure
from empath.policy.tls import Need, TlsFault, unmet
from empath.reply import Failed


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """What the last attempt at a destination showed."""

    encrypted: bool
    verified: bool = False
    """The server proved its name."""
    host: str = ""
    """The name of the server, where one spoke."""
    names: tuple[str, ...] = ()
    """In its certificate."""
    expires_at: float | None = None
    self_signed: bool = False
    fault: TlsFault | None = None
    """What was wrong with its encryption, if that is why there was none."""


_SAID: Final = {
    TlsFault.NOT_OFFERED: "met no STARTTLS",
    TlsFault.REFUSED: "was refused STARTTLS",
    TlsFault.SELF_SIGNED: "met a self-signed certificate",
    TlsFault.EXPIRED: "met an expired certificate",
    TlsFault.NOT_YET_VALID: "met a certificate that is not yet valid",
    TlsFault.HOST_MISMATCH: "met a certificate for another host",
    TlsFault.NOT_TRUSTED: "met a certificate that is not trusted",
}


def outlook(wanted: Need, seen: Seen, on_failure: OnTlsFailure, now: float) -> str:
    """Why *wanted* would not be met and what becomes of the mail; empty if nothing says so."""
    if not wanted.required:
        return ""
    found = _fault(wanted, seen, now)
    if found is None:
        return ""
    fault, said = found
    outcome = unmet(wanted, fault, DeliveryTls(on_failure=on_failure), reason=said)
    would = "be returned" if isinstance(outcome, Failed) else "wait"
    return f"the last attempt {said}, so mail would {would}"


def _fault(wanted: Need, seen: Seen, now: float) -> tuple[TlsFault, str] | None:
    fault = seen.fault
    if fault is not None and (wanted.verified or not fault.of_certificate):
        return fault, _SAID.get(fault, "failed at its encryption")
    if not seen.encrypted:
        return TlsFault.NOT_OFFERED, "was in clear"
    if not wanted.verified or seen.verified:
        return None
    if seen.self_signed:
        return TlsFault.SELF_SIGNED, _SAID[TlsFault.SELF_SIGNED]
    if seen.expires_at is not None and seen.expires_at <= now:
        return TlsFault.EXPIRED, _SAID[TlsFault.EXPIRED]
    if seen.host and seen.names and not any(_names(name, seen.host) for name in seen.names):
        return TlsFault.HOST_MISMATCH, _SAID[TlsFault.HOST_MISMATCH]
    return None


def _names(pattern: str, host: str) -> bool:
    """Whether a name of a certificate is that of *host* (RFC 6125 6.4.3: one label for ``*``)."""
    pattern, host = pattern.lower(), host.lower().rstrip(".")
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return pattern == host
