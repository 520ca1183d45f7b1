"""What encryption a next hop needs, and what is done when it cannot be had (RFC 3207 6).

Pure decisions: the transport carries them out.  A next hop found in DNS gets whatever
encryption it offers, unverified, and mail in clear where it has none or its own is broken.
A route that names its encryption gets that or no mail: then mail waits, since a route is
this relay's own setting and its mistake must not bounce anybody's mail.
A policy that verifies names (chain, DANE, MTA-STS) is a further `Need`, decided here.
"""

from __future__ import annotations

import enum

from empath.config.model import Route, Tls


class Need(enum.Enum):
    """How a connection to one server is encrypted."""

    NONE = "none"
    """Not at all, even where the server offers it."""
    OPPORTUNISTIC = "opportunistic"
    """With STARTTLS where the server offers it; in clear where that is missing or broken."""
    STARTTLS = "starttls"
    """With STARTTLS, or nothing is sent."""
    IMPLICIT = "implicit"
    """From the first octet, or nothing is sent (RFC 8314)."""

    @property
    def required(self) -> bool:
        """Nothing may be sent in clear."""
        return self in {Need.STARTTLS, Need.IMPLICIT}


def need(fixed: Route | None) -> Need:
    """What a target needs: *fixed* is the operator's route to it, None for one found in DNS."""
    if fixed is None:
        return Need.OPPORTUNISTIC
    match fixed.tls:
        case None:
            return Need.OPPORTUNISTIC
        case Tls.NONE:
            return Need.NONE
        case Tls.STARTTLS:
            return Need.STARTTLS
        case Tls.IMPLICIT:
            return Need.IMPLICIT


def may_send_in_clear(wanted: Need, *, has_secret: bool) -> bool:
    """Whether a new connection in clear is tried after STARTTLS was refused or failed.

    Never where encryption is required, nor where a password would be needed on the way.
    """
    return wanted is Need.OPPORTUNISTIC and not has_secret
