"""The config of an engine in memory: a plan, a view and a history that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from empath.control.link import (
    AppliedConfig,
    ApplyConfig,
    CheckConfig,
    ConfigChange,
    ConfigFault,
    ConfigFaults,
    ConfigHistory,
    ConfigKey,
    ConfigKeys,
    ConfigText,
    ConfigValue,
    ConfigVersion,
    ConfigView,
    ConfigWatchView,
    DescribeConfig,
    GetConfig,
    GetWatch,
    KeepConfig,
    ListConfigHistory,
    NotFound,
    Plan,
    PlanConfig,
    ReadConfigText,
    ReadConfigVersion,
    Request,
    RequestRefused,
    RollBackConfig,
)

CHANGE = ConfigChange(key="delivery.retry.base", old='"5m"', new='"10m"', effect="live")
RESTART = ConfigChange(key="log.format", old='"text"', new='"json"', effect="restart")
PLAN = Plan(
    file="/etc/empath.toml",
    base=1,
    faults=(),
    changes=(CHANGE, RESTART),
    pending=(RESTART,),
    impact=(),
    examined=0,
    digest="d1",
)
FIRST = ConfigVersion(
    version=1, at=1_790_000_000.0, actor="start", reason="", source="start", changes=()
)
VIEW = ConfigView(
    file="/etc/empath.toml",
    version=1,
    applied_at=1_790_000_000.0,
    actor="start",
    text='mode = "relay"\n',
    pending=(RESTART,),
    drift=True,
)
TEXT = ConfigText(
    file="/etc/empath.toml",
    version=1,
    text='mode = "relay"\n\n[delivery.retry]\nbase = "10m"  # slow\n',
    digest="d1",
    running=True,
    writable=True,
)
WATCH = ConfigWatchView(
    watching=False,
    version=0,
    back_to=0,
    began_at=0.0,
    ends_at=0.0,
    now=1_790_003_600.0,
    actor="",
    outcome="",
    sentence="No config was put on trial since the start.",
)
KEYS = ConfigKeys(
    keys=(
        ConfigKey(
            key="delivery.retry.base",
            kind="duration, 1s to 1d",
            default='"5m"',
            effect="live",
            what="Wait before the second attempt; it doubles each time.",
        ),
    ),
    values=(ConfigValue(key="delivery.retry.base", running='"5m"', file='"10m"'),),
)


@dataclass
class MemoryConfig:
    """What a `MemoryLink` answers about its config."""

    plan: Plan = PLAN
    view: ConfigView = VIEW
    versions: tuple[ConfigVersion, ...] = (FIRST,)
    version: int = field(default=1)
    unreadable: tuple[int, ...] = ()
    text: ConfigText | str = TEXT
    """A sentence instead: why the file cannot be read."""
    texts: dict[int, str] = field(default_factory=dict)
    """Of earlier versions."""
    faults: tuple[ConfigFault, ...] = ()
    """What is found wrong with any text that is checked."""
    keys: ConfigKeys = KEYS
    watch: ConfigWatchView = WATCH

    def answer(self, request: Request[Any]) -> Any:
        """The reply; None to what is not about the config."""
        match request:
            case PlanConfig():
                return self.plan
            case GetConfig():
                return self.view
            case ListConfigHistory(limit=limit):
                return ConfigHistory(
                    versions=self.versions[:limit],
                    running=self.version,
                    unreadable=self.unreadable,
                )
            case ApplyConfig() | RollBackConfig():
                return self._applied(request)
            case ReadConfigText():
                if isinstance(self.text, str):
                    raise RequestRefused(self.text)
                return self.text
            case ReadConfigVersion(version=number):
                return self._version(number)
            case CheckConfig():
                changes = () if self.faults else self.plan.changes
                return ConfigFaults(faults=self.faults, changes=changes, digest=self.plan.digest)
            case DescribeConfig():
                return self.keys
            case GetWatch():
                return self.watch
            case KeepConfig(reason=reason):
                self.watch = msgspec.structs.replace(
                    self.watch, watching=False, outcome="kept", sentence=f"kept: {reason}"
                )
                return self.watch
            case _:
                return None

    def _version(self, number: int) -> ConfigText:
        shown = self.text if isinstance(self.text, ConfigText) else TEXT
        if number in (0, self.version):
            return shown
        if number not in self.texts:
            raise NotFound(f"There is no version {number} of the config.")
        text = self.texts[number]
        return msgspec.structs.replace(shown, version=number, text=text, running=False)

    def _applied(self, request: ApplyConfig | RollBackConfig) -> AppliedConfig:
        until = None
        if not self.plan.faults and not getattr(request, "dry_run", False):
            before, self.version = self.version, self.version + 1
            seconds = getattr(request, "watch", None)
            if seconds:
                until = self.watch.now + seconds
                self.watch = msgspec.structs.replace(
                    WATCH,
                    watching=True,
                    version=self.version,
                    back_to=before,
                    began_at=WATCH.now,
                    ends_at=until,
                    actor="root",
                    sentence="No mail was tried since.",
                )
        back = 0
        if isinstance(request, RollBackConfig):
            back = request.version or self.version - (not request.dry_run) - 1
        return AppliedConfig(
            version=self.version, plan=self.plan, watched_until=until, back_to=back
        )
