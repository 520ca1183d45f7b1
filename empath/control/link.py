"""The operator's door: every request, its reply, and the `Link` they travel over.

``await link.ask(ListQueue())`` is typed by its request, and the same values cross the socket
as JSON.  The console and ``empathctl`` know the engine only through this module, the events
and the words; the structs stand in `queue_requests`, `selection_requests`, `job_requests`,
`trash_requests`, `gate_requests`, `record_requests`, `system_requests`, `config_requests`,
`dns_requests` and `tls_requests`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

from msgspec import Struct

from empath.control.config_requests import (
    AppliedConfig,
    ApplyConfig,
    ConfigChange,
    ConfigFault,
    ConfigHistory,
    ConfigVersion,
    ConfigView,
    GetConfig,
    ListConfigHistory,
    Plan,
    PlanConfig,
    QueueImpact,
    RollBackConfig,
)
from empath.control.dns_requests import (
    ClearDnsCache,
    DnsCache,
    DnsCleared,
    DnsEntry,
    DnsOverride,
    DnsOverrides,
    ListDnsCache,
    ListDnsOverrides,
    OverrideChange,
    RefreshDns,
    RemoveDnsOverride,
    SetDnsOverride,
)
from empath.control.event_filter import (
    BadEventFilter,
    EventFilter,
    event_filter_text,
    parse_event_filter,
)
from empath.control.gate_requests import (
    CloseBreaker,
    ExplainMessage,
    GateChange,
    GateItem,
    GateList,
    ListGates,
    ListUnreached,
    OpenBreaker,
    RerouteDestination,
    ResetBreaker,
    RestoreRoute,
    ResumeDestination,
    SuspendDestination,
    UnreachedHost,
    UnreachedHosts,
    WhyItem,
    WhyReply,
)
from empath.control.job_requests import CancelJob, JobItem, Jobs, ListJobs, UndoJob
from empath.control.queue_requests import (
    BounceMessages,
    Changed,
    ContentPart,
    DeleteMessages,
    DestinationItem,
    Destinations,
    FlushQueue,
    HoldMessages,
    ListDestinations,
    ListQueue,
    MessageView,
    Preview,
    PreviewItem,
    PrioritizeMessages,
    QueueChange,
    QueueItem,
    QueuePage,
    ReadContent,
    RecipientItem,
    ReleaseMessages,
    RerouteMessages,
    RetryMessages,
    ViewMessage,
)
from empath.control.record_requests import ListRecord, RecordItem, RecordList
from empath.control.request import (
    LinkIncompatible,
    LinkLost,
    LinkReadOnly,
    NoEngine,
    NotFound,
    R_co,
    Reply,
    Request,
    RequestRefused,
    RequestUnclear,
    reply_type,
)
from empath.control.selection_requests import Selection, SelectMessages
from empath.control.system_requests import (
    AttentionItem,
    CheckSpool,
    GetSpool,
    GetStatus,
    Ping,
    Pong,
    SpoolCheck,
    SpoolProblem,
    SpoolReport,
    Status,
    StopEngine,
    Stopping,
)
from empath.control.tls_requests import ListTls, TlsDestination, TlsDestinations
from empath.control.trash_requests import (
    EmptyTrash,
    ListTrash,
    RestoreTrash,
    TrashItem,
    TrashPage,
)
from empath.events import Event

__all__ = [
    "PROTOCOL",
    "AppliedConfig",
    "ApplyConfig",
    "AttentionItem",
    "BadEventFilter",
    "BounceMessages",
    "CancelJob",
    "Changed",
    "CheckSpool",
    "ClearDnsCache",
    "CloseBreaker",
    "ConfigChange",
    "ConfigFault",
    "ConfigHistory",
    "ConfigVersion",
    "ConfigView",
    "ContentPart",
    "DeleteMessages",
    "DestinationItem",
    "Destinations",
    "DnsCache",
    "DnsCleared",
    "DnsEntry",
    "DnsOverride",
    "DnsOverrides",
    "EmptyTrash",
    "EventFilter",
    "ExplainMessage",
    "FlushQueue",
    "GateChange",
    "GateItem",
    "GateList",
    "GetConfig",
    "GetSpool",
    "GetStatus",
    "HoldMessages",
    "JobItem",
    "Jobs",
    "Link",
    "LinkIncompatible",
    "LinkLost",
    "LinkReadOnly",
    "ListConfigHistory",
    "ListDestinations",
    "ListDnsCache",
    "ListDnsOverrides",
    "ListGates",
    "ListJobs",
    "ListQueue",
    "ListRecord",
    "ListTls",
    "ListTrash",
    "ListUnreached",
    "MessageView",
    "NoEngine",
    "NotFound",
    "Notice",
    "OpenBreaker",
    "OverrideChange",
    "Ping",
    "Plan",
    "PlanConfig",
    "Pong",
    "Preview",
    "PreviewItem",
    "PrioritizeMessages",
    "QueueChange",
    "QueueImpact",
    "QueueItem",
    "QueuePage",
    "ReadContent",
    "RecipientItem",
    "RecordItem",
    "RecordList",
    "RefreshDns",
    "ReleaseMessages",
    "RemoveDnsOverride",
    "Reply",
    "Request",
    "RequestRefused",
    "RequestUnclear",
    "RerouteDestination",
    "RerouteMessages",
    "ResetBreaker",
    "RestoreRoute",
    "RestoreTrash",
    "ResumeDestination",
    "RetryMessages",
    "RollBackConfig",
    "SelectMessages",
    "Selection",
    "SetDnsOverride",
    "SpoolCheck",
    "SpoolProblem",
    "SpoolReport",
    "Status",
    "StopEngine",
    "Stopping",
    "SuspendDestination",
    "TlsDestination",
    "TlsDestinations",
    "TrashItem",
    "TrashPage",
    "UndoJob",
    "UnreachedHost",
    "UnreachedHosts",
    "ViewMessage",
    "WhyItem",
    "WhyReply",
    "event_filter_text",
    "parse_event_filter",
    "reply_type",
]

PROTOCOL: Final = 2
"""Raised when a request or reply changes in a way an older console cannot read."""


class Notice(Struct, frozen=True, kw_only=True):
    """An event and its number; a gap in the numbers is a loss, and `missed` says how many."""

    sequence: int
    event: Event
    missed: int = 0
    sampled: int = 0
    """Events before it that were left out because the reader wants no more a second."""


class Link(Protocol):
    """What an operator may do with an engine, near or far.

    Both methods raise `LinkLost` when the engine cannot be reached and `RequestRefused`
    when it says no.
    """

    async def ask(self, request: Request[R_co]) -> R_co:
        """Send a request and wait for its reply."""
        ...

    def events(
        self, after: int | None = None, only: EventFilter | None = None
    ) -> AsyncIterator[Notice]:
        """The stream of events from now on, or from behind number *after*; *only* those that
        pass.  Raises `RequestUnclear` for a filter that names no kind there is.
        """
        ...

    async def close(self) -> None:
        """Let go of the engine."""
        ...
