"""The TLS handshake with a client, after STARTTLS or from the start, and how long it may take."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

HANDSHAKE_TIME: Final = 30.0
"""Seconds a client has for its part of the handshake."""
SHUTDOWN_TIME: Final = 5.0
"""Seconds it has to say that it ends TLS, too."""


async def secure(
    transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext
) -> asyncio.Transport | None:
    """*transport* under TLS; None when the client has gone meanwhile.

    Raises OSError for a handshake that failed, ssl.SSLError and TimeoutError among them; the
    connection is at its end then.
    """
    try:
        return await asyncio.get_running_loop().start_tls(
            transport,
            protocol,
            context,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_TIME,
            ssl_shutdown_timeout=SHUTDOWN_TIME,
        )
    except OSError:
        transport.abort()
        raise
    except RuntimeError:  # what the loop says of a transport that has just been closed
        transport.abort()
        return None
