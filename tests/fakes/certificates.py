"""A certificate authority of the test's own, and a server context it vouches for."""

from __future__ import annotations

import ssl

import trustme


def server_context(*names: str) -> ssl.SSLContext:
    """What a server shows; the client needs not believe it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(*(names or ("mx.test",))).configure_cert(context)
    return context
