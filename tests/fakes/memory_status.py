"""What a link in memory says of its engine unless a test sets something else."""

from __future__ import annotations

from empath.control.link import PROTOCOL, Pong, SpoolReport, Status

STARTED_AT = 1_790_000_000.0

PONG = Pong(
    version="0.1.0",
    protocol=PROTOCOL,
    pid=4411,
    hostname="mx1.example.org",
    mode="relay",
    started_at=STARTED_AT,
    now=STARTED_AT + 3600,
    read_only=False,
)

STATUS = Status(
    pong=PONG,
    listeners=("127.0.0.1:1025",),
    queued=0,
    deferred=0,
    held=0,
    active=0,
    messages=0,
    oldest_at=None,
    next_at=None,
    accepted=0,
    refused=0,
    delivered=0,
    deferrals=0,
    bounced=0,
    sessions=0,
    connections_out=0,
    loop_lag=0.0004,
    memory=60 * 2**20,
    free_octets=50 * 2**30,
    attention=(),
    sequence=0,
)

SPOOL = SpoolReport(
    path="/var/spool/empath",
    messages=0,
    finished=0,
    octets=0,
    file_bodies=0,
    database_octets=4096,
    free_octets=50 * 2**30,
    commits=0,
    operations=0,
)
