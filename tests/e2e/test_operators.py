"""An operator steps in, from the command line, at a running engine with real next hops."""

from __future__ import annotations

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest

from empath.cli.exit_codes import ExitCode
from empath.control.link import GetStatus, ListQueue
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, SmtpSink, free_port, until


def send(port: int, recipient: str) -> None:
    """Send one small message."""
    with smtplib.SMTP(LOOPBACK, port, timeout=30) as client:
        client.sendmail("ada@from.test", [recipient], "Subject: x\r\n\r\nx\r\n")


def ctl(relay: Empath, *words: str) -> str:
    """Run ``empathctl``, which must do as it was told; what it printed."""
    done = relay.ctl(*words)
    assert done.returncode == ExitCode.OK, done.stderr
    return done.stdout


def queued(relay: Empath, state: str) -> list[Any]:
    """What waits in that state."""
    return list(relay.ask(ListQueue(query=f"state:{state}")).items)


@pytest.mark.tools("smtp-sink")
def test_mail_for_a_dead_next_hop_is_rerouted_and_returned(tmp_path: Path) -> None:
    """Three messages wait for a server that is down: one is sent elsewhere by id, one with its
    destination, one is returned to its sender; all is counted first, holds over a restart, and
    is on record.
    """
    with SmtpSink() as sink:
        hop = f"{LOOPBACK}:{sink.port}"
        relay = Empath(tmp_path, next_hop=free_port())
        with relay:
            for domain in ("one.test", "two.test", "three.test"):
                send(relay.port, f"bob@{domain}")
            until("all were tried", lambda: len(queued(relay, "deferred")) == 3, within=20)
            waiting = {item.destination: item.id for item in queued(relay, "deferred")}

            dry = ctl(relay, "queue", "reroute", waiting["one.test"], "--to", hop, "--dry-run")
            assert dry.startswith("1 message (1 recipient) would be touched.")
            assert len(queued(relay, "deferred")) == 3
            ctl(relay, "queue", "reroute", waiting["one.test"], "--to", hop, "--reason", "backup")
            until("the sink has it", lambda: sink.messages == 1, within=20)

            expires = ("--expires", "1h", "--reason", "they move")
            ctl(relay, "destination", "reroute", "two.test", "--to", hop, *expires)
            assert f"re-routed to {hop}" in ctl(relay, "destination", "list-gates")
            assert f"is re-routed to {hop}" in ctl(relay, "queue", "view", waiting["two.test"])
            assert f"re-routed it to {hop} until" in ctl(relay, "why", waiting["two.test"])
        with Empath(tmp_path, next_hop=free_port(), port=relay.port) as relay:
            ctl(relay, "queue", "flush", "two.test", "--reason", "now")
            until("the sink has it", lambda: sink.messages == 2, within=20)

            ctl(relay, "destination", "reroute", "from.test", "--to", hop)
            words = ("-q", "dest:three.test", "--yes", "--status", "5.4.4", "--reason", "gone")
            ctl(relay, "queue", "bounce", *words)
            until("the sender was told", lambda: sink.messages == 3, within=20)
            assert relay.ask(GetStatus()).messages == 0
            view = ctl(relay, "queue", "view", waiting["three.test"])
            assert (
                "550 5.4.4 The operator of empath.example.test returns this message: gone" in view
            )
            assert "was bounced by" in ctl(relay, "why", waiting["three.test"])

            record = [one["record"] for one in json.loads(ctl(relay, "record", "--json"))]
            assert [(one["action"], one.get("reason", "")) for one in record] == [
                ("bounce", "gone"),
                ("reroute", ""),
                ("flush", "now"),
                ("reroute", "they move"),
                ("reroute", "backup"),
            ]
            assert "they move" in ctl(relay, "record")
