"""The settings that say how urgent mail is: who may raise it, and rules (`[priority]`).

The sections are named again in `empath.config.model`; what they mean is decided in
`empath.policy.priority`.
"""

from __future__ import annotations

import enum
from typing import Annotated

from empath.config.terms import NEW_SESSIONS, Section, setting
from empath.config.units import Network, parse_network
from empath.envelope import Priority


class PriorityClass(enum.StrEnum):
    """The class of a message as it is written in the config."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    BULK = "bulk"

    @property
    def priority(self) -> Priority:
        """The class itself."""
        return Priority[self.name]


class PriorityRule(Section, frozen=True):
    """Mail that gets a class.  `[[priority.rule]]` may be repeated; all that a rule names must be
    so, and the first rule that fits counts, those with a header before the others.
    """

    give: Annotated[
        PriorityClass,
        setting('The class: "critical", "high", "normal", "low" or "bulk".', NEW_SESSIONS),
    ]
    sender: Annotated[
        str,
        setting(
            'Sender: an address, "@example.org", ".example.org" for subdomains, or "<>".',
            NEW_SESSIONS,
        ),
    ] = ""
    recipient: Annotated[
        str,
        setting("A recipient, written as the sender is; one of them is enough.", NEW_SESSIONS),
    ] = ""
    listener: Annotated[
        str,
        setting("The listener it came in at, as its `bind` is written.", NEW_SESSIONS),
    ] = ""
    header: Annotated[
        str,
        setting(
            'A header field, "X-Kind" for any value or "X-Kind: invoice" for this one.',
            NEW_SESSIONS,
        ),
    ] = ""

    @property
    def field(self) -> str:
        """The name of the header field in lower case, or empty."""
        return self.header.partition(":")[0].strip().lower()

    @property
    def value(self) -> str:
        """The value it must have, in lower case; empty for any."""
        return self.header.partition(":")[2].strip().lower()


class PrioritySettings(Section, frozen=True):
    """How urgent mail is, and who may say so (RFC 6710, RFC 6758)."""

    trusted: Annotated[
        tuple[Network, ...],
        setting("Clients that may make their mail more urgent than normal.", NEW_SESSIONS),
    ] = (parse_network("127.0.0.0/8"), parse_network("::1/128"))
    rule: tuple[PriorityRule, ...] = ()
