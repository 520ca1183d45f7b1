"""What a peer's certificate says of itself, trusted or not: its names, its end, its issuer.

For operators to read, never to decide by: whether it may be believed is OpenSSL's part
(`empath.tls`).  Names come from a peer, so they are sanitised and bounded; a certificate that
cannot be read tells nothing.  About 20 µs a handshake.
"""

from __future__ import annotations

import ssl
import warnings
from typing import Final, NamedTuple

from cryptography import x509

from empath.safe_text import safe_text

MOST_NAMES: Final = 10
_LONGEST_NAME: Final = 253
_LARGEST: Final = 64 * 1024
_ODD: Final = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class Shown(NamedTuple):
    """What was read."""

    names: tuple[str, ...] = ()
    """The host names in it, at most `MOST_NAMES`."""
    expires_at: float | None = None
    self_signed: bool = False
    """It names itself as its issuer."""


def shown(tls: ssl.SSLObject) -> Shown:
    """What the peer's certificate says."""
    der = tls.getpeercert(binary_form=True)
    return read(der) if der else Shown()


def read(der: bytes) -> Shown:
    """The same of a certificate in DER."""
    if len(der) > _LARGEST:
        return Shown()
    with warnings.catch_warnings(action="ignore"):  # A peer's odd serial is not for our terminal.
        try:
            certificate = x509.load_der_x509_certificate(der)
            expires_at = certificate.not_valid_after_utc.timestamp()
            self_signed = certificate.issuer == certificate.subject
        except (ValueError, OverflowError, x509.InvalidVersion):
            return Shown()
        try:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            found = extension.value.get_values_for_type(x509.DNSName)[:MOST_NAMES]
        except (ValueError, LookupError, x509.ExtensionNotFound, *_ODD):
            found = []
    names = tuple(safe_text(name, _LONGEST_NAME) for name in found)
    return Shown(names, expires_at, self_signed)
