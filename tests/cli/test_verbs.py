"""How a command is made of options that it shares with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from empath.cli.verbs import group, verb


@dataclass(frozen=True, slots=True)
class Colour:
    """Two options."""

    hue: Annotated[str, typer.Option("--hue", help="Such as blue.")] = "grey"
    dark: Annotated[bool, typer.Option("--dark", help="Darker.")] = False


def test_a_group_of_options_comes_as_one_value_and_reads_as_its_options() -> None:
    """A dataclass among a command's parameters stands for its options, in its place."""
    paint = group("paint", "Paints.")
    painted: list[tuple[str, Colour, int]] = []

    @paint.command()
    @verb
    def wall(
        *,
        name: Annotated[str, typer.Argument(metavar="WALL")],
        colour: Colour,
        coats: Annotated[int, typer.Option("--coats", help="How many.")] = 1,
    ) -> None:
        """Paint a wall."""
        painted.append((name, colour, coats))

    @paint.callback()
    def paints() -> None:
        """Paints."""

    asked = CliRunner()
    assert asked.invoke(paint, ["wall", "north"]).exit_code == 0
    assert (
        asked.invoke(paint, ["wall", "--dark", "--hue", "blue", "--coats", "2", "x"]).exit_code == 0
    )
    assert painted == [("north", Colour(), 1), ("x", Colour("blue", dark=True), 2)]
    told = asked.invoke(paint, ["wall", "--help"]).output
    assert "Paint a wall." in told
    places = [told.index(word) for word in ("WALL", "--hue", "--dark", "--coats")]
    assert places == sorted(places)


def test_an_option_that_would_stand_twice_is_refused_where_the_command_is_made() -> None:
    """Two groups with an option of one name are a mistake that is seen at import."""
    with pytest.raises(ValueError, match="duplicate parameter name: 'hue'"):

        @verb
        def wall(*, inside: Colour, outside: Colour) -> None:
            """Paint a wall."""
