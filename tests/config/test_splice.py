"""A change leaves every other character where it is, and looks as what was there before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.edit import EditRefused, set_value, unset
from empath.config.keys import parse_key

PARTS = (
    '# --- our provider ---\n[[route]]\ndomain = "*"\nhost = "p.test:25"\n\n',
    '# --- logging ---\n[log]\nlevel = "info"   # quiet\n\n',
    '# --- partner ---\n[[route]]\ndomain = "partner.test"\nhost = "q.test:25"\n\n',
    "# --- slow ---\n[delivery.retry]\nfactor = 3 # times\n\n",
    "# --- names ---\n[dns]\n# of the house\nservers = [\n  '192.0.2.1', # one\n]\n\n",
)
"""Tables with what stands above them, tables of one kind not beside each other."""


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


@given(
    st.permutations(PARTS),
    st.sampled_from(
        [
            ("log.level", "debug"),
            ("hostname", "b.test"),
            ("delivery.retry.base", "10m"),
            ("delivery.port", "26"),
            ("relay.networks", "10.0.0.0/8"),
            ('route["b.test"].host', "b.test:25"),
            ('route["partner.test"].host', "b.test:25"),
            ('route["*"].tls', "starttls"),
            ("dns.servers", "192.0.2.1, 192.0.2.2"),
        ]
    ),
)
def test_nothing_moves_whatever_the_order_of_tables(
    parts: list[str], change: tuple[str, str]
) -> None:
    """One line is another, or lines come in at one place; each comment stays with its table."""
    key, value = change
    before = 'mode = "relay"\nhostname = "a.test"\n\n' + "".join(parts)
    after = set_value(before, parse_key(key), value)
    assert after != before
    old, new = before.splitlines(), after.splitlines()
    if len(new) == len(old):
        assert [here == there for here, there in zip(old, new, strict=True)].count(False) == 1
    else:
        start = next((at for at, line in enumerate(old) if new[at] != line), len(old))
        assert new[:start] + new[start + len(new) - len(old) :] == old


@given(st.permutations(PARTS), st.sampled_from(["log.level", "route[*]", "dns.servers", "route"]))
def test_what_goes_takes_nothing_with_it(parts: list[str], key: str) -> None:
    """Whole lines go, all others stay in their order, and so does what stands above them."""
    before = 'mode = "relay"\n\n' + "".join(parts)
    rest = iter(before.splitlines())
    after = unset(before, parse_key(key)).splitlines()
    assert all(line in rest for line in after)  # one after the other
    assert [line for line in after if line.startswith("# ---")] == [
        line for line in before.splitlines() if line.startswith("# ---")
    ]


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("delivery = {}\n", "delivery.port", "26", "delivery = { port = 26 }\n"),
        ("route = []\n", "route[x].host", "y:1", 'route = [{ domain = "x", host = "y:1" }]\n'),
        (
            "route = [\n  { domain = 'a' },\n  { domain = 'b' }  # B\n]\n",
            "route[2]",
            "{ host = 'c' }",
            "route = [\n  { domain = 'a' },\n  { domain = 'b' },  # B\n  { host = \"c\" },\n]\n",
        ),
        (
            " delivery.retry.cap = '1d' # c\n delivery.port = 26\n",
            "delivery.retry.base",
            "1m",
            " delivery.retry.cap = '1d' # c\n delivery.retry.base = \"1m\"\n delivery.port = 26\n",
        ),
        (
            "[delivery]\nretry.cap = '1d'\nport = 26",
            "delivery.retry.base",
            "1m",
            "[delivery]\nretry.cap = '1d'\nretry.base = \"1m\"\nport = 26",
        ),
        (
            "delivery.retry.cap = '1d'",
            "delivery.retry.base",
            "1m",
            "delivery.retry.cap = '1d'\ndelivery.retry.base = \"1m\"",
        ),
        (
            "delivery.retry.cap = '1d'\r\n",
            "delivery.retry.base",
            "1m",
            "delivery.retry.cap = '1d'\r\ndelivery.retry.base = \"1m\"\r\n",
        ),
        (
            "[delivery.retry]\ncap = '1d'\n",
            "delivery.port",
            "26",
            "[delivery]\nport = 26\n\n[delivery.retry]\ncap = '1d'\n",
        ),
        (
            "[[route]]\ndomain = 'a' # A\npassword.file = 'f'\n# end\n",
            "route[a].password",
            "{ env = 'E' }",
            "[[route]]\ndomain = 'a' # A\npassword = { env = \"E\" }\n# end\n",
        ),
        (
            'hostname = """\n[dns]\n"""\n[dns]\n[log]\n',
            "dns.timeout",
            "5s",
            'hostname = """\n[dns]\n"""\n[dns]\ntimeout = "5s"\n[log]\n',
        ),
        ("log.level = '''info'''\n", "log.level", "debug", 'log.level = "debug"\n'),
    ],
)
def test_a_change_stands_where_the_like_stands(
    before: str, key: str, value: str, after: str
) -> None:
    """In braces beside the others, behind the dotted key it shares most with, under its heading."""
    assert set_value(before, parse_key(key), value) == after


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        (
            "route = [\n  { domain = 'a' }, # A\n  { domain = 'b' }, # B\n]\n",
            "route[a]",
            "route = [\n  { domain = 'b' }, # B\n]\n",
        ),
        ("route = [{ domain = 'a' }, { domain = 'b' }]", "route[b]", "route = [{ domain = 'a' }]"),
        ("delivery = { port = 26 } # d\n", "delivery.port", "delivery = {  } # d\n"),
        ("# a\ndelivery.port = 26 # b\n# c\n", "delivery", "# a\n# c\n"),
        (
            "# a\n[delivery]\nport = 26\n\n# b\n[delivery.retry]\ncap = '1d'\n# c\n[log]\n",
            "delivery",
            "# a\n# b\n# c\n[log]\n",
        ),
        ("# a\ndelivery = { port = 26 } # b\n# c", "delivery", "# a\n# c"),
        ("# a\nmode = 'dev'", "mode", "# a\n"),
    ],
)
def test_a_key_or_table_goes_with_its_own_lines_only(before: str, key: str, after: str) -> None:
    """Written under headings, with dotted keys or in braces."""
    assert unset(before, parse_key(key)) == after


def test_comments_in_braces_over_lines_are_not_parted_from_what_they_speak_of() -> None:
    """A layout in which no change is sure is left to an editor; an item goes without its comma."""
    crowded = "route = [{ domain = 'a' }, # A\n  { domain = 'b' }]\n"
    with pytest.raises(EditRefused, match="change it with an editor"):
        set_value(crowded, parse_key("route[c].host"), "c:25")
    assert unset(crowded, parse_key("route[b]")) == "route = [{ domain = 'a' }, # A\n  ]\n"
