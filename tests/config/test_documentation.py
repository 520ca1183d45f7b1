"""The manual of the config, and the config that comes with Empath."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from empath.config.documentation import reference
from empath.config.fields import settings_of
from empath.config.load import load_config
from empath.config.model import Config, Mode, Section

ROOT = Path(__file__).parents[2]


def test_a_section_speaks_of_others_by_their_names() -> None:
    """Only what it says of itself is shortened."""
    manual = reference()
    assert "unless a `[[route]]` or `[[destination]]` says more" in manual
    assert "Mail that gets a class. It may be repeated;" in manual


def test_the_manual_is_what_the_model_says() -> None:
    """docs/CONFIGURATION.md is written by the model; write it anew when this fails."""
    written = subprocess.run(
        [sys.executable, "-m", "empath.config.documentation"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (ROOT / "docs/CONFIGURATION.md").read_text() == written


def _sections(section: type[Section]) -> list[type[Section]]:
    found = [section]
    for setting in settings_of(section):
        inner = setting.section or setting.repeated
        if inner is not None:
            found += _sections(inner)
    return found


@pytest.mark.parametrize("section", _sections(Config))
def test_every_setting_says_what_it_is_for_and_when_it_takes_effect(section: type[Section]) -> None:
    """A setting without a description or an effect has no line worth reading."""
    for setting in settings_of(section):
        if setting.section or setting.repeated:
            continue
        assert setting.effect is not None, setting.name
        assert setting.what.endswith("."), setting.name
        assert f"| `{setting.name}` |" in reference()


def test_the_config_that_comes_with_empath_runs_as_it_stands() -> None:
    """empath.toml is a dev relay on loopback, and says nothing but defaults."""
    assert load_config(ROOT / "empath.toml", environ={"HOME": "/h"}) == load_config(
        None, environ={"HOME": "/h"}
    )
    assert load_config(ROOT / "empath.toml").mode is Mode.DEV


def test_every_example_in_the_config_is_a_setting(tmp_path: Path) -> None:
    """What stands commented out in empath.toml loads once the comment sign is taken away."""
    text = re.sub(r"^# (\w+ = |\[\[)", r"\1", (ROOT / "empath.toml").read_text(), flags=re.M)
    assert "username = " in text
    (tmp_path / "tls").mkdir()
    for name in ("tls/fullchain.pem", "tls/privkey.pem", "smarthost-password.txt"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "empath.toml"
    path.write_text(text)
    config = load_config(path, environ={"HOME": "/h"})
    assert config.route[0].username == "relay@example.org"
    assert len(tomllib.loads(text)) == len(settings_of(Config))


def test_what_stands_as_a_default_in_the_config_is_the_default() -> None:
    """A commented value that is not marked as an example is what Empath does anyway."""
    text = (ROOT / "empath.toml").read_text()
    lines = [
        re.sub(r"^# (\w+ = )", r"\1", line)
        for line in text.splitlines()
        if not re.search(
            "example|tls = |certificate|key = |domain = |host = |username|password", line
        )
    ]
    uncommented = tomllib.loads("\n".join(line for line in lines if not line.startswith("# [[")))
    assert uncommented["delivery"]["retry"]["expiry"] == "5d"
    defaults = load_config(None, environ={"HOME": "/h"})
    path = ROOT / "empath.toml"
    from empath.config.load import parse_config

    spoken = parse_config("\n".join(lines), file=str(path), directory=ROOT, environ={"HOME": "/h"})
    assert spoken == defaults
