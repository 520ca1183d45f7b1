"""What mail servers show for themselves: certificates that are sound, and each kind that is not.

A small authority of the test's own makes them (elliptic keys, so a whole set takes
milliseconds); `AUTHORITY` is what a client that verifies may trust.
"""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
import ssl
import tempfile
import warnings
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "mx.there.test"
"""The name of the mail server that all of them are shown by."""
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
_PEM = serialization.Encoding.PEM


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Issues certificates."""

    def __init__(self, name: str) -> None:
        self.name = _name(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = (
            self._builder(self.name, NOW - DAY, NOW + 365 * DAY, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def _builder(
        self,
        subject: x509.Name,
        begins: dt.datetime,
        ends: dt.datetime,
        key: ec.EllipticCurvePrivateKey,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )

    def identity(
        self,
        *names: str,
        common: str = "some server",
        begins: dt.datetime = NOW - DAY,
        ends: dt.datetime = NOW + 90 * DAY,
    ) -> bytes:
        """Key and certificate in PEM, for *names* as subject alternative names."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(common), begins, ends, key)
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return _pem(key, builder.sign(self.key, hashes.SHA256()))


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    private = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(_PEM)


def _self_signed() -> bytes:
    lone = Authority("a server that vouches for itself")
    certificate = (
        lone._builder(lone.name, NOW - DAY, NOW + 90 * DAY, lone.key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(lone.key, hashes.SHA256())
    )
    return _pem(lone.key, certificate)


@cache
def authority() -> Authority:
    """The one that is trusted."""
    return Authority("the authority of the tests")


@cache
def authority_file() -> Path:
    """Its certificate in a file, as `delivery.tls.ca_file` wants it."""
    folder = tempfile.mkdtemp(prefix="empath-authority-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "authority.pem"
    path.write_bytes(authority().certificate.public_bytes(_PEM))
    return path


@cache
def identity(kind: str) -> bytes:
    """The key and certificate of one *kind*, in PEM."""
    ours = authority()
    match kind:
        case "good":
            return ours.identity(HOST, "other.test")
        case "wildcard":
            return ours.identity("*.there.test")
        case "wrong name":
            return ours.identity("other.test", common=HOST)
        case "expired":
            return ours.identity(HOST, begins=NOW - 90 * DAY, ends=NOW - DAY)
        case "not yet valid":
            return ours.identity(HOST, begins=NOW + DAY)
        case "name only in CN":
            return ours.identity(common=HOST)
        case "partial wildcard":
            return ours.identity("m*.there.test")
        case "wildcard of two labels":
            return ours.identity("*.test")
        case "unknown issuer":
            return Authority("an authority nobody knows").identity(HOST)
        case "self-signed":
            return _self_signed()
        case _:
            raise LookupError(kind)


@cache
def server_context(kind: str, *, old: bool = False) -> ssl.SSLContext:
    """What a server of this *kind* shows; an *old* one speaks TLS 1.0 and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(identity(kind))
        file.flush()
        context.load_cert_chain(file.name)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1
    return context
