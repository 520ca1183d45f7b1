"""Jobs as the console keeps and tells them."""

from __future__ import annotations

import msgspec

from empath.control.link import Changed, JobItem, Jobs
from tui.jobs import JobBook, ending, progress, unknown_end

JOB = JobItem(
    id="job-7",
    what="hold dest:bigmail.example",
    state="running",
    done=4_920,
    total=12_000,
    started_at=0.0,
    actor="root",
)


def as_(state: str, **fields: object) -> JobItem:
    """The job in another state."""
    return msgspec.structs.replace(JOB, state=state, **fields)


def test_a_bar_shows_how_far_it_is() -> None:
    """A bar, a percentage and the numbers; a job of nothing does not divide by it."""
    assert progress(JOB, 10) == "████░░░░░░  41 % · 4,920 of 12,000"
    assert progress(as_("running", done=0, total=0), 4) == "░░░░   0 % · 0 of 0"


def test_a_running_job_is_watched_until_it_ends() -> None:
    """From the change that began it to the list that says it ended; then its end is told once."""
    book = JobBook()
    assert not book.watched
    book.began(Changed(messages=0, recipients=0, in_flight=0, job="job-7"))
    assert book.watched
    book.fold(Jobs(items=(JOB,)), book.under_way)
    assert book.running == JOB
    done = as_("done", done=12_000, undoable=True)
    book.fold(Jobs(items=(done,)), book.under_way)
    assert not book.watched
    assert book.running is None
    assert book.ended == [done]
    assert ending(done) == ("hold dest:bigmail.example: done, 12,000 messages · u undoes", "good")


def test_a_job_begun_elsewhere_is_watched_too() -> None:
    """What another operator runs is shown while it runs."""
    book = JobBook()
    book.fold(Jobs(items=(JOB,)), book.under_way)
    assert book.watched
    book.fold(Jobs(items=()), book.under_way)
    assert not book.watched
    assert not book.ended
    assert book.forgotten == [JOB.id]


def test_a_job_that_began_after_the_question_is_not_missed_in_the_answer() -> None:
    """A list that was on its way when the job began says nothing about it."""
    book = JobBook()
    before = book.under_way
    book.began(Changed(messages=0, recipients=0, in_flight=0, job="job-7"))
    book.fold(Jobs(items=()), before)
    assert book.watched
    assert not book.forgotten


def test_a_job_that_was_told_to_end_has_not_ended() -> None:
    """Its present lot is finished first; of one the engine has forgotten, that is said."""
    assert ending(as_("running")) == (
        "hold dest:bigmail.example: ends after its present lot, 4,920 messages so far",
        "warn",
    )
    assert "job-7" in unknown_end("job-7")[0]


def test_ends_are_told_by_word_and_colour() -> None:
    """Cancelled, failed and undone jobs say so, with the engine's note."""
    cancelled = as_("cancelled", note="2 in flight left alone")
    assert ending(cancelled) == (
        "hold dest:bigmail.example: cancelled after 4,920 messages · 2 in flight left alone",
        "warn",
    )
    assert ending(as_("failed"))[1] == "bad"
    assert "was undone" in ending(as_("undone"))[0]


def test_undo_means_this_sessions_last_change() -> None:
    """The job of this console's own last change comes first, else the newest that can be undone."""
    book = JobBook()
    older, newer = as_("done", undoable=True), as_("done", id="job-9", undoable=True)
    book.fold(Jobs(items=(newer, older, as_("done", id="job-1"))), book.under_way)
    assert book.undoable == newer
    book.began(Changed(messages=1, recipients=1, in_flight=0, undo="job-7"))
    assert book.undoable == older
    book.undone()
    assert book.undoable == newer
    assert JobBook().undoable is None


def test_a_change_from_here_is_called_by_its_filter() -> None:
    """The engine knows a selection by its number; this console knows what was selected."""
    book = JobBook()
    book.began(Changed(0, 0, 0, job="job-7"), "hold dest:~big")
    book.fold(
        Jobs(items=(as_("running", what="hold s-5f2"), as_("done", id="job-1"))), book.under_way
    )
    assert [job.what for job in book.items] == ["hold dest:~big", JOB.what]
