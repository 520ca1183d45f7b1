"""Rates out of counters, and their course."""

from __future__ import annotations

from tui.series import SPAN, Counter, Series


def test_a_counter_becomes_a_rate() -> None:
    """Two readings of a counter give the events a second between them."""
    counter = Counter()
    counter.read(100.0, 5000)
    counter.read(101.0, 5041)
    counter.read(103.0, 5061)
    assert counter.series.last == 10.0
    assert counter.series.recent(1) == 10.0


def test_a_restarted_engine_is_a_gap() -> None:
    """A counter that runs backwards belongs to another engine: no rate, never a negative one."""
    counter = Counter()
    counter.read(100.0, 5000)
    counter.read(101.0, 3)
    assert counter.series.last is None
    counter.read(102.0, 13)
    assert counter.series.last == 10.0


def test_a_long_silence_is_a_gap() -> None:
    """After half a minute without a reading the mean over it would say nothing."""
    counter = Counter()
    counter.read(100.0, 0)
    counter.read(140.0, 4000)
    assert counter.series.last is None


def test_skipped_seconds_are_unknown() -> None:
    """A second without a reading is blank in the chart, not zero."""
    series = Series()
    series.add(10.0, 1.0)
    series.add(13.2, 4.0)
    assert series.columns(10) == ([1.0, None, None, 4.0], 1)


def test_the_series_is_bounded() -> None:
    """Ten minutes are kept, however long it runs."""
    series = Series()
    for second in range(5 * SPAN):
        series.add(float(second), 1.0)
    assert len(series) == SPAN


def test_columns_grow_with_the_history() -> None:
    """A young chart has a column a second; an old one shows all ten minutes in its width."""
    series = Series()
    for second in range(SPAN):
        series.add(float(second), float(second))
    values, per = series.columns(60)
    assert (len(values), per) == (60, 10)
    assert values[-1] == sum(range(590, 600)) / 10
