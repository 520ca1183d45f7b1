"""Waiting for a job of the queue to end."""

from __future__ import annotations

import asyncio

from empath.control.link import JobItem, ListJobs
from tests.fakes.operator_desk import Desk


async def ended(engine: Desk, id: str) -> JobItem:
    """The job once it has ended."""
    async with asyncio.timeout(30):
        while True:
            jobs = await engine.link.ask(ListJobs())
            found = next(each for each in jobs.items if each.id == id)
            if found.state != "running":
                return found
            await asyncio.sleep(0.01)
