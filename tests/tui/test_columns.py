"""How the width of a table is shared out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.screens import destinations, queue_rows
from tui.widgets import event_log, timeline
from tui.widgets.columns import GAP, cut, fit

TABLES = (queue_rows.COLUMNS, destinations.COLUMNS, event_log.COLUMNS, timeline.COLUMNS)


@given(st.sampled_from(TABLES), st.integers(1, 400))
def test_columns_never_exceed_the_width(columns: tuple[object, ...], width: int) -> None:
    """At any width the columns shown, with their gaps, fit; wide tables use all of it."""
    fitted = fit(columns, width)  # type: ignore[arg-type]
    used = sum(size for _, size in fitted) + GAP * (len(fitted) - 1)
    assert used <= width
    if width >= 60:
        assert used >= width - 2 * len(fitted) or all(c.most < 10_000 for c, _ in fitted if c.share)


@given(st.text(st.characters(categories=["L", "N", "P", "Z", "S"])), st.integers(1, 40))
def test_a_cell_has_exactly_its_width(text: str, width: int) -> None:
    """Whatever is in it, wide letters too, a cell takes exactly the cells it has."""
    assert cell_len(cut(text, width)) == width
    assert cell_len(cut(text, width, right=True)) == width


def test_what_is_cut_ends_in_an_ellipsis() -> None:
    """A cell that does not fit shows that it was cut; numbers stand on the right."""
    assert cut("ada@bigmail.example", 8) == "ada@big…"
    assert cut("12", 5, right=True) == "   12"


def test_a_narrow_queue_keeps_what_matters() -> None:
    """At 80 columns the queue shows id, state, age, recipient and reply; at 200 everything."""
    narrow = {column.name for column, _ in fit(queue_rows.COLUMNS, 78)}
    wide = {column.name for column, _ in fit(queue_rows.COLUMNS, 198)}
    assert {"id", "state", "age", "to", "note"} <= narrow
    assert "from" not in narrow
    assert {"priority", "subject", "reply", "from"} <= wide
    assert "note" not in wide
