"""Reloads while mail flows: nothing lost, dropped or half applied (issue 4, acceptance 1)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.reloads import Report, by_command, by_link, by_signal, judge, run


def test_the_judge_sees_what_is_lost_and_what_is_sent_twice() -> None:
    """A recipient that the sink never saw is lost; one it saw twice was sent to twice."""
    report = Report()
    judge(report, [("r0@there.test", 2)], Counter({"1r0@there.test": 2, "stays@there.test": 1}))
    assert report.lost == ["2r0@there.test"]
    assert report.extra == ["1r0@there.test"]
    assert not report.sound


@pytest.mark.tools("smtp-source")
@pytest.mark.timeout(120)
def test_reloads_under_load_harm_no_mail(tmp_path: Path) -> None:
    """By the link, SIGHUP and empathctl, half of them wrong; a client stays through all of it."""
    report = run(tmp_path, reloads=30, ways=(by_link, by_signal, by_link, by_command, by_link))
    assert report.sound, (report, report.mixed[:3], report.dropped[:3], report.lost[:3])
    assert (report.reloads, report.refused) == (15, 15)
    assert report.looks > 20
    assert report.delivered == report.accepted > 300
