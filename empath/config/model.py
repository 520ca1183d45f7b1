"""The settings of Empath: one frozen struct a section, one field a setting.

A field declares everything there is to know about it at itself: type, default, bounds,
what it is for, and when a change takes effect.  Reading, the diff of two configs and the
reference manual (`docs/CONFIGURATION.md`) all come from these declarations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from empath.address import BannerHostname, Domain, ServerId
from empath.config.outbound import Delivery, DeliveryTls, Destination, Retry, Route
from empath.config.priority import PriorityClass, PriorityRule, PrioritySettings
from empath.config.terms import (
    LIVE,
    NEW_SESSIONS,
    RESTART,
    BareNewlines,
    Effect,
    LogFormat,
    LogLevel,
    Mode,
    OnTlsFailure,
    Section,
    Tls,
    TlsPolicy,
    setting,
)
from empath.config.units import ByteSize, Duration, Network, parse_network

__all__ = [
    "LIVE",
    "NEW_SESSIONS",
    "RESTART",
    "BareNewlines",
    "Config",
    "Delivery",
    "DeliveryTls",
    "Destination",
    "Dev",
    "Dns",
    "Effect",
    "Inbound",
    "Listener",
    "Log",
    "LogFormat",
    "LogLevel",
    "Metrics",
    "Mode",
    "OnTlsFailure",
    "PriorityClass",
    "PriorityRule",
    "PrioritySettings",
    "Relay",
    "Reload",
    "Retry",
    "Route",
    "Section",
    "Spool",
    "Tls",
    "TlsPolicy",
    "setting",
]


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
    trash_for: Annotated[
        Duration,
        setting(
            "How long a message that an operator deleted can be restored; 0 deletes at once."
            " Short of disk space, the oldest go first.",
            LIVE,
            low=0,
            high=90 * 86400,
        ),
    ] = Duration(86400)
    keep_finished_count: Annotated[int, setting("Most finished messages kept.", LIVE, low=0)] = (
        100_000
    )


class Dev(Section, frozen=True):
    """Captured mail, in dev mode."""

    keep: Annotated[
        int,
        setting(
            "Most captured messages kept; the oldest are deleted. 0 keeps all.",
            LIVE,
            low=0,
            high=1_000_000,
        ),
    ] = 500
    release: Annotated[
        bool,
        setting(
            "An operator may release captured mail to its recipients' own servers; without it"
            " only to a server that is named, or by a `[[route]]`.",
            LIVE,
        ),
    ] = False


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


class Log(Section, frozen=True):
    """What is written down."""

    level: Annotated[LogLevel, setting("The least important event logged.", LIVE)] = LogLevel.INFO
    format: Annotated[
        LogFormat, setting('"text" or "json", a line an event, to standard error.', RESTART)
    ] = LogFormat.TEXT


class Metrics(Section, frozen=True):
    """Where figures for Prometheus and health checks are served, beside the control socket."""

    bind: Annotated[
        ServerId | None,
        setting(
            'Address of loopback and port, such as "127.0.0.1:9925", for `/metrics`,'
            " `/health/live` and `/health/ready`; left out: on the control socket only.",
            RESTART,
        ),
    ] = None


class Monitor(Section, frozen=True):
    """A second control socket, for who watches this engine and must not touch it."""

    socket: Annotated[
        Path | None,
        setting(
            "Where consoles, `empathctl` and programs may look, but change nothing and read no"
            " contents of mail; left out: nowhere.",
            RESTART,
        ),
    ] = None
    users: Annotated[
        tuple[str, ...],
        setting("Users, by name or uid, who are answered there, beside root and our own.", RESTART),
    ] = ()


class Reload(Section, frozen=True):
    """How a changed config comes into force; docs/RELOAD.md has the whole of it."""

    watch: Annotated[
        bool,
        setting("Reload by itself once the config file was changed and is left alone.", LIVE),
    ] = False
    keep: Annotated[
        int,
        setting("Configs that were in force and are kept for a rollback.", LIVE, low=2, high=1000),
    ] = 50


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
    priority: PrioritySettings = PrioritySettings()
    spool: Spool = Spool()
    dev: Dev = Dev()
    route: tuple[Route, ...] = ()
    destination: tuple[Destination, ...] = ()
    delivery: Delivery = Delivery()
    dns: Dns = Dns()
    log: Log = Log()
    metrics: Metrics = Metrics()
    monitor: Monitor = Monitor()
    reload: Reload = Reload()
