"""A plan with something of everything, as an operator might meet it."""

from __future__ import annotations

from empath.address import Domain
from empath.cli.config_diff import write_plan
from empath.control.config_requests import ConfigChange, ConfigFault, Plan, QueueImpact
from empath.envelope import MessageId


def change(key: str, old: str, new: str, effect: str = "live") -> ConfigChange:
    """One change."""
    return ConfigChange(key=key, old=old, new=new, effect=effect)


def impact(
    destination: str,
    what: str,
    sentence: str,
    messages: int,
    *,
    recipients: int = 0,
    warning: bool = False,
    examples: int = 3,
) -> QueueImpact:
    """One consequence."""
    return QueueImpact(
        destination=Domain(destination),
        what=what,
        messages=messages,
        recipients=recipients or messages,
        sentence=sentence,
        warning=warning,
        examples=tuple(
            MessageId.compose(1_790_000_000_000 + n, messages)
            for n in range(min(examples, messages))
        ),
    )


def plan(**fields: object) -> Plan:
    """Nothing at all, but for *fields*."""
    nothing = {
        "file": "/etc/empath/empath.toml",
        "base": 12,
        "faults": (),
        "changes": (),
        "pending": (),
        "impact": (),
        "examined": 0,
        "digest": "0" * 64,
    }
    return Plan(**{**nothing, **fields})  # type: ignore[arg-type]


EVERYTHING = plan(
    changes=(
        change('listener["127.0.0.1:1025"].tls', '"none"', '"starttls"', "restart"),
        change("inbound.message_size", '"50MB"', '"20MB"', "new sessions"),
        change(
            'route["example.org"]',
            "–",
            '{ domain = "example.org", host = "127.0.0.1:2525", username = "relay",'
            " password = •••• 5f1c22 }",
        ),
        change('route["*"].password', "•••• 09af31", "•••• 77be02"),
        change('destination["example.net"].tls', '"opportunistic"', '"verify"'),
        change("delivery.retry.expiry", '"5d"', '"1d"'),
        change("delivery.rate", "0.0", "2.5"),
        change("delivery.allow_networks", "[]", '["192.168.0.0/16", "10.0.0.0/8", "fd00::/8"]'),
    ),
    pending=(
        change('listener["127.0.0.1:1025"].tls', '"none"', '"starttls"', "restart"),
        change("spool.path", '"/var/spool/empath"', '"/srv/empath"', "restart"),
    ),
    impact=(
        *(
            impact(
                f"d{n:03}.example",
                "limits",
                "would go at 150/m (20 at once) instead of without a limit",
                900 - n,
            )
            for n in range(300)
        ),
        impact(
            "example.org",
            "route",
            "would go to 127.0.0.1:2525 instead of its MX hosts",
            37,
            recipients=41,
        ),
        impact(
            "example.net",
            "tls",
            'would need TLS "verify" instead of "opportunistic"; the last attempt met a self-signed'
            " certificate, so mail would be returned",
            12,
            warning=True,
            examples=1,
        ),
        impact(
            "example.net",
            "expiry",
            "would be returned unless the next attempt succeeds: older than 1d by then",
            4,
            recipients=9,
            warning=True,
        ),
        impact(
            "example.net",
            "expiry",
            "would be given up at the age of 1d instead of 5d",
            8,
            examples=0,
        ),
    ),
    examined=225_199,
)
"""Every group, every kind, warnings, what is alike at many places, and secrets."""

FAULTY = plan(
    faults=(
        ConfigFault(
            file="empath.toml",
            line=41,
            key="delivery.retry.base",
            sentence='must be at least 1s (got "0s"); durations are written "90s", "5m", "2h"',
        ),
        ConfigFault(file="empath.toml", line=None, key="", sentence="is not UTF-8"),
    ),
)

if __name__ == "__main__":
    write_plan(EVERYTHING)
