"""The states of an inbound SMTP session, and what leads from one to another: a table.

What is not in the row of a state is out of turn there.  STARTTLS is a row like any other, and
what owns the wire after it (the handshake, or the content) is a state: in it no command can come.
"""

from __future__ import annotations

import enum
from typing import Final


class State(enum.IntEnum):
    """Whose turn it is, and for what."""

    GREETED = enum.auto()  # 220 sent, nothing said yet
    READY = enum.auto()  # EHLO or HELO said, no transaction
    TLS = enum.auto()  # 220 to STARTTLS sent: the handshake owns the wire
    MAIL = enum.auto()  # MAIL accepted
    RCPT = enum.auto()  # at least one RCPT accepted
    DATA = enum.auto()  # 354 sent: the content owns the wire
    CLOSED = enum.auto()


class Did(enum.IntEnum):
    """What just succeeded."""

    EHLO = enum.auto()
    STARTTLS = enum.auto()
    SECURED = enum.auto()
    MAIL = enum.auto()
    RCPT = enum.auto()
    DATA = enum.auto()
    RECEIVED = enum.auto()
    RSET = enum.auto()
    QUIT = enum.auto()


_S, _D = State, Did
TRANSITIONS: Final[dict[State, dict[Did, State]]] = {
    _S.GREETED: {_D.EHLO: _S.READY, _D.RSET: _S.GREETED, _D.QUIT: _S.CLOSED},
    _S.READY: {
        _D.EHLO: _S.READY,
        _D.STARTTLS: _S.TLS,
        _D.MAIL: _S.MAIL,
        _D.RSET: _S.READY,
        _D.QUIT: _S.CLOSED,
    },
    _S.TLS: {_D.SECURED: _S.GREETED},  # RFC 3207 4.2: EHLO is owed again
    _S.MAIL: {
        _D.EHLO: _S.READY,
        _D.RCPT: _S.RCPT,
        _D.RSET: _S.READY,
        _D.QUIT: _S.CLOSED,
    },
    _S.RCPT: {
        _D.EHLO: _S.READY,
        _D.RCPT: _S.RCPT,
        _D.DATA: _S.DATA,
        _D.RSET: _S.READY,
        _D.QUIT: _S.CLOSED,
    },
    _S.DATA: {_D.RECEIVED: _S.READY},
    _S.CLOSED: {},
}
