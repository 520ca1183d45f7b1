"""A running engine is given another config: by an operator, by SIGHUP, by a changed file."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from empath.control.link import (
    ApplyConfig,
    ConfigHistory,
    GetConfig,
    GetStatus,
    ListConfigHistory,
    ListRecord,
    PlanConfig,
    RollBackConfig,
)
from tests.fakes.engine import Empath
from tests.fakes.programs import LOOPBACK, free_port, until

IMPLICIT = """
[[listener]]
bind = "{loopback}:{port}"
tls = "implicit"
certificate = "{chain}"
key = "{key}"
"""


@pytest.fixture
def empath(tmp_path: Path) -> Iterator[Empath]:
    """An engine that captures mail."""
    engine = Empath(tmp_path / "engine")
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def said(empath: Empath, more: str) -> None:
    """Have the config file say *more*, behind what it says."""
    empath.config.write_text(empath.config.read_text() + more)


def version(empath: Empath) -> int:
    """The number of the config in force."""
    return int(empath.ask(GetConfig()).version)


def greeting(empath: Empath) -> str:
    """What a client is greeted with."""
    with smtplib.SMTP(timeout=10) as client:
        return client.connect(LOOPBACK, empath.port)[1].decode()


def renamed(empath: Empath, name: str) -> None:
    """Have the config file say another hostname."""
    text = empath.config.read_text()
    empath.config.write_text(text.replace("empath.example.test", name))


def test_sighup_reloads_a_service(empath: Empath) -> None:
    """A client that connects after SIGHUP is greeted with the new name; nothing was restarted."""
    assert empath.process is not None
    pid = empath.process.pid
    assert "empath.example.test" in greeting(empath)
    renamed(empath, "other.example.test")
    os.kill(pid, signal.SIGHUP)
    until("the config is in force", lambda: version(empath) == 2, within=10)
    assert "other.example.test" in greeting(empath)
    assert empath.process.pid == pid
    assert empath.process.poll() is None
    assert 'hostname: "empath.example.test" -> "other.example.test"' in empath.said()


def test_a_faulty_config_changes_nothing_and_everything_wrong_is_told(empath: Empath) -> None:
    """Each fault with its line, exit code 3, and the config before stays in force whole."""
    renamed(empath, "other.example.test")
    said(empath, '[delivery.retry]\nbase = "0s"\nbaes = "1s"\n')
    done = empath.ctl("config", "reload")
    assert done.returncode == 3
    assert "delivery.retry.base: must be at least 1s" in done.stderr
    assert 'did you mean "base"?' in done.stderr
    assert "Nothing was changed" in done.stderr
    assert "empath.example.test" in greeting(empath)
    assert version(empath) == 1


def test_a_session_ends_under_the_config_it_began_with(empath: Empath) -> None:
    """A lower size limit is for clients that connect after the reload."""
    with smtplib.SMTP(LOOPBACK, empath.port, timeout=10) as client:
        said(empath, '[inbound]\nmessage_size = "64KiB"\n')
        assert empath.ask(ApplyConfig()).version == 2
        client.ehlo()
        assert client.esmtp_features["size"] == "50000000"
    with smtplib.SMTP(LOOPBACK, empath.port, timeout=10) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "65536"


def test_what_needs_a_restart_waits_and_is_told_until_then(empath: Empath) -> None:
    """Pending in the plan, in the view and in what needs attention; in force after a restart."""
    said(empath, '[log]\nformat = "json"\n')
    applied = empath.ask(ApplyConfig())
    assert [(one.key, one.effect) for one in applied.plan.pending] == [("log.format", "restart")]
    view = empath.ask(GetConfig())
    assert 'format = "text"' in view.text
    assert [one.key for one in view.pending] == ["log.format"]
    [item] = empath.ask(GetStatus()).attention
    assert (item.subject, "log.format" in item.sentence) == ("config", True)
    again = empath.ask(PlanConfig())
    assert (again.changes, [one.key for one in again.pending]) == ((), ["log.format"])
    empath.stop()
    empath.start()
    view = empath.ask(GetConfig())
    assert 'format = "json"' in view.text
    assert (view.version, view.pending, view.drift) == (2, (), False)
    assert empath.ask(GetStatus()).attention == ()


def test_a_port_that_another_program_has_is_told_before_the_restart_fails(empath: Empath) -> None:
    """By the plan, by the reload's answer and in the log; the reload is not refused."""
    with socket.create_server((LOOPBACK, 0)) as other:
        bind = f"{LOOPBACK}:{other.getsockname()[1]}"
        said(empath, f'\n[[listener]]\nbind = "{bind}"\n')
        why = f"cannot listen at {bind}: the port is in use by another program"
        for command in ("diff", "reload"):
            done = empath.ctl("config", command)
            [warning] = [line for line in done.stdout.splitlines() if line.startswith("! ")]
            assert f"{empath.config}:" in warning
            assert why in warning
            assert done.returncode == 0
        until("the log has it", lambda: why in empath.said(), within=10)


