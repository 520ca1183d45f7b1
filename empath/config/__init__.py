"""The config: the model (`Config`), and reading it from a file."""

from empath.config.model import Config

__all__ = ["Config"]
