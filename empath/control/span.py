"""For how long an operator may set something."""

from __future__ import annotations

from typing import Final

from empath.control.link import RequestUnclear

LONGEST: Final = 366 * 86400.0
"""Most seconds for which something is set."""


def span(seconds: float) -> float:
    """*seconds*, checked.  Raises `RequestUnclear`."""
    if not 0 < seconds <= LONGEST:
        raise RequestUnclear(f"seconds is more than 0 and at most {LONGEST:.0f} (a year).")
    return seconds
