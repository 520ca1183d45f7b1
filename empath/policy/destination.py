"""What the config says about one destination: its ``[[destination]]`` sections, by domain.

A section for the domain itself counts before one for ``.example.org`` (its subdomains), that
before one for a shorter name, and ``*`` comes last; each setting is looked for on its own, so
a section leaves alone what it does not name.  Costs one look-up a label, however many
sections there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar, final

from empath.address import Domain
from empath.config.model import Config, Destination

T = TypeVar("T")

_ANY: Final = "*"


@final
class Destinations:
    """The ``[[destination]]`` sections of one config."""

    __slots__ = ("_by_domain",)

    def __init__(self, sections: Sequence[Destination]) -> None:
        self._by_domain = {section.domain.lower(): section for section in sections}

    def __repr__(self) -> str:
        return f"<Destinations {len(self._by_domain)}>"

    def of(self, domain: Domain) -> Iterator[Destination]:
        """The sections that speak of *domain*, the most specific first."""
        if self._by_domain:
            for key in keys(domain):
                if section := self._by_domain.get(key):
                    yield section

    def setting(self, domain: Domain, read: Callable[[Destination], T | None]) -> T | None:
        """The first thing that *read* finds in those sections, or None."""
        if not self._by_domain:
            return None
        for section in self.of(domain):
            value = read(section)
            if value is not None:
                return value
        return None


class DestinationsOf:
    """`Destinations` of the config in force, made anew when that is another one."""

    __slots__ = ("_config", "_destinations")

    def __init__(self) -> None:
        self._config: Config | None = None
        self._destinations = Destinations(())

    def __repr__(self) -> str:
        return f"<DestinationsOf {self._destinations}>"

    def __call__(self, config: Config) -> Destinations:
        """Those of *config*."""
        if config is not self._config:
            self._config, self._destinations = config, Destinations(config.destination)
        return self._destinations


def keys(domain: Domain) -> list[str]:
    """What a section for *domain* may be written as, the most specific first."""
    if domain.literal is not None:
        return [domain, _ANY]
    labels = domain.split(".")
    return [domain, *("." + ".".join(labels[n:]) for n in range(1, len(labels))), _ANY]
