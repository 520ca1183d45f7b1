"""Plays an outbound dialogue as a script that reads as the wire does."""

from __future__ import annotations

from typing import Any

from empath.reply import Reply
from empath.smtp.steps import (
    Batch,
    Broken,
    Dialogue,
    Greeting,
    Next,
    Say,
    SendChunks,
    SendContent,
    Step,
    UpgradeTls,
)


def play(dialogue: Dialogue[Any], *script: str | Broken) -> Any:
    """Run *dialogue* against *script* and return its result.

    ``"> line"`` is a command it must say, several of them at once where no reply is between;
    ``"> (greeting)"``, ``"> (tls)"``, ``"> (content)"`` and ``"> (bdat)"`` are its other steps.
    ``"< 250 2.1.0 Ok"`` is a reply, in which ``|`` begins the next line; a `Broken` is what
    happens instead of one.
    """
    lines = list(script)
    step = _next(dialogue, None)
    while True:
        if not isinstance(step, _Returned):
            for shown in _shown(step):
                assert lines, f"still wants {shown}"
                assert lines.pop(0) == f"> {shown}"
            assert lines, "waits for one reply more"
            answer = lines.pop(0)
            step = _next(dialogue, answer if isinstance(answer, Broken) else _reply(answer))
            continue
        assert not lines, f"ended before {lines[0]}"
        return step.value


class _Returned:
    def __init__(self, value: object) -> None:
        self.value = value


def _next(dialogue: Dialogue[Any], answer: Reply | Broken | None) -> Step | _Returned:
    try:
        match answer:
            case None:
                return next(dialogue)
            case Broken():
                return dialogue.throw(answer)
            case Reply():
                return dialogue.send(answer)
    except StopIteration as stop:
        return _Returned(stop.value)


def _shown(step: Step) -> tuple[str, ...]:
    match step:
        case Say():
            return (step.line,)
        case Batch():
            return step.lines
        case Next():
            return ()
        case UpgradeTls():
            return ("(tls)",)
        case SendContent():
            return ("(content)",)
        case SendChunks():
            return (*step.lines, "(bdat)")
        case Greeting():
            return ("(greeting)",)


def _reply(line: str) -> Reply:
    assert line.startswith("< ")
    return Reply.of(line[2:].replace("|", "\n"))
