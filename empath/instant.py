"""A point in time as a date, whatever number it is.

What is stored may lie further ahead than the calendar goes: a message that a config once kept so
long.  Such a time is the last day there is, so that no listing ends over it; nothing is raised.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

_LAST: Final = dt.datetime(9999, 12, 30, tzinfo=dt.UTC).timestamp()
"""A day before the calendar ends: any zone has it."""


def utc(at: float) -> dt.datetime:
    """The date of so many seconds since the Unix epoch, in UTC."""
    return dt.datetime.fromtimestamp(min(_LAST, max(0.0, at)), dt.UTC)


def local(at: float) -> dt.datetime:
    """The same in the zone of this machine."""
    return utc(at).astimezone()
