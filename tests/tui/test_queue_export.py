"""Lists of messages as files, and what is copied of a message."""

from __future__ import annotations

import csv
import json

import msgspec

from empath.address import EmailAddress
from tests.fakes.console import item
from tui.queue_copies import copies_of
from tui.queue_export import encode

HOSTILE = msgspec.structs.replace(
    item(1, subject="=HYPERLINK(1)"), last_reply="421 \x1b]52;c;evil\x07 \u202eno"
)


def test_json_lines_hold_every_field() -> None:
    """One message a line, as the engine tells it."""
    lines = [json.loads(line) for line in encode([item(1), item(2)], "jsonl").splitlines()]
    assert [line["id"] for line in lines] == [item(1).id, item(2).id]
    assert lines[0]["recipient"] == "ada@bigmail.example"


def test_a_csv_harms_neither_terminal_nor_spreadsheet() -> None:
    """Cells that look like formulas are quoted with an apostrophe, control characters escaped."""
    text = encode([HOSTILE, item(2, state="held")], "csv").decode()
    first, second = csv.DictReader(text.splitlines())
    assert first["subject"] == "'=HYPERLINK(1)"
    assert first["last_reply"].isprintable()
    assert (first["next_at"], second["next_at"]) == ("1790000300.0", "")


def test_copies_name_what_they_are() -> None:
    """The message's own texts, the ids of marked ones, and the command for this list."""
    marked = [item(1).id, item(2).id]
    copies = dict(copies_of(item(1), marked, "dest:~big !rcpt:it's"))
    assert copies["id"] == item(1).id
    assert copies["sender"] == "news@shop.example"
    assert json.loads(copies["JSON"])["id"] == item(1).id
    assert copies["ids of 2 marked messages"] == "\n".join(marked)
    line = copies["empathctl line of this list"]
    assert line == "empathctl queue list -q 'dest:~big !rcpt:it'\"'\"'s'"
    assert copies["empathctl why"] == f"empathctl why {item(1).id}"


def test_what_is_not_there_is_not_offered() -> None:
    """Without a message only the list's command is offered; a null sender is written as such."""
    assert [title for title, _ in copies_of(None, (), "")] == ["empathctl line of this list"]
    notice = msgspec.structs.replace(item(1, state="queued"), reverse_path=None)
    copies = dict(copies_of(notice, (), ""))
    assert copies["sender"] == "<>"
    assert "last reply" not in copies


def test_copies_hold_no_control_characters() -> None:
    """What a peer wrote cannot steer the terminal or the program it is pasted into."""
    hostile = msgspec.structs.replace(HOSTILE, recipient=EmailAddress("a@b.example"))
    for _, text in copies_of(hostile, (), ""):
        assert all(line.isprintable() for line in text.split("\n"))
