"""Empath, a mail transfer agent that one person can run and understand: the engine."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("empath-mta")
except PackageNotFoundError:
    __version__ = "0+source"
