"""TLS contexts for both ends of mail: what a listener shows, what a client believes.

Promises: TLS 1.2 or newer with forward secrecy, no compression, no renegotiation, no stored
secret another user of the machine can read.  A client that verifies wants a chain to a trusted
root and the host's name among the subject alternative names: a wildcard stands for the whole
left-most label, the Common Name counts for nothing (RFC 6125 6.4, RFC 7817 3).
What can go wrong: `TlsUnusable`, with a sentence that names the file and what to do about it.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Self, final

from empath.config.authorities import trust
from empath.config.model import DeliveryTls
from empath.config.renewal import Renewal, RenewalRefused
from empath.config.values import Unfit
from empath.policy.tls import TlsFault

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


@final
class ServerContext(ssl.SSLContext):
    """The context of one listener, whose certificate may be renewed in its files.

    Sessions that begin after `take` are shown the new one, on a connection that is encrypted
    from its start too; those that run keep theirs.
    """

    _files: tuple[Path, Path]
    _seen: bytes
    _inner: ssl.SSLContext

    def __new__(cls, certificate: Path, key: Path) -> Self:
        """Raises `TlsUnusable`."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        context._files = certificate, key
        context._seen = _content(certificate, key)
        context._inner = server_context(certificate, key)
        return context

    def __init__(self, certificate: Path, key: Path) -> None:
        """Made by `__new__`, as its base is."""

    @property
    def files(self) -> tuple[Path, Path]:
        """The certificate and its key."""
        return self._files

    def build(self) -> tuple[bytes, ssl.SSLContext] | None:
        """What `take` takes, if the files have changed.  Blocks.  Raises `TlsUnusable`."""
        seen = _content(*self._files)
        return None if seen == self._seen else (seen, server_context(*self._files))

    def take(self, built: tuple[bytes, ssl.SSLContext]) -> None:
        """Show the new certificate from now on."""
        self._seen, self._inner = built

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Where both event loops begin a session; it stays with the certificate of this moment."""
        return self._inner.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def _content(*files: Path) -> bytes:
    """What the files hold, as a digest; a file that cannot be read is another content."""
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            digest.update(repr(error.errno).encode())
        digest.update(b"\0")
    return digest.digest()


def client_context(*, verify: bool, ca_file: Path | None = None) -> ssl.SSLContext:
    """What a delivery uses; *verify* wants a chain to a trusted root and the right name.

    Without it any certificate will do: opportunistic TLS protects from listeners only
    (RFC 7435).  *ca_file* has the roots that are trusted, instead of the system's.  Reading
    them takes milliseconds.  Raises `TlsUnusable`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    # Python asks OpenSSL for no partial wildcards ("mx*.example.org") either.
    context.hostname_checks_common_name = False
    if ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return context
    try:
        trust(context, ca_file)
    except Unfit as error:
        raise TlsUnusable(str(error)) from error
    except OSError as error:
        raise TlsUnusable(
            f"cannot read {ca_file}: {error.strerror}; check delivery.tls.ca_file"
        ) from error
    return context


@final
class ClientContexts:
    """The contexts of all deliveries, each made once and off the event loop."""

    def __init__(self, settings: Callable[[], DeliveryTls]) -> None:
        self._settings = settings
        self._any: ssl.SSLContext | None = None
        self._trusting: tuple[Path | None, ssl.SSLContext] | None = None
        self._seen = b""

    def __repr__(self) -> str:
        trusted = self._trusting[0] or "the system's" if self._trusting else "none read"
        return f"<ClientContexts roots: {trusted}>"

    async def get(self, *, verify: bool, settings: DeliveryTls | None = None) -> ssl.SSLContext:
        """The one for a peer that must prove its name, or for any.  Raises `TlsUnusable`.

        *settings* are those an attempt began with; None: those in force.
        """
        if not verify:
            if self._any is None:
                self._any = client_context(verify=False)
            return self._any
        while True:
            known, ca_file = self._trusting, (settings or self._settings()).ca_file
            if known is not None and known[0] == ca_file:
                return known[1]
            context = await asyncio.to_thread(client_context, verify=True, ca_file=ca_file)
            if ca_file != self._settings().ca_file:
                return context  # for this attempt only: the next begins with other settings
            if self._trusting is known:  # no renewal came in between
                self._trusting = ca_file, context

    async def renew(self, settings: DeliveryTls) -> Renewal:
        """Read the authorities that *settings* name, which may be others in the same file.

        The system's are read again when they are next needed.  Raises `RenewalRefused`.
        """
        ca_file = settings.ca_file
        if ca_file is None:
            return Renewal(self._forget)
        seen = await asyncio.to_thread(_content, ca_file)
        if self._trusting is not None and self._trusting[0] == ca_file and seen == self._seen:
            return Renewal(_keep)
        try:
            context = await asyncio.to_thread(client_context, verify=True, ca_file=ca_file)
        except TlsUnusable as error:
            raise RenewalRefused("delivery.tls.ca_file", str(error)) from error
        again = self._seen and self._trusting is not None and self._trusting[0] == ca_file
        sentence = f"the authorities in {ca_file} have changed"
        return Renewal(partial(self._trust, ca_file, context, seen), (sentence,) if again else ())

    def _trust(self, ca_file: Path, context: ssl.SSLContext, seen: bytes) -> None:
        self._trusting, self._seen = (ca_file, context), seen

    def _forget(self) -> None:
        self._trusting, self._seen = None, b""


def _keep() -> None:
    """What there is stays."""


_VERIFY_CODES: Final = {
    9: TlsFault.NOT_YET_VALID,
    10: TlsFault.EXPIRED,
    18: TlsFault.SELF_SIGNED,
    19: TlsFault.NOT_TRUSTED,
    20: TlsFault.NOT_TRUSTED,
    21: TlsFault.NOT_TRUSTED,
    62: TlsFault.HOST_MISMATCH,
    64: TlsFault.HOST_MISMATCH,
}
"""X509_V_ERR_… of OpenSSL, which are fixed."""


def fault_of(error: Exception) -> TlsFault:
    """What kind of failure an exception of a handshake is."""
    match error:
        case ssl.SSLCertVerificationError():
            return _VERIFY_CODES.get(error.verify_code, TlsFault.INVALID)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return TlsFault.CLOSED
        case ssl.SSLError() | ValueError():
            return TlsFault.HANDSHAKE
        case ConnectionAbortedError() | TimeoutError() if not getattr(error, "errno", None):
            return TlsFault.TIMEOUT  # Both event loops say so when the deadline has passed.
        case _:
            return TlsFault.CLOSED


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
