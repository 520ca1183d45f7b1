"""The small charts of the overview."""

from __future__ import annotations

import pytest
from textual.geometry import Size

from tui.series import Series
from tui.widgets.spark import Spark


class _Sized(Spark):
    """A chart of a fixed size, without an app round it."""

    @property
    def size(self) -> Size:
        """As a wide terminal gives it."""
        return Size(80, 1)


@pytest.mark.parametrize(
    ("whole", "unit", "values", "figure", "most"),
    [
        (True, "", (6.0, 6.0), "6", "max 6"),
        (True, "", (0.0, 12_345.0), "12.3k", "max 12.3k"),
        (False, "/s", (6.0, 6.0), "6.0/s", "max 6.0/s"),
        (False, "/s", (None, None), "–", ""),
    ],
)
def test_counts_are_whole_and_rates_have_a_decimal(
    *, whole: bool, unit: str, values: tuple[float | None, ...], figure: str, most: str
) -> None:
    """The queue is six messages long, not 6.0; mail comes at 6.0 a second."""
    series = Series()
    for second, value in enumerate(values):
        series.add(float(second), value)
    chart = _Sized("queue", series, "muted", unit=unit, whole=whole)
    words = chart.render_line(0).text.split()
    assert words[:2] == ["queue", figure]
    assert chart.render_line(0).text.rstrip().endswith(most)


def test_the_peak_is_never_less_than_the_present() -> None:
    """Ten minutes of columns are means, but max is the highest second."""
    series = Series()
    for second in range(600):
        series.add(float(second), 430.0 if second >= 595 else 10.0)
    line = _Sized("accepted", series, "info").render_line(0).text
    assert line.split()[1] == "430/s"
    assert line.rstrip().endswith("max 430/s")
