"""The operator's door: every request, its reply, and the `Link` they travel over.

``await link.ask(ListQueue())`` is typed by its request, and the same values cross the socket
as JSON.  The console and ``empathctl`` know the engine only through this module, the events
and the words; the structs stand in `queue_requests`, `selection_requests`, `job_requests`,
`trash_requests`, `gate_requests`, `record_requests`, `shape_requests`, `parts_requests`,
`inbox_requests`, `system_requests`, `config_requests`, `config_text_requests`, `dns_requests`
and `tls_requests`.
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
from empath.control.config_text_requests import (
    CheckConfig,
    ConfigFaults,
    ConfigKey,
    ConfigKeys,
    ConfigText,
    ConfigValue,
    ConfigWatchView,
    DescribeConfig,
    GetWatch,
    KeepConfig,
    ReadConfigText,
    ReadConfigVersion,
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
    EVENT_KINDS,
    ROUTINE_EVENTS,
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
    LiftLimit,
    LimitDestination,
    ListGates,
    ListUnreached,
    OpenBreaker,
    ProbeDestination,
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
from empath.control.inbox_requests import ReleaseCaptured, Released, ReleaseItem
from empath.control.job_requests import CancelJob, JobItem, Jobs, ListJobs, UndoJob
from empath.control.parts_requests import (
    CheckItem,
    ListParts,
    MessageParts,
    PartItem,
    PartText,
    ReadPart,
)
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
from empath.control.shape_requests import (
    ClassLatency,
    DestinationView,
    GetLatency,
    GetShape,
    Latency,
    ListSenders,
    ListUpcoming,
    OutcomeColumn,
    RateLevel,
    RouteHost,
    SenderItem,
    Senders,
    Shape,
    ShapeRow,
    Timing,
    Upcoming,
    UpcomingItem,
    ViewDestination,
)
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
    "EVENT_KINDS",
    "PROTOCOL",
    "ROUTINE_EVENTS",
    "AppliedConfig",
    "ApplyConfig",
    "AttentionItem",
    "BadEventFilter",
    "BounceMessages",
    "CancelJob",
    "Changed",
    "CheckConfig",
    "CheckItem",
    "CheckSpool",
    "ClassLatency",
    "ClearDnsCache",
    "CloseBreaker",
    "ConfigChange",
    "ConfigFault",
    "ConfigFaults",
    "ConfigHistory",
    "ConfigKey",
    "ConfigKeys",
    "ConfigText",
    "ConfigValue",
    "ConfigVersion",
    "ConfigView",
    "ConfigWatchView",
    "ContentPart",
    "DeleteMessages",
    "DescribeConfig",
    "DestinationItem",
    "DestinationView",
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
    "GetLatency",
    "GetShape",
    "GetSpool",
    "GetStatus",
    "GetWatch",
    "HoldMessages",
    "JobItem",
    "Jobs",
    "KeepConfig",
    "Latency",
    "LiftLimit",
    "LimitDestination",
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
    "ListParts",
    "ListQueue",
    "ListRecord",
    "ListSenders",
    "ListTls",
    "ListTrash",
    "ListUnreached",
    "ListUpcoming",
    "MessageParts",
    "MessageView",
    "NoEngine",
    "NotFound",
    "Notice",
    "OpenBreaker",
    "OutcomeColumn",
    "OverrideChange",
    "PartItem",
    "PartText",
    "Ping",
    "Plan",
    "PlanConfig",
    "Pong",
    "Preview",
    "PreviewItem",
    "PrioritizeMessages",
    "ProbeDestination",
    "QueueChange",
    "QueueImpact",
    "QueueItem",
    "QueuePage",
    "RateLevel",
    "ReadConfigText",
    "ReadConfigVersion",
    "ReadContent",
    "ReadPart",
    "RecipientItem",
    "RecordItem",
    "RecordList",
    "RefreshDns",
    "ReleaseCaptured",
    "ReleaseItem",
    "ReleaseMessages",
    "Released",
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
    "RouteHost",
    "SelectMessages",
    "Selection",
    "SenderItem",
    "Senders",
    "SetDnsOverride",
    "Shape",
    "ShapeRow",
    "SpoolCheck",
    "SpoolProblem",
    "SpoolReport",
    "Status",
    "StopEngine",
    "Stopping",
    "SuspendDestination",
    "Timing",
    "TlsDestination",
    "TlsDestinations",
    "TrashItem",
    "TrashPage",
    "UndoJob",
    "UnreachedHost",
    "UnreachedHosts",
    "Upcoming",
    "UpcomingItem",
    "ViewDestination",
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
