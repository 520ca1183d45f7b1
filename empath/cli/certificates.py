"""Whether the certificates that a config names can be used, for the commands that check one."""

from __future__ import annotations

from empath.config.locate import line_of
from empath.config.model import Config
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.tls import TlsUnusable, server_context


def check_certificates(config: Config, *, file: str, text: str) -> None:
    """Build what each listener would use.  Raises `ConfigUnusable`, with all that cannot be used.

    *text* is what the config was read from, and *file* its name for the operator.
    """
    problems: list[ConfigProblem] = []
    for number, listener in enumerate(config.listener):
        if listener.certificate is None or listener.key is None:
            continue
        try:
            server_context(listener.certificate, listener.key)
        except TlsUnusable as error:
            key = f"listener[{number}].certificate"
            problems.append(ConfigProblem(file, line_of(text, key), key, str(error)))
    if problems:
        raise ConfigUnusable(problems)
