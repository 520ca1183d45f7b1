"""`empath.toml` to a frozen `Config`, or everything that is wrong with it at once.

`find_config` says which file, `load_config` reads it, `parse_config` reads text (for an
editor that has not saved yet).  All raise `ConfigUnusable`; none returns a config that has a
problem.  Nothing is opened but the config, the secrets it names, and what it says exists.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from empath.address import BadAddress, BannerHostname
from empath.config.checks import UNNAMED, check_config
from empath.config.config_file import read_text, unusable
from empath.config.locate import locate_keys
from empath.config.model import Config
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.read import Reader
from empath.config.toml import read_toml
from empath.config.toml_fault import toml_fault
from empath.config.values import Unfit

__all__ = [
    "DEFAULT_NAME",
    "find_config",
    "load_config",
    "machine_name",
    "parse_config",
    "read_text",
]

DEFAULT_NAME: Final = Path("empath.toml")
"""The config that is used when none is named, in the working folder."""

_NAME_PATIENCE: Final = 2.0
"""Seconds to wait for the name of the machine, which may be asked of a DNS that is down."""


def find_config(explicit: Path | None, *, needed: bool) -> Path | None:
    """The config file to use: the one named, else ``./empath.toml``, else None.

    With *needed*, raises `ConfigUnusable` instead of returning None.
    """
    if explicit is not None:
        return explicit
    # A link that leads nowhere, or to itself, is a config that cannot be read, not none.
    if DEFAULT_NAME.exists() or DEFAULT_NAME.is_symlink():
        return DEFAULT_NAME
    if needed:
        raise unusable(
            DEFAULT_NAME,
            "there is no config here: name one with --config FILE, make ./empath.toml, or run"
            ' "empath dev", which needs none',
        )
    return None


def load_config(
    path: Path | None,
    *,
    environ: Mapping[str, str] = os.environ,
    elsewhere: list[ConfigProblem] | None = None,
) -> Config:
    """Read the config at *path*, or the built-in defaults for None.

    *elsewhere* is for a command that runs no engine, see `parse_config`.
    """
    if path is None:
        return parse_config("", file="built-in defaults", directory=Path.cwd(), environ=environ)
    text, shared = read_text(path)
    return parse_config(
        text,
        file=str(path),
        directory=path.absolute().parent,
        environ=environ,
        shared=shared,
        elsewhere=elsewhere,
    )


def parse_config(
    text: str,
    *,
    file: str,
    directory: Path,
    environ: Mapping[str, str] = os.environ,
    shared: bool = False,
    machine: Callable[[], BannerHostname] | None = None,
    elsewhere: list[ConfigProblem] | None = None,
) -> Config:
    """Read a config from *text*.

    *file* is its name for the operator, *directory* is where relative paths start, *shared*
    says that others can read the file, so that it must not hold a secret; *machine* gives the
    hostname that is not written (`machine_name`, which may take two seconds).

    Given *elsewhere*, a secret that this process was not handed by the environment or systemd, or
    a file of secrets that it may not read, is a warning in there and no problem; it is then no
    secret that can be used.
    """
    try:
        document = read_toml(text)
        lines = locate_keys(text)
    except ValueError as error:
        raise ConfigUnusable([toml_fault(file, text, error)]) from None
    reader = Reader(
        file=file,
        directory=directory,
        environ=environ,
        lines=lines,
        shared=shared,
        elsewhere=elsewhere,
    )
    config = reader.section(Config, document, ())
    config = _with_defaults(config, reader, machine or machine_name)
    check_config(config, reader)
    if reader.problems:
        raise ConfigUnusable(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return config


def _with_defaults(config: Config, reader: Reader, machine: Callable[[], BannerHostname]) -> Config:
    """Fill in the two defaults that depend on the machine."""
    changes: dict[str, Any] = {}
    if ("hostname",) not in reader.written:
        changes["hostname"] = machine()
    if ("spool", "path") not in reader.written:
        state = reader.environ.get("XDG_STATE_HOME", "")
        try:
            # The XDG specification has relative paths ignored.
            path = Path(state) / "empath" if state.startswith("/") else None
            path = path or reader.resolve(str(config.spool.path))
        except Unfit as error:
            reader.reject(("spool", "path"), f"must be written: {error}")
        else:
            changes["spool"] = msgspec.structs.replace(config.spool, path=path)
    return msgspec.structs.replace(config, **changes)


def machine_name() -> BannerHostname:
    """The full name of this machine, or ``localhost.localdomain`` when it has none.

    Waits two seconds at most: the resolver of the machine may be asked.
    """
    name = socket.gethostname()
    if "." not in name:
        found: list[str] = []
        # A daemon thread, so that a resolver that hangs does not keep the process alive.
        asking = threading.Thread(target=lambda: found.append(socket.getfqdn()), daemon=True)
        asking.start()
        asking.join(_NAME_PATIENCE)
        name = found[0] if found else name
    try:
        return BannerHostname(name) if "." in name else UNNAMED
    except BadAddress:
        return UNNAMED
