"""What a plan says about the mail in the queue of a running engine."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK

ROUTE = """
[[route]]
domain = "net.test"
host = "127.0.0.1:2525"
username = "relay"
password = "hidden in no plan"
tls = "starttls"
"""


@pytest.fixture
def empath(tmp_path: Path) -> Iterator[Empath]:
    """An engine that has captured 37 messages for one domain and one for another."""
    engine = Empath(tmp_path / "engine")
    engine.start()
    engine.config.chmod(0o600)  # It will hold a password.
    try:
        with smtplib.SMTP(LOOPBACK, engine.port, timeout=10) as client:
            for number in range(37):
                client.sendmail("a@from.test", f"u{number}@net.test", "Subject: x\r\n\r\nx")
            client.sendmail("a@from.test", "u@other.test", "Subject: x\r\n\r\nx")
        yield engine
    finally:
        engine.stop()


def test_a_route_change_that_touches_37_messages_shows_37(empath: Empath, tmp_path: Path) -> None:
    """In the plan of a file that is not in force yet; its password is nowhere."""
    other = tmp_path / "other.toml"
    other.write_text(empath.config.read_text() + ROUTE)
    other.chmod(0o600)
    done = empath.ctl("config", "diff", str(other))
    assert done.returncode == 0
    assert "Queued mail  38 messages looked at\n  net.test\n" in done.stdout
    assert "37 messages would go to 127.0.0.1:2525 instead of its MX hosts" in done.stdout
    assert "other.test" not in done.stdout
    assert "hidden" not in done.stdout
    [route, *_] = json.loads(empath.ctl("config", "diff", str(other), "--json").stdout)["impact"]
    assert (route["destination"], route["what"], route["messages"]) == ("net.test", "route", 37)
    assert len(route["examples"]) == 3


def test_a_dry_run_changes_nothing_and_the_reload_does(empath: Empath) -> None:
    """The plan again, then the same changes as a fact."""
    empath.config.write_text(empath.config.read_text() + ROUTE)
    dry = empath.ctl("config", "reload", "--dry-run")
    assert "37 messages would go to" in dry.stdout
    assert "37 messages would go to" in empath.ctl("config", "diff").stdout
    done = empath.ctl("config", "reload")
    assert done.returncode == 0
    assert done.stdout.endswith("Version 2 is in force, with 1 change.\n")
    assert empath.ctl("config", "diff").stdout.endswith("no change to version 2\n")
