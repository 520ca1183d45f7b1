"""Each key of the model, changed in its file and reloaded, takes effect when it says it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import trustme

from empath.config.keys import NAMES
from empath.config.model import Effect
from tests.config.proof import KEYS, Proof, pattern
from tests.config.proofs_delivery import DELIVERY
from tests.config.proofs_inbound import INBOUND
from tests.config.proofs_routes import ROUTING
from tests.config.proofs_within import WITHIN
from tests.fakes.any_mx import AnyMx
from tests.fakes.name_server import NameServer, zone
from tests.fakes.programs import free_port
from tests.fakes.reloading import Reloading, reloading

AT_WORK: Final = {**INBOUND, **ROUTING, **DELIVERY, **WITHIN}
ZONE: Final = (
    "elsewhere.test. 7200 MX 10 mx.elsewhere.test.",
    "mx.elsewhere.test. 7200 A 192.0.2.7",
    *(f"n{number}.test. 7200 A 192.0.2.{number}" for number in range(1, 5)),
)


def of(effect: Effect) -> list[str]:
    """The keys that say they take effect so, and have a proof."""
    return [key for key in AT_WORK if KEYS[key].effect is effect]


class Proving:
    """One proof, and the parts that it looks at."""

    def __init__(self, key: str, parts: Reloading, changed: str) -> None:
        self.proof: Proof = AT_WORK[key]
        self.parts = parts
        self._key = key
        self._changed = changed

    async def change(self) -> None:
        """Reload from a file in which this key, and nothing else, is new."""
        applied = await self.parts.say(self._changed)
        assert not applied.plan.faults
        section, _, name = self._key.rpartition(".")
        # Another name makes another table.
        changed = section if NAMES.get(section) == name else self._key
        said = {(pattern(one.key), one.effect) for one in applied.plan.changes}
        assert said == {(changed, str(KEYS[self._key].effect))}
        assert applied.plan.pending == ()


@asynccontextmanager
async def proving(key: str, folder: Path) -> AsyncIterator[Proving]:
    """Everything open, under the old value."""
    async with AnyMx() as mx, AnyMx() as other, NameServer(zone(*ZONE)) as names:
        for name in ("one", "two"):
            authority = trustme.CA(organization_unit_name=name)
            authority.cert_pem.write_to_path(folder / f"{name}.pem")
        ports = {
            "PORT": free_port(),
            "OTHER": free_port(),
            "MX": mx.port,
            "MX2": other.port,
            "NAMES": names.port,
            "SPOOL": folder / "spool",
            "FOLDER": folder,
        }

        def filled(value: str) -> str:
            text = AT_WORK[key].text(key, value)
            for name, port in ports.items():
                text = text.replace(f"@{name}@", str(port))
            return text

        async with reloading(folder, filled(AT_WORK[key].old), mx, names) as parts:
            yield Proving(key, parts, filled(AT_WORK[key].new))


def test_every_key_has_its_proof() -> None:
    """A setting cannot be added without the proof that it takes effect when it says; what waits
    for a restart is proved in test_restart.py.
    """
    waiting = {key for key, setting in KEYS.items() if setting.effect is Effect.RESTART}
    assert set(KEYS) - waiting == set(AT_WORK)
    assert all(proof.was != proof.becomes for proof in AT_WORK.values())


@pytest.mark.parametrize("key", of(Effect.LIVE))
async def test_a_live_setting_is_in_force_at_once(key: str, tmp_path: Path) -> None:
    """What runs meets the new value at its next unit of work; nothing is begun anew."""
    async with proving(key, tmp_path) as proving_:
        look, parts = proving_.proof.look, proving_.parts
        assert await look(parts) == proving_.proof.was
        await proving_.change()
        assert await look(parts) == proving_.proof.becomes


@pytest.mark.parametrize("key", of(Effect.NEW_SESSIONS))
async def test_a_setting_for_new_sessions_leaves_others_alone(key: str, tmp_path: Path) -> None:
    """A client that was there keeps what it came under; one that comes then meets the new."""
    async with proving(key, tmp_path) as proving_:
        look, parts = proving_.proof.look, proving_.parts
        before = await parts.ready()
        await proving_.change()
        assert await look(parts, before) == proving_.proof.was
        assert await look(parts, await parts.ready()) == proving_.proof.becomes
