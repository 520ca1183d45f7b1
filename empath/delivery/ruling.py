"""What an attempt means: who is done, who waits until when, who is given up, who is told.

Pure decisions on a report: `judge` returns what the spool is to write down and what the
sender is to read.  Promises: one notification for all recipients that ended together, none
to the null reverse-path, none that NOTIFY forbids, and a delay told once (RFC 3461 5.2,
RFC 5321 4.5.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from empath.config.model import Retry
from empath.delivery.attempt import Report
from empath.envelope import Lot, Notify, Waiting
from empath.events import AttemptEnded, RecipientResult
from empath.message.dsn import Action, RecipientReport
from empath.policy.retry import At, GiveUp, next_attempt, notice_due
from empath.reply import Deferred, Delivered, EnhancedCode, Failed, Outcome, Reply
from empath.spool.face import Ruling

REPLY_TEXT: Final = 1000
"""Characters of a reply that are told."""


class Judgement(Struct, frozen=True):
    """What is to be recorded of one attempt."""

    rulings: tuple[Ruling, ...]
    event: AttemptEnded
    notices: tuple[RecipientReport, ...]
    """What the sender is told, in one notification; empty if nothing."""


def judge(
    lot: Lot, report: Report, retry: Retry, *, jitter_draw: float, now: float, seconds: float
) -> Judgement:
    """Decide for each recipient of *lot* that the attempt settled; the others wait on.

    *jitter_draw* in 0 to 1 is one for all, so that recipients deferred together stay together.
    """
    age = max(0.0, now - lot.received_at)
    rulings, notices = [], []
    recipients = lot.recipients if report.recipients is None else report.recipients
    for waiting, outcome in zip(recipients, report.outcomes, strict=True):
        ruling = _rule(waiting, outcome, retry, age=age, jitter_draw=jitter_draw, now=now)
        notice = _notice(lot, waiting, ruling, report, retry, now=now)
        if notice is not None and notice.action is Action.DELAYED:
            ruling = Ruling(ruling.number, ruling.outcome, ruling.next_at, delay_noticed=True)
        rulings.append(ruling)
        if notice is not None:
            notices.append(notice)
    event = attempt_ended(lot, report, _results(recipients, rulings), now=now, seconds=seconds)
    return Judgement(tuple(rulings), event, tuple(notices))


def attempt_ended(
    lot: Lot, report: Report, results: tuple[RecipientResult, ...], *, now: float, seconds: float
) -> AttemptEnded:
    """The attempt as it is told; what was said is kept unless all of it was delivered."""
    delivered = all(isinstance(outcome, Delivered) for outcome in report.outcomes)
    return AttemptEnded(
        at=now,
        id=lot.id,
        destination=lot.destination,
        server=report.server,
        stage=report.stage,
        seconds=seconds,
        size=lot.size,
        latency=max(0.0, now - lot.received_at),
        results=results,
        tls=report.tls,
        priority=lot.priority,
        tls_policy=report.need.policy if report.need is not None else "",
        tls_source=report.need.source if report.need is not None else "",
        tls_failures=report.tls_failures,
        uncertain=report.uncertain,
        transcript=() if delivered else report.transcript.lines(),
    )


def _rule(
    waiting: Waiting,
    outcome: Outcome,
    retry: Retry,
    *,
    age: float,
    jitter_draw: float,
    now: float,
) -> Ruling:
    if not isinstance(outcome, Deferred):
        return Ruling(waiting.number, outcome)
    match next_attempt(
        retry, attempts=waiting.attempts + 1, age=age, jitter_draw=jitter_draw, now=now
    ):
        case At(time):
            return Ruling(waiting.number, outcome, next_at=time)
        case GiveUp(reason):
            # RFC 3463 X.4.7: delivery time expired; permanent, whatever the last answer was.
            text = f"{reason}; the last answer was: {outcome.reply}"
            expired = Failed(Reply.own(550, "5.4.7", text[:REPLY_TEXT]))
            return Ruling(waiting.number, expired, expired=True)


def _notice(
    lot: Lot, waiting: Waiting, ruling: Ruling, report: Report, retry: Retry, *, now: float
) -> RecipientReport | None:
    """What the sender is told of one recipient, if he is to be told anything."""
    if lot.reverse_path is None:
        return None
    notify = waiting.recipient.notify
    reply, server = ruling.outcome.reply, "" if ruling.expired else report.host
    match ruling.outcome:
        case Failed() if Notify.FAILURE in notify:
            action = Action.FAILED
        case Delivered() if Notify.SUCCESS in notify and not report.reports_itself:
            action = Action.RELAYED
        case Deferred() if (
            Notify.DELAY in notify
            and not waiting.delay_noticed
            and notice_due(retry, age=now - lot.received_at)
        ):
            action, reply = Action.DELAYED, _transient(reply)
        case _:
            return None
    return RecipientReport(
        recipient=waiting.recipient,
        action=action,
        reply=reply,
        attempted_at=now,
        server=server,
        retry_until=lot.received_at + retry.expiry if action is Action.DELAYED else None,
        expired=ruling.expired,
    )


def _transient(reply: Reply) -> Reply:
    """*reply* as the temporary refusal we take it for, such as a greeting with 554."""
    if not reply.permanent:
        return reply
    return Reply(reply.code - 100, EnhancedCode(f"4{reply.status[1:]}"), reply.text)


def _results(
    recipients: Sequence[Waiting], rulings: Sequence[Ruling]
) -> tuple[RecipientResult, ...]:
    return tuple(
        RecipientResult(
            number=ruling.number,
            address=waiting.recipient.address,
            result=_word(ruling),
            reply=str(ruling.outcome.reply)[:REPLY_TEXT],
            next_at=ruling.next_at,
            ours=ruling.outcome.reply.ours,
        )
        for waiting, ruling in zip(recipients, rulings, strict=True)
    )


def _word(ruling: Ruling) -> str:
    match ruling.outcome:
        case Delivered():
            return "delivered"
        case Deferred():
            return "deferred"
        case Failed():
            return "expired" if ruling.expired else "failed"
