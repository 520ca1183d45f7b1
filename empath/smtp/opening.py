"""Opening a session with a server: greeting, EHLO, STARTTLS, AUTH, as a generator of steps.

Returns `Opened` with what the server offers, or `NotOpened` with the stage that failed.
Nothing that happens here is about a recipient, so nothing here is ever permanent for one:
the next server is tried, then the mail waits (SMTP-RULES 3.4).  After STARTTLS all that was
said in clear is forgotten and EHLO is said again (RFC 3207 4.2).  A password is said over
TLS only (RFC 4954 4), and never shown.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

from empath.address import BannerHostname
from empath.config.units import Secret
from empath.reply import Reply
from empath.smtp.steps import GREETING, UPGRADE_TLS, Broken, Dialogue, Say, Step

Extensions = Mapping[str, str]
"""What EHLO offered: keyword in upper case to its parameters (RFC 5321 4.1.1.1)."""


class StartTls(enum.Enum):
    """What is done about STARTTLS."""

    NEVER = "never"
    IF_OFFERED = "if offered"
    REQUIRED = "required"


_NO_EHLO: Final = frozenset({500, 501, 502, 504, 550})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are at the next hop of a route."""

    username: str
    password: Secret
    server: str
    """The route's host as it is configured, for the sentence when it refuses."""


@final
@dataclass(frozen=True, slots=True)
class Opened:
    """The session stands and a transaction may begin."""

    extensions: Extensions


@final
@dataclass(frozen=True, slots=True)
class NotOpened:
    """No session: *reply* is the server's, or ours where it said nothing."""

    stage: str
    """``CONNECT`` (no good greeting), ``EHLO``, ``STARTTLS`` or ``AUTH``."""
    reply: Reply
    in_tls: bool = False
    """STARTTLS was offered and went wrong; without it the server may be reached."""
    broken: bool = False
    """The connection ended or broke the protocol: *reply* is not the server's."""


def open_session(
    *,
    helo: BannerHostname,
    starttls: StartTls,
    credentials: Credentials | None = None,
    secure: bool = False,
) -> Dialogue[Opened | NotOpened]:
    """Go from a new connection to one that takes mail.

    *secure* tells that the connection was in TLS before its first octet (RFC 8314).
    """
    stage = "CONNECT"
    try:
        greeting = yield GREETING
        if greeting.code != 220:
            return NotOpened(stage, greeting)
        stage = "EHLO"
        offered = yield from _hello(helo)
        if isinstance(offered, Reply):
            return NotOpened(stage, offered)
        if starttls is StartTls.REQUIRED and "STARTTLS" not in offered:
            return NotOpened("STARTTLS", _ours("4.7.4", "it does not offer STARTTLS"))
        if starttls is not StartTls.NEVER and "STARTTLS" in offered:
            stage = "STARTTLS"
            go = yield Say("STARTTLS")
            if go.code != 220:
                return NotOpened(stage, go, in_tls=True)
            yield UPGRADE_TLS
            secure = True
            stage = "EHLO"
            offered = yield from _hello(helo)
            if isinstance(offered, Reply):
                return NotOpened(stage, offered)
        if credentials is not None:
            stage = "AUTH"
            refusal = yield from _authenticate(credentials, offered, secure=secure)
            if refusal is not None:
                return NotOpened(stage, refusal)
    except Broken as broken:
        return NotOpened(stage, broken.reply, in_tls=stage == "STARTTLS", broken=True)
    return Opened(offered)


def _hello(helo: BannerHostname) -> Generator[Step, Reply, Extensions | Reply]:
    """What is offered to EHLO, or to HELO for a server from before 1995; else the refusal."""
    reply = yield Say(f"EHLO {helo}")
    if reply.positive:
        return extensions(reply)
    if reply.code not in _NO_EHLO:
        return reply
    old = yield Say(f"HELO {helo}")  # RFC 5321 3.2
    return {} if old.positive else old


def extensions(ehlo: Reply) -> Extensions:
    """Read the reply to EHLO; its first line is the server's name."""
    return _extensions(ehlo.text)


@lru_cache(maxsize=256)  # Servers say the same to everybody.
def _extensions(text: str) -> Extensions:
    offered: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        keyword, _, parameters = line.partition(" ")
        # "AUTH=PLAIN" is said by servers that still serve clients from before RFC 2554.
        if keyword.upper().startswith("AUTH="):
            keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
            parameters = f"{offered.get('AUTH', '')} {parameters}"
        offered[keyword.upper()] = parameters.strip()
    return offered


def _authenticate(
    credentials: Credentials, offered: Extensions, *, secure: bool
) -> Generator[Step, Reply, Reply | None]:
    """Say who we are (RFC 4954, RFC 4616); the answer is why not, in words for our operator."""
    server = credentials.server
    if not secure:
        return _ours(
            "4.7.11",
            f'the password for {server} is not sent in clear: set tls = "starttls" or'
            ' "implicit" in its route',
        )
    mechanisms = offered.get("AUTH", "").upper().split()
    user, password = credentials.username, credentials.password.reveal()
    if "PLAIN" in mechanisms:
        token = _base64(f"\0{user}\0{password}")
        reply = yield Say(f"AUTH PLAIN {token}", shown="AUTH PLAIN ••••")
    elif "LOGIN" in mechanisms:
        reply = yield Say("AUTH LOGIN")
        if reply.code == 334:
            reply = yield Say(_base64(user), shown="••••")
        if reply.code == 334:
            reply = yield Say(_base64(password), shown="••••")
    else:
        return _ours("4.7.0", f"{server} offers neither AUTH PLAIN nor AUTH LOGIN")
    if reply.code == 235:
        return None
    if reply.code == 421:
        return reply  # It goes away, whoever we are (RFC 5321 3.8).
    # The fault is in our own settings: mail waits for them, nobody's mail is bounced.
    return _ours("4.7.8", f"{server} refused the user name and password of its route: {reply}")


def _ours(enhanced: str, text: str) -> Reply:
    return Reply.own(454, enhanced, text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
