"""What an operator may ask about the config: what is in force, a plan, its execution, its past."""

from __future__ import annotations

from msgspec import Struct

from empath.address import Domain
from empath.control.request import Reply, Request
from empath.envelope import MessageId


class ConfigChange(Struct, frozen=True, kw_only=True):
    """One setting that a plan changes, values as they are written in TOML, secrets never."""

    key: str
    """Such as ``delivery.retry.base`` or ``route["example.org"].host``."""
    old: str
    """``–`` where there is none."""
    new: str
    effect: str
    """``live``, ``new sessions`` or ``restart``."""


class ConfigFault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a config."""

    file: str
    line: int | None
    key: str
    sentence: str


class QueueImpact(Struct, frozen=True, kw_only=True):
    """What a plan does to queued mail of one destination."""

    destination: Domain
    what: str
    """``route``, ``tls``, ``limits``, ``expiry``, ``inbox``, …: one kind of consequence."""
    messages: int
    recipients: int
    sentence: str
    """Such as ``would go to 127.0.0.1:2525 instead of its MX hosts``."""
    warning: bool
    """It would fail, expire, wait or be deleted, judged by what is known."""
    examples: tuple[MessageId, ...]
    """Three at most."""


class Plan(Reply, frozen=True):
    """What a config would do, before it is a fact."""

    file: str
    base: int
    """The version in force that this plan starts from."""
    faults: tuple[ConfigFault, ...]
    """Everything that is wrong with it; a plan with faults changes nothing."""
    changes: tuple[ConfigChange, ...]
    pending: tuple[ConfigChange, ...]
    """What is not in force until a restart, from this plan or an earlier one."""
    impact: tuple[QueueImpact, ...]
    """The largest first; at most a thousand."""
    examined: int
    """Queued messages that were looked at."""
    digest: str
    """Names the text that was planned: `ApplyConfig` refuses another one."""
    warnings: tuple[ConfigFault, ...] = ()
    """What would keep the engine from starting with it, as things are now, such as a port that
    another program has, or its mail from going out: nothing is refused for it."""
    renewed: tuple[str, ...] = ()
    """What changes though no setting does, such as the certificate in a file."""


class PlanConfig(Request[Plan], frozen=True):
    """What would this config do?  Without *text*, the file on disk."""

    route = "config/plan"
    operators_only = True
    text: str | None = None


class AppliedConfig(Reply, frozen=True):
    """A config that is in force now, or nothing new: then `version` is what was."""

    version: int
    plan: Plan
    held: float = 0.0
    """Seconds for which the swap held the event loop: the one turn in which nothing else ran."""
    watched_until: float | None = None
    """It is on trial until then; see `ApplyConfig.watch`."""
    back_to: int = 0
    """The earlier version that it is, or with `dry_run` would be, where one goes back."""
    again: int = 0
    """What was gone back from without a number is this version, since a trial failed: `back_to`
    comes before it."""


class ApplyConfig(Request[AppliedConfig], frozen=True):
    """Put a config in force.  Without *text* the file on disk; with it, the file is written too."""

    route = "config/apply"
    changes = True
    text: str | None = None
    expect: str | None = None
    """The digest of the plan that was seen; refused when the text has changed since."""
    reason: str = ""
    watch: float | None = None
    """Seconds, 5 to 3600, for which the engine watches its own health and goes back by itself if
    it is worse off than before; see `GetWatch`, `KeepConfig`."""


class ConfigView(Reply, frozen=True):
    """The config in force."""

    file: str
    version: int
    applied_at: float
    actor: str
    text: str
    """All settings as TOML, with a placeholder for each secret, so that it is a text that can be
    planned and applied; with `written_only`, those not default."""
    pending: tuple[ConfigChange, ...]
    drift: bool
    """The file on disk says something else than what was put in force."""
    digest: str = ""
    """Names the text of the file, as `ConfigText.digest` does; empty where it cannot be read."""
    history: str = ""
    """Names the history of this engine, whatever the engine is called; the same after a restart."""


class GetConfig(Request[ConfigView], frozen=True):
    """What is in force?"""

    route = "config"
    written_only: bool = False


class ConfigVersion(Struct, frozen=True, kw_only=True):
    """One config that was in force."""

    version: int
    at: float
    actor: str
    reason: str
    source: str
    """``start``, ``reload``, ``signal``, ``watcher``, ``edit`` or ``rollback``."""
    changes: tuple[ConfigChange, ...]
    """In a list of versions the newest 10,000 changes of all, values cut to 1,000 characters."""
    more: int = 0
    """Changes that are left out."""
    back_to: int = 0
    """The earlier version that a rollback went back to."""


class ConfigHistory(Reply, frozen=True):
    """The configs that were in force, newest first."""

    versions: tuple[ConfigVersion, ...]
    running: int
    unreadable: tuple[int, ...] = ()
    """Versions between these whose records are damaged: one cannot go back to them."""


class ListConfigHistory(Request[ConfigHistory], frozen=True):
    """Which configs were in force, since when, through whom?"""

    route = "config/history"
    limit: int = 20


class RollBackConfig(Request[AppliedConfig], frozen=True):
    """Write an earlier version to the file and put it in force; 0 is the one before this."""

    route = "config/rollback"
    changes = True
    version: int = 0
    reason: str = ""
    dry_run: bool = False
    """Only the plan; nothing is written."""
