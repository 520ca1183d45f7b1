"""Copying out of a terminal: the sequence that asks it to, and a file for when it does not listen.

OSC 52 gives no answer, so nobody can say "copied": it is "sent to the terminal".  k9s and others
cap it at 74 kB encoded, beyond which terminals drop it in silence; the file takes any length.
Under tmux it wants ``set -s set-clipboard on``.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

from tui.settings import private_write

CAP: Final = 74_000
"""Octets of encoded text that are sent to a terminal at most."""


def osc52(text: str) -> str | None:
    """The sequence that puts *text* on the terminal's clipboard; None when it is too long."""
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return None if len(encoded) > CAP else f"\x1b]52;c;{encoded}\x07"


def keep_copy(folder: Path, text: str) -> Path:
    """Write the text beside, as ``clip.txt``, for its owner only.  Raises `OSError`."""
    path = folder / "clip.txt"
    private_write(path, text.encode("utf-8", "replace"))
    return path


def what_was_sent(title: str, text: str, *, sent: bool, kept: Path | None) -> str:
    """What to say about it, which never is "copied"."""
    size = len(text.encode("utf-8", "replace"))
    where = f", and in {kept}" if kept else ""
    if sent:
        return f"{title}: sent to the terminal ({size:,} octets){where}"
    if kept:
        return f"{title}: too long for a terminal ({size:,} octets); it is in {kept}"
    return f"{title}: too long for a terminal ({size:,} octets), and it could not be written"
