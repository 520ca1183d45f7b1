"""One message for reading: envelope, recipients, headers, timeline, last failed dialogue."""

from __future__ import annotations

from collections.abc import Iterator

from empath.cli.show import age, clock_time, from_now, octets, say, write_pairs, write_table
from empath.control.link import MessageView, RecipientItem
from empath.events import (
    AttemptEnded,
    BodyDamaged,
    MessageAccepted,
    MessageEvent,
    NotificationSent,
    OperatorActed,
)
from empath.safe_text import safe_text

_HEADER_LIMIT = 2000


def write_view(view: MessageView, now: float) -> None:
    """Write everything about a message."""
    write_pairs(_envelope(view, now))
    say()
    _write_recipients(view, now)
    if view.headers:
        say("\nHeaders")
        for name, value in view.headers:
            say(f"  {safe_text(name)}: {safe_text(value, _HEADER_LIMIT)}")
    elif not view.body_stored:
        say("\nHeaders: the body is not kept any more, nobody waits for it.")
    say("\nTimeline")
    for event in view.timeline:
        for line in _told(event, now):
            say(f"  {line}")
    transcript = _last_transcript(view)
    if transcript is not None:
        say(f"\nTranscript of {clock_time(transcript.at)}, {transcript.server or 'no server'}")
        for line in transcript.transcript:
            say(f"  {safe_text(line)}")


def _envelope(view: MessageView, now: float) -> Iterator[tuple[str, str]]:
    yield "id", view.id
    yield "from", f"<{view.reverse_path or ''}>"
    yield "subject", view.subject or "–"
    yield (
        "size",
        f"{octets(view.size)} ({view.size} octets), {view.body}"
        + (", SMTPUTF8" if view.smtputf8 else ""),
    )
    yield "sha256", view.sha256
    yield "priority", view.priority
    how = f"{view.protocol}, {view.tls}" if view.tls else view.protocol
    client = f"{view.client} ({view.helo})" if view.helo else view.client
    yield "client", f"{client}, {how}" + (f", at {view.listener}" if view.listener else "")
    yield "received", f"{clock_time(view.received_at)} ({age(now - view.received_at)} ago)"
    yield "expires", _expires(view.expires_at, now)


def _expires(at: float | None, now: float) -> str:
    if at is None:
        return "– (nothing of it is tried)"
    left = at - now
    return f"{clock_time(at)} ({f'in {age(left)}' if left > 0 else 'now'})"


def _write_recipients(view: MessageView, now: float) -> None:
    write_table(
        ("RECIPIENT", "STATE", ">TRIES", ">NEXT", "LAST REPLY"),
        [
            (
                one.address,
                one.state,
                str(one.attempts),
                from_now(one.next_at, now),
                _said(one),
            )
            for one in view.recipients
        ],
    )
    for one in view.recipients:
        if one.next_hop:
            until = "" if one.next_hop_until is None else f" until {clock_time(one.next_hop_until)}"
            say(f"  {one.address} is re-routed to {safe_text(one.next_hop)}{until}")
    more = view.recipient_count - len(view.recipients)
    if more > 0:
        say(f"… and {more:,} more")


def _said(one: RecipientItem) -> str:
    """What it waits for now, or what was said to it last."""
    if one.doing:
        return f"now: {one.doing}"
    return f"held: {one.hold_reason}" if one.hold_reason else one.last_reply or "–"


def _told(event: MessageEvent, now: float) -> Iterator[str]:
    when = clock_time(event.at)
    match event:
        case MessageAccepted():
            yield f"{when}  accepted from {safe_text(event.client)}, {octets(event.size)}"
        case AttemptEnded():
            yield f"{when}  {_attempt(event)}"
            for result in event.results:
                due = (
                    f", next {from_now(result.next_at, now)}" if result.next_at is not None else ""
                )
                reply = safe_text(result.reply)
                yield f"    {result.result}  {result.address}  {reply}{due}"
        case NotificationSent():
            yield f"{when}  notification ({event.kind}) queued as {event.dsn}"
        case OperatorActed():
            why = f": {safe_text(event.reason)}" if event.reason else ""
            yield f"{when}  {event.action} by {safe_text(event.actor)}{why}"
        case BodyDamaged():
            yield f"{when}  body damaged, held: {safe_text(event.reason)}"


def _attempt(event: AttemptEnded) -> str:
    where = safe_text(event.server) or event.destination
    tls = "no TLS"
    if event.tls is not None:
        verified = f"verified by {event.tls.verified}" if event.tls.verified else "not verified"
        tls = f"{event.tls.version}, {verified}"
    for failure in event.tls_failures:
        tls += f"; {safe_text(failure.server)} failed TLS ({failure.fault})"
    ended = "done" if event.stage == "DONE" else f"ended at {event.stage}"
    doubt = ", the server may have it all the same" if event.uncertain else ""
    return f"attempt at {where}: {ended}, {event.seconds:.2f} s, {tls}{doubt}"


def _last_transcript(view: MessageView) -> AttemptEnded | None:
    attempts = [one for one in view.timeline if isinstance(one, AttemptEnded) and one.transcript]
    return attempts[-1] if attempts else None
