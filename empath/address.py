"""The words for places and people: domains, mailboxes, hosts.

Outside this module they are `str`; inside Empath they are these types, checked when
they are made.  Each is a `str` subclass without a dict, so comparing and hashing cost
what a `str` costs, SQLite and JSON take it, and mypy tells the types apart.
Making one from bad text raises `BadAddress`, whose sentence is fit for an operator.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Self, final

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# RFC 5321 4.1.2: atext, with RFC 6531's UTF8-non-ascii beside it.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]+"
_DOT_STRING: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED_STRING: Final = re.compile(r'"(?:[ !#-\[\]-~\u00a1-\U0010ffff]|\\[ -~])*"')
_BANNED: Final = re.compile("[\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]")


class BadAddress(ValueError):
    """The text is not a domain, mailbox or host; the message says why."""


def parse_address_literal(text: str) -> IpAddress | None:
    """Return the address of an RFC 5321 4.1.3 literal such as ``[192.0.2.1]``, else None."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    inner = text[1:-1]
    if "%" in inner:  # ipaddress takes any text as an IPv6 scope; RFC 5321 4.1.3 knows none
        return None
    try:
        if inner[:5].lower() == "ipv6:":
            return ipaddress.IPv6Address(inner[5:])
        return ipaddress.IPv4Address(inner)
    except ValueError:
        return None


@final
class Domain(str):
    """A mail domain in lower case: host labels (A-labels for IDN) or an address literal.

    At most 253 characters, labels of at most 63 (RFC 1035 2.3.4).
    """

    __slots__ = ()

    def __new__(cls, text: str, /) -> Self:
        """Check *text* and make it one."""
        if type(text) is cls:
            return text
        name = text.lower()
        if not name.isascii():
            name = _to_a_labels(name)
        if len(name) > 253:
            raise BadAddress("the domain is longer than 253 characters")
        if not _HOSTNAME.fullmatch(name) and parse_address_literal(name) is None:
            raise BadAddress("the domain is neither a host name nor an address literal")
        return super().__new__(cls, name)

    @property
    def literal(self) -> IpAddress | None:
        """The address, when the domain is an address literal."""
        return parse_address_literal(self)


def _to_a_labels(name: str) -> str:
    """RFC 5891 lookup form of an internationalised name (the stricter 2008 rules)."""
    import idna  # noqa: PLC0415 - only internationalised mail pays for its tables (20 ms, 6 MB).

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise BadAddress("the internationalised domain is not valid (IDNA 2008)") from error


@final
class EmailAddress(str):
    """A mailbox ``local-part@domain`` as RFC 5321 4.1.2 writes it, spelling kept.

    The local part is at most 64 octets, the whole at most 254.  Comparing is exact;
    use `domain` to decide where mail goes.
    """

    __slots__ = ()

    def __new__(cls, text: str, /) -> Self:
        """Check *text* and make it one."""
        if type(text) is cls:
            return text
        local, at, domain = text.rpartition("@")
        if not at:
            raise BadAddress("the address has no @domain")
        if len(local.encode("utf-8", "surrogatepass")) > 64:
            raise BadAddress("the local part is longer than 64 octets")
        if not _DOT_STRING.fullmatch(local) and not _QUOTED_STRING.fullmatch(local):
            raise BadAddress("the local part is neither a dot-string nor a quoted string")
        if not text.isascii() and _BANNED.search(text):
            raise BadAddress("the address has characters that may not be shown")
        if len(text.encode("utf-8", "surrogatepass")) > 254:
            raise BadAddress("the address is longer than 254 octets")
        Domain(domain)
        return super().__new__(cls, text)

    @property
    def local(self) -> str:
        """The part before the last @, quotes included."""
        return self.rpartition("@")[0]

    @property
    def domain(self) -> Domain:
        """Where mail for this address goes."""
        return Domain(self.rpartition("@")[2])


@final
class BannerHostname(str):
    """The name a host calls itself by in a greeting or EHLO: a host name or an address literal."""

    __slots__ = ()

    def __new__(cls, text: str, /) -> Self:
        """Check *text* and make it one."""
        Domain(text)
        if not text.isascii():
            raise BadAddress("a host name in a greeting is ASCII")
        return super().__new__(cls, text)


def _check_host(host: Domain) -> None:
    """Refuse what looks like an IPv4 address and is none: no top-level domain is a number
    (RFC 3696 2).
    """
    if host.rpartition(".")[2].isdigit():
        try:
            ipaddress.IPv4Address(host)
        except ValueError as error:
            raise BadAddress("an IPv4 address is four numbers from 0 to 255") from error


@final
class ServerId(str):
    """``host:port`` of a server to deliver to; an IPv6 host is written in brackets."""

    __slots__ = ()

    def __new__(cls, text: str, /) -> Self:
        """Check *text* and make it one."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit():
            raise BadAddress('a server is written "host:port", for example "smtp.example.com:25"')
        if len(port) > 5 or not 0 < int(port) < 65536:
            raise BadAddress("the port of a server is a number from 1 to 65535")
        if host.startswith("[") and host.endswith("]"):
            try:
                ipaddress.IPv6Address(host[1:-1])
            except ValueError as error:
                raise BadAddress("the address in brackets is not an IPv6 address") from error
        else:
            _check_host(Domain(host))
        return super().__new__(cls, text)

    @property
    def host(self) -> str:
        """The host without brackets."""
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.rpartition(":")[2])
