"""A changed line looks as the one before did."""

from __future__ import annotations

import pytest

from empath.config.edit import set_value, unset
from empath.config.keys import parse_key


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("mode = 'relay' # x\n", "mode", "dev", "mode = 'dev' # x\n"),
        ('mode = "relay"\n', "mode", "dev", 'mode = "dev"\n'),
        (
            "delivery.tls.ca_file = 'a.pem'\n",
            "delivery.tls.ca_file",
            "it's",
            'delivery.tls.ca_file = "it\'s"\n',
        ),
        (
            "route = [ { domain = 'x', host = 'y:1' } ] # { }\n",
            "route[0].tls",
            "starttls",
            "route = [ { domain = 'x', host = 'y:1', tls = \"starttls\" } ] # { }\n",
        ),
        (
            "delivery.retry = {base = '5m'}\n",
            "delivery.retry.base",
            "3m",
            "delivery.retry = {base = '3m'}\n",
        ),
    ],
)
def test_a_value_that_is_set_keeps_the_manner_of_the_line(
    before: str, key: str, value: str, after: str
) -> None:
    """Single quotes stay where they can, and the blank before a brace where there was one."""
    assert set_value(before, parse_key(key), value) == after


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ("delivery.retry.base", "delivery.retry = { cap = '1d' } # c\n"),
        ("delivery.retry.cap", "delivery.retry = { base = '5m' } # c\n"),
    ],
)
def test_what_is_taken_away_leaves_one_blank(key: str, after: str) -> None:
    """First or last in its braces."""
    before = "delivery.retry = { base = '5m', cap = '1d' } # c\n"
    assert unset(before, parse_key(key)) == after
