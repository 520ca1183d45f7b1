r"""The documents are tests: what the fenced blocks of a Markdown file mean when pytest runs it.

``console``: lines behind ``$ `` are run by bash and must succeed; the lines that follow are what
they print, where ``…`` stands for anything, over several lines where it stands alone.
``toml``: a config that loads.  ``python``: run, with what the document defined before.
Other blocks (``sh``, ``text``) are only read: they need a terminal, root or another machine.

A ``console`` or ``python`` block that speaks of port 1025 or of ``empathctl`` finds ``empath dev
--headless`` running, in a folder of the document's own; a free port stands for 1025.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, SkipParser

from tests.fakes.programs import ROOT, SEARCH, free_port

PORT: Final = "1025"
ANYTHING: Final = "…"
COMMAND_TIMEOUT: Final = 60


class Place:
    """The folder in which one document's examples run, and the engine they talk to."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="empath-doc-")
        self.path = Path(self._folder.name)
        self._engine: Any = None
        self.port = free_port()

    def prepare(self, source: str) -> None:
        """Have the dev relay running if *source* speaks of it."""
        if self._engine is None and (PORT in source or "empathctl" in source):
            from tests.fakes.engine import Empath

            self._engine = Empath(self.path, command=("dev", "--headless"), port=self.port)
            self._engine.start()

    def environment(self) -> Mapping[str, str]:
        """An environment in which our own commands are found and HOME is the scratch folder."""
        scripts = str(Path(sys.executable).parent)
        return os.environ | {
            "PATH": os.pathsep.join((scripts, SEARCH)),
            "HOME": str(self.path),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }

    def close(self) -> None:
        """Stop the engine and take the folder away."""
        if self._engine is not None:
            self._engine.stop()
        self._folder.cleanup()


def matches(expected: str, printed: str) -> bool:
    """Does *printed* look as *expected* says?  ``…`` stands for anything, blanks at ends for none.

    A line that is only ``…`` stands for any number of lines.
    """
    parts = []
    for line in expected.strip("\n").splitlines():
        if line.strip() == ANYTHING:
            parts.append(r"(?:.*\n)*")
        else:
            words = (re.escape(part.rstrip()) for part in line.rstrip().split(ANYTHING))
            parts.append(".*".join(words) + r"[ ]*\n")
    return re.fullmatch("".join(parts), printed.strip("\n") + "\n") is not None


def steps(source: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in source.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and line.startswith("> ") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError("a console block begins with a command behind '$ '")
    return [(command, "\n".join(lines)) for command, lines in found]


def _place(example: Example) -> Place:
    place: Place = example.namespace["_place"]
    return place


def run_console(example: Example) -> str | None:
    """Run the commands one after the other and compare what they print."""
    place = _place(example)
    place.prepare(str(example.parsed))
    for command, expected in steps(str(example.parsed)):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.replace(PORT, str(place.port))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=place.path,
            env=place.environment(),
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
        printed = done.stdout.replace(str(place.port), PORT)
        if done.returncode:
            return f"$ {command}\nended with {done.returncode}:\n{printed}"
        if expected.strip() and not matches(expected, printed):
            return f"$ {command}\nwas to print:\n{expected}\nbut printed:\n{printed}"
    return None


def run_python(example: Example) -> None:
    """Execute the block in the document's namespace."""
    place = _place(example)
    place.prepare(str(example.parsed))
    source = str(example.parsed).replace(PORT, str(place.port))
    code = compile("\n" * example.line + textwrap.dedent(source), example.path, "exec")
    exec(code, example.namespace)


def load_toml(example: Example) -> None:
    """Load the block as a config; every error of it fails the example."""
    from empath.config.load import load_config

    path = _place(example).path / "example.toml"
    path.write_text(str(example.parsed))
    path.chmod(0o600)
    load_config(path)


def _setup(namespace: dict[str, Any]) -> None:
    namespace["_place"] = Place()


def _teardown(namespace: dict[str, Any]) -> None:
    namespace["_place"].close()


class _Block(CodeBlockParser):
    """Blocks of one language."""

    def __init__(self, language: str, evaluator: Callable[[Example], str | None]) -> None:
        self.language = language
        super().__init__(language, evaluator)


sybil: Final = Sybil(
    path=str(ROOT),
    parsers=[
        _Block("console", run_console),
        _Block("python", run_python),
        _Block("toml", load_toml),
        SkipParser(),
    ],
    patterns=["*.md"],
    excludes=["news/*.md", ".*/*.md"],
    setup=_setup,
    teardown=_teardown,
)

__all__ = ["Document", "matches", "steps", "sybil"]
