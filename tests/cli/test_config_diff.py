"""A plan as it is read: on a terminal, narrow and wide, in a pipe, as JSON.

After a change that is meant, ``EMPATH_GOLDEN=write pytest tests/cli/test_config_diff.py`` writes
the pages anew: read them in the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from empath.cli.config_diff import LISTED, SHOWN, plan_lines, write_applied, write_plan
from empath.control.config_requests import AppliedConfig, ConfigFault, Plan
from tests.fakes.demo_plan import EVERYTHING, FAULTY, change, impact, plan
from tests.fakes.own_terminal import OwnTerminal

GOLDEN = Path(__file__).parent / "golden"


def page(shown: Plan, width: int | None) -> str:
    """The lines without colour."""
    return "".join(f"{line.plain.rstrip()}\n" for line in plan_lines(shown, width))


def compare(name: str, text: str) -> None:
    """*text* is what the golden page says."""
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("EMPATH_GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_plan_fits_its_terminal(width: int) -> None:
    """Grouped by effect, aligned, and no line longer than the terminal is wide."""
    text = page(EVERYTHING, width)
    assert max(map(cell_len, text.splitlines())) <= width
    compare(f"plan-{width}", text)


def test_in_a_pipe_it_is_plain_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """No colour and nothing wrapped or cut."""
    write_plan(EVERYTHING)
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert err == ""
    compare("plan-pipe", out)


def test_on_a_terminal_old_is_red_and_new_is_green(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what needs a restart is yellow; with NO_COLOR there is no colour at all."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    with OwnTerminal("tests.fakes.demo_plan") as terminal:
        assert terminal.wait() == 0
        assert b'\x1b[31m"5d"' in terminal.output
        assert b'\x1b[32m"1d"' in terminal.output
        assert b"\x1b[1;33mRestart" in terminal.output
        assert terminal.text.replace("\r\n", "\n") == (GOLDEN / "plan-120.txt").read_text()
    monkeypatch.setenv("NO_COLOR", "1")
    with OwnTerminal("tests.fakes.demo_plan") as terminal:
        assert terminal.wait() == 0
        assert b"\x1b[31m" not in terminal.output
        assert b"\x1b[32m" not in terminal.output


def test_faults_are_said_as_check_says_them(capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, key and what to write instead; all of them, and that nothing is changed."""
    write_plan(FAULTY)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        'empath.toml:41: delivery.retry.base: must be at least 1s (got "0s"); durations are'
        ' written "90s", "5m", "2h"\nempath.toml: is not UTF-8\n'
        "A config with faults changes nothing.\n"
    )


def test_what_was_applied_says_which_version_is_in_force(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The changes without what they would have done; faults put nothing in force."""
    write_applied(AppliedConfig(version=13, plan=EVERYTHING))
    out = capsys.readouterr().out
    assert out.endswith("\n\nVersion 13 is in force, with 8 changes.\n")
    assert "Queued mail" not in out
    write_applied(AppliedConfig(version=13, plan=plan()))
    assert capsys.readouterr().out == "Version 13 is in force.\n"
    write_applied(AppliedConfig(version=plan().base, plan=plan()))
    stays = f"No setting changes: version {plan().base} stays in force.\n"
    assert capsys.readouterr().out == stays
    write_applied(AppliedConfig(version=13, plan=FAULTY))
    assert "Nothing was changed: the config before stays in force." in capsys.readouterr().err


def test_no_change_is_said_in_a_line() -> None:
    """And what waits for a restart since before is still told."""
    assert page(plan(), 80) == "/etc/empath/empath.toml: no change to version 12\n"
    waiting = plan(pending=EVERYTHING.pending[1:])
    assert "Pending  applied before" in page(waiting, 80)
    assert "Queued mail" not in page(waiting, 80)


def test_what_is_renewed_and_what_would_fail_is_said_without_a_change() -> None:
    """A certificate has no setting that changes; a port that is taken is marked."""
    port = ConfigFault(file="e.toml", line=3, key="listener[0].bind", sentence="in use")
    told = plan(renewed=("the certificate in mx.pem was renewed",), warnings=(port,))
    assert page(told, 80).endswith(
        ": no change to version 12\n\n  the certificate in mx.pem was renewed\n"
        "\n! e.toml:3: listener[0].bind: in use\n"
    )


def test_an_applied_renewal_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise nobody would know whether the new certificate was taken."""
    told = plan(renewed=("the certificate in mx.pem was renewed",))
    write_applied(AppliedConfig(version=13, plan=told))
    assert "certificate in mx.pem was renewed\n\nVersion 13 is in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("examined", "said"),
    [(0, "there is none"), (1, "none of 1 message is touched"), (1204, "none of 1,204 messages")],
)
def test_mail_that_is_not_touched(examined: int, said: str) -> None:
    """It is said that mail was looked at and nothing happens to it."""
    shown = plan(changes=(change("delivery.rate", "0.0", "1.0"),), examined=examined)
    assert f"Queued mail  {said}" in page(shown, 80)


