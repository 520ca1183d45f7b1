"""Where a running attempt stands: what it waits for, at which server, and since when.

Nothing is written down on the way of a message: an attempt keeps hold of what it works with,
and its place is worked out from that when somebody asks (`empathctl why`, the watchdog).
Before a dialogue with a server begins its steps are few and slow, and are noted.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple, final

from empath.config.model import Config
from empath.delivery.flight import Flight
from empath.delivery.transcript import Transcript
from empath.delivery.transport import Connection
from empath.envelope import Lot
from empath.policy.patience import Stage

BUILT_IN: Final = Config()
_KIB: Final = 1024
_VERBS: Final = {"": "DATA", ".": "DATA", "••••": "AUTH"}
"""What stands for a line that is no command: a lone dot, a user name or password."""


class Position(NamedTuple):
    """Where an attempt stands."""

    stage: Stage
    doing: str
    """In words, such as ``waiting for the reply to RCPT 3 of 12``."""
    server: str
    """Empty before one is known."""
    since: float
    """By the event loop's clock."""
    verb: str = ""
    """Of the command whose reply is awaited."""
    began_at: float = 0.0
    """When the attempt began, in seconds since the epoch."""

    @property
    def shown(self) -> str:
        """In words, with the server."""
        if not self.server or self.server in self.doing:
            return self.doing
        return f"{self.doing} at {self.server}"

    @property
    def ended_at(self) -> str:
        """What `events.AttemptEnded` calls an attempt that ends here."""
        match self.stage:
            case Stage.TURN | Stage.CONNECT | Stage.GREETING:
                return "CONNECT"
            case Stage.BODY | Stage.CONTENT | Stage.FINAL | Stage.RECORD:
                return "CONTENT"
            case Stage.COMMAND:
                return {"HELO": "EHLO", "RSET": "MAIL"}.get(self.verb, self.verb)
            case _:
                return self.stage.value


class Cut(NamedTuple):
    """How the watchdog ended an attempt."""

    position: Position
    reason: str


@final
class Progress:
    """One attempt at *lot* while it runs."""

    __slots__ = (
        "began_at",
        "config",
        "connection",
        "cut",
        "first_seen",
        "lot",
        "seen",
        "seen_at",
        "server",
        "since",
        "stage",
        "task",
        "transcript",
    )

    def __init__(self, lot: Lot, began_at: float = 0.0, config: Config = BUILT_IN) -> None:
        """*began_at* is in seconds since the epoch."""
        self.lot = lot
        self.config = config
        """What it began with, and ends with whatever is in force then."""
        self.began_at = began_at
        self.transcript = Transcript()
        self.task: asyncio.Task[None] | None = None
        self.connection: Connection | None = None
        """The one it speaks on, or spoke on last."""
        self.stage = Stage.LOOKUP
        self.server: str = lot.destination
        self.since = asyncio.get_running_loop().time()
        self.cut: Cut | None = None
        self.seen: object = None
        """What the watchdog saw when it looked last."""
        self.seen_at = self.first_seen = 0.0

    def __repr__(self) -> str:
        return f"<Progress {self.lot.id} {self.position().doing}>"

    def at(self, stage: Stage, server: str) -> None:
        """It waits for this from now on, and speaks on no connection."""
        self.stage, self.server, self.connection = stage, server, None
        self.since = asyncio.get_running_loop().time()

    def on(self, connection: Connection) -> None:
        """It speaks on *connection* from now on."""
        self.connection = connection
        self.since = asyncio.get_running_loop().time()

    def recording(self) -> None:
        """The attempt is over; what came of it is written down."""
        self.stage = Stage.RECORD

    def position(self) -> Position:
        """Where it stands now."""
        stage, server, connection = self.stage, self.server, self.connection
        if stage is Stage.RECORD:
            return Position(stage, "writing down what came of it", "", self.since)
        if connection is not None:
            flight = self._flight(connection)
            if flight is None or not (flight.owed or flight.sending or flight.lines):
                doing = "reading the stored body"
                return Position(Stage.BODY, doing, connection.name, self.since)
            return self._spoken(connection, flight)
        words = {
            Stage.LOOKUP: "looking up {}",
            Stage.TURN: "waiting for one of the connections to {}, which are all busy",
            Stage.CONNECT: "connecting to {}",
        }
        return Position(stage, words[stage].format(server), server, self.since)

    def told(self, now: float) -> Position:
        """Where it stands, since when in seconds since the epoch, which are *now*."""
        position = self.position()
        waits = asyncio.get_running_loop().time() - position.since
        return position._replace(since=now - waits, began_at=self.began_at)

    def awaits_final(self) -> bool:
        """A server may have taken a message that this connection carries, and has not said so."""
        connection = self.connection
        return connection is not None and any(flight.dotted for flight in connection.flights)

    def mark(self) -> object:
        """Differs from an earlier one if anything moved meanwhile."""
        connection = self.connection
        if connection is None or self.stage is Stage.RECORD:
            return (self.stage, self.server, self.since)
        flight = self._flight(connection)
        inside = None
        if flight is not None:
            inside = (flight.owed, flight.octets, flight.sending, flight.dotted, flight.lines)
        # What is before it on the connection moves it too.
        return (id(connection), connection.flying, connection.awaiting_since, self.since, inside)

    def _flight(self, connection: Connection) -> Flight | None:
        for flight in connection.flights:
            if flight.transcript is self.transcript:
                return flight
        return None

    def _spoken(self, connection: Connection, flight: Flight) -> Position:
        name = connection.name
        since = max(connection.awaiting_since, self.since)
        if flight.sending:
            size = self.lot.size
            sent = f"{_octets(min(flight.octets, size))} of {_octets(size)} sent"
            if connection.full:
                return Position(Stage.CONTENT, f"sending the content, {sent}", name, flight.moved)
            doing = f"reading the stored body, {sent}"
            return Position(Stage.BODY, doing, name, flight.moved)
        place = connection.flights.index(flight)
        behind = f", behind {place} other message{'' if place == 1 else 's'}" if place else ""
        awaited = flight.awaited
        if flight.dotted and not awaited:
            end = "last BDAT" if flight.chunked else "final dot"
            doing = f"waiting for the reply to the {end}{behind}"
            return Position(Stage.FINAL, doing, name, since)
        if not flight.lines:
            return Position(Stage.GREETING, "waiting for the greeting", name, since)
        if not flight.owed:
            if flight.lines[-1] == "STARTTLS":
                return Position(Stage.TLS, "in the TLS handshake", name, since)
            return Position(Stage.BODY, "reading the stored body", name, since)
        said = awaited.partition(" ")[0].upper()
        verb = _VERBS.get(said, said)
        doing = f"waiting for the reply to {verb}{self._which(awaited)}{behind}"
        return Position(Stage.COMMAND, doing, name, since, verb)

    def _which(self, line: str) -> str:
        """Which recipient *line* names, counted as they are in the lot."""
        if not line.startswith("RCPT TO:<"):
            return ""
        for number, waiting in enumerate(self.lot.recipients, 1):
            if line.startswith(f"RCPT TO:<{waiting.recipient.address}>"):
                return f" {number} of {len(self.lot.recipients)}"
        return f", of {len(self.lot.recipients)} recipients"


def _octets(count: int) -> str:
    """A size with the precision of a glance."""
    for unit in ("octets", "KiB"):
        if count < 10 * _KIB:
            return f"{count} {unit}"
        count //= _KIB
    return f"{count} MiB"
