"""Who may send mail through this relay, and to where.  Pure: facts in, a reply or None out.

Promises: no open relay.  A client outside `relay.networks` reaches the `relay.domains` and
nothing else, whatever form it gives the address: ``user%elsewhere@us``, ``elsewhere!user@us``
and ``"user@elsewhere"@us`` ask for a second hop and are refused (RFC 5321 7.9, nmap's
smtp-open-relay).  An IPv4 client that came over an IPv6 socket counts as its IPv4 address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from empath.address import EmailAddress, IpAddress
from empath.config.model import Relay
from empath.config.units import Network
from empath.reply import Reply

RELAY_DENIED: Final = Reply.of("550 5.7.1 This server does not relay mail to there for you")
TOO_MANY: Final = Reply.of("421 4.7.0 Too many connections, try again later")
TOO_MANY_OF_YOURS: Final = Reply.of("421 4.7.0 Too many connections from your address")


def client_address(text: str) -> IpAddress:
    """The address of a peer as its socket shows it; ``::ffff:192.0.2.1`` is ``192.0.2.1``.

    A scope (``fe80::1%eth0``) is dropped.  Raises ValueError for what is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def may_connect(
    *, open_now: int, open_from_client: int, most: int, most_per_client: int
) -> Reply | None:
    """None, or why one connection more is not taken (SMTP-RULES 3.3, slow clients and floods)."""
    if open_now >= most:
        return TOO_MANY
    return TOO_MANY_OF_YOURS if open_from_client >= most_per_client else None


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """What one client may do, decided once for its session."""

    trusted: bool
    """The client is in `relay.networks`: it may send to anywhere."""
    relay: Relay

    @classmethod
    def of(cls, client: IpAddress, relay: Relay) -> ClientPolicy:
        """The policy for *client* under the setting *relay*."""
        return cls(is_within(client, relay.networks), relay)

    def refusal_of(self, recipient: EmailAddress) -> Reply | None:
        """None when mail for *recipient* is taken from this client, else the reply."""
        if self.trusted:
            return None
        if recipient.domain not in self.relay.domains or asks_for_a_second_hop(recipient):
            return RELAY_DENIED
        return None


def is_within(address: IpAddress, networks: Collection[Network]) -> bool:
    """Whether *address* is in one of *networks*; those of the other family do not match."""
    return any(address in network for network in networks)


def asks_for_a_second_hop(recipient: EmailAddress) -> bool:
    """Whether the local part names another host to carry the mail on to."""
    return any(sign in recipient.local for sign in "%!@")
