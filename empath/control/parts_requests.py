"""What an operator may ask about the inside of a message: its parts, their text, what is in it.

Numbers and texts come decoded and sanitised; `octets` are as the sender made them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from empath.control.request import Reply, Request
from empath.envelope import MessageId


class PartItem(Struct, frozen=True, kw_only=True):
    """One part of a message, as IMAP numbers them: ``1.2`` is the second part of the first."""

    number: str
    depth: int
    kind: str
    """Its media type, such as ``text/html``."""
    charset: str
    encoding: str
    """The content transfer encoding, such as ``base64``."""
    disposition: str
    filename: str
    size: int
    """Octets as they are encoded."""


class CheckItem(Struct, frozen=True, kw_only=True):
    """Something that was looked at, and whether it is fine."""

    fine: bool
    sentence: str


class MessageParts(Reply, frozen=True):
    """What a message consists of, and what is in it."""

    id: MessageId
    size: int
    parts: tuple[PartItem, ...]
    """A part stands before those in it."""
    cut: bool
    """There are more than are told of."""
    text: str
    """The number of its plain text; empty if it has none."""
    html: str
    """The number of its HTML; empty if it has none."""
    links: tuple[str, ...]
    """The links in its HTML and text, each once; at most 200."""
    code: str
    """What seems to be a one-time code in it; empty if nothing does."""
    checks: tuple[CheckItem, ...]


class ListParts(Request[MessageParts], frozen=True):
    """What a message consists of: its MIME tree, links, a one-time code, and checks."""

    route = "queue/parts"
    operators_only = True
    id: MessageId


class PartText(Reply, frozen=True):
    """A piece of one part."""

    id: MessageId
    part: str
    kind: str
    charset: str
    filename: str
    form: str
    offset: int
    next_offset: int | None
    """Where the next piece begins; None at the end."""
    text: str = ""
    """Sanitised, line by line; empty for `octets`."""
    octets: bytes = b""
    """The decoded octets (base64 in JSON), for saving the part; empty for text."""
    links: tuple[str, ...] = ()
    """The targets of the footnotes of HTML that was made to text."""
    cut: bool = False
    """There is more text than is ever shown; the octets have it all."""


class ReadPart(Request[PartText], frozen=True):
    """A piece of one part; without `part`, of what a reader wants to see first.

    With `form` ``text``, HTML is made to text with its links as footnotes; ``source`` leaves it;
    offset and limit count characters.  With ``octets`` they count decoded octets of any part.
    """

    route = "queue/part"
    operators_only = True
    id: MessageId
    part: str = ""
    form: Literal["text", "source", "octets"] = "text"
    offset: int = 0
    limit: int = 65536