def test_what_is_too_much_is_counted() -> None:
    """Twenty destinations are shown, the largest first, and how many more there are."""
    impacts = tuple(impact(f"d{n}.test", "route", f"would go to h{n}", 99 - n) for n in range(50))
    text = page(plan(changes=(change("a", "1", "2"),), impact=impacts, examined=9999), None)
    assert text.count("would go to") == SHOWN
    assert "d19.test" in text
    assert "d20.test" not in text
    assert "… and 30 more; --json has all of them" in text


def test_very_many_changes_do_not_push_the_mail_off_the_screen() -> None:
    """Two hundred are shown over all groups, and of each group how many more there are."""
    live = tuple(change(f"l{n}", "1", "2") for n in range(LISTED - 1))
    later = tuple(change(f"r{n}", "1", "2", "restart") for n in range(1002))
    waits = (change("w", "1", "2", "restart"),)
    lines = page(plan(changes=(*live, *later), pending=waits), None).splitlines()
    assert sum("→" in line for line in lines) == LISTED
    assert [line for line in lines if "more" in line] == [
        "  … and 1,001 more; --json has all of them",
        "  … and 1 more; --json has all of them",
    ]
    exactly = page(plan(changes=(*live, later[0])), None)
    assert "more" not in exactly


def test_nothing_from_outside_reaches_the_terminal_raw() -> None:
    """An escape sequence in a value, a key, a file name or a sentence is shown as what it is."""
    evil = "\x1b]52;c;AA\x07\u202e\n"
    bad = msgspec.structs.replace(impact("a.test", "route", evil, 1), destination=f"a{evil}.test")
    shown = plan(
        file=evil,
        changes=(change(evil, evil, evil),),
        pending=(change(f"{evil}2", evil, evil, "restart"),),
        impact=(bad, msgspec.structs.replace(bad, what=evil, warning=True)),
    )
    for width in (40, None):
        assert all(line.plain.isprintable() for line in plan_lines(shown, width))


words = st.text(st.sampled_from("ab \u4e2d\x1b\u0301•é"), max_size=60)


@given(words, words, words, words, st.integers(40, 100))
def test_every_line_fits_and_nothing_is_lost(
    key: str, old: str, new: str, sentence: str, width: int
) -> None:
    """Wrapping never cuts: without blanks, narrow lines hold what the wide ones do."""
    shown = plan(
        changes=(change(key, old, new),),
        impact=(impact("a.test", "route", sentence, 3),),
        examined=3,
    )
    lines = page(shown, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    loose = [one for one in "".join(lines).split(" ") if one]
    whole = [one for one in page(shown, None).replace("\n", "").split(" ") if one]
    if old != "–":
        assert "".join(loose) == "".join(whole)
