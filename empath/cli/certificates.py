"""Whether the certificates that a config names can be used, for the commands that check one."""

from __future__ import annotations

from empath.config.model import Config
from empath.tls import server_context


def check_certificates(config: Config) -> None:
    """Build what each listener would use.  Raises `TlsUnusable`."""
    for listener in config.listener:
        if listener.certificate is not None and listener.key is not None:
            server_context(listener.certificate, listener.key)
