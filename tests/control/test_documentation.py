"""docs/CONTROL.md says what is true."""

from __future__ import annotations

import re
from pathlib import Path

from empath.cli.exit_codes import ExitCode
from empath.control.documentation import filled, routes_table
from empath.control.routes import REQUESTS, STATUS_OF
from empath.query import FIELDS

TEXT = (Path(__file__).parents[2] / "docs" / "CONTROL.md").read_text()


def codes_table() -> str:
    """The exit codes as Markdown."""
    rows = [f"| {code.value} | {code.meaning} |" for code in ExitCode]
    return "\n".join(("| code | means |", "|---|---|", *rows))


def test_the_tables_are_the_code() -> None:
    """Routes and exit codes of the document are generated; none is missing or out of date."""
    assert filled(TEXT, {"routes": routes_table(), "exit codes": codes_table()}) == TEXT
    assert all(f"/v1/{route}`" in TEXT for route in REQUESTS)


def test_every_status_and_field_is_explained() -> None:
    """HTTP statuses and filter fields stand in the document."""
    assert all(f"| {status} |" in TEXT for status in (*STATUS_OF.values(), 405, 413, 500, 503))
    assert all(f"{field}:" in TEXT for field in FIELDS)


def test_the_routes_of_the_examples_exist() -> None:
    """Each address shown for curl is one that is answered."""
    shown = set(re.findall(r"http://empath/v1/([a-z/-]+)", TEXT))
    assert shown
    assert shown <= {*REQUESTS, "events"}
