"""What `MemoryLink` answers about destinations: gates, encryption, DNS, reasons, the record."""

from __future__ import annotations

from typing import Any

from empath.control.link import (
    ClearDnsCache,
    DnsCache,
    DnsCleared,
    DnsEntry,
    DnsOverride,
    DnsOverrides,
    ExplainMessage,
    GateChange,
    GateItem,
    GateList,
    LimitDestination,
    ListDnsCache,
    ListDnsOverrides,
    ListGates,
    ListRecord,
    ListTls,
    ListUnreached,
    OpenBreaker,
    OverrideChange,
    QueueItem,
    RecordItem,
    RecordList,
    RefreshDns,
    RemoveDnsOverride,
    Request,
    RequestRefused,
    RerouteDestination,
    SetDnsOverride,
    SuspendDestination,
    TlsDestination,
    TlsDestinations,
    UnreachedHosts,
    WhyReply,
)
from empath.envelope import MessageId
from tests.fakes.counted import counted

_GATED = {
    OpenBreaker: ("breaker", "open"),
    SuspendDestination: ("suspension", "suspended"),
    RerouteDestination: ("override", "re-routed to mx.example.com:25"),
    LimitDestination: ("limit", "limited to 5/s"),
}


class MemoryPlaces:
    """Answers from its attributes; set them as the test's story needs."""

    queue: list[QueueItem]

    def __init__(self) -> None:
        self.cache: list[DnsEntry] = []
        self.overrides: dict[str, DnsOverride] = {}
        self.tls: list[TlsDestination] = []
        self.whys: dict[MessageId, WhyReply] = {}
        self.gates: list[GateItem] = []
        self.record: list[RecordItem] = []

    def answer_about_places(self, request: Request[Any]) -> Any:  # noqa: C901, PLR0912 - one row a request
        match request:
            case ListTls(limit=limit):
                return TlsDestinations(items=tuple(self.tls[:limit]), total=len(self.tls))
            case ExplainMessage(id=id):
                return self.whys.get(id) or WhyReply(id=id, recipients=(), total=0)
            case ListUnreached():
                return UnreachedHosts(hosts=())
            case ListGates():
                return GateList(gates=tuple(self.gates))
            case GateChange(destination=name, dry_run=True):
                chosen = [item for item in self.queue if item.destination == name]
                return GateList(gates=tuple(self.gates), preview=counted(chosen).preview)
            case OpenBreaker() | SuspendDestination() | RerouteDestination() | LimitDestination():
                kind, state = _GATED[type(request)]
                self.gates.append(
                    GateItem(
                        destination=request.destination,
                        gate=kind,
                        state=state,
                        until=request.seconds and 1_790_000_000.0 + request.seconds,
                        reason=request.reason,
                        actor="memory",
                    )
                )
                return GateList(gates=tuple(self.gates))
            case GateChange():
                self.gates = [g for g in self.gates if g.destination != request.destination]
                return GateList(gates=tuple(self.gates))
            case ListRecord(limit=limit):
                return RecordList(items=tuple(self.record[:limit]))
            case ListDnsCache():
                return DnsCache(entries=tuple(self.cache))
            case ClearDnsCache(name=name):
                kept = [entry for entry in self.cache if name and entry.name != name]
                gone = len(self.cache) - len(kept)
                self.cache = kept
                return DnsCleared(entries=gone)
            case RefreshDns(domain=domain):
                return DnsCache(entries=tuple(e for e in self.cache if e.name == domain))
            case OverrideChange(domain=domain, dry_run=True):
                chosen = [item for item in self.queue if item.destination == domain]
                return DnsOverrides(overrides=(), preview=counted(chosen).preview)
            case SetDnsOverride(domain=domain, hosts=hosts):
                self.overrides[domain] = DnsOverride(domain=domain, hosts=hosts)
            case RemoveDnsOverride(domain=domain):
                if self.overrides.pop(domain, None) is None:
                    raise RequestRefused(f"There is no override for {domain}.")
            case ListDnsOverrides():
                pass
            case _:
                raise AssertionError(f"nothing answers {type(request).__name__}")
        return DnsOverrides(overrides=tuple(self.overrides.values()))
