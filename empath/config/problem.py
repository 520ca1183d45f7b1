"""What is wrong with a config: each thing as a value, all of them in one error.

A problem names the file, the line and the key, and its sentence says what to write instead.
No problem ever shows a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong, and what to do about it."""

    file: str
    """The config file, as the operator named it."""
    line: int | None
    """Counted from 1; None when the problem is not at a line."""
    key: str
    """The key path, such as ``listener[0].bind``; empty when it is the file's own problem."""
    sentence: str
    together: bool = field(default=False, compare=False)
    """The value can be read, and does not go with others: they may have to change in one go."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.sentence}" if self.key else f"{place}: {self.sentence}"


class ConfigUnusable(Exception):
    """The config cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
