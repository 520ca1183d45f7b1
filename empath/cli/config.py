"""`empathctl config`: the config file, and the config of an engine that runs."""

from __future__ import annotations

import typer

from empath.cli import config_running

config = typer.Typer(
    name="config",
    help="The config: what is in force, what a change would do, and its past.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
config_running.register(config)
