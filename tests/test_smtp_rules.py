"""Every row of the rules of SMTP has a test that names it, and the list of them is true."""

from __future__ import annotations

import pytest

from tests.smtp_rules import DOCUMENT, ROWS, document, proofs

NAMED = [*proofs()]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_named_by_a_test(row: str) -> None:
    """A rule that nothing proves is a wish."""
    assert row in {name for name, _ in NAMED}


def test_tests_name_rows_that_there_are() -> None:
    """A test that names a row that is gone, or never was, is mistaken about what it proves."""
    assert [(row, test) for row, test in NAMED if row not in ROWS] == []


def test_the_list_is_as_it_would_be_made_now() -> None:
    """After a change of rows or tests: ``python -m tests.smtp_rules``."""
    assert DOCUMENT.read_text() == document()
