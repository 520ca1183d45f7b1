"""The authorities that a config trusts: whether their file can be used, wherever it is read.

One rule for the commands that check a config, for a plan, for the start and for delivery, which
reads them once more.  What can go wrong: `Unfit`, with a sentence that names the file.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from empath.config.private_file import check_file, unreadable
from empath.config.values import Unfit


def check_authorities(file: Path) -> None:
    """Refuse a file that is missing, no file, or that has no certificate (`Unfit`).

    One that this process may not read is `Elsewhere`.  Blocks for some milliseconds.
    """
    check_file(file)
    try:
        trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), file)
    except OSError as error:
        raise unreadable(file, error) from error


def trust(context: ssl.SSLContext, file: Path) -> None:
    """Have *context* trust what is in *file*, in PEM.

    Raises `Unfit` if that is no certificate, OSError if it cannot be read.
    """
    try:
        context.load_verify_locations(file)
    except ssl.SSLError as error:
        raise Unfit(
            f"{file} holds no certificate in PEM; delivery.tls.ca_file names the authorities"
            " that are trusted"
        ) from error
