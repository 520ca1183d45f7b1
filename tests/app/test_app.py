"""The whole engine in one process: what runs beside what, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import smtplib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from empath import app
from empath.address import Domain, ServerId
from empath.clock import SystemClock
from empath.config.model import Config, Listener, Log, LogFormat, Mode, Spool
from empath.config.origin import Origin
from empath.control.link import GetStatus, ListDnsOverrides, SetDnsOverride, StopEngine
from empath.control.remote import RemoteLink
from empath.events import ConfigReloaded
from empath.spool.face import SpoolInUse
from empath.spool.store import Store
from tests.fakes.eventually import eventually
from tests.fakes.programs import LOOPBACK, free_port

Act = Callable[[app.Running, RemoteLink], Coroutine[Any, Any, None]]


def engine_config(folder: Path, mode: Mode = Mode.DEV) -> Config:
    """A config on a free port, logging JSON."""
    return Config(
        mode=mode,
        listener=(Listener(bind=ServerId(f"{LOOPBACK}:{free_port()}")),),
        spool=Spool(path=folder / "spool"),
        log=Log(format=LogFormat.JSON),
    )


def run(config: Config, act: Act, **options: Any) -> None:
    """Run the engine with *act* beside it; SIGTERM once that is done."""

    async def companion(running: app.Running) -> None:
        link = RemoteLink(running.socket)
        try:
            await act(running, link)
        finally:
            await link.close()
        os.kill(os.getpid(), signal.SIGTERM)

    app.run(config, source="test.toml", companion=companion, **options)


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of the log."""
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


@pytest.mark.parametrize("mode", list(Mode))
def test_an_engine_starts_answers_and_ends(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], mode: Mode
) -> None:
    """In either mode the engine logs its start, answers its operator, and ends on SIGTERM."""

    async def act(running: app.Running, link: RemoteLink) -> None:
        status = await link.ask(GetStatus())
        assert status.pong.mode == mode
        assert status.listeners == running.addresses
        assert status.memory > 10**6

    config = engine_config(tmp_path, mode)
    run(config, act)
    events = [line["event"] for line in logged(capfd)]
    assert events == ["ListenerOpened", "ConfigLoaded", "EngineStarted", "EngineStopping"]
    assert not app.control_socket(config).exists()


def test_mail_of_a_dev_relay_is_captured(tmp_path: Path) -> None:
    """In dev mode mail is accepted and held; nothing tries to deliver it."""

    def send(port: int) -> None:
        with smtplib.SMTP(LOOPBACK, port, timeout=10) as client:
            client.sendmail("a@example.test", ["b@example.test"], "Subject: x\r\n\r\nx\r\n")

    async def act(running: app.Running, link: RemoteLink) -> None:
        await asyncio.to_thread(send, running.config.listener[0].bind.port)
        status = await link.ask(GetStatus())
        assert (status.accepted, status.held, status.queued) == (1, 1, 0)

    run(engine_config(tmp_path), act)


def test_an_operator_may_stop_the_engine(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """StopEngine over the control socket is an orderly stop."""

    async def companion(running: app.Running) -> None:
        link = RemoteLink(running.socket)
        await link.ask(StopEngine())
        await link.close()

    app.run(engine_config(tmp_path), source="test.toml", companion=companion)
    assert logged(capfd)[-1]["event"] == "EngineStopping"


def test_overrides_survive_a_restart(tmp_path: Path) -> None:
    """A DNS override set by an operator is in force when the engine comes up again."""
    config = engine_config(tmp_path)

    async def override(_: app.Running, link: RemoteLink) -> None:
        await link.ask(SetDnsOverride(domain=Domain("example.test"), hosts=("127.0.0.1:2525",)))

    async def look(_: app.Running, link: RemoteLink) -> None:
        [one] = (await link.ask(ListDnsOverrides())).overrides
        assert (one.domain, one.hosts) == ("example.test", ("127.0.0.1:2525",))

    run(config, override)
    run(config, look)


def test_a_bug_in_an_essential_task_ends_the_engine_in_order(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The bug is logged, what is on the wire is finished, and the error names the task."""

    async def companion(_: app.Running) -> None:
        raise KeyError("odd")

    config = engine_config(tmp_path)
    with pytest.raises(app.EngineFault, match="console ended with KeyError: 'odd'"):
        app.run(config, source="test.toml", companion=companion)
    events = [line["event"] for line in logged(capfd)]
    assert events[-2:] == ["TaskFailed", "EngineStopping"]
    assert not app.control_socket(config).exists()


def test_debug_shows_the_traceback_of_a_bug(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only with --debug does a traceback reach the log."""

    async def companion(_: app.Running) -> None:
        raise KeyError("odd")

    with pytest.raises(app.EngineFault):
        app.run(engine_config(tmp_path), source="x", companion=companion, debug=True)
    assert any("Traceback" in line.get("message", "") for line in logged(capfd))


def test_an_error_that_nobody_waits_for_is_logged_and_survived(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception in a callback of the loop is an event, not the end."""

    def fail() -> None:
        raise ValueError("stray")

    async def act(_: app.Running, link: RemoteLink) -> None:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(0)
        await link.ask(GetStatus())

    run(engine_config(tmp_path), act)
    [failed] = [line for line in logged(capfd) if line.get("event") == "TaskFailed"]
    assert (failed["task"], failed["error"]) == ("event loop", "ValueError: stray")


@pytest.mark.parametrize("stops", [True, False])
def test_a_hangup_stops_an_engine_on_a_terminal_only(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], *, stops: bool
) -> None:
    """SIGHUP means that the terminal is gone; a service has none, and reads its config again."""

    async def companion(running: app.Running) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        if stops:
            await eventually(running.stopping.is_set)
        else:
            link = RemoteLink(running.socket)
            async for notice in link.events(0):
                if isinstance(notice.event, ConfigReloaded):
                    break
            await link.close()
        assert running.stopping.is_set() is stops
        if not stops:
            os.kill(os.getpid(), signal.SIGTERM)

    config, file = engine_config(tmp_path), tmp_path / "empath.toml"
    file.touch(mode=0o600)
    app.run(
        config,
        source="test.toml",
        origin=Origin(file, adapt=lambda _: config),
        companion=companion,
        hangup_stops=stops,
    )
    lines = logged(capfd)
    if stops:
        assert lines[-1]["reason"] == "SIGHUP"
    else:
        assert (lines[-2]["event"], lines[-2]["source"]) == ("ConfigReloaded", "signal")
        assert lines[-1]["reason"] == "SIGTERM"


def test_a_companion_ends_with_the_engine(tmp_path: Path) -> None:
    """What runs beside the engine is cancelled once all is drained, and waited for."""
    ended: list[str] = []

    async def companion(running: app.Running) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("socket was open" if running.socket.exists() else "too late")

    app.run(engine_config(tmp_path), source="test.toml", companion=companion)
    assert ended == ["socket was open"]


def test_a_start_that_fails_closes_what_was_open(tmp_path: Path) -> None:
    """After a refused start the spool is free again, and a refusal is the part's own error."""
    config = engine_config(tmp_path)

    async def act(_: app.Running, __: RemoteLink) -> None:
        with pytest.raises(SpoolInUse):
            await Store.open(config.spool, clock=SystemClock())

    run(config, act)
    app.control_socket(config).mkdir()
    with pytest.raises(Exception, match="not a socket"):
        run(config, act)
    app.control_socket(config).rmdir()
    run(config, act)
