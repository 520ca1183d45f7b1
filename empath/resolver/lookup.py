"""One look-up: asks the servers in turn and follows aliases, until there is an answer.

Promises: ends within its deadline whatever the servers do (a recursive server may itself
wait 40 s for a silent one); a server that refuses or fails is not asked again, a silent one
is; only NOERROR and NXDOMAIN are facts.  Nothing is raised: trouble is `LookupFailed`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from empath.address import BadAddress, Domain
from empath.policy.answer import Found, LookupFailed, NoSuchName, NoSuchRecord
from empath.resolver.cache import AnyAnswer
from empath.resolver.exchange import NoAnswer, Silent, ask
from empath.resolver.servers import Server
from empath.resolver.wire import Code, Kind, Malformed, Response

MAX_ALIASES: Final = 16
"""CNAME records that are followed from one name."""
_TRIES: Final = 4
"""A single silent server is asked this often before the deadline."""


class _Trouble(Exception):
    """The look-up cannot go on; the message says why."""


async def look_up(
    name: Domain, kind: Kind, servers: Sequence[Server], *, timeout: float
) -> AnyAnswer:
    """The records of *kind* at *name*, within *timeout* seconds."""
    panel = _Panel(servers, wait=timeout / _TRIES)
    try:
        async with asyncio.timeout(timeout):
            return await _follow(name, kind, panel)
    except TimeoutError:
        reason = f"no answer within {timeout:g} s{panel.faults}"
    except (_Trouble, Malformed) as error:
        reason = str(error)
    return LookupFailed(f"{kind.name} of {name}: {reason}")


async def _follow(name: Domain, kind: Kind, panel: _Panel) -> AnyAnswer:
    """RFC 1034 5.3.3: an alias is as good as its target; most servers follow it for us."""
    asked, aliases, ttl, authentic = str(name), 0, 2**31, True
    while True:
        response = await panel.ask(asked, kind)
        authentic = authentic and response.authentic
        leads = {r.name: r for r in response.records if r.kind == Kind.CNAME}
        end = asked
        while end in leads:
            aliases += 1
            if aliases > MAX_ALIASES:
                raise _Trouble(f"more than {MAX_ALIASES} aliases (CNAME) in a row, or a ring")
            ttl = min(ttl, leads[end].ttl)
            end = str(leads[end].value)
        records = [r for r in response.records if r.kind == kind and r.name == end]
        if records:
            values = tuple(dict.fromkeys(r.value for r in records if not isinstance(r.value, str)))
            return Found(values, min(ttl, *(r.ttl for r in records)), authentic)
        negative_ttl = min(ttl, response.negative_ttl or 0)
        if response.code == Code.NXDOMAIN:
            return NoSuchName(negative_ttl, authentic)
        if end == asked or response.negative_ttl is not None:
            return NoSuchRecord(negative_ttl, authentic)
        try:
            asked = Domain(end)
        except BadAddress:
            raise _Trouble(f"its alias {end} is not a host name") from None


class _Panel:
    """The servers of one look-up, and what each has done."""

    def __init__(self, servers: Sequence[Server], *, wait: float) -> None:
        self._servers = deque(servers)
        self._wait = wait
        self._faults: dict[Server, str] = {}

    @property
    def faults(self) -> str:
        """What went wrong so far, with a blank and brackets round it; or nothing."""
        said = "; ".join(f"{server} {fault}" for server, fault in self._faults.items())
        return f" ({said})" if said else ""

    async def ask(self, name: str, kind: Kind) -> Response:
        """The first usable response.  Raises `_Trouble` when no server is left."""
        while self._servers:
            server = self._servers.popleft()
            try:
                response = await ask(server, name, kind, wait=self._wait)
            except Silent as error:
                self._faults[server] = str(error)
                self._servers.append(server)
            except NoAnswer as error:
                self._faults[server] = str(error)
            else:
                if response.competent and response.code in (Code.NOERROR, Code.NXDOMAIN):
                    self._servers.appendleft(server)
                    return response
                self._faults[server] = f"answered {response.code_word}"
                if not response.competent:
                    # Its silence about a record would be taken for "there is none".
                    self._faults[server] = "does not look names up for others (no recursion)"
        raise _Trouble(f"no name server could say{self.faults}")
