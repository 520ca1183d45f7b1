"""The settings of Empath: one frozen struct a section, one field a setting.

A field declares everything there is to know about it at itself: type, default, bounds,
what it is for, and when a change takes effect.  Reading, the diff of two configs and the
reference manual (`docs/CONFIGURATION.md`) all come from these declarations.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from empath.address import BannerHostname, Domain, ServerId
from empath.config.units import ByteSize, Duration, Network, Secret, parse_network


class Effect(enum.StrEnum):
    """When a changed setting takes effect."""

    LIVE = "live"
    NEW_SESSIONS = "new sessions"
    RESTART = "restart"


LIVE: Final = Effect.LIVE
NEW_SESSIONS: Final = Effect.NEW_SESSIONS
RESTART: Final = Effect.RESTART


def setting(
    what: str, effect: Effect, *, low: float | None = None, high: float | None = None
) -> Any:
    """Describe one setting, for use in `Annotated`: text, effect, and bounds in its base unit."""
    return Meta(description=what, extra={"effect": effect, "low": low, "high": high})


class Mode(enum.StrEnum):
    """What Empath does with the mail it accepts."""

    DEV = "dev"
    RELAY = "relay"


class Tls(enum.StrEnum):
    """How a connection is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class BareNewlines(enum.StrEnum):
    """What is done with a CR or LF that stands alone (SMTP smuggling, SMTP-RULES 3.1)."""

    NORMALIZE = "normalize"
    REJECT = "reject"


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the config file."""


class Listener(Section, frozen=True):
    """One address that clients send mail to.  `[[listener]]` may be repeated."""

    bind: Annotated[
        ServerId,
        setting('Address and port to listen at, such as "127.0.0.1:1025".', RESTART),
    ] = ServerId("127.0.0.1:1025")
    tls: Annotated[
        Tls,
        setting(
            'Encryption for clients: "none", "starttls" (offered), "implicit" (from the start).',
            RESTART,
        ),
    ] = Tls.NONE
    certificate: Annotated[
        Path | None,
        setting("PEM file with the certificate and its chain; needed unless tls is none.", RESTART),
    ] = None
    key: Annotated[
        Path | None,
        setting("PEM file with the private key; readable by its owner only.", RESTART),
    ] = None


class Relay(Section, frozen=True):
    """Who may send mail to where.  A client outside `networks` reaches only `domains`."""

    networks: Annotated[
        tuple[Network, ...],
        setting("Clients that may send mail to anywhere.", NEW_SESSIONS),
    ] = (parse_network("127.0.0.0/8"), parse_network("::1/128"))
    domains: Annotated[
        tuple[Domain, ...],
        setting(
            "Recipient domains that any client may send to; subdomains are named on their own.",
            NEW_SESSIONS,
        ),
    ] = ()


class Inbound(Section, frozen=True):
    """Limits on clients and on what they send (RFC 5321 4.5.3)."""

    message_size: Annotated[
        ByteSize, setting("Largest message accepted.", NEW_SESSIONS, low=64 * 1024, high=2**40)
    ] = ByteSize(50_000_000)
    recipients: Annotated[
        int, setting("Most recipients of one message.", NEW_SESSIONS, low=100, high=100_000)
    ] = 1000
    errors: Annotated[
        int,
        setting("Refused commands after which a client is sent away.", NEW_SESSIONS, low=1),
    ] = 20
    connections: Annotated[
        int, setting("Most connections at once, over all listeners.", LIVE, low=1, high=100_000)
    ] = 1000
    connections_per_client: Annotated[
        int, setting("Most connections at once from one address.", LIVE, low=1, high=100_000)
    ] = 200
    received_hops: Annotated[
        int,
        setting("Received fields after which a message is taken for a loop.", LIVE, low=10),
    ] = 100
    header_size: Annotated[
        ByteSize,
        setting("Largest header section accepted.", NEW_SESSIONS, low=16 * 1024, high=16 * 2**20),
    ] = ByteSize(1024 * 1024)
    header_fields: Annotated[
        int, setting("Most header fields accepted.", NEW_SESSIONS, low=100)
    ] = 2000
    command_timeout: Annotated[
        Duration,
        setting("Longest wait for the next command.", NEW_SESSIONS, low=1, high=3600),
    ] = Duration(300)
    content_timeout: Annotated[
        Duration,
        setting("Longest silence while content is sent.", NEW_SESSIONS, low=1, high=3600),
    ] = Duration(180)
    content_deadline: Annotated[
        Duration, setting("Longest time one message may take to be sent.", NEW_SESSIONS, low=60)
    ] = Duration(7200)
    content_rate: Annotated[
        ByteSize,
        setting(
            "Octets a second below which a client is sent away, measured over two minutes;"
            " 0 switches the check off.",
            NEW_SESSIONS,
            low=0,
        ),
    ] = ByteSize(20)
    bare_newlines: Annotated[
        BareNewlines,
        setting(
            'A CR or LF that stands alone: "normalize" makes it CRLF, "reject" refuses the'
            " message.",
            NEW_SESSIONS,
        ),
    ] = BareNewlines.NORMALIZE


class Spool(Section, frozen=True):
    """Where accepted mail is kept until it is delivered."""

    path: Annotated[
        Path,
        setting(
            "Folder of the queue, its control socket and lock; relative to the config file.",
            RESTART,
        ),
    ] = Path("~/.local/state/empath")
    inline_limit: Annotated[
        ByteSize,
        setting(
            "Bodies up to this size are kept in the database, larger ones in files.",
            LIVE,
            low=0,
            high=4 * 2**20,
        ),
    ] = ByteSize(128 * 1024)
    min_free: Annotated[
        ByteSize,
        setting("Free disk space below which mail is refused with 452.", LIVE, low=0),
    ] = ByteSize(100_000_000)
    keep_finished: Annotated[
        Duration,
        setting("How long the history of finished messages is kept.", LIVE, low=0),
    ] = Duration(86400)
    keep_finished_count: Annotated[int, setting("Most finished messages kept.", LIVE, low=0)] = (
        100_000
    )


class Route(Section, frozen=True):
    """A fixed next hop for a domain, instead of its MX hosts.  `[[route]]` may be repeated."""

    domain: Annotated[
        str,
        setting('Recipient domain, ".example.org" for its subdomains, or "*" for all mail.', LIVE),
    ]
    host: Annotated[ServerId, setting('Next hop as "host:port".', LIVE)]
    tls: Annotated[
        Tls | None,
        setting(
            'Encryption: "implicit", "starttls" (required), "none"; left out: STARTTLS if offered.',
            LIVE,
        ),
    ] = None
    username: Annotated[str, setting("User name for AUTH at the next hop.", LIVE)] = ""
    password: Annotated[
        Secret,
        setting(
            'Password for AUTH: text, { file = "…" } or { env = "…" }; sent over TLS only.', LIVE
        ),
    ] = Secret("")


class Retry(Section, frozen=True):
    """When deferred mail is tried again, and when it is given up."""

    base: Annotated[
        Duration, setting("Wait after the first deferral.", LIVE, low=1, high=86400)
    ] = Duration(300)
    factor: Annotated[
        float, setting("Each wait is this many times the one before.", LIVE, low=1, high=10)
    ] = 2.0
    cap: Annotated[Duration, setting("Longest wait.", LIVE, low=1)] = Duration(86400)
    jitter: Annotated[
        float, setting("Share by which a wait is varied at random.", LIVE, low=0, high=0.5)
    ] = 0.1
    attempts: Annotated[
        int, setting("Attempts after which a recipient is given up.", LIVE, low=1, high=1000)
    ] = 25
    expiry: Annotated[Duration, setting("Age at which a recipient is given up.", LIVE, low=60)] = (
        Duration(5 * 86400)
    )
    delay_notice: Annotated[
        Duration,
        setting("Age at which the sender is told of a delay; 0 sends no notice.", LIVE, low=0),
    ] = Duration(4 * 3600)


class Delivery(Section, frozen=True):
    """How mail goes out."""

    concurrency: Annotated[int, setting("Most attempts at once.", LIVE, low=1, high=10_000)] = 100
    per_destination: Annotated[
        int, setting("Most attempts at once to one destination.", LIVE, low=1, high=1000)
    ] = 20
    window: Annotated[
        int,
        setting("Most due lots held in memory; the rest wait on disk.", LIVE, low=100),
    ] = 2000
    idle_timeout: Annotated[
        Duration, setting("How long an unused connection is kept open.", LIVE, low=0, high=300)
    ] = Duration(5)
    messages_per_connection: Annotated[
        int, setting("Messages after which a connection is closed.", LIVE, low=1)
    ] = 100
    connect_timeout: Annotated[
        Duration, setting("Longest wait for a connection and its greeting.", LIVE, low=1, high=600)
    ] = Duration(30)
    command_timeout: Annotated[
        Duration,
        setting("Longest wait for the reply to a command.", LIVE, low=1, high=3600),
    ] = Duration(300)
    content_timeout: Annotated[
        Duration, setting("Longest wait while one block of content is sent.", LIVE, low=1)
    ] = Duration(180)
    final_timeout: Annotated[
        Duration,
        setting("Longest wait for the reply after the final dot.", LIVE, low=1, high=3600),
    ] = Duration(600)
    allow_networks: Annotated[
        tuple[Network, ...],
        setting(
            "Loopback, private and other special addresses that an MX host may have all the same.",
            LIVE,
        ),
    ] = ()
    port: Annotated[int, setting("Port of MX hosts.", LIVE, low=1, high=65535)] = 25
    retry: Retry = Retry()


class Dns(Section, frozen=True):
    """How names are looked up."""

    servers: Annotated[
        tuple[str, ...],
        setting('Name servers as "address" or "address:port"; empty: the system\'s own.', LIVE),
    ] = ()
    timeout: Annotated[
        Duration, setting("Longest wait for one answer, retries included.", LIVE, low=0.1, high=60)
    ] = Duration(10)
    cache_entries: Annotated[int, setting("Most answers kept.", LIVE, low=0)] = 10_000
    cache_ttl: Annotated[Duration, setting("Longest time an answer is kept.", LIVE, low=0)] = (
        Duration(3600)
    )
    negative_ttl: Annotated[
        Duration, setting('Longest time a "no such name" is kept.', LIVE, low=0)
    ] = Duration(60)


class LogFormat(enum.StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(enum.StrEnum):
    """The least important event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Log(Section, frozen=True):
    """What is written down."""

    level: Annotated[LogLevel, setting("The least important event logged.", LIVE)] = LogLevel.INFO
    format: Annotated[
        LogFormat, setting('"text" or "json", a line an event, to standard error.', RESTART)
    ] = LogFormat.TEXT


class Config(Section, frozen=True):
    """Everything `empath.toml` can say."""

    mode: Annotated[
        Mode,
        setting(
            '"dev" captures every message and sends nothing; "relay" delivers.',
            RESTART,
        ),
    ] = Mode.DEV
    hostname: Annotated[
        BannerHostname,
        setting("The name Empath greets with; default: the name of the machine.", NEW_SESSIONS),
    ] = BannerHostname("localhost.localdomain")
    listener: tuple[Listener, ...] = (Listener(),)
    relay: Relay = Relay()
    inbound: Inbound = Inbound()
    spool: Spool = Spool()
    route: tuple[Route, ...] = ()
    delivery: Delivery = Delivery()
    dns: Dns = Dns()
    log: Log = Log()
