"""What a change of the config means for queued mail: one sentence for each kind of consequence.

Pure.  Two treatments of a destination are compared; what is the same for all destinations that
a config speaks of in the same words is found once (`Comparison` remembers it), so that ten
thousand destinations cost little.  What hangs on age and attempts is in `RetryChange`, which
says how, and for whom is counted where the messages are.

Silent on purpose: rules of priority and limits of reception (they hold for mail that comes),
and what concerns the relay as a whole, such as weights, windows and timeouts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from empath.address import Domain, IpAddress, ServerId
from empath.config.model import Config, Mode, OnTlsFailure, Retry
from empath.config.units import Duration
from empath.envelope import Priority
from empath.policy import shaping
from empath.policy.limiter import Rate
from empath.policy.retry import wait
from empath.policy.room import CLASSES
from empath.policy.source_address import Sources
from empath.policy.special_address import refused_address
from empath.policy.tls import Need
from empath.policy.treatment import Treatment, Treatments

SMTP: Final = 25
_HOSTS_NAMED: Final = 3


@final
@dataclass(frozen=True, slots=True)
class Consequence:
    """One kind of consequence for the mail of a destination."""

    what: str
    """``route``, ``tls``, ``login``, ``source``, ``limits``, ``sending``, ``mode``, ``spool``,
    ``expiry``, ``retry``, ``notice`` or ``inbox``."""
    sentence: str
    """What it would do, such as ``would go to 127.0.0.1:2525 instead of its MX hosts``."""
    warning: bool = False
    """It would fail, expire, wait or be deleted."""
    need: Need | None = None
    """What it would take for encryption, where that is stricter than before or elsewhere."""
    on_failure: OnTlsFailure = OnTlsFailure.FAIL


@final
class Comparison:
    """What changing from one config to another means for the mail of each destination."""

    def __init__(self, old: Config, new: Config) -> None:
        self._old, self._new = Treatments(old), Treatments(new)
        self._known: dict[object, tuple[Consequence, ...]] = {}
        self.retry = RetryChange(old.delivery.retry, new.delivery.retry)
        self.classes = _classes(old, new)
        """What it means for the classes of mail whose rate changes."""
        self.surplus = _surplus(old, new)
        """What it means for captured mail beyond the newest `dev.keep`."""
        self._restart = _restart(old, new)
        self._allowed = old.delivery.allow_networks, new.delivery.allow_networks

    def __repr__(self) -> str:
        return f"<Comparison known={len(self._known)}>"

    def of(self, destination: Domain, override: Sequence[ServerId] = ()) -> tuple[Consequence, ...]:
        """What it means for all mail of *destination*; *override* are the hosts that an operator
        put in the place of its own, which no config changes.
        """
        kind = (self._old.kind(destination), self._new.kind(destination), tuple(override))
        known = self._known.get(kind)
        if known is None:
            was, becomes = (
                treatments.of(destination, override) for treatments in (self._old, self._new)
            )
            known = self._known[kind] = (*self._restart, *consequences(was, becomes))
        return known

    def of_server(self, destination: Domain, address: IpAddress) -> Consequence | None:
        """What it means that the last server of *destination*, one that DNS named, has *address*:
        mail is refused for special addresses that `delivery.allow_networks` allows no more.
        """
        if self._allowed[0] == self._allowed[1] or not self._new.by_dns(destination):
            return None
        was, becomes = (refused_address(address, allow) for allow in self._allowed)
        if was is not None or becomes is None:
            return None
        sentence = (
            f"would not go to {address} any more, where it went last: no network of"
            f" delivery.allow_networks has this {becomes} address"
        )
        return Consequence("route", sentence, warning=True)


def consequences(was: Treatment, becomes: Treatment) -> tuple[Consequence, ...]:
    """What differs between two ways to treat the mail of one destination."""
    found = (
        _route(was, becomes),
        _tls(was, becomes),
        _login(was, becomes),
        _source(was, becomes),
        _limits(was, becomes),
        _sending(was, becomes),
    )
    return tuple(each for each in found if each is not None)


def _route(was: Treatment, becomes: Treatment) -> Consequence | None:
    before, after = was.hosts, becomes.hosts
    if before == after and (before or was.port == becomes.port):
        return None
    return Consequence("route", f"would go to {_hosts(becomes)} instead of {_hosts(was)}")


def _hosts(treatment: Treatment) -> str:
    hosts, port = treatment.hosts, treatment.port
    if not hosts:
        return "its MX hosts" if port == SMTP else f"port {port} of its MX hosts"
    named = ", ".join(f"{host}:{port}" for host, port in map(_bracketed, hosts[:_HOSTS_NAMED]))
    more = len(hosts) - _HOSTS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _bracketed(target: tuple[str, int]) -> tuple[str, int]:
    host, port = target
    return (f"[{host}]" if ":" in host and not host.startswith("[") else host), port


def _tls(was: Treatment, becomes: Treatment) -> Consequence | None:
    before, after = _asked(was), _asked(becomes)
    # Elsewhere nobody knows how it was: the last attempt speaks of another server.
    same_hosts = was.hosts == becomes.hosts
    need = becomes.needs[0]
    if before != after:
        sentence = f"would need TLS {_either(after)} instead of {_either(before)}"
        judged = need if same_hosts and need.required else None
        return Consequence("tls", sentence, need=judged, on_failure=becomes.on_failure)
    if was.on_failure is becomes.on_failure or not need.required:
        return None
    sentence = f"would {_UNMET[becomes.on_failure]} where TLS {_either(after)} is not met"
    judged = need if same_hosts else None
    return Consequence("tls", sentence, need=judged, on_failure=becomes.on_failure)


_UNMET: Final = {
    OnTlsFailure.FAIL: "be returned instead of waiting",
    OnTlsFailure.DEFER: "wait instead of being returned",
}


def _asked(treatment: Treatment) -> tuple[str, ...]:
    """What is asked of the hosts, each once; who asked for it changes nothing."""
    return tuple(dict.fromkeys(map(_spelled, treatment.needs)))


def _spelled(need: Need) -> str:
    return f'"{need.policy}"' + (" from the first octet" if need.implicit else "")


def _either(asked: Sequence[str]) -> str:
    return " or ".join(asked)


def _login(was: Treatment, becomes: Treatment) -> Consequence | None:
    (before, secret), (after, other) = was.logins[0], becomes.logins[0]
    if before != after:
        name = f'as "{after}"' if after else "without a user name"
        old = f'"{before}"' if before else "without one"
        return Consequence("login", f"would log in {name} instead of {old}")
    if secret != other and after:
        return Consequence("login", f'would log in as "{after}" with another password')
    return None


def _source(was: Treatment, becomes: Treatment) -> Consequence | None:
    before, after = was.sources[0], becomes.sources[0]
    if before == after:
        return None
    return Consequence("source", f"would come from {_from(after)} instead of {_from(before)}")


def _from(sources: Sources) -> str:
    return " or ".join(filter(None, sources)) or "an address that the system chooses"


def _limits(was: Treatment, becomes: Treatment) -> Consequence | None:
    said = []
    if was.most != becomes.most:
        said.append(f"go in at most {_at_once(becomes.most)} instead of {was.most:,}")
    before, after = _pace(was.rate), _pace(becomes.rate)
    if before != after:
        said.append(f"go {after} instead of {before}")
    return Consequence("limits", f"would {'; and '.join(said)}") if said else None


def _at_once(most: int) -> str:
    return f"{most:,} attempt{'' if most == 1 else 's'} at once"


def _pace(rate: Rate | None) -> str:
    if rate is None:
        return "without a limit"
    return f"at {rate.shown} ({rate.burst:,} at once)"


def _sending(was: Treatment, becomes: Treatment) -> Consequence | None:
    said = []
    if was.hostname != becomes.hostname:
        said.append(f"be sent under the name {becomes.hostname} instead of {was.hostname}")
    if was.pipelining != becomes.pipelining:
        said.append(f"be sent {'with' if becomes.pipelining else 'without'} pipelining")
    if was.chunking != becomes.chunking:
        said.append(f"be sent by {'BDAT' if becomes.chunking else 'DATA'}")
    return Consequence("sending", f"would {' and '.join(said)}") if said else None


def _restart(old: Config, new: Config) -> tuple[Consequence, ...]:
    """What it means for all mail once the engine is restarted."""
    if old.spool.path != new.spool.path:
        # Whatever the mode will be: nobody looks at this queue any more.
        sentence = (
            f"would stay behind in {old.spool.path} after the restart, which takes the queue in"
            f" {new.spool.path}: move the folder while the engine is stopped"
        )
        return (Consequence("spool", sentence, warning=True),)
    if old.mode is new.mode or new.mode is not Mode.DEV:
        return ()
    sentence = (
        "would wait after the restart: dev mode sends nothing; until then it goes as this config"
        " says otherwise, such as of routes"
    )
    return (Consequence("mode", sentence, warning=True),)


def _surplus(old: Config, new: Config) -> Consequence | None:
    before = old.dev.keep if old.mode is Mode.DEV else 0
    if not new.dev.keep or 0 < before <= new.dev.keep or Mode.DEV not in (old.mode, new.mode):
        return None
    sentence = f"would be deleted for good: dev.keep leaves the newest {new.dev.keep:,} of all"
    return Consequence("inbox", sentence, warning=True)


def _classes(old: Config, new: Config) -> Mapping[Priority, Consequence]:
    rates, others = shaping.class_rates(old.delivery), shaping.class_rates(new.delivery)
    return {
        each: Consequence(
            "limits",
            f"{each.word} mail would go {_pace(others.get(each))}"
            f" instead of {_pace(rates.get(each))}, over all destinations",
        )
        for each in CLASSES
        if rates.get(each) != others.get(each)
    }


@final
@dataclass(frozen=True, slots=True)
class RetryChange:
    """What other rules of retrying mean for queued mail.  When it is tried next stays as it is."""

    old: Retry
    new: Retry

    @property
    def ends(self) -> bool:
        """When mail is given up changes."""
        return (self.old.expiry, self.old.attempts) != (self.new.expiry, self.new.attempts)

    @property
    def notices(self) -> bool:
        """When senders are told of a delay changes."""
        return self.old.delay_notice != self.new.delay_notice

    @property
    def waits(self) -> bool:
        """How long mail waits between attempts changes; the jitter is not worth a word."""
        old, new = self.old, self.new
        return (old.base, old.factor, old.cap) != (new.base, new.factor, new.cap)

    def moved(self) -> Iterator[tuple[int, int]]:
        """The numbers of attempts made so far for which the wait after the next is another one,
        each with 1 where it is longer and -1 where it is shorter.
        """
        if not self.waits:
            return
        for made in range(max(self.old.attempts, self.new.attempts)):
            before, after = wait(self.old, made + 1), wait(self.new, made + 1)
            if before != after:
                yield made, 1 if after > before else -1

    def given_up(self) -> Consequence:
        """For mail that its next deferral would end, and would not have before."""
        said = []
        if self.new.expiry < self.old.expiry:
            said.append(f"older than {Duration(self.new.expiry)} by then")
        if self.new.attempts < self.old.attempts:
            said.append(f"tried {_counted(self.new.attempts, 'time')} or more by then")
        sentence = f"would be returned unless the next attempt succeeds: {' or '.join(said)}"
        return Consequence("expiry", sentence, warning=True)

    def kept(self) -> Consequence:
        """For mail that its next deferral would have ended."""
        return Consequence("expiry", f"would be tried on instead of being returned: {self._now()}")

    def otherwise(self) -> Consequence:
        """For all other mail, when the end changes."""
        return Consequence("expiry", f"would be given up {self._now()}")

    def _now(self) -> str:
        said = []
        if self.new.expiry != self.old.expiry:
            said.append(f"at the age of {self.new.expiry} instead of {self.old.expiry}")
        if self.new.attempts != self.old.attempts:
            after = _counted(self.new.attempts, "attempt")
            said.append(f"after {after} instead of {self.old.attempts:,}")
        return " or ".join(said)

    def waiting(self, *, longer: bool) -> Consequence:
        """For mail that would wait another time after its next deferral."""
        how = "longer" if longer else "shorter"
        sentence = f"would wait {how} after the next attempt; when that is stays as it is"
        return Consequence("retry", sentence)

    def noticed(self) -> Consequence:
        """For mail whose sender would be told of the delay, and would not have been yet."""
        return Consequence(
            "notice",
            "would have its sender told of the delay when it is deferred next: older than"
            f" {self.new.delay_notice} by then",
        )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
