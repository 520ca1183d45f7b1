"""A developer and the mail of an application, at a real dev relay from the command line."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from empath.cli.exit_codes import ExitCode
from empath.control.link import ListQueue
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, SmtpSink, until


def shop_mail(number: int) -> EmailMessage:
    """A mail with a code, a link and a file."""
    message = EmailMessage()
    message["From"], message["To"] = "shop@shop.test", f"bob{number}@x.test"
    message["Subject"] = f"Sign in {number}"
    message["X-Campaign"] = "Winter"
    message.set_content("Your one-time code: 482 913\n")
    message.add_alternative('<p>Code 482913, <a href="https://shop.test/in">in</a>', subtype="html")
    message.add_attachment(b"%PDF\0", maintype="application", subtype="pdf", filename="a.pdf")
    return message


def send(port: int, *messages: EmailMessage) -> None:
    """Send some."""
    with smtplib.SMTP(LOOPBACK, port, timeout=30) as client:
        for message in messages:
            client.send_message(message)


@pytest.mark.tools("smtp-sink")
def test_mail_is_caught_read_released_and_kept_within_bounds(tmp_path: Path) -> None:
    """The inbox lists and searches what came, gives code, links and parts, and sends one message
    to a real server on demand and nowhere else; of more than `dev.keep` the oldest go.
    """
    with SmtpSink() as sink, Empath(tmp_path, settings="[dev]\nkeep = 3\n") as relay:
        send(relay.port, *map(shop_mail, range(3)))
        listed = json.loads(relay.ctl("inbox", "list", "--json").stdout)
        assert [one["subject"] for one in listed] == ["Sign in 2", "Sign in 1", "Sign in 0"]
        [found] = json.loads(
            relay.ctl("inbox", "list", "-s", "bob1 header:~winter", "--json").stdout
        )
        assert relay.ctl("inbox", "view", found["id"], "--code").stdout == "482913\n"
        assert relay.ctl("inbox", "view", found["id"], "--links").stdout == "https://shop.test/in\n"
        assert relay.ctl("inbox", "view", found["id"], "--part", "2").stdout == "%PDF\0"

        refused = relay.ctl("inbox", "release", found["id"])
        assert refused.returncode == ExitCode.REFUSED
        assert "dev.release = true" in refused.stderr
        own = relay.ctl("inbox", "release", found["id"], "--to", f"{LOOPBACK}:{relay.port}")
        assert "is a listener of this Empath" in own.stderr
        assert sink.messages == 0
        done = relay.ctl("inbox", "release", found["id"], "--to", f"{LOOPBACK}:{sink.port}")
        assert "delivered" in done.stdout
        assert sink.messages == 1
        assert "release" in relay.ctl("record").stdout

        send(relay.port, shop_mail(3), shop_mail(4))

        def kept() -> list[str]:
            items = relay.ask(ListQueue(sort="age")).items
            return [item.subject for item in items]

        until(
            "the oldest went", lambda: kept() == ["Sign in 2", "Sign in 3", "Sign in 4"], within=20
        )
