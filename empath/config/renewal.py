"""What a part of the engine makes ready for a new config before that is in force.

A part builds aside all that can fail, such as a TLS context, and hands back how it is taken;
taking it never fails and never waits.  What can go wrong: `RenewalRefused`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from empath.config.model import Config


class RenewalRefused(Exception):
    """A part cannot work with the new config; the message says why and what to do."""

    def __init__(self, key: str, sentence: str) -> None:
        """*key* is the setting that is to blame, by its place: ``listener[0].certificate``."""
        super().__init__(sentence)
        self.key = key
        self.all: tuple[RenewalRefused, ...] = (self,)
        """Itself, and what else was found to be wrong at the same time."""

    @classmethod
    def together(cls, refusals: Sequence[RenewalRefused]) -> RenewalRefused:
        """The first of several, that has them all."""
        first = refusals[0]
        first.all = tuple(each for one in refusals for each in one.all)
        return first


@dataclass(frozen=True, slots=True)
class Doubt:
    """What would keep the engine from starting with a config, or mail from going out with it, as
    things are now.
    """

    key: str
    """The setting that it is about, by its place: ``listener[0].bind``."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """What was built aside."""

    take: Callable[[], None]
    """Use it from now on; called in the turn of the loop in which the config is swapped."""
    renewed: tuple[str, ...] = ()
    """What changed though no setting did, such as the certificate in a file, a sentence each."""
    doubts: tuple[Doubt, ...] = ()


Renew = Callable[[Config, Config], Awaitable[Renewal]]
"""Build aside what the second config needs, while the first stays in force.

Raises `RenewalRefused`.
"""
