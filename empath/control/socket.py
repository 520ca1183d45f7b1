"""Both ends of the control socket, under one name.

The engine opens a `ControlServer`; consoles and commands ask through a `RemoteLink`.
"""

from __future__ import annotations

from empath.control.peer import SocketUnusable, answers
from empath.control.remote import RemoteLink
from empath.control.server import ControlServer

__all__ = ["ControlServer", "RemoteLink", "SocketUnusable", "answers"]
