"""SMTP-RULES 3.6 from end to end: a priority goes through two relays and stays what it was."""

from __future__ import annotations

import json
import smtplib
import subprocess
from pathlib import Path

import pytest

from empath.control.link import GetStatus, ListQueue, MessageView, ViewMessage
from empath.events import OperatorActed
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, free_port, program, until


def arrived(relay: Empath) -> MessageView:
    """The one message that a relay has captured."""
    until("it arrives", lambda: relay.ask(GetStatus()).messages == 1, within=20)
    (item,) = relay.ask(ListQueue()).items
    view: MessageView = relay.ask(ViewMessage(id=item.id))
    return view


@pytest.mark.parametrize(("number", "word"), [(6, "critical"), (-3, "low")])
def test_mt_priority_goes_all_the_way(tmp_path: Path, number: int, word: str) -> None:
    """3.6-1a, 3.6-2a: what a client asks of one relay is what the next relay is told."""
    with (
        Empath(tmp_path / "last") as last,
        Empath(tmp_path / "first", next_hop=last.port) as first,
    ):
        with smtplib.SMTP(LOOPBACK, first.port, timeout=20) as client:
            client.sendmail(
                "a@example.test",
                ["b@example.test"],
                b"Subject: x\r\n\r\nx\r\n",
                mail_options=[f"MT-PRIORITY={number}"],
            )
        view = arrived(last)
        assert view.priority == word
        assert not [name for name, _ in view.headers if name.lower() == "mt-priority"]


@pytest.mark.tools("swaks")
def test_swaks_sends_a_field(tmp_path: Path) -> None:
    """3.6-5a, 3.6-5b: a field from a server without MT-PRIORITY counts, and ends here."""
    with Empath(tmp_path) as relay:
        done = subprocess.run(
            [
                program("swaks"), "--server", f"{LOOPBACK}:{relay.port}",
                "--from", "a@example.test", "--to", "b@example.test",
                "--add-header", "MT-Priority: 6",
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert "250 MT-PRIORITY" in done.stdout
        assert "250-SIZE 50000000" in done.stdout
        view = arrived(relay)
        assert view.priority == "critical"
        assert "MT-Priority" not in dict(view.headers)


def test_a_client_that_is_not_trusted(tmp_path: Path) -> None:
    """3.6-4b: smtplib is told 2.3.6 by a relay that trusts nobody, and its mail is normal."""
    settings = "[priority]\ntrusted = []\n"
    with Empath(tmp_path, settings=settings) as relay:
        with smtplib.SMTP(LOOPBACK, relay.port, timeout=20) as client:
            client.ehlo()
            assert client.has_extn("mt-priority")
            code, text = client.mail("a@example.test", ["MT-PRIORITY=6"])
            assert (code, text.startswith(b"2.3.6 0 ")) == (250, True)
            client.rcpt("b@example.test")
            assert client.data(b"MT-Priority: 9\r\nSubject: x\r\n\r\nx\r\n")[0] == 250
        view = arrived(relay)
        assert view.priority == "normal"
        assert [name for name, _ in view.headers] == ["Received", "Subject"]


def test_the_operator_changes_a_priority(tmp_path: Path) -> None:
    """3.6-3: `empathctl queue priority` is seen in list, view and timeline, and is relayed."""
    port = free_port()
    with Empath(tmp_path / "first", next_hop=port) as first:
        with smtplib.SMTP(LOOPBACK, first.port, timeout=20) as client:
            client.sendmail("a@example.test", ["b@example.test"], b"Subject: x\r\n\r\nx\r\n")
        until("it is deferred", lambda: first.ask(GetStatus()).deferred == 1, within=20)
        (item,) = first.ask(ListQueue()).items
        done = first.ctl("queue", "priority", item.id, "high")
        assert (done.returncode, done.stdout) == (0, "1 message (1 recipient) now high.\n")
        listed = json.loads(first.ctl("queue", "list", "--json").stdout)
        assert listed[0]["priority"] == "high"
        assert " high " in first.ctl("queue", "list").stdout
        shown = first.ctl("queue", "view", item.id).stdout
        assert "priority by " in shown
        view = first.ask(ViewMessage(id=item.id))
        (event,) = [each for each in view.timeline if isinstance(each, OperatorActed)]
        assert (event.action, event.reason) == ("priority", "high")
        with Empath(tmp_path / "last", port=port) as last:
            assert first.ctl("queue", "flush").returncode == 0
            assert arrived(last).priority == "high"
