"""Proofs of what waits for a restart, on an engine in a process of its own.

One engine has all of it changed at once, and is asked before, after the reload, and after a
restart.  What shows the path of a key is the config that the engine says it runs on, and that it
starts when the old file has gone.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from empath.control.link import GetConfig, Ping
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, answers, free_port

TEXT: Final = """\
mode = {mode}
hostname = "empath.test"
spool.path = {spool_path}
log.format = {log_format}
{metrics_bind}
{monitor_socket}
{monitor_users}
[[listener]]
bind = {listener_bind}
[[listener]]
bind = "127.0.0.1:@tls@"
tls = {listener_tls}
certificate = "@folder@/one.pem"
key = "@folder@/new.key"
[[listener]]
bind = "127.0.0.1:@certificate@"
tls = "implicit"
certificate = {listener_certificate}
key = "@folder@/new.key"
[[listener]]
bind = "127.0.0.1:@key@"
tls = "implicit"
certificate = "@folder@/one.pem"
key = {listener_key}
"""


@dataclass(frozen=True)
class Waiting:
    """What shows one key at work."""

    old: str
    """Its value in TOML."""
    new: str
    look: Callable[[Served], object]
    was: object
    becomes: object


class Served:
    """An engine, its certificates and its ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = ("tls", "certificate", "key", "old", "new", "metrics")
        self.port = {name: free_port() for name in names}
        issue(folder, "one", "two")
        self.engine = Empath(folder / "engine")
        self.engine.config.chmod(0o600)
        self.say(new=False)
        self.engine.spool = folder / "first"

    def say(self, *, new: bool) -> None:
        """Have the config file say all old, or all new values."""
        text = TEXT.format(
            **{key.replace(".", "_"): one.new if new else one.old for key, one in RESTART.items()}
        )
        for name, value in {"folder": self.folder, **self.port}.items():
            text = text.replace(f"@{name}@", str(value))
        self.engine.config.write_text(text)

    def seen(self) -> dict[str, object]:
        """What shows each key at work now."""
        return {key: one.look(self) for key, one in RESTART.items()}


def issue(folder: Path, *names: str) -> None:
    """A certificate each for *names*, all with one key, which two files hold."""
    private = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    for name in names:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(private, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(pem)
    for path in (folder / "old.key", folder / "new.key"):
        path.touch(0o600)
        path.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def _shown(served: Served, name: str) -> str:
    """The name in the certificate shown from the start of a connection; empty where none is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    at = (LOOPBACK, served.port[name])
    try:
        with socket.create_connection(at, timeout=10) as peer, context.wrap_socket(peer) as tls:
            found = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    except ssl.SSLError:
        return ""
    return str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _logs(served: Served) -> str:
    return "json" if served.engine.said().splitlines()[-1].startswith("{") else "text"


def _spool(served: Served) -> str:
    """The folder whose control socket answers."""
    for name in ("first", "second"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(served.folder / name / "empath.sock"))
            return name
    return ""


def _watching(served: Served) -> int | None:
    """The mode of the monitors' socket: anybody may knock where others are named."""
    path = served.folder / "monitor.sock"
    return path.stat().st_mode & 0o777 if path.exists() else None


def _listens(served: Served) -> tuple[bool, bool]:
    return answers(served.port["old"]), answers(served.port["new"])


def _key(served: Served) -> bool:
    text: str = served.engine.ask(GetConfig()).text
    return f"{served.folder}/old.key" in text


RESTART: Final[Mapping[str, Waiting]] = {
    "mode": Waiting(
        '"dev"', '"relay"', lambda served: served.engine.ask(Ping()).mode, "dev", "relay"
    ),
    "spool.path": Waiting('"@folder@/first"', '"@folder@/second"', _spool, "first", "second"),
    "log.format": Waiting('"text"', '"json"', _logs, "text", "json"),
    "metrics.bind": Waiting(
        "",
        'metrics.bind = "127.0.0.1:@metrics@"',
        lambda served: answers(served.port["metrics"]),
        False,
        True,
    ),
    "monitor.socket": Waiting(
        "",
        'monitor.socket = "@folder@/monitor.sock"',
        lambda served: _watching(served) is not None,
        False,
        True,
    ),
    "monitor.users": Waiting("", 'monitor.users = ["65534"]', _watching, None, 0o666),
    "listener.bind": Waiting(
        '"127.0.0.1:@old@"', '"127.0.0.1:@new@"', _listens, (True, False), (False, True)
    ),
    "listener.tls": Waiting(
        '"starttls"', '"implicit"', lambda served: _shown(served, "tls"), "", "one"
    ),
    "listener.certificate": Waiting(
        '"@folder@/one.pem"',
        '"@folder@/two.pem"',
        lambda served: _shown(served, "certificate"),
        "one",
        "two",
    ),
    "listener.key": Waiting('"@folder@/old.key"', '"@folder@/new.key"', _key, True, False),
}
