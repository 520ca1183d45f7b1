"""What the tests of `empathctl` share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.command_line import ID, VIEW, Ctl, item
from tests.fakes.memory_inside import parts_of
from tests.fakes.served_link import serving


@pytest.fixture
async def ctl(tmp_path: Path) -> AsyncIterator[Ctl]:
    """A link with three messages, and the command that asks it."""
    async with serving(tmp_path) as (link, path):
        link.set_queue([item(number) for number in range(3)])
        link.views[ID] = VIEW
        link.contents[ID] = "Subject: Hello\r\n\r\n\x1b[31mred\r\n"
        link.inside.parts[ID] = parts_of(ID)
        yield Ctl(link, path)
