"""What an operator may ask about operators: who did what when, and why."""

from __future__ import annotations

from msgspec import Struct

from empath.control.request import Reply, Request
from empath.events import OperatorRecord


class RecordItem(Struct, frozen=True, kw_only=True):
    """One thing an operator did."""

    number: int
    """Greater for what was asked for later."""
    record: OperatorRecord


class RecordList(Reply, frozen=True):
    """What operators did, newest first."""

    items: tuple[RecordItem, ...]


class ListRecord(Request[RecordList], frozen=True):
    """Who did what when, and why?  `before` is the number behind which a page begins."""

    route = "record"
    limit: int = 50
    before: int | None = None
