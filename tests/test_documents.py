"""The documents keep their word: the runner of examples, dependencies, the README's commands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.documents import matches, steps
from tests.fakes.programs import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")], key=lambda path: path.as_posix()
)


def requirements() -> set[str]:
    """The names of all distributions that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    return {re.split(r"[\[<>=;! ]", requirement)[0].lower() for requirement in asked} - {
        "empath-mta"
    }


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("250 Ok", "250 Ok\n"),
        ("250 … queued as …", "250 2.0.0 Ok: queued as 0197a8c0f3e41b2c\n"),
        ("first\n…\nlast", "first\nsecond\nthird\nlast\n"),
        ("first\n…\nlast", "first\nlast\n"),
        ("a.b", "a.b   \n"),
    ],
)
def test_an_ellipsis_stands_for_anything(expected: str, printed: str) -> None:
    """In an example `…` stands for the rest of a line, alone on a line for any lines."""
    assert matches(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [("250 Ok", "251 Ok"), ("a.b", "axb"), ("first\n…", "second\nfirst"), ("one", "one\ntwo")],
)
def test_what_is_printed_must_match(expected: str, printed: str) -> None:
    """An example that prints something else fails."""
    assert not matches(expected, printed)


def test_a_console_block_is_commands_with_their_output() -> None:
    """Lines behind `$ ` are commands, `> ` goes on with one, the rest is output."""
    block = "$ echo a\na\n$ cat <<END\n> b\n> END\nb"
    assert steps(block) == [("echo a", "a"), ("cat <<END\nb\nEND", "b")]


def test_every_dependency_says_why() -> None:
    """Each requirement in pyproject.toml has its line in docs/DEPENDENCIES.md."""
    told = (ROOT / "docs/DEPENDENCIES.md").read_text()
    assert [name for name in sorted(requirements()) if f"| `{name}` |" not in told] == []


def test_constraints_pin_every_dependency() -> None:
    """constraints.txt has an exact version, and nothing but a version, for each requirement."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin)] == []
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    assert sorted(requirements() - pinned) == []


def test_the_readme_has_exactly_two_setup_commands() -> None:
    """README.md holds one line to run the dev relay and one to run all tests."""
    readme = (ROOT / "README.md").read_text()
    commands = [line for line in readme.splitlines() if "pip install" in line]
    assert len(commands) == 2
    assert commands[0].endswith("empath dev")
    assert commands[1].endswith("pytest")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Every relative link and picture of a document exists."""
    prose = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)
    local = [
        target for target in targets if "://" not in target and not target.startswith("mailto")
    ]
    assert [target for target in local if not (document.parent / target).exists()] == []
