"""What went wrong with a socket, in words for an operator."""

from __future__ import annotations

import os
import ssl

from empath.safe_text import safe_text


def fault(error: BaseException) -> str:
    """What went wrong, for an operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return safe_text(error.verify_message, 200)
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return safe_text(str(error) or type(error).__name__, 200)
