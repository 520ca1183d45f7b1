"""The file of trusted authorities, looked into wherever a config is read."""

from __future__ import annotations

import errno
import os
import ssl
from pathlib import Path
from typing import Final

import pytest

from empath.config.authorities import check_authorities, trust
from empath.config.load import parse_config
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.values import Elsewhere, Unfit
from tests.fakes.identities import authority_file, identity

CERTIFICATE: Final = b"-----BEGIN CERTIFICATE"


def key_only() -> bytes:
    """A private key in PEM, without its certificate."""
    key, _, _ = identity("good").partition(CERTIFICATE)
    assert b"PRIVATE KEY" in key
    return key


def test_authorities_in_pem_are_trusted(tmp_path: Path) -> None:
    """Other text round them does not matter, as in the files that distributions ship."""
    file = tmp_path / "ca.pem"
    file.write_bytes(b"# ours\n" + authority_file().read_bytes())
    check_authorities(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust(context, file)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("content", [b"", b"junk\n", key_only()], ids=["empty", "junk", "key"])
def test_a_file_without_a_certificate_is_a_fault_of_the_config(
    tmp_path: Path, content: bytes
) -> None:
    """At its line, like everything else that is wrong: a reload would fail over it."""
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(ConfigUnusable) as raised:
        parse_config(
            'mode = "dev"\n[delivery.tls]\nca_file = "ca.pem"\n',
            file="empath.toml",
            directory=tmp_path,
        )
    assert str(raised.value) == (
        f"empath.toml:3: delivery.tls.ca_file: {tmp_path}/ca.pem holds no certificate in PEM;"
        " delivery.tls.ca_file names the authorities that are trusted"
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Neither is a folder one."""
    with pytest.raises(Unfit, match=r"there is no file .*ca\.pem"):
        check_authorities(tmp_path / "ca.pem")
    with pytest.raises(Unfit, match="is not a file"):
        check_authorities(tmp_path)


@pytest.mark.tools("root")
def test_a_file_that_only_the_engine_may_read_is_a_warning_of_a_command(tmp_path: Path) -> None:
    """Whoever may not read it is no worse off than with a secret of the engine's."""
    file = tmp_path / "ca.pem"
    file.write_bytes(authority_file().read_bytes())
    file.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.name.startswith(("pytest", "popen")):
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    elsewhere: list[ConfigProblem] = []
    os.seteuid(65534)
    try:
        with pytest.raises(Elsewhere) as raised:
            check_authorities(file)
        parse_config(
            '[delivery.tls]\nca_file = "ca.pem"\n',
            file="empath.toml",
            directory=tmp_path,
            elsewhere=elsewhere,
        )
    finally:
        os.seteuid(0)
    assert str(raised.value) == f"{file} cannot be read: {os.strerror(errno.EACCES)}"
    assert [warning.key for warning in elsewhere] == ["delivery.tls.ca_file"]
