"""The draft of a config: what an operator is writing, kept until it is applied or thrown away.

It outlives tabs, lost connections and the console itself: `DraftFile` keeps it in a file that only
its owner reads.  Secrets are never in that file: the engine's are placeholders anyway, and one
that was typed is kept out, so that it has to be typed again and cannot be forgotten there.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, final

import msgspec

from empath import codec

NOT_KEPT: Final = '"•••• 000000000000"'
"""Stands in a kept draft for a secret that was typed: the engine has none of that name."""
LARGEST: Final = 2 * 1024 * 1024

_PLACEHOLDER: Final = r"(?:\"{3}|\"|')?•••• [0-9a-f]{12}"
_REFERENCE: Final = r"\{\s*(?:file|env|credential)\s*="
_EMPTY: Final = r"(?:\"\"(?!\")|''(?!'))"
_SECRET: Final = re.compile(
    r"(?im)([\w-]*(?:pas+w|pwd|secret|token)[\w-]*[\"']?[ \t]*=[ \t]*)"
    rf"(?!{_PLACEHOLDER}|{_REFERENCE}|{_EMPTY})"
    r"(\"{3}(?s:.*?)(?:\"{3}|\Z)|'{3}(?s:.*?)(?:'{3}|\Z)"
    r"|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|[^\s#][^\n]*)"
)


class Draft(msgspec.Struct, kw_only=True):
    """What is being written, and what it began from."""

    text: str
    base: str
    """The text of the file when the draft was begun, with placeholders."""
    digest: str
    """Names that text, see `empath.control.link.ConfigText.digest`."""
    version: int
    """What was in force then."""
    at: float = 0.0
    """When it was last written on."""

    @property
    def changed(self) -> bool:
        """It says something else than what it began from."""
        return self.text != self.base


def without_secrets(text: str) -> str:
    """*text* with a mark for each secret that was typed."""
    return _SECRET.sub(lambda match: match[1] + NOT_KEPT, text)


@final
class DraftFile:
    """Where the draft for one engine is kept.  Small, and not waited for to reach the disk."""

    def __init__(self, folder: Path | None, engine: str) -> None:
        """*engine* names it, such as its host and config file; no *folder* keeps nothing."""
        name = hashlib.sha256(engine.encode()).hexdigest()[:16]
        self.path = None if folder is None else folder / "drafts" / f"config-{name}.json"

    def __repr__(self) -> str:
        return f"<DraftFile {self.path}>"

    def read(self) -> Draft | None:
        """The draft that was left; None where there is none that can be read."""
        if self.path is None:
            return None
        try:
            if self.path.stat().st_size > LARGEST:
                return None
            return codec.decode(Draft, self.path.read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def keep(self, draft: Draft) -> str:
        """Write it, whole or not at all; why it could not be, or nothing."""
        if self.path is None:
            return ""
        kept = msgspec.structs.replace(draft, text=without_secrets(draft.text))
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A file of its own name, 0600 from the first.
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".draft-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(codec.encode(kept))
                Path(name).replace(self.path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            return f"The draft is not kept in {self.path} ({error.strerror}): it ends with us."
        return ""

    def drop(self) -> None:
        """There is no draft any more."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
