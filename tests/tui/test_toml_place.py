"""Which setting a line of the config is about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.toml_place import NOWHERE, line_of, lines_of, places

TEXT = """\
# a comment
mode = "relay"  # here
[delivery.retry]
base = "5m"
cap.x = 1
[[route]]
host = "a:25"
domain = "a.test"
[[route]]
domain = 'b.test'
password = { file = "x" }
[[priority.rule]]
give = "high"
[relay]
networks = [
  "10.0.0.0/8",
]
"""


def test_each_line_has_its_key() -> None:
    """By the heading above it and, where a table has one, by its name."""
    found = places(TEXT.split("\n"))
    assert [place.key for place in found] == [
        "",
        "mode",
        "delivery.retry",
        "delivery.retry.base",
        "delivery.retry.cap.x",
        'route["a.test"]',
        'route["a.test"].host',
        'route["a.test"].domain',
        'route["b.test"]',
        'route["b.test"].domain',
        'route["b.test"].password',
        "priority.rule[0]",
        "priority.rule[0].give",
        "relay",
        "relay.networks",
        "relay.networks",
        "relay.networks",
        "",
    ]
    assert found[6].plain == "route[].host"
    assert (found[1].written, found[10].written) == ('"relay"', '{ file = "x" }')


def test_a_key_is_found_or_else_the_table_round_it() -> None:
    """A change of what is not written any more is shown at its table."""
    found = lines_of(places(TEXT.split("\n")))
    assert line_of(found, 'route["b.test"].password') == 10
    assert line_of(found, 'route["b.test"].username') == 8
    assert line_of(found, "delivery.retry.give_up") == 2
    assert line_of(found, 'route["c.test"]') is None
    assert line_of(found, "log.level") is None


@given(st.lists(st.text(max_size=30), max_size=20))
def test_whatever_is_being_typed_has_a_place_for_each_line(lines: list[str]) -> None:
    """It never fails, and an empty line is about nothing."""
    found = places(lines)
    assert len(found) == len(lines)
    assert all(
        place == NOWHERE for place, line in zip(found, lines, strict=True) if not line.strip()
    )
