"""What the questions before changes say, and the lines that tell results."""

from __future__ import annotations

import msgspec
import pytest

from empath.control.link import (
    BounceMessages,
    Changed,
    PrioritizeMessages,
    RerouteMessages,
    RetryMessages,
    Selection,
)
from tests.fakes.console import item
from tests.fakes.counted import counted
from tui.change_facts import facts_before, facts_of, heading, outcome, role_of_typed
from tui.change_table import CHANGES, DELETE_CAPTURED, Target

NOW = 1_790_000_000.0
FROZEN = Selection(
    id="s-5f2",
    query="dest:~big age:>1h",
    messages=1204,
    recipients=1377,
    taken_at=NOW,
    expires_at=NOW + 600,
    octets=9_800_000,
    oldest_at=NOW - 100 * 3600,
    newest_at=NOW - 3780,
)
MANY = Target(frozen=FROZEN)


def test_a_selection_is_told_with_its_size_and_ages() -> None:
    """What was frozen when, how much it is, and the command by selection and count."""
    facts = dict(facts_before(CHANGES["delete"], MANY, {}, NOW))
    assert heading(CHANGES["delete"], MANY, {}) == "Delete 1,204 messages?"
    assert facts["Selection"] == "dest:~big age:>1h  (frozen 14:13:20)"
    assert facts["Messages"] == "1,204 · 9.8MB · oldest 4d04h · newest 1h03m"
    assert facts["Equivalent"] == "empathctl queue delete --selection s-5f2 --expect 1204"
    assert MANY.named == {"selection": "s-5f2", "expect": 1204}
    assert not MANY.whole


def test_what_would_be_touched_is_told() -> None:
    """Recipients, the places with most of them, what is in flight, and what has left since."""
    items = [item(n, recipient=f"a@d{n % 5}.example", recipients=2) for n in range(10)]
    target = Target(tuple(each.id for each in items) * 2, None, tuple(items))
    facts = dict(facts_of(CHANGES["delete"], target, counted(items), NOW, {}))
    assert facts["Messages"].startswith("20 marked · ")
    assert facts["Changes"] == "10 messages · 10 left, or cannot be changed so"
    assert facts["Top dest"] == "d0.example 2 · d1.example 2 · d2.example 2 · 2 more"
    assert facts["Recipients"] == "20 recipients will NOT get this mail"
    assert facts["Undo"].startswith("moved to the trash for a while; u undoes")
    bounced = dict(facts_of(CHANGES["bounce"], target, counted(items), NOW, {}))
    assert bounced["Undo"].startswith("none")
    captured = dict(facts_of(DELETE_CAPTURED, target, counted(items), NOW, {}))
    assert captured["Recipients"] == "20 recipients"
    assert "on its way to nobody" in captured["They are"]
    assert captured["Equivalent"].startswith("empathctl queue delete ")


@pytest.mark.parametrize(
    ("kept", "words"),
    [(86400.0, "trash for 1d00h; u undoes"), (0.0, "gone for good (spool.trash_for is 0)")],
)
def test_how_long_a_deletion_can_be_taken_back(kept: float, words: str) -> None:
    """The engine says how long the trash keeps it, and whether it is kept at all."""
    done = counted([item(1), item(2)])
    assert done.preview is not None
    done = msgspec.structs.replace(
        done, preview=msgspec.structs.replace(done.preview, kept_for=kept)
    )
    target = Target((item(1).id, item(2).id))
    assert words in dict(facts_of(CHANGES["delete"], target, done, NOW, {}))["Undo"]


def test_one_message_is_told_by_its_envelope() -> None:
    """Who, to whom, about what; without its row only that it is one message."""
    one = item(1, recipients=3)
    facts = dict(facts_before(CHANGES["hold"], Target((one.id,), None, (one,)), {}, NOW))
    assert facts["To"] == "ada@bigmail.example and 2 more"
    assert facts["Subject"] == "Hello"
    assert heading(CHANGES["hold"], Target((one.id,)), {}) == "Hold this message?"
    unknown = dict(facts_before(CHANGES["hold"], Target((one.id,)), {}, NOW))
    assert unknown["Messages"] == "1 message"


