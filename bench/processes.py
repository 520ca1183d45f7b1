"""What processes cost, read from /proc: CPU time and memory of a process and its children.

Children that have ended are counted by their parent once it has waited for them, so the
sum over the living tree is complete but for a child that ended a moment ago.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """*root* and everything below it that lives."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children[int(_stat(int(entry.name))[1])].append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [root]
    for pid in found:
        found.extend(children[pid])
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of *root*, of all it started, and of those of them that ended."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(int(field) for field in _stat(pid)[11:15])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / _TICK


def peak_memory(pid: int) -> int:
    """The most resident memory the process has had, in octets (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def forget_peak(pid: int) -> None:
    """Set the process's peak back to what it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def run_delay(pid: int | str) -> float:
    """Seconds for which the first thread of a process was ready to run and had no processor."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0  # a kernel without the figure
