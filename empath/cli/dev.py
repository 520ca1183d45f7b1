"""What `empath dev` makes of a config: nothing that could leave this machine.

Mail is captured, listeners are on loopback only, and the queue of a relay is never touched.
"""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Final

import msgspec

from empath.address import ServerId
from empath.config.model import Config, Listener, Mode

PORT: Final = 1025
"""Where the dev relay listens unless told otherwise."""


class NotForDev(Exception):
    """The config may not be run as a dev relay as it stands; the message says what to do."""


def dev_config(config: Config, *, port: int | None, spool: Path | None) -> Config:
    """The config of a dev relay.  Raises `NotForDev`.

    Listeners of the config are kept when all are on loopback and no *port* is given.
    """
    if config.mode is not Mode.DEV and spool is None:
        raise NotForDev(
            f"The config is for {config.mode} mode, and its queue in {config.spool.path} may hold"
            " real mail: give the dev relay a folder of its own with --spool DIR."
        )
    listeners = config.listener
    if port is not None or listeners == (Listener(),) or not all(map(_is_loopback, listeners)):
        listeners = tuple(Listener(bind=bind) for bind in _loopback_binds(port or PORT))
    return msgspec.structs.replace(
        config,
        mode=Mode.DEV,
        listener=listeners,
        spool=msgspec.structs.replace(
            config.spool, path=spool.absolute() if spool else config.spool.path
        ),
    )


def _is_loopback(listener: Listener) -> bool:
    if listener.bind.host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(listener.bind.host).is_loopback
    except ValueError:
        return False


def _loopback_binds(port: int) -> list[ServerId]:
    binds = [ServerId(f"127.0.0.1:{port}")]
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return binds  # this machine has no IPv6
    return [*binds, ServerId(f"[::1]:{port}")]
