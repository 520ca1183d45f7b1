"""Problems and history of the config as rows of a table."""

from __future__ import annotations

import time
from typing import Final

from empath.control.link import ConfigFault, ConfigVersion
from tui.config_lines import fault_row, summary, who
from tui.config_work import ConfigWork
from tui.safety import safe
from tui.widgets.columns import Column
from tui.widgets.rows import Row

FAULTS: Final = (
    Column("line", "LINE", 5, right=True),
    Column("what", "WHAT", 20, share=1),
)
HISTORY: Final = (
    Column("version", "#", 5, right=True),
    Column("at", "WHEN", 11),
    Column("actor", "WHO", 8),
    Column("how", "HOW", 8, since=100),
    Column("what", "CHANGED", 12, share=5),
    Column("reason", "WHY", 8, share=1, since=72),
)


class FaultRows:
    """What is wrong, in the order of the lines."""

    def __init__(self, work: ConfigWork) -> None:
        self._work = work

    def __len__(self) -> int:
        return len(self._work.faults)

    def at(self, index: int | None) -> ConfigFault | None:
        """The fault in a row."""
        faults = self._work.faults
        return faults[index] if index is not None and 0 <= index < len(faults) else None

    def row(self, index: int) -> Row | None:
        """One fault as cells."""
        fault = self.at(index)
        if fault is None:
            return None
        line = "–" if fault.line is None else str(fault.line)
        said = fault.sentence if fault.line is not None else fault_row(fault)
        return Row(str(index), {"line": (f"✖{line:>4}", "bad"), "what": safe(said)})

    def find(self, id: str) -> int | None:
        """Where a row is."""
        return int(id) if int(id) < len(self) else None


class VersionRows:
    """What was in force, the newest first."""

    def __init__(self, work: ConfigWork) -> None:
        self._work = work

    def __len__(self) -> int:
        return len(self._work.versions)

    def at(self, index: int | None) -> ConfigVersion | None:
        """The version in a row."""
        versions = self._work.versions
        return versions[index] if index is not None and 0 <= index < len(versions) else None

    def row(self, index: int) -> Row | None:
        """One version as cells."""
        version = self.at(index)
        if version is None:
            return None
        running = self._work.view is not None and version.version == self._work.view.version
        return Row(
            str(version.version),
            {
                "version": (
                    f"{'● ' if running else ''}{version.version}",
                    "good" if running else "text",
                ),
                "at": (time.strftime("%m-%d %H:%M", time.localtime(version.at)), "muted"),
                "actor": safe(who(version.actor)),
                "how": (safe(version.source), "muted"),
                "what": summary(version),
                "reason": (safe(version.reason), "muted"),
            },
        )

    def find(self, id: str) -> int | None:
        """Where a version is."""
        for index, version in enumerate(self._work.versions):
            if str(version.version) == id:
                return index
        return None
