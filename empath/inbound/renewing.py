"""Certificates of the open listeners, renewed in their files: built aside, taken at once.

Blocks: call it in a thread.  What can go wrong: `RenewalRefused`, with the listener to blame.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import partial

from empath.config.model import Config
from empath.config.renewal import Renewal, RenewalRefused
from empath.tls import ServerContext, TlsUnusable, server_context

_Built = tuple[ServerContext, tuple[bytes, ssl.SSLContext]]


def build(contexts: Sequence[ServerContext], config: Config) -> Renewal:
    """Contexts for the *contexts* whose files have changed, as far as *config* still names them.

    Those of listeners that wait for a restart are tried, so that the restart will not fail.
    Raises `RenewalRefused`, with all that cannot be used.
    """
    built: list[_Built] = []
    refused: list[RenewalRefused] = []
    for number, listener in enumerate(config.listener):
        if listener.certificate is None or listener.key is None:
            continue
        files = listener.certificate, listener.key
        shown = [context for context in contexts if context.files == files]
        try:
            if not shown:
                server_context(*files)
            for context in shown:
                found = context.build()
                if found is not None:
                    built.append((context, found))
        except TlsUnusable as error:
            refused.append(RenewalRefused(f"listener[{number}].certificate", str(error)))
    if refused:
        raise RenewalRefused.together(refused)
    names = dict.fromkeys(context.files[0] for context, _ in built)
    sentences = tuple(f"the certificate in {name} was renewed" for name in names)
    return Renewal(partial(_take, built), sentences)


def _take(built: Sequence[_Built]) -> None:
    for context, found in built:
        context.take(found)
