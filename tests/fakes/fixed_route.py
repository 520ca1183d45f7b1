"""A route finder without DNS: real config routes to servers on loopback."""

from __future__ import annotations

from empath.address import BannerHostname, ServerId
from empath.config.model import Config, Delivery, Mode, Route, Tls
from empath.config.units import Duration, Secret
from empath.delivery.route import RouteFinder
from empath.policy.answer import NoSuchRecord


class NoDns:
    """A resolver that knows nothing; fixed routes to addresses need none."""

    async def mail_exchangers(self, domain: object) -> NoSuchRecord:
        return NoSuchRecord(ttl=60)

    async def addresses_v4(self, host: object) -> NoSuchRecord:
        return NoSuchRecord(ttl=60)

    async def addresses_v6(self, host: object) -> NoSuchRecord:
        return NoSuchRecord(ttl=60)


def routed(port: int, *, tls: Tls | None = None, username: str = "", **delivery: object) -> Config:
    """A config that sends all mail to *port* of 127.0.0.1."""
    settings: dict[str, object] = {
        "connect_timeout": Duration(5),
        "command_timeout": Duration(5),
        "content_timeout": Duration(5),
        "final_timeout": Duration(5),
    }
    return Config(
        mode=Mode.RELAY,
        hostname=BannerHostname("empath.test"),
        route=(
            Route(
                domain="*",
                host=ServerId(f"127.0.0.1:{port}"),
                tls=tls,
                username=username,
                password=Secret("hunter2"),
            ),
        ),
        delivery=Delivery(**{**settings, **delivery}),  # type: ignore[arg-type]
    )


def finder(config: Config) -> RouteFinder:
    """A finder that follows *config*."""
    return RouteFinder(resolver=NoDns(), config=lambda: config)
