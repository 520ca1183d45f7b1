"""Lines that are no SMTP commands: too long, not ended as they must be, or of another protocol.

A command line ends with CRLF and holds neither octet elsewhere (RFC 5321 2.3.8, SMTP-RULES L9).
Promises: each such line gets exactly one answer, and of one that never ends a bounded piece is
enough to judge it by.
"""

from __future__ import annotations

from typing import Final

from empath.inbound.intake import Intake
from empath.reply import Reply
from empath.smtp.decision import Answer

COMMAND_LIMIT: Final = 2048
"""Octets of a command line: 512, and room for the parameters of extensions (RFC 5321 4.5.3.1)."""
LINE_LIMIT: Final = 12288
"""Octets kept of an unfinished line: an AUTH command may be this long (RFC 4954 4)."""

_LONG_LINE: Final = Reply.of("500 5.5.2 Line too long")
_NOT_CRLF: Final = Reply.of("500 5.5.2 Lines end with <CR><LF>, and only there")


def answer_odd(line: bytes, intake: Intake, *, cut: bool) -> Answer:
    """Answer a line that is too long, or is not ended by CRLF and only by that.

    *line* has its line end; *cut* says that its beginning was not kept.
    """
    if cut:
        return intake.refuse(_LONG_LINE)
    if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
        # Another protocol is told that this is SMTP before it is told of line ends.
        foreign = line[:1].strip() and not line[:1].isalpha()
        return intake.command(line[:1]) if foreign else intake.refuse(_NOT_CRLF)
    if len(line) > LINE_LIMIT or line[:5].upper() != b"AUTH ":
        return intake.refuse(_LONG_LINE)
    return intake.command(line[:-2])


def is_foreign(begun: bytes) -> bool:
    """Whether what has *begun* is no line of SMTP.

    A TLS hello or another protocol may never send a line end, so it is not waited for.
    """
    return not begun[:1].isalpha() and begun != b"\r"
