"""The config of an engine in memory: a plan, a view and a history that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from empath.control.link import (
    AppliedConfig,
    ApplyConfig,
    ConfigChange,
    ConfigHistory,
    ConfigVersion,
    ConfigView,
    GetConfig,
    ListConfigHistory,
    Plan,
    PlanConfig,
    Request,
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


@dataclass
class MemoryConfig:
    """What a `MemoryLink` answers about its config."""

    plan: Plan = PLAN
    view: ConfigView = VIEW
    versions: tuple[ConfigVersion, ...] = (FIRST,)
    version: int = field(default=1)
    unreadable: tuple[int, ...] = ()

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
                if not self.plan.faults and not getattr(request, "dry_run", False):
                    self.version += 1
                return AppliedConfig(version=self.version, plan=self.plan)
            case _:
                return None
