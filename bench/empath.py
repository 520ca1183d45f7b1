"""Empath as it is measured: `empath serve` with its defaults and one route to the sink.

What differs from the defaults is named in `SETTINGS`, with its reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.encrypted import Certificate
from bench.processes import cpu_seconds
from tests.fakes.engine import Empath

SETTINGS: Final = """\
[inbound]
# The largest case sends 10 MB; Postfix's limit is raised as far.
message_size = "200MB"
"""


class EmpathServe(Empath):
    """An engine of which the CPU time can be asked."""

    def __init__(self, folder: Path, *, sink_port: int, encrypted: bool = False) -> None:
        made = Certificate(folder / "certificate", "empath.bench.example") if encrypted else None
        super().__init__(
            folder / "empath",
            settings=SETTINGS,
            next_hop=sink_port,
            certificate=(made.chain, made.key) if made else None,
        )

    def cpu_seconds(self) -> float:
        """CPU time since its start."""
        return cpu_seconds(self.pid)
