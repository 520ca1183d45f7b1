"""Tables at the width of a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from empath.cli.columns import GAP, IDS, MORE, columns
from tests.fakes.command_line import ID, Ctl
from tests.fakes.own_terminal import OwnTerminal

TITLES = ("VERSION", "WHEN", "HOW", "WHO", "CHANGES", "REASON")
RIGHT = (True, False, False, False, True, False)
ROWS = [
    ("12*", "2026-11-22 14:02:07 CET", "rollback to 10", "root(uid 0) pid 4411", "1,204", "x" * 80),
    ("9", "2026-11-22 13:02:07 CET", "edit", "ada", "1", "–"),
]


def drawn(room: int | None, rows: Sequence[Sequence[str]] = ROWS) -> list[str]:
    """The table, line by line."""
    shown = columns(TITLES, RIGHT, rows, room)
    return [
        (" " * GAP).join(column.cell(row[column.place]) for column in shown).rstrip()
        for row in (TITLES, *rows)
    ]


def test_where_there_is_room_nothing_is_cut() -> None:
    """Nor in a pipe, however long a line is."""
    assert drawn(None) == drawn(400)
    assert drawn(None)[1].endswith("x" * 80)
    assert drawn(None)[2] == (
        "      9  2026-11-22 13:02:07 CET  edit            ada                         1  –"
    )


def test_the_widest_text_is_cut_first() -> None:
    """The reason here, and what may be typed again or is a figure stays whole."""
    assert drawn(104) == [
        "VERSION  WHEN                     HOW             WHO                   CHANGES  REASON",
        "    12*  2026-11-22 14:02:07 CET  rollback to 10  root(uid 0) pid 4411    1,204  "
        + "x" * 22 + "…",
        "      9  2026-11-22 13:02:07 CET  edit            ada                         1  –",
    ]  # fmt: skip


def test_where_cutting_does_not_do_columns_are_left_out_from_the_right() -> None:
    """The number of a version is what one rolls back with; it is there at forty columns."""
    assert drawn(40) == [
        "VERSION  WHEN      HOW       WHO",
        "    12*  2026-11…  rollbac…  root(ui…",
        "      9  2026-11…  edit      ada",
    ]


@pytest.mark.parametrize("room", [0, 1, 5])
def test_an_id_is_whole_on_any_terminal(room: int) -> None:
    """It is all that is left where there is room for nothing."""
    assert drawn(room) == ["VERSION", "    12*", "      9"]


def test_a_table_without_ids_keeps_its_first_column() -> None:
    """There is always something to be seen."""
    [column] = columns(("WHEN", "WHO"), (False, False), [("now and then", "ada")], 3)
    assert column.cell("now and then") == "now and…"


@given(
    st.integers(0, 120),
    st.lists(
        st.tuples(*[st.text(st.sampled_from("aé世 …"), max_size=30) for _ in TITLES]), max_size=3
    ),
)
def test_no_line_is_too_long_but_for_an_id(room: int, rows: list[tuple[str, ...]]) -> None:
    """Whatever stands in the cells, with characters that take two columns too."""
    shown = columns(TITLES, RIGHT, rows, room)
    assert "VERSION" in {TITLES[column.place] for column in shown}
    width = sum(column.width for column in shown) + GAP * (len(shown) - 1)
    assert width <= room or all(TITLES[column.place] in IDS for column in shown)
    for row in rows:
        for column in shown:
            said = column.cell(row[column.place])
            assert cell_len(said) == column.width
            if TITLES[column.place] in IDS or column.to_right:
                assert said.strip() == row[column.place].strip()


async def test_a_terminal_gets_the_table_cut_and_coloured(ctl: Ctl) -> None:
    """A header that lacks columns says so; every line fits, and ids are whole."""

    def shown() -> OwnTerminal:
        with OwnTerminal(
            "empath.cli.ctl", "queue", "list", "--socket", str(ctl.path), columns=50
        ) as terminal:
            assert terminal.wait() == 0
            return terminal

    terminal = await asyncio.to_thread(shown)
    header, *rows = terminal.text.replace("\r", "").splitlines()
    assert header.startswith("ID ")
    assert header.endswith(MORE)
    assert str(ID) in {row.split()[0] for row in rows}
    assert all(cell_len(line) <= 50 for line in (header, *rows))
    assert b"\x1b[33mdeferred" in terminal.output
