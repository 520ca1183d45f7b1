"""Undoing a content transfer encoding as the octets pass (RFC 2045 6).

Promises: never raises, holds less than `HELD` octets, gives the same whatever the pieces.
What is not in the alphabet of base64 is left out, as RFC 2045 6.8 asks; a broken escape of
quoted-printable stays as it stands.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, final

HELD: Final = 65536
"""Most octets that wait for what follows them."""
_NOT_BASE64: Final = bytes(
    octet
    for octet in range(256)
    if octet not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)
_TRAILING: Final = re.compile(rb"[ \t]+(?=\r?\n)")


@final
class TransferDecoder:
    """Takes a body in pieces, gives its octets; *encoding* is in lower case."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._waiting = b""
        self._ended = False

    def feed(self, chunk: bytes) -> bytes:
        """The octets that are sure after *chunk*."""
        match self._encoding:
            case "base64":
                return self._base64(chunk)
            case "quoted-printable":
                return self._quoted(chunk)
            case _:
                return chunk

    def close(self) -> bytes:
        """There is no more: what was left."""
        waiting, self._waiting = self._waiting, b""
        if self._encoding == "base64":
            # A lone character holds less than an octet.
            count = len(waiting) - (len(waiting) % 4 == 1)
            return binascii.a2b_base64(waiting[:count] + b"=" * (-count % 4))
        return _unquote(waiting)

    def _base64(self, chunk: bytes) -> bytes:
        if self._ended:
            return b""  # What follows the padding is no data.
        padding = chunk.find(b"=")
        if padding >= 0:
            self._ended, chunk = True, chunk[:padding]
        waiting = self._waiting + chunk.translate(None, _NOT_BASE64)
        count = len(waiting) - len(waiting) % 4
        self._waiting = waiting[count:]
        return binascii.a2b_base64(waiting[:count])

    def _quoted(self, chunk: bytes) -> bytes:
        waiting = self._waiting + chunk
        # Whole lines only: blanks at the end of a line are not the sender's (RFC 2045 6.7, 3).
        count = waiting.rfind(b"\n") + 1
        if len(waiting) - count >= HELD:
            count = len(waiting) - 3
            while waiting[count - 1] in b" \t\r=" and count > 0:
                count -= 1
            count = count or len(waiting)
        self._waiting = waiting[count:]
        return _unquote(waiting[:count])


def _unquote(octets: bytes) -> bytes:
    return binascii.a2b_qp(_TRAILING.sub(b"", octets))