def test_a_plan_changes_nothing_and_names_its_text(empath: Empath) -> None:
    """Applying what was planned is refused once the file says something else."""
    renamed(empath, "other.example.test")
    plan = empath.ask(PlanConfig())
    assert [(one.key, one.effect) for one in plan.changes] == [("hostname", "new sessions")]
    assert version(empath) == 1
    said(empath, '[delivery.retry]\nbase = "7m"\n')
    with pytest.raises(Exception, match="has changed since the plan was made"):
        empath.ask(ApplyConfig(expect=plan.digest))
    assert version(empath) == 1
    plan = empath.ask(PlanConfig())
    assert empath.ask(ApplyConfig(expect=plan.digest)).version == 2


def test_a_text_is_written_to_the_file_and_put_in_force(empath: Empath) -> None:
    """An editor sends its text; the file keeps its mode, and what stood there is kept aside."""
    empath.config.chmod(0o640)
    text = empath.config.read_text()
    said(empath, "# not yet in force\n")
    wanted = text.replace("empath.example.test", "other.example.test")
    assert empath.ask(ApplyConfig(text=wanted)).version == 2
    assert empath.config.read_text() == wanted
    assert empath.config.stat().st_mode & 0o777 == 0o640
    replaced = empath.spool / "config" / "000002.replaced.toml"
    assert replaced.read_text() == text + "# not yet in force\n"
    assert empath.ask(GetConfig()).drift is False


def test_rolling_back_writes_the_earlier_file_and_again_comes_back(empath: Empath) -> None:
    """Version 0 is the one before; a rollback is a version of its own, and on record."""
    first = empath.config.read_text()
    renamed(empath, "other.example.test")
    second = empath.config.read_text()
    empath.ask(ApplyConfig(reason="new name"))
    dry = empath.ask(RollBackConfig(dry_run=True))
    assert ([one.key for one in dry.plan.changes], dry.version) == (["hostname"], 2)
    assert empath.config.read_text() == second
    assert empath.ask(RollBackConfig(reason="old name was better")).version == 3
    assert empath.config.read_text() == first
    assert "empath.example.test" in greeting(empath)
    assert empath.ask(RollBackConfig()).version == 4
    assert empath.config.read_text() == second
    history: ConfigHistory = empath.ask(ListConfigHistory())
    assert [one.source for one in history.versions] == ["rollback", "rollback", "reload", "start"]
    assert history.versions[1].reason == "old name was better"
    noted = [one.record for one in empath.ask(ListRecord()).items]
    assert [one.action for one in noted] == ["rollback", "rollback", "reload"]
    assert noted[1].detail == "to version 1, as version 3, 1 change"
    with pytest.raises(Exception, match="There is no version 99"):
        empath.ask(RollBackConfig(version=99))


