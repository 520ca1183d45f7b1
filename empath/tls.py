"""TLS contexts for both ends of mail: what a listener shows, what a client believes.

Promises: TLS 1.2 or newer with forward secrecy, no compression, no renegotiation, no stored
secret another user of the machine can read.  What can go wrong: `TlsUnusable`, with a sentence
that names the file and what to do about it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; every suite of TLS 1.3 is sound (RFC 9325 4.2)."""


class TlsUnusable(Exception):
    """A certificate or key cannot be used; the message says which and what to do."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a listener shows its clients: the chain in *certificate*, with its *key*.

    Raises `TlsUnusable`, also when others than its owner can read the key (SMTP-RULES 3.3).
    """
    _check_key(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    try:
        certificate.open("rb").close()
    except OSError as error:
        raise TlsUnusable(
            f"cannot read the certificate {certificate}: {error.strerror}; check its path"
            " and that the user Empath runs as may read it"
        ) from error
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        what = (error.reason or "not readable as PEM").replace("_", " ").lower()
        raise TlsUnusable(
            f"cannot use certificate {certificate} with key {key}: {what};"
            " both must be PEM, the key without a password and belonging to the first certificate"
        ) from error
    return context


def client_context(*, verify: bool) -> ssl.SSLContext:
    """What a delivery uses; *verify* wants a chain to the system's roots and the right name.

    Without it any certificate will do: opportunistic TLS protects from listeners only
    (RFC 7435).  A Common Name never counts, subject alternative names only (RFC 6125).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    if verify:
        context.hostname_checks_common_name = False
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _check_key(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise TlsUnusable(
            f"cannot read the private key {key}: {error.strerror}; check its path and that the"
            " user Empath runs as may read it"
        ) from error
    if mode & 0o077:
        raise TlsUnusable(
            f"the private key {key} can be used by others (mode {mode & 0o777:04o}); run"
            f' "chmod 600 {key}" so that only its owner can'
        )


def describe(tls: ssl.SSLObject | ssl.SSLSocket | None) -> str:
    """What was agreed, such as ``TLSv1.3 TLS_AES_256_GCM_SHA384``; empty for no TLS."""
    cipher = tls.cipher() if tls is not None else None
    return f"{tls.version()} {cipher[0]}" if tls is not None and cipher is not None else ""
