"""Durations, sizes, networks and secrets as an operator writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.units import (
    BadUnit,
    ByteSize,
    Duration,
    Ipv4Source,
    Ipv6Source,
    Rate,
    Secret,
    parse_network,
)


@given(st.floats(min_value=0, max_value=1e9).map(lambda number: round(number, 6)))
def test_a_duration_reads_back_as_it_is_shown(seconds: float) -> None:
    """Whatever a duration shows as can be written into the config and means the same."""
    assert Duration.parse(str(Duration(seconds))) == seconds


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_a_size_reads_back_as_it_is_shown(octets: int) -> None:
    """Whatever a size shows as can be written into the config and means the same."""
    assert ByteSize.parse(str(ByteSize(octets))) == octets


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("90s", 90), ("5m", 300), ("2h", 7200), ("5d", 432000), ("1.5h", 5400)],
)
def test_durations_have_a_unit(text: str, seconds: float) -> None:
    """A duration is a number and one of five units."""
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 weeks", "-5s", "5s5", "٣s", "9" * 400 + "s", "infs"])
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    """What is not a duration raises `BadUnit` with the right form, however odd it is."""
    with pytest.raises(BadUnit, match="durations are written"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["36501d", "99999999999999d", "999999999999999d", "876001h"])
def test_a_duration_ends_while_there_are_dates(text: str) -> None:
    """A message that expires in the year 270 billion could not be shown."""
    assert Duration.parse("36500d") == 36500 * 86400
    with pytest.raises(BadUnit, match="durations are at most 36500d, a hundred years"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "octets"), [("512", 512), ("64KiB", 65536), ("50MB", 50_000_000), ("1.5kb", 1500)]
)
def test_sizes_may_have_a_unit(text: str, octets: int) -> None:
    """A size is octets, or a number with a unit of 1000 or 1024."""
    assert ByteSize.parse(text) == octets


@pytest.mark.parametrize("text", ["", "MB", "5 apples", "1e9", "9" * 400])
def test_text_that_is_no_size_is_refused(text: str) -> None:
    """What is not a size raises `BadUnit` with the right form."""
    with pytest.raises(BadUnit, match="sizes are written"):
        ByteSize.parse(text)


@given(st.floats(min_value=0, max_value=1e6).map(lambda number: round(number, 6)))
def test_a_rate_reads_back_as_it_is_shown(rate: float) -> None:
    """Whatever a rate shows as can be written into the config and means the same."""
    assert not rate or Rate.parse(str(Rate(rate))) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [("20/s", 20), ("100/m", 100 / 60), ("5/h", 5 / 3600), ("1 / D", 1 / 86400), ("0.5/s", 0.5)],
)
def test_rates_say_how_often_in_which_time(text: str, rate: float) -> None:
    """A rate is a number and one of four times; what is shown is whole where it can be."""
    assert Rate.parse(text) == rate
    assert str(Rate(rate)) == {"0.5/s": "30/m", "1 / D": "1/d"}.get(text, text)


@pytest.mark.parametrize(
    "text", ["", "20", "20/", "/s", "20/year", "-1/s", "1e3/s", "9" * 16 + "/s"]
)
def test_text_that_is_no_rate_is_refused(text: str) -> None:
    """What is not a rate raises `BadUnit` with the right form."""
    with pytest.raises(BadUnit, match="rates are written"):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (90, "90s"),
        (1.5, "1.5s"),
        (86400, "1d"),
        (1234567.5, "1234567.5s"),
    ],
)
def test_a_duration_shows_in_its_largest_whole_unit(duration: float, shown: str) -> None:
    """Durations are shown the way a person would write them."""
    assert str(Duration(duration)) == shown


def test_a_network_may_be_a_single_address() -> None:
    """A lone address is a network of one, and host bits do no harm."""
    assert str(parse_network("192.0.2.7")) == "192.0.2.7/32"
    assert str(parse_network("2001:db8::7/32")) == "2001:db8::/32"


def test_a_secret_is_never_shown() -> None:
    """A secret shows that it is there, and only `reveal` gives it away."""
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret!s}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert hash(secret) == hash(Secret("hunter2"))
    assert not Secret("")
    assert repr(Secret("")) == "Secret()"


def test_a_source_address_has_one_spelling() -> None:
    """However it was written, it is shown as it is known elsewhere."""
    assert Ipv4Source("192.0.2.7") == "192.0.2.7"
    assert Ipv6Source("2001:DB8:0::7") == "2001:db8::7"


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (Ipv4Source, "2001:db8::7", 'must be an IPv4 address of this machine, such as "192.0.2.7"'),
        (Ipv6Source, "192.0.2.7", 'must be an IPv6 address of this machine, such as "2001:db8::7"'),
        (Ipv4Source, "mail.example.org", "must be an IPv4 address of this machine"),
        (Ipv4Source, "192.0.2.7:25", "must be an IPv4 address of this machine"),
        (Ipv4Source, "0.0.0.0", "must be the address of one machine, this one"),
        (Ipv6Source, "ff02::1", "must be the address of one machine, this one"),
    ],
)
def test_what_nobody_can_connect_from_is_refused(
    kind: type[Ipv4Source | Ipv6Source], text: str, says: str
) -> None:
    """A host name, a port, an address of the other family or of no single machine."""
    with pytest.raises(BadUnit, match=says):
        kind(text)