def test_a_broken_file_does_not_keep_anybody_from_rolling_back(empath: Empath) -> None:
    """The engine is found though its config file is half written."""
    text = empath.config.read_text()
    empath.config.write_text(text + "[deliv")
    assert empath.ctl("config", "reload").returncode == 3
    renamed(empath, "other.example.test")
    empath.config.write_text(empath.config.read_text().replace("[deliv", ""))
    assert empath.ctl("config", "reload").returncode == 0
    empath.config.write_text("[spool]\npath = " + f'"{empath.spool}"\n[deliv')
    done = empath.ctl("config", "rollback")
    assert done.returncode == 0, done.stderr
    assert empath.config.read_text() == text


def test_a_changed_file_is_told_and_with_watch_reloaded(empath: Empath) -> None:
    """Without reload.watch the change needs attention; with it, it is in force soon."""
    said(empath, "[reload]\nwatch = true\n")
    until("the change is seen", lambda: empath.ask(GetStatus()).attention != (), within=10)
    assert "is not what is in force" in empath.ask(GetStatus()).attention[0].sentence
    assert empath.ask(GetConfig()).drift
    empath.ask(ApplyConfig())
    assert empath.ask(GetStatus()).attention == ()
    renamed(empath, "other.example.test")
    until("the file is reloaded", lambda: version(empath) == 3, within=10)
    [newest, *_] = empath.ask(ListConfigHistory()).versions
    assert (newest.source, newest.actor) == ("watcher", "reload.watch")


def test_a_certificate_renewed_in_its_file_is_shown_after_a_reload(tmp_path: Path) -> None:
    """STARTTLS and TLS from the start alike; who is connected keeps what it has."""
    authority = trustme.CA()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    renew(authority, "old.test", chain, key)
    port = free_port()
    empath = Empath(
        tmp_path / "engine",
        settings=IMPLICIT.format(loopback=LOOPBACK, port=port, chain=chain, key=key),
        mode="dev",
        certificate=(chain, key),
    )
    empath.start()
    try:
        assert (shown(empath.port, starttls=True), shown(port)) == ("old.test", "old.test")
        with smtplib.SMTP_SSL(LOOPBACK, port, timeout=10, context=trusting()) as connected:
            connected.ehlo()
            renew(authority, "new.test", chain, key)
            assert shown(port) == "old.test"
            applied = empath.ask(ApplyConfig())
            assert (applied.version, applied.plan.changes) == (1, ())
            assert connected.noop()[0] == 250
        assert (shown(empath.port, starttls=True), shown(port)) == ("new.test", "new.test")
        until("the renewal is logged", lambda: "the certificate in" in empath.said(), within=10)
        key.write_text("no key")
        faults = empath.ask(ApplyConfig()).plan.faults
        # Both listeners show it, so both are told of.
        keys = ["listener[0].certificate", "listener[1].certificate"]
        assert [one.key for one in faults] == keys
        assert "cannot use certificate" in faults[0].sentence
        assert (shown(empath.port, starttls=True), shown(port)) == ("new.test", "new.test")
    finally:
        empath.stop()


def renew(authority: trustme.CA, name: str, chain: Path, key: Path) -> None:
    """A new certificate, in the place of the old."""
    issued = authority.issue_cert(name)
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    key.chmod(0o600)


def trusting() -> ssl.SSLContext:
    """A client that asks for no name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown(port: int, *, starttls: bool = False) -> str:
    """The name in the certificate that the listener shows."""
    with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
        if starttls:
            said: Any = connection.makefile("rb")
            said.readline()
            connection.sendall(b"EHLO c.test\r\n")
            while said.readline()[3:4] == b"-":
                pass
            connection.sendall(b"STARTTLS\r\n")
            said.readline()
        with trusting().wrap_socket(connection, server_hostname="x.test") as tls:
            from cryptography import x509

            found = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
            names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            return str(names.get_values_for_type(x509.DNSName)[0])
