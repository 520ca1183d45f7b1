"""TLS contexts."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from empath.config.model import DeliveryTls
from empath.policy.tls import TlsFault
from empath.tls import (
    ClientContexts,
    TlsUnusable,
    client_context,
    describe,
    fault_of,
    server_context,
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that no system trusts."""
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key, as a careful operator keeps them."""
    made = authority.issue_cert("mx.test")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    key.chmod(0o600)
    return certificate, key


def shake_hands(
    server: ssl.SSLContext, client: ssl.SSLContext, name: str = "mx.test"
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """A whole handshake in memory; returns both ends."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (ours, theirs):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ours, theirs


def test_a_verified_handshake(authority: trustme.CA, files: tuple[Path, Path]) -> None:
    """Server and client agree on TLS 1.3, and what they agreed can be told."""
    client = client_context(verify=True)
    authority.configure_trust(client)
    ours, theirs = shake_hands(server_context(*files), client)
    assert ours.version() == "TLSv1.3"
    assert describe(theirs).startswith("TLSv1.3 TLS_")
    assert describe(None) == ""


def test_an_unverified_client_takes_any_certificate(files: tuple[Path, Path]) -> None:
    """Opportunistic TLS encrypts to whoever is there (RFC 7435)."""
    ours, _ = shake_hands(server_context(*files), client_context(verify=False), "other.test")
    assert ours.version() == "TLSv1.3"


def test_a_wrong_name_is_refused(authority: trustme.CA, files: tuple[Path, Path]) -> None:
    """A verified handshake fails when the certificate is for another name."""
    client = client_context(verify=True)
    authority.configure_trust(client)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(*files), client, "other.test")


def test_old_protocols_are_refused(files: tuple[Path, Path]) -> None:
    """TLS 1.1 and older are not spoken, on neither end."""
    for context in (server_context(*files), client_context(verify=True)):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert all(
            "ECDHE" in each["name"] or "TLS_" in each["name"] for each in context.get_ciphers()
        )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_use(files: tuple[Path, Path], mode: int) -> None:
    """3.3, secrets: a key that others can read or write is refused, with the remedy."""
    files[1].chmod(mode)
    with pytest.raises(TlsUnusable, match=r"can be used by others .*chmod 600"):
        server_context(*files)


def test_missing_files(files: tuple[Path, Path], tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(TlsUnusable, match=r"cannot read the private key .*nothing"):
        server_context(files[0], tmp_path / "nothing")
    with pytest.raises(TlsUnusable, match=r"cannot read the certificate .*nothing"):
        server_context(tmp_path / "nothing", files[1])


def test_files_that_do_not_fit(files: tuple[Path, Path], authority: trustme.CA) -> None:
    """A key of another certificate, or no PEM at all, is told in one sentence."""
    certificate, key = files
    key.write_bytes(authority.issue_cert("other.test").private_key_pem.bytes())
    with pytest.raises(TlsUnusable, match="belonging to the first certificate"):
        server_context(certificate, key)
    certificate.write_text("hello")
    with pytest.raises(TlsUnusable, match="must be PEM"):
        server_context(certificate, key)


async def test_a_context_is_made_once(authority: trustme.CA, tmp_path: Path) -> None:
    """Reading the roots takes time: they are read again only when the setting is another."""
    settings = [DeliveryTls()]
    contexts = ClientContexts(lambda: settings[0])
    assert "none read" in repr(contexts)
    anybody = await contexts.get(verify=False)
    assert anybody is await contexts.get(verify=False)
    assert anybody.verify_mode is ssl.CERT_NONE
    trusting = await contexts.get(verify=True)
    assert trusting is await contexts.get(verify=True)
    assert "the system's" in repr(contexts)
    path = tmp_path / "roots.pem"
    path.write_bytes(authority.cert_pem.bytes())
    settings[0] = DeliveryTls(ca_file=path)
    other = await contexts.get(verify=True)
    assert other is not trusting
    assert len(other.get_ca_certs()) == 1
    assert str(path) in repr(contexts)


def test_a_verifying_context_takes_no_name_but_a_dns_name() -> None:
    """3.3 names: the Common Name is ignored, the name is checked by OpenSSL itself."""
    context = client_context(verify=True)
    assert context.check_hostname
    assert not context.hostname_checks_common_name
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_roots_that_are_none(tmp_path: Path) -> None:
    """A file without certificates, or without permission to read it, is named."""
    path = tmp_path / "roots.pem"
    with pytest.raises(TlsUnusable, match=r"cannot read .*roots\.pem: No such file"):
        client_context(verify=True, ca_file=path)
    path.write_text("hello")
    with pytest.raises(TlsUnusable, match=r"roots\.pem holds no certificate in PEM"):
        client_context(verify=True, ca_file=path)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ssl.SSLEOFError(), TlsFault.CLOSED),
        (ssl.SSLZeroReturnError(), TlsFault.CLOSED),
        (ssl.SSLError(1, "wrong version number"), TlsFault.HANDSHAKE),
        (ValueError("bad name"), TlsFault.HANDSHAKE),
        (ConnectionAbortedError("SSL handshake is taking longer than 1 s"), TlsFault.TIMEOUT),
        (TimeoutError(), TlsFault.TIMEOUT),
        (ConnectionAbortedError(103, "aborted"), TlsFault.CLOSED),
        (ConnectionResetError(104, "reset"), TlsFault.CLOSED),
    ],
)
def test_a_failed_handshake_has_a_name(error: Exception, fault: TlsFault) -> None:
    """What operators filter by is one of a few words."""
    assert fault_of(error) is fault
