"""One mail transaction with a server, as a generator of steps (RFC 5321 3.3).

`transact` says MAIL, a RCPT for each recipient of a lot, DATA and the content, and returns
what came of each recipient.  Addresses are written here, from validated ones, and never
rewritten (SMTP-RULES C1).  A message that the server cannot take as it is (too large, 8-bit,
internationalised) is failed and never sent otherwise.  Whatever the server does (421, nonsense,
silence), every recipient gets an outcome, and nobody who was not refused is failed.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, final

from empath.envelope import Body, Lot, Notify, Recipient
from empath.reply import Deferred, EnhancedCode, Failed, Outcome, Reply, outcome_of
from empath.smtp.opening import Extensions
from empath.smtp.steps import SEND_CONTENT, Broken, Dialogue, Say, Step, nonsense

_NOT_IN_PATH: Final = re.compile("[\x00-\x20\x7f-\x9f<>]")
_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")  # RFC 3461 4
_DEFAULT_NOTIFY: Final = Notify.FAILURE | Notify.DELAY
_TOLD: Final = (
    (Notify.SUCCESS, "SUCCESS"),
    (Notify.FAILURE, "FAILURE"),
    (Notify.DELAY, "DELAY"),
)


@final
@dataclass(frozen=True, slots=True)
class Transaction:
    """How a transaction ended."""

    outcomes: tuple[Outcome, ...]
    """One for each recipient of the lot, in its order."""
    stage: str
    """``MAIL``, ``RCPT``, ``DATA``, ``CONTENT``, or ``DONE`` when the content was taken."""
    begun: bool = True
    """MAIL was answered; if not, the connection was dead and another may be tried at once."""
    usable: bool = True
    """The session may be used again."""
    clean: bool = True
    """It may be used without RSET."""
    relayed: bool = False
    """The server reports for itself on success (RFC 3461 5.2.2): it offers DSN."""


def transact(lot: Lot, offered: Extensions, *, reset: bool = False) -> Dialogue[Transaction]:
    """Send *lot*; *reset* first ends the transaction that was refused before on the session."""
    unfit = _unfit(lot, offered)
    if unfit is not None:
        return Transaction((Failed(unfit),) * len(lot.recipients), "MAIL", clean=not reset)
    conversation = _Conversation(lot, offered)
    try:
        yield from conversation.run(reset=reset)
    except Broken as broken:
        conversation.rest(Deferred(broken.reply, uncertain=broken.dotted), usable=False)
    return conversation.result()


@final
class _Conversation:
    """What is known of each recipient while the transaction goes on."""

    __slots__ = ("begun", "clean", "lot", "offered", "outcomes", "stage", "usable")

    def __init__(self, lot: Lot, offered: Extensions) -> None:
        self.lot = lot
        self.offered = offered
        self.outcomes: list[Outcome | None] = [None] * len(lot.recipients)
        self.stage = "MAIL"
        self.begun = False
        self.usable = True
        self.clean = False

    def result(self) -> Transaction:
        return Transaction(
            tuple(outcome for outcome in self.outcomes if outcome is not None),
            self.stage,
            self.begun,
            self.usable,
            self.clean,
            "DSN" in self.offered,
        )

    def rest(self, outcome: Outcome, *, usable: bool = True) -> None:
        """The same word on all who have none yet."""
        self.outcomes = [outcome if known is None else known for known in self.outcomes]
        self.usable = self.usable and usable

    def answered(self, reply: Reply) -> None:
        """*reply* is the last word on the rest.  421 ends the session and defers (RFC 5321 3.8)."""
        if reply.intermediate:
            raise nonsense(f"it answered {self.stage} with {reply.code}", dotted=self.dotted)
        self.rest(outcome_of(reply), usable=reply.code != 421)

    @property
    def dotted(self) -> bool:
        return self.stage == "CONTENT"

    def run(self, *, reset: bool) -> Generator[Step, Reply, None]:
        if reset:
            answer = yield Say("RSET")
            if not answer.positive:
                self.rest(Deferred(answer), usable=False)
                return
        mail = yield Say(mail_line(self.lot, self.offered))
        # A server that closes an idle session may say so only now; that is no answer to MAIL.
        self.begun = mail.code != 421
        if not mail.positive:
            self.answered(mail)
            return
        self.stage = "RCPT"
        accepted = yield from self.recipients()
        if not accepted or not self.usable:
            return
        self.stage = "DATA"
        go = yield Say("DATA")
        if go.positive:
            raise nonsense(f"it answered DATA with {go.code}")
        if not go.intermediate:
            self.answered(go)
            return
        self.stage = "CONTENT"
        done = yield SEND_CONTENT
        self.answered(done)
        self.clean = self.usable  # After the final dot nothing is left of the transaction.
        if done.positive:
            self.stage = "DONE"

    def recipients(self) -> Generator[Step, Reply, int]:
        """Say RCPT for each; how many were accepted, which are those without an outcome."""
        accepted = 0
        for index, waiting in enumerate(self.lot.recipients):
            recipient = waiting.recipient
            if _NOT_IN_PATH.search(recipient.address):
                self.outcomes[index] = Failed(_ours(553, "5.1.3", "the address cannot be sent"))
                continue
            reply = yield Say(rcpt_line(recipient, self.offered))
            if reply.positive:
                accepted += 1
            elif reply.code == 421 or reply.intermediate:
                self.answered(reply)
                break
            elif reply.code == 552 and accepted:
                # RFC 5321 4.5.3.1.10: "too many recipients" was said so once.
                self.outcomes[index] = Deferred(reply)
            else:
                self.outcomes[index] = outcome_of(reply)
        return accepted


def _unfit(lot: Lot, offered: Extensions) -> Reply | None:
    """Why the server can never take this message as it is (RFC 1870, 6152, 6531)."""
    limit = size_limit(offered)
    if limit and lot.size > limit:
        return _ours(
            552, "5.3.4", f"the message has {lot.size} octets, the server takes at most {limit}"
        )
    if lot.body is Body.EIGHT_BIT and "8BITMIME" not in offered:
        return _ours(554, "5.6.3", "the message is 8-bit and the server does not offer 8BITMIME")
    if "SMTPUTF8" not in offered and (lot.smtputf8 or not _ascii(lot)):
        return _ours(
            550, "5.6.7", "the message is internationalised and the server offers no SMTPUTF8"
        )
    if lot.reverse_path is not None and _NOT_IN_PATH.search(lot.reverse_path):
        return _ours(553, "5.1.7", "the sender's address cannot be sent")
    return None


def _ascii(lot: Lot) -> bool:
    if lot.reverse_path is not None and not lot.reverse_path.isascii():
        return False
    return all(waiting.recipient.address.isascii() for waiting in lot.recipients)


def size_limit(offered: Extensions) -> int:
    """The largest message the server says it takes, or 0 for no limit (RFC 1870 3)."""
    text = offered.get("SIZE", "")
    # Twenty digits are more than any disk; longer numbers are not worth their arithmetic.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else 0


def mail_line(lot: Lot, offered: Extensions) -> str:
    """The MAIL command with the parameters that the server understands."""
    line = f"MAIL FROM:<{lot.reverse_path or ''}>"
    if "SIZE" in offered:
        line = f"{line} SIZE={lot.size}"
    if lot.body is Body.EIGHT_BIT:
        line = f"{line} BODY=8BITMIME"
    if lot.smtputf8 or not _ascii(lot):
        line = f"{line} SMTPUTF8"
    if "DSN" in offered and lot.reverse_path is not None:
        if not lot.return_headers_only:
            line = f"{line} RET=FULL"
        elif lot.envid:
            line = f"{line} RET=HDRS"
        if _XTEXT.fullmatch(lot.envid):
            line = f"{line} ENVID={lot.envid}"
    return line


def rcpt_line(recipient: Recipient, offered: Extensions) -> str:
    """The RCPT command with the recipient's DSN parameters, where the server knows them."""
    line = f"RCPT TO:<{recipient.address}>"
    if "DSN" not in offered:
        return line
    if recipient.notify != _DEFAULT_NOTIFY:
        told = ",".join(word for flag, word in _TOLD if flag in recipient.notify)
        line = f"{line} NOTIFY={told or 'NEVER'}"
    kind, _, address = recipient.original.partition(";")
    if _XTEXT.fullmatch(kind) and _XTEXT.fullmatch(address):
        line = f"{line} ORCPT={kind};{address}"
    return line


def _ours(code: int, enhanced: str, text: str) -> Reply:
    return Reply(code, EnhancedCode(enhanced), text)
