"""One mail transaction with a server, as a generator of steps (RFC 5321 3.3).

`transact` says MAIL, a RCPT for each recipient of a lot, DATA (or BDAT) and the content, and
returns what came of each recipient.  Where the server lets us, all that is one write
(RFC 2920); the replies are counted and each is held against its command.  Whatever the server
does (421, nonsense, silence), every recipient gets an outcome, except those it had no room for
beside others that it took: they may be sent at once.  Nobody who was not refused is failed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, final

from msgspec import Struct

from empath.envelope import Lot
from empath.reply import Deferred, Delivered, Failed, Outcome, Reply, outcome_of
from empath.smtp.lines import NOT_IN_PATH, mail_line, ours, rcpt_line, unfit
from empath.smtp.manner import PLAIN, WHOLE_OCTETS, Command, Manner, groups
from empath.smtp.opening import Extensions
from empath.smtp.steps import (
    NEXT,
    SEND_CONTENT,
    Batch,
    Broken,
    Dialogue,
    Say,
    SendChunks,
    Step,
    nonsense,
)

_NOT_KNOWN: Final = frozenset({500, 502, 503})
"""What servers say to a command that they did not see for what it was (RFC 5321 4.2.4)."""
_NO_BDAT: Final = _NOT_KNOWN | {501, 504}


@final
class Transaction(Struct, frozen=True):
    """How a transaction ended."""

    outcomes: tuple[Outcome | None, ...]
    """One for each recipient of the lot, in its order; None for those the server had no room
    for in this transaction, of whom at least one other was settled.
    """
    stage: str
    """``MAIL``, ``RCPT``, ``DATA``, ``CONTENT``, or ``DONE`` when the content was taken."""
    begun: bool = True
    """MAIL was answered; if not, the connection was dead, perhaps before MAIL."""
    usable: bool = True
    """The session may be used again."""
    clean: bool = True
    """It may be used without RSET."""
    relayed: bool = False
    """The server reports for itself on success (RFC 3461 5.2.2): it offers DSN."""
    broke: str = ""
    """The extension that the server offered and, it seems, cannot do."""
    again: bool = False
    """Nothing was sent that it may have taken: without that extension it may be tried at once."""
    room: int = 0
    """Recipients that it took before it had no room for more, or 0 if it did not say so."""

    @property
    def uncertain(self) -> bool:
        """The server may have taken the message all the same."""
        return any(isinstance(each, Deferred) and each.uncertain for each in self.outcomes)


def transact(
    lot: Lot, offered: Extensions, *, reset: bool = False, manner: Manner = PLAIN
) -> Dialogue[Transaction]:
    """Send *lot*; *reset* first ends a transaction that may be open on the session."""
    refusal = unfit(lot, offered)
    if refusal is not None:
        return Transaction((Failed(refusal),) * len(lot.recipients), "MAIL", clean=not reset)
    conversation = _Conversation(lot, offered, manner)
    try:
        yield from conversation.run(reset=reset)
    except Broken as broken:
        conversation.broken(broken)
    return conversation.result()


@final
class _Conversation:
    """What is known of each recipient while the transaction goes on."""

    __slots__ = (
        "accepted",
        "again",
        "batched",
        "begun",
        "broke",
        "clean",
        "crowded",
        "full",
        "go",
        "lot",
        "manner",
        "offered",
        "outcomes",
        "refused",
        "sent",
        "stage",
        "usable",
    )

    def __init__(self, lot: Lot, offered: Extensions, manner: Manner) -> None:
        self.lot = lot
        self.offered = offered
        self.manner = manner
        self.outcomes: list[Outcome | None] = [None] * len(lot.recipients)
        self.stage = "MAIL"
        self.begun = False
        self.usable = True
        self.clean = False
        self.refused = False
        self.accepted = 0
        self.crowded: dict[int, Reply] = {}
        """Recipients left for another transaction, and what was said to them."""
        self.full = False
        """It has no room for more recipients in this one."""
        self.sent = False
        """The end of the content has been sent, so the server may take it."""
        self.go: Reply | None = None
        self.batched = False
        """More than one reply was owed at once, and not all of them have come."""
        self.broke = ""
        self.again = False

    def result(self) -> Transaction:
        # Those left wait for nothing where others were taken; else they are deferred.
        taken = any(isinstance(outcome, Delivered) for outcome in self.outcomes)
        if not taken:
            for index, reply in self.crowded.items():
                self.outcomes[index] = Deferred(reply)
        return Transaction(
            tuple(self.outcomes),
            self.stage,
            self.begun,
            self.usable,
            self.clean,
            "DSN" in self.offered,
            self.broke,
            self.again and not taken,
            self.accepted if self.full else 0,
        )

    def rest(self, outcome: Outcome, *, usable: bool = True) -> None:
        """The same word on all who have none yet, and were not left for later."""
        for index, known in enumerate(self.outcomes):
            if known is None and index not in self.crowded:
                self.outcomes[index] = outcome
        self.usable = self.usable and usable

    def answered(self, reply: Reply) -> None:
        """*reply* is the last word on the rest.  421 ends the session and defers (RFC 5321 3.8)."""
        if reply.intermediate:
            raise nonsense(f"it answered {self.stage} with {reply.code}", dotted=self.sent)
        self.rest(outcome_of(reply), usable=reply.code != 421)

    def broken(self, broken: Broken) -> None:
        """The connection ended; with replies to a batch outstanding it may be our batch's doing."""
        miscounted = self.manner.pipelining and broken.reply.enhanced == "4.5.0"
        if self.batched or miscounted:
            self.broke = "PIPELINING"
            self.again = not (broken.dotted or broken.closed)
        self.rest(Deferred(broken.reply, uncertain=broken.dotted), usable=False)

    def unknown(self, extension: str) -> None:
        """The server does not know what it was told although it offers *extension*."""
        self.broke, self.again = extension, True

    def run(self, *, reset: bool) -> Generator[Step, Reply, None]:
        commands = self.commands(reset=reset)
        if commands[-1].stage != "RCPT":  # There is nobody to be said.
            self.begun, self.clean = True, not reset
            return
        whole = self.manner.chunking and self.lot.size <= WHOLE_OCTETS
        if self.manner.pipelining and not self.manner.chunking:
            commands.append(Command("DATA", "DATA"))
        grouped = groups(commands, self.manner)
        for group in grouped:
            last = group is grouped[-1]
            if self.full:
                self.left(group)
            else:
                yield from self.say(group, whole=whole and last)
            if not self.usable or (self.refused and not last):
                return
        if not self.manner.chunking:
            yield from self.data()
        elif not self.sent:
            yield from self.chunks()

    def commands(self, *, reset: bool) -> list[Command]:
        """What is said before the content, for those recipients that can be said."""
        commands = [Command("RSET", "RSET")] if reset else []
        commands.append(Command(mail_line(self.lot, self.offered), "MAIL"))
        most = self.manner.most or len(self.outcomes)
        for index, waiting in enumerate(self.lot.recipients):
            recipient = waiting.recipient
            if NOT_IN_PATH.search(recipient.address):
                self.outcomes[index] = Failed(ours(553, "5.1.3", "the address cannot be sent"))
            elif most:
                most -= 1
                commands.append(Command(rcpt_line(recipient, self.offered), "RCPT", index))
            else:
                reply = ours(452, "4.5.3", "the server takes no more recipients at once")
                self.crowded[index] = reply
        return commands

    def left(self, group: list[Command]) -> None:
        """Nobody else has room in this transaction, so there is no use in asking."""
        for command in group:
            if command.stage == "RCPT":
                self.crowded[command.place] = ours(452, "4.5.3", "too many recipients at once")

    def say(self, group: list[Command], *, whole: bool) -> Generator[Step, Reply, None]:
        """Say *group* at once, its last one with the *whole* content; take every reply to it."""
        lines = tuple(command.line for command in group)
        self.batched = whole or len(lines) > 1
        if whole:
            self.sent = True
            reply = yield SendChunks(lines, self.lot.size)
        elif len(lines) > 1:
            reply = yield Batch(lines)
        else:
            reply = yield Say(lines[0])
        for number, command in enumerate(group):
            if number:
                reply = yield NEXT
            self.take(command, reply)
            if not self.usable:
                return
        self.batched = False
        if whole:
            self.stored((yield NEXT))

    def take(self, command: Command, reply: Reply) -> None:
        """*reply* came to *command*."""
        match command.stage:
            case "RSET":
                if not reply.positive:
                    self.rest(Deferred(reply), usable=False)
            case "MAIL":
                # A server that closes an idle session may say so only now: no answer to MAIL.
                self.begun = reply.code != 421
                if reply.positive:
                    self.stage = "RCPT"
                else:
                    self.refused = True
                    self.answered(reply)
            case "RCPT":
                if not self.refused or reply.code == 421:
                    self.recipient(command.place, reply)
            case _:
                self.go = reply

    def recipient(self, index: int, reply: Reply) -> None:
        """*reply* came to the RCPT of the recipient at *index*."""
        if reply.positive:
            self.accepted += 1
        elif reply.code == 421 or reply.intermediate:
            self.answered(reply)
            self.usable = False
        elif self.accepted and _no_room(reply):
            self.full = True
            self.crowded[index] = reply
        elif self.batched and reply.code in _NOT_KNOWN:
            self.unknown("PIPELINING")
            self.crowded[index] = reply
        else:
            self.outcomes[index] = outcome_of(reply)

    def data(self) -> Generator[Step, Reply, None]:
        """DATA, if it was not said with the rest, and the content if there is anybody to get it."""
        go = self.go
        if go is None:
            if self.refused or not self.accepted:
                return
            self.stage = "DATA"
            go = yield Say("DATA")
        if go.intermediate and not self.accepted:
            # RFC 2920 3.1: a server may answer 354 all the same, and gets no content.
            yield Say(".")
            self.clean = True
            return
        if not self.accepted:
            self.usable = go.code != 421
            return
        self.stage = "DATA"
        if go.positive:
            self.broke = "PIPELINING" if self.manner.pipelining else ""
            self.again = self.manner.pipelining
            raise nonsense(f"it answered DATA with {go.code}")
        if not go.intermediate:
            if self.manner.pipelining and go.code in _NOT_KNOWN:
                self.unknown("PIPELINING")
            self.answered(go)
            return
        self.stage = "CONTENT"
        self.sent = True
        done = yield SEND_CONTENT
        self.answered(done)
        self.clean = self.usable  # After the final dot nothing is left of the transaction.
        if done.positive:
            self.stage = "DONE"

    def chunks(self) -> Generator[Step, Reply, None]:
        """The content in chunks, if there is anybody to get it (RFC 3030 2)."""
        if self.refused or not self.accepted:
            return
        self.stage = "CONTENT"
        self.sent = True
        self.stored((yield SendChunks((), self.lot.size)))

    def stored(self, reply: Reply) -> None:
        """*reply* came to the last BDAT; after a refusal the session needs RSET (RFC 3030 2)."""
        if self.accepted:
            self.stage = "CONTENT"
            if reply.code in _NO_BDAT:
                self.unknown("CHUNKING")
            self.answered(reply)
            if reply.positive:
                self.clean, self.stage = self.usable, "DONE"
        elif reply.positive:
            # Nobody was accepted, and yet something was: there is no telling what.
            raise nonsense("it took content for nobody")
        else:
            self.usable = reply.code != 421


def _no_room(reply: Reply) -> bool:
    """Too many recipients in one transaction (RFC 5321 4.5.3.1.10), which some say with 552.

    4.2.2 or 4.3.1 with the same code is about the recipient or the server, and waits.
    """
    return reply.code in (452, 552) and (reply.enhanced is None or reply.enhanced[2:] == "5.3")
