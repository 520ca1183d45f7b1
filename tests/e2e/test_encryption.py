"""Encryption and figures as an operator sees them, with `empath serve` in a process of its own."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.request
from pathlib import Path

from empath.control.link import GetStatus
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, free_port, until


def asked(url: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_mail_that_needs_encryption_is_returned_and_counted(tmp_path: Path) -> None:
    """A host without a name to verify gets nothing; tls list, the queue and /metrics say why."""
    port = free_port()
    settings = f"""
[metrics]
bind = "{LOOPBACK}:{port}"
[dns]
timeout = "2s"
[delivery]
allow_networks = ["127.0.0.0/8"]
[[destination]]
domain = "[127.0.0.2]"
tls = "verify"
"""
    with Empath(tmp_path, settings=settings, mode="relay") as relay:
        assert asked(f"http://{LOOPBACK}:{port}/health/ready") == (200, "The engine takes mail.\n")
        with smtplib.SMTP(LOOPBACK, relay.port, timeout=20) as client:
            client.sendmail("", ["b@[127.0.0.2]"], b"Subject: x\r\n\r\nx\r\n")
        until("a bounce", lambda: relay.ask(GetStatus()).bounced == 1, within=20)
        [row] = json.loads(relay.ctl("tls", "list", "--json").stdout)
        assert row["failures"] == {"certificate-host-mismatch": 1}
        assert (row["policy"], row["source"]) == ("verify", "destination")
        text = asked(f"http://{LOOPBACK}:{port}/metrics")[1]
        failures = "empath_tls_handshake_failures_total"
        assert f'{failures}{{domain="[127.0.0.2]",policy="verify"}} 1.0' in text
        assert 'empath_recipients_total{result="failed"} 1.0' in text
        assert "empath_messages_accepted_total 1.0" in text
