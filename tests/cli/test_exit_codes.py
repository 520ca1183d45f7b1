"""The table of exit codes."""

from __future__ import annotations

from empath.cli.exit_codes import ExitCode


def test_every_code_has_its_meaning() -> None:
    """No code is without a sentence, and codes do not clash with those of shells and signals."""
    for code in ExitCode:
        assert code.meaning.endswith(".")
        assert 0 <= code < 64
