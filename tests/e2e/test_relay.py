"""Mail in, mail out, against Postfix's smtp-source and smtp-sink (issue 2, acceptance 2 and 3)."""

from __future__ import annotations

import json
import re
import smtplib
import subprocess
from pathlib import Path

import pytest

from empath.control.link import GetStatus, ListQueue
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, SmtpSink, free_port, program, smtp_source, until

COUNT = 1000
PATIENT = """\
[delivery.retry]
base = "1h"
"""


@pytest.mark.tools("swaks")
def test_swaks_sends_and_the_operator_sees_it(tmp_path: Path) -> None:
    """`swaks` gets "queued as ID" and `empathctl queue view ID` shows envelope and headers."""
    with Empath(tmp_path, command=("dev", "--headless")) as relay:
        done = subprocess.run(
            [
                program("swaks"), "--server", f"{LOOPBACK}:{relay.port}",
                "--from", "a@example.test", "--to", "b@example.test",
                "--header", "Subject: Hello from swaks",
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        found = re.search(r"250 2\.0\.0 Ok: queued as ([0-9a-f]{16})", done.stdout)
        assert found, done.stdout
        view = relay.ctl("queue", "view", found[1])
        assert view.returncode == 0, view.stderr
        for shown in ("a@example.test", "b@example.test", "Hello from swaks", "Received", "held"):
            assert shown in view.stdout, view.stdout
        as_json = json.loads(relay.ctl("queue", "view", found[1], "--json").stdout)
        assert found[1] in json.dumps(as_json)


@pytest.mark.tools("smtp-sink", "smtp-source")
@pytest.mark.parametrize("reuse", [False, True], ids=["a connection each", "connections reused"])
def test_all_that_is_accepted_is_delivered(tmp_path: Path, *, reuse: bool) -> None:
    """A thousand messages of twenty senders all arrive at the next hop, each once."""
    with SmtpSink() as sink, Empath(tmp_path, next_hop=sink.port) as relay:
        smtp_source(relay.port, messages=COUNT, reuse=reuse)
        until("the sink has them", lambda: sink.messages >= COUNT, within=60)
        until("the queue is empty", lambda: relay.ask(GetStatus()).messages == 0, within=20)
        status = relay.ask(GetStatus())
        assert (status.accepted, status.delivered, sink.messages) == (COUNT, COUNT, COUNT)


@pytest.mark.tools("smtp-sink", "smtp-source")
def test_deferred_mail_waits_with_its_reason_and_drains(tmp_path: Path) -> None:
    """While the next hop answers 4xx mail stays queued with its reply; then it drains."""
    port = free_port()
    with Empath(tmp_path, settings=PATIENT, next_hop=port) as relay:
        with SmtpSink("-r", "RCPT", "-b", "450 4.2.0 Come back later", port=port):
            smtp_source(relay.port, messages=COUNT)
            until("all are deferred", lambda: relay.ask(GetStatus()).deferred == COUNT, within=60)
            page = relay.ask(ListQueue(query="state:deferred", limit=20))
            assert page.matched == COUNT
            assert all("450 4.2.0 Come back later" in item.last_reply for item in page.items)
            listed = relay.ctl("queue", "list", "--json")
            assert "Come back later" in listed.stdout, listed.stderr
        with SmtpSink(port=port) as sink:
            assert relay.ctl("queue", "flush").returncode == 0
            until("the sink has them", lambda: sink.messages >= COUNT, within=60)
            until("the queue is empty", lambda: relay.ask(GetStatus()).messages == 0, within=20)
            assert sink.messages == COUNT


@pytest.mark.tools("smtp-sink", "smtp-source")
def test_refused_mail_is_reported_once_each(tmp_path: Path) -> None:
    """When the next hop answers 5xx each message makes one notification, and no more."""
    count = 200
    with SmtpSink("-f", "RCPT", "-B", "550 5.1.1 No such user") as refusing, SmtpSink() as home:
        back = f'[[route]]\ndomain = "home.test"\nhost = "{LOOPBACK}:{home.port}"\ntls = "none"\n'
        with Empath(tmp_path, settings=back, next_hop=refusing.port) as relay:
            smtp_source(relay.port, messages=count, sender="ada@home.test", recipient="b@away.test")
            until("the reports arrive", lambda: home.messages >= count, within=60)
            until("the queue is empty", lambda: relay.ask(GetStatus()).messages == 0, within=20)
            assert home.messages == count
            assert refusing.messages == 0
            assert relay.ask(GetStatus()).bounced == count


@pytest.mark.tools("smtp-sink")
def test_a_bounce_is_never_bounced(tmp_path: Path) -> None:
    """Mail with the null reverse-path that is refused ends there: no report about a report."""
    with (
        SmtpSink("-f", "RCPT") as refusing,
        Empath(tmp_path, next_hop=refusing.port) as relay,
    ):
        with smtplib.SMTP(LOOPBACK, relay.port, timeout=20) as client:
            client.sendmail("", ["b@example.test"], b"Subject: report\r\n\r\nx\r\n")
        until("it is given up", lambda: relay.ask(GetStatus()).messages == 0, within=20)
        status = relay.ask(GetStatus())
        assert (status.accepted, status.bounced) == (1, 1)


@pytest.mark.tools("smtp-sink")
def test_one_refused_recipient_does_not_touch_the_others(tmp_path: Path) -> None:
    """Recipients at one destination share a transaction and keep their own outcome."""
    with SmtpSink() as sink, Empath(tmp_path, next_hop=sink.port) as relay:
        with smtplib.SMTP(LOOPBACK, relay.port, timeout=20) as client:
            to = [f"user{number}@example.test" for number in range(50)]
            client.sendmail("a@example.test", to, b"Subject: many\r\n\r\nx\r\n")
        until("it arrives", lambda: sink.messages >= 1, within=20)
        until("the queue is empty", lambda: relay.ask(GetStatus()).messages == 0, within=20)
        assert (sink.messages, relay.ask(GetStatus()).delivered) == (1, 50)
