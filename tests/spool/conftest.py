"""A spool of its own for each test, and the hand-turned clock it lives by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from empath.config.model import Spool as Settings
from empath.config.units import ByteSize
from empath.spool.store import Store
from tests.fakes.clock import HandClock

Opener = Callable[..., Awaitable[Store]]


@pytest.fixture
def clock() -> HandClock:
    """The time, which stands still."""
    return HandClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A spool in the test's folder that keeps bodies up to 1,000 octets in the database."""
    return Settings(path=tmp_path / "spool", inline_limit=ByteSize(1000), min_free=ByteSize(0))


@pytest.fixture
async def opened(settings: Settings, clock: HandClock) -> AsyncIterator[Opener]:
    """Opens the spool, as often as asked; what is still open at the end is closed."""
    stores: list[Store] = []

    async def open_store(**changes: object) -> Store:
        for store in stores:
            await store.close()
        stores.clear()
        values = {name: getattr(settings, name) for name in settings.__struct_fields__}
        stores.append(await Store.open(Settings(**{**values, **changes}), clock=clock))
        return stores[0]

    yield open_store
    for store in stores:
        await store.close()


@pytest.fixture
async def store(opened: Opener) -> Store:
    """An open spool."""
    return await opened()
