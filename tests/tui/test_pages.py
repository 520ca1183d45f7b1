"""The pages of the queue that the console holds."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from empath.control.link import ListQueue, QueuePage
from tests.fakes.console import item
from tests.fakes.endless_queue import EndlessQueue
from tui.pages import KEPT, NEWEST_FIRST, OLDEST_FIRST, PAGE, QueuePages

NOW = 1_790_000_000.0


def load(pages: QueuePages, engine: EndlessQueue, first: int, last: int) -> Iterator[ListQueue]:
    """Ask until these rows are here; the requests made."""
    for _ in range(20_000):
        wanted = pages.wants(first, last)
        if wanted is None:
            return
        request = pages.request(wanted)
        pages.fold(wanted, engine._answer(request))
        yield request
    raise AssertionError("it never ends")


def test_only_what_is_shown_is_asked_for() -> None:
    """The first screen of a million messages costs one page."""
    engine, pages = EndlessQueue(1_000_000, NOW), QueuePages()
    requests = list(load(pages, engine, 0, 40))
    assert [request.limit for request in requests] == [PAGE]
    assert pages.total == 1_000_000
    assert pages.item_at(40) == engine.item(40)
    assert pages.item_at(PAGE) is None


def test_the_end_comes_from_the_other_side() -> None:
    """The last rows of a million are asked for in the opposite order, not walked to."""
    engine, pages = EndlessQueue(1_000_050, NOW), QueuePages()
    list(load(pages, engine, 0, 40))
    requests = list(load(pages, engine, 1_000_000 - 20, 1_000_049))
    assert [request.sort for request in requests] == [OLDEST_FIRST, OLDEST_FIRST]
    assert pages.item_at(1_000_049) == engine.item(1_000_049)
    assert pages.item_at(1_000_000 - 20) == engine.item(1_000_000 - 20)


def test_memory_is_bounded() -> None:
    """Walking through many pages keeps only those near what is shown."""
    engine, pages = EndlessQueue(20_000, NOW), QueuePages()
    for start in range(0, 20_000, 50):
        list(load(pages, engine, start, start + 49))
    assert len(pages.items) <= KEPT * PAGE
    assert pages.item_at(19_999) == engine.item(19_999)


@given(st.integers(1, 3000), st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_any_row_of_any_queue_can_be_shown(length: int, jumps: list[float]) -> None:
    """Wherever the scrollbar is dragged, the rows there come, and they are the right ones."""
    engine, pages = EndlessQueue(length, NOW), QueuePages()
    list(load(pages, engine, 0, 10))
    for jump in jumps:
        row = min(length - 1, int(jump * length))
        list(load(pages, engine, row, row))
        assert pages.item_at(row) == engine.item(row)
        assert pages.row_of(engine.item(row).id) == row


def page(*items: object, matched: int | None = None, cursor: str = "") -> QueuePage:
    """An answer of the engine."""
    return QueuePage(
        items=items,  # type: ignore[arg-type]
        matched=len(items) if matched is None else matched,
        matched_exact=True,
        cursor=cursor,
    )


def loaded(*numbers: int) -> QueuePages:
    """Pages that hold these messages."""
    pages = QueuePages()
    wanted = pages.wants(0, 40)
    assert wanted is not None
    pages.fold(wanted, page(*(item(number) for number in numbers)))
    return pages


def test_cells_change_in_place() -> None:
    """A refresh changes what a row says and not where it is."""
    pages = loaded(1, 2, 3)
    two = item(2, state="held")
    pages.refresh([item(1).id, two.id, item(3).id], [item(3), two, item(1)])
    assert pages.item_at(1) == two
    assert pages.row_of(two.id) == 1
    assert not pages.gone


def test_a_message_that_left_stays_until_it_is_let_go() -> None:
    """A row whose message left the queue is marked as gone and keeps its place."""
    pages = loaded(1, 2, 3)
    pages.refresh([item(1).id, item(2).id], [item(1)])
    assert pages.gone == {item(2).id}
    assert pages.item_at(1) == item(2)
    assert pages.ids_between(0, 2) == (item(1).id, item(3).id)
    pages.replace(page(item(1), item(3)))
    assert not pages.gone
    assert pages.total == 2


def test_a_finished_message_is_gone_and_says_how() -> None:
    """A message that was delivered while its row is shown keeps the row, with its last state."""
    pages = loaded(1, 2)
    pages.refresh([item(1).id], [item(1, state="delivered")])
    assert pages.gone == {item(1).id}
    shown = pages.item_at(0)
    assert shown is not None
    assert shown.state == "delivered"


def test_an_answer_to_an_old_question_is_ignored() -> None:
    """What comes in after the filter was changed is not shown under the new filter."""
    pages = QueuePages()
    wanted = pages.wants(0, 40)
    assert wanted is not None
    pages.reset(query="state:held")
    assert pages.fold(wanted, page(item(1))) is False
    assert not pages.items


def test_a_queue_that_shrank_has_a_nearer_end() -> None:
    """When a page says that it is the last one, the rows beyond it are no rows."""
    pages = QueuePages()
    wanted = pages.wants(0, 40)
    assert wanted is not None
    pages.fold(wanted, page(*(item(n) for n in range(PAGE)), matched=250, cursor="x"))
    following = pages.wants(PAGE, PAGE + 10)
    assert following is not None
    pages.fold(following, page(item(900), item(901), matched=102))
    assert pages.total == PAGE + 2


def test_the_order_can_be_turned_round() -> None:
    """Sorting asks the engine anew in the other order."""
    pages = loaded(1, 2)
    assert pages.sort == NEWEST_FIRST
    pages.reset(sort=OLDEST_FIRST)
    wanted = pages.wants(0, 1)
    assert wanted is not None
    assert pages.request(wanted).sort == OLDEST_FIRST
    assert pages.item_at(0) is None
