"""How numbers are written on screen: ages, sizes, counts, rates and times of day.

All results are short, plain ASCII and made for right-aligned columns.  Units: seconds and
octets in; a value that is not there is a dash.
"""

from __future__ import annotations

from empath.instant import local

NONE = "–"


def age(seconds: float | None) -> str:
    """A length of time in two units at most: ``7s``, ``4m09s``, ``1h07m``, ``3d04h``."""
    if seconds is None:
        return NONE
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s" if whole < 600 else f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    days = whole // 86400
    return f"{days}d{whole % 86400 // 3600:02d}h" if days < 100 else f"{days}d"


def due(at: float | None, now: float) -> str:
    """When something happens next: ``+16m``, ``now``, or a dash."""
    if at is None:
        return NONE
    return "now" if at <= now else f"+{age(at - now)}"


def octets(count: int) -> str:
    """A size in decimal units with three digits at most: ``812B``, ``3.1kB``, ``29kB``."""
    if count < 1000:
        return f"{count}B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1000
        if value < 9.95:
            return f"{value:.1f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
    return "huge"


def memory(count: int) -> str:
    """A size in binary units as tools for processes write it: ``61M``."""
    if count < 1 << 30:
        return f"{count / (1 << 20):.0f}M"
    return f"{count / (1 << 30):.1f}G"


def count(number: int) -> str:
    """A whole number with separators: ``12,431``."""
    return f"{number:,}"


def short_count(number: int) -> str:
    """A whole number in five columns at most: ``9,999``, ``12.4k``, ``1.20M``."""
    if number < 10_000:
        return f"{number:,}"
    if number < 999_950:
        return f"{number / 1000:.1f}k" if number < 99_950 else f"{number / 1000:.0f}k"
    return f"{number / 1_000_000:.2f}M"


def rate(per_second: float | None) -> str:
    """A rate as it fits: ``0``, ``0.2``, ``3.4``, ``41``, ``12.4k``; without its ``/s``."""
    if per_second is None:
        return NONE
    if per_second < 0.05:
        return "0"
    if per_second < 9.95:
        return f"{per_second:.1f}"
    return short_count(round(per_second))


def milliseconds(seconds: float) -> str:
    """A short delay: ``0.4ms``, ``12ms``, ``1.3s``."""
    if seconds >= 0.9995:
        return f"{seconds:.1f}s"
    value = seconds * 1000
    return f"{value:.1f}ms" if value < 9.95 else f"{value:.0f}ms"


def time_of_day(at: float) -> str:
    """Local time: ``14:02:07``."""
    return local(at).strftime("%H:%M:%S")


def moment(at: float) -> str:
    """Local date and time: ``2026-11-22 14:02:07``."""
    return local(at).strftime("%Y-%m-%d %H:%M:%S")


def plural(number: int, noun: str) -> str:
    """``1 message``, ``3 messages``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