def test_what_is_typed_depends_on_what_is_at_stake() -> None:
    """A number for many, the relay's name for everything."""
    assert "number of messages (1204)" in role_of_typed(MANY, "1204")
    whole = Target(frozen=Selection("s-1", "", 3, 3, NOW, NOW))
    assert whole.whole
    assert "whole queue" in role_of_typed(whole, "mx.example.org")


def test_the_command_is_that_of_the_request() -> None:
    """While what is filled in will not do there is none; a long one is cut, and says so."""
    target = Target((item(1).id,))
    reroute = CHANGES["reroute"]
    assert reroute.command(target, {"to": "mx.b.example", "for": "90m"}) == (
        f"empathctl queue reroute {item(1).id} --to mx.b.example --for 90m"
    )
    assert reroute.command(target, {"for": "soon"}) == ""
    many = Target(tuple(item(n).id for n in range(20)))
    assert dict(facts_before(CHANGES["hold"], many, {}, NOW))["Equivalent"].endswith("…")
    assert item(19).id in CHANGES["hold"].command(many, {})


def test_requests() -> None:
    """What was filled in becomes the request; a dry run is marked as one."""
    target = Target((item(1).id,))
    retry = CHANGES["retry"].request(target, {}, dry_run=True)
    assert retry == RetryMessages(ids=target.ids, dry_run=True)
    bounce = CHANGES["bounce"].request(target, {"status": "", "reason": ""})
    assert isinstance(bounce, BounceMessages)
    assert (bounce.status, bounce.reason) == ("5.7.0", "")
    reroute = CHANGES["reroute"].request(target, {"to": " mx.b.example ", "for": "90m"})
    assert isinstance(reroute, RerouteMessages)
    assert (reroute.to, reroute.seconds) == ("mx.b.example", 5400.0)
    priority = CHANGES["priority"].request(MANY, {"choice": "bulk"})
    assert isinstance(priority, PrioritizeMessages)
    assert (priority.priority, priority.selection, priority.expect) == ("bulk", "s-5f2", 1204)


@pytest.mark.parametrize(
    ("verb", "text", "good"),
    [
        ("bounce", "5.7.1", True),
        ("bounce", "4.7.1", False),
        ("bounce", "5.7", False),
        ("bounce", "5.7.x", False),
        ("reroute", "", True),
        ("reroute", "1d", True),
        ("reroute", "soon", False),
        ("reroute", "5", False),
    ],
)
def test_blanks_are_judged(verb: str, text: str, good: bool) -> None:
    """A status of another class and a time that is none are refused where they are typed."""
    name = {"bounce": "status", "reroute": "for"}[verb]
    (blank,) = [each for each in CHANGES[verb].blanks if each.name == name]
    assert (blank.wrong(text) == "") is good


def test_results_are_told() -> None:
    """Counts, what was left alone, the engine's note, and how to take it back."""
    hold = CHANGES["hold"]
    assert outcome(hold, Changed(3, 5, 1, note="well")) == (
        "held 3 messages (5 recipients) · 1 in flight left alone · well"
    )
    assert outcome(hold, Changed(1, 1, 0, undo="job-3")) == "held 1 message · u undoes"
    assert outcome(CHANGES["release"], Changed(0, 0, 0)) == "nothing was released: not held"
    assert outcome(hold, Changed(0, 0, 2)) == "held 0 messages · 2 in flight left alone"
    running = outcome(hold, Changed(0, 0, 0, job="job-4"), MANY)
    assert running == "hold of 1,204 messages runs as job job-4; X cancels it"
    assert "many messages" in outcome(hold, Changed(0, 0, 0, job="job-4"))
