"""TLS contexts."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from empath.config.model import DeliveryTls
from empath.config.renewal import RenewalRefused
from empath.policy.tls import TlsFault
from empath.tls import (
    ClientContexts,
    ServerContext,
    TlsUnusable,
    client_context,
    describe,
    fault_of,
    server_context,
)
from tests.fakes.programs import LOOPBACK


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


def renew(authority: trustme.CA, name: str, files: tuple[Path, Path]) -> None:
    """Another certificate in the same files."""
    made = authority.issue_cert(name)
    files[0].write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    files[1].write_bytes(made.private_key_pem.bytes())


def names_shown(context: ssl.SSLContext) -> str:
    """What a client is shown."""
    ours, _ = shake_hands(context, client_context(verify=False))
    found = x509.load_der_x509_certificate(ours.getpeercert(binary_form=True) or b"")
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return ",".join(names.get_values_for_type(x509.DNSName))


def test_a_renewed_certificate_is_shown_once_it_is_taken(
    authority: trustme.CA, files: tuple[Path, Path]
) -> None:
    """Files that stay the same build nothing; what was built is not shown before."""
    context = ServerContext(*files)
    assert context.build() is None
    renew(authority, "new.test", files)
    built = context.build()
    assert built is not None
    assert names_shown(context) == "mx.test"
    context.take(built)
    assert names_shown(context) == "new.test"
    assert context.build() is None


def test_a_certificate_that_does_not_fit_its_key_is_not_built(
    authority: trustme.CA, files: tuple[Path, Path]
) -> None:
    """As in the middle of a renewal: the sentence says so, the old one goes on being shown."""
    context = ServerContext(*files)
    key = files[1].read_bytes()
    renew(authority, "new.test", files)
    files[1].write_bytes(key)
    with pytest.raises(TlsUnusable, match="key values mismatch"):
        context.build()
    files[0].unlink()
    with pytest.raises(TlsUnusable, match="cannot read the certificate"):
        context.build()
    assert names_shown(context) == "mx.test"


async def test_listeners_of_the_loop_show_a_renewed_certificate(
    authority: trustme.CA, files: tuple[Path, Path]
) -> None:
    """Asyncio begins each session with the certificate of that moment, as uvloop does."""
    context = ServerContext(*files)
    server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]

    async def shown() -> str:
        _, writer = await asyncio.open_connection(LOOPBACK, port, ssl=client_context(verify=False))
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        await writer.wait_closed()
        names = x509.load_der_x509_certificate(found).extensions
        return str(names.get_extension_for_class(x509.SubjectAlternativeName).value)

    async with server, asyncio.timeout(10):
        assert "mx.test" in await shown()
        renew(authority, "new.test", files)
        built = context.build()
        assert built is not None
        context.take(built)
        assert "new.test" in await shown()


async def test_other_authorities_in_the_same_file_are_trusted_after_a_renewal(
    authority: trustme.CA, files: tuple[Path, Path], tmp_path: Path
) -> None:
    """Built aside, taken at once; a file that is no PEM is refused and the old ones stay."""
    roots = tmp_path / "roots.pem"
    authority.cert_pem.write_to_path(roots)
    settings = DeliveryTls(ca_file=roots)
    contexts = ClientContexts(lambda: settings)
    first = await contexts.renew(settings)
    first.take()
    assert first.renewed == ()
    trusting = await contexts.get(verify=True)
    shake_hands(server_context(*files), trusting)
    same = await contexts.renew(settings)
    same.take()
    assert await contexts.get(verify=True) is trusting
    trustme.CA().cert_pem.write_to_path(roots)
    other = await contexts.renew(settings)
    assert other.renewed == (f"the authorities in {roots} have changed",)
    assert await contexts.get(verify=True) is trusting
    other.take()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(*files), await contexts.get(verify=True))
    roots.write_text("no PEM")
    with pytest.raises(RenewalRefused, match="holds no certificate") as refused:
        await contexts.renew(settings)
    assert refused.value.key == "delivery.tls.ca_file"
    (await contexts.renew(DeliveryTls())).take()
    assert "none read" in repr(contexts)
