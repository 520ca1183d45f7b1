"""The settings of mail on its way out: routes, destinations, retries, encryption, limits.

Sections of `empath.config.model`, which names them again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from empath.address import ServerId
from empath.config.shaping import Breaker, ClassRate, Weights
from empath.config.terms import LIVE, OnTlsFailure, Section, Tls, TlsPolicy, setting
from empath.config.units import Duration, Ipv4Source, Ipv6Source, Network, Rate, Secret


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
            'Password for AUTH: text, { file = "…" }, { env = "…" } or { credential = "…" }; sent'
            " over TLS only.",
            LIVE,
        ),
    ] = Secret("")
    source_address: Annotated[
        Ipv4Source | None,
        setting(
            "Address of this machine to connect from over IPv4; left out:"
            " `delivery.source_address`.",
            LIVE,
        ),
    ] = None
    source_address_v6: Annotated[
        Ipv6Source | None,
        setting(
            "Address of this machine to connect from over IPv6; left out:"
            " `delivery.source_address_v6`.",
            LIVE,
        ),
    ] = None


class Destination(Section, frozen=True):
    """What one domain's mail gets instead of the defaults.  `[[destination]]` may be repeated."""

    domain: Annotated[
        str,
        setting('Recipient domain, ".example.org" for its subdomains, or "*" for all mail.', LIVE),
    ]
    tls: Annotated[
        TlsPolicy | None,
        setting("Encryption, as `delivery.tls.policy` has it; left out: what that says.", LIVE),
    ] = None
    pipelining: Annotated[
        bool | None,
        setting("Commands at once; left out: `delivery.pipelining`.", LIVE),
    ] = None
    chunking: Annotated[
        bool | None,
        setting("BDAT in the place of DATA; left out: `delivery.chunking`.", LIVE),
    ] = None
    concurrency: Annotated[
        int | None,
        setting(
            "Most attempts at once; left out: `delivery.per_destination`.", LIVE, low=1, high=1000
        ),
    ] = None
    rate: Annotated[
        Rate | None,
        setting(
            "Most attempts, 0 for no limit; left out: `delivery.rate`.",
            LIVE,
            low=0,
            high=100_000,
        ),
    ] = None
    burst: Annotated[
        int | None,
        setting(
            "Attempts that may follow at once after a pause; left out: `delivery.burst`.",
            LIVE,
            low=1,
            high=100_000,
        ),
    ] = None


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


class DeliveryTls(Section, frozen=True):
    """How mail is encrypted on its way, unless a `[[route]]` or `[[destination]]` says more."""

    policy: Annotated[
        TlsPolicy,
        setting(
            'Encryption for all mail: "opportunistic" (where offered, in clear where not),'
            ' "required" (or the mail is not sent), "verify" (required, and the certificate must be'
            ' trusted and name the host), "disabled" (for tests).',
            LIVE,
        ),
    ] = TlsPolicy.OPPORTUNISTIC
    on_failure: Annotated[
        OnTlsFailure,
        setting(
            'Mail whose destination does not meet "required" or "verify": "fail" returns it to its'
            ' sender at once, "defer" tries again.',
            LIVE,
        ),
    ] = OnTlsFailure.FAIL
    ca_file: Annotated[
        Path | None,
        setting(
            'PEM file with the authorities that "verify" trusts, instead of the system\'s.', LIVE
        ),
    ] = None


class Delivery(Section, frozen=True):
    """How mail goes out."""

    concurrency: Annotated[int, setting("Most attempts at once.", LIVE, low=1, high=10_000)] = 100
    per_destination: Annotated[
        int,
        setting(
            "Most attempts at once to one destination; how many it gets is learnt from how it"
            " answers, beginning with 5.",
            LIVE,
            low=1,
            high=1000,
        ),
    ] = 20
    rate: Annotated[
        Rate,
        setting("Most attempts to one destination; 0 for no limit.", LIVE, low=0, high=100_000),
    ] = Rate(0)
    burst: Annotated[
        int,
        setting(
            "Attempts to one destination that may follow at once after a pause, where there is a"
            " rate.",
            LIVE,
            low=1,
            high=100_000,
        ),
    ] = 20
    weights: Weights = Weights()
    class_rate: ClassRate = ClassRate()
    breaker: Breaker = Breaker()
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
    pipelining: Annotated[
        bool,
        setting(
            "Send commands without waiting for each reply, where the server offers PIPELINING.",
            LIVE,
        ),
    ] = True
    chunking: Annotated[
        bool,
        setting(
            "Send content as BDAT with its envelope, where the server offers CHUNKING and"
            " PIPELINING.",
            LIVE,
        ),
    ] = True
    in_flight: Annotated[
        int,
        setting(
            "Most messages on their way over one connection, where the server offers PIPELINING:"
            " the next goes before the last is answered; 1 waits for each answer.",
            LIVE,
            low=1,
            high=100,
        ),
    ] = 8
    connections_per_host: Annotated[
        int,
        setting(
            "Most connections to one server; messages beyond that wait for their turn on one of"
            " them.",
            LIVE,
            low=1,
            high=1000,
        ),
    ] = 20
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
    source_address: Annotated[
        Ipv4Source | None,
        setting(
            "Address of this machine to connect from over IPv4; left out: the system chooses.",
            LIVE,
        ),
    ] = None
    source_address_v6: Annotated[
        Ipv6Source | None,
        setting(
            "Address of this machine to connect from over IPv6; left out: the system chooses.",
            LIVE,
        ),
    ] = None
    retry: Retry = Retry()
    tls: DeliveryTls = DeliveryTls()
