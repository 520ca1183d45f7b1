"""Certificates of listeners that a new config names: tried all, refused all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.address import ServerId
from empath.config.model import Config, Listener, Tls
from empath.config.renewal import RenewalRefused
from empath.inbound.renewing import build


def test_every_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Of three listeners two have files that hold nothing: both are named, the third is not."""
    listeners = [Listener(bind=ServerId("127.0.0.1:1024"))]
    for name in ("a", "b"):
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        certificate.touch()
        key.touch(mode=0o600)
        bind = ServerId(f"127.0.0.1:{1024 + len(listeners)}")
        listeners.append(Listener(bind=bind, tls=Tls.STARTTLS, certificate=certificate, key=key))
    with pytest.raises(RenewalRefused) as refused:
        build((), Config(listener=tuple(listeners)))
    assert [one.key for one in refused.value.all] == [
        "listener[1].certificate",
        "listener[2].certificate",
    ]
