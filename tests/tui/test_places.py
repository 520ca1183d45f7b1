"""What the console keeps of places, and how it writes one down."""

from __future__ import annotations

import msgspec
import pytest
from rich.text import Text

from empath.address import Domain
from empath.control.link import (
    DestinationView,
    GateItem,
    GetShape,
    LimitDestination,
    OutcomeColumn,
    RateLevel,
    RouteHost,
    ShapeRow,
    SuspendDestination,
    Timing,
    TlsDestination,
    ViewDestination,
)
from tests.fakes.console import item
from tests.fakes.memory_link import MemoryLink
from tui.equivalent import line_of
from tui.gate_changes import VERBS, Unclear, hosts, per_second, seconds
from tui.place_text import column_sign, duration, fate_lines, standing_lines
from tui.places import Places
from tui.series import Series
from tui.theme import COLOURED
from tui.widgets.shape_table import gate_cell, heat, mark_of, tight, tls_cell

NAME = Domain("bigmail.example")
NOW = 1_790_003_600.0
ROW = ShapeRow(
    name=NAME,
    total=3,
    queued=1,
    deferred=2,
    held=0,
    bins=(0, 0, 0, 3, 0, 0, 0, 0),
    oldest_at=NOW - 900,
    next_at=None,
)


def row(**changes: object) -> ShapeRow:
    """A row with some things otherwise."""
    return msgspec.structs.replace(ROW, **changes)


async def view(**changes: object) -> DestinationView:
    """A destination in full with some things otherwise."""
    link = MemoryLink()
    link.set_queue([item(900), item(30, recipient="bob@bigmail.example")])
    found = await link.ask(ViewDestination(destination=NAME))
    return msgspec.structs.replace(found, **changes)


def text(lines: list[Text]) -> str:
    """Lines without their styles."""
    return "\n".join(line.plain for line in lines)


async def test_rows_that_answer_another_question_are_not_taken() -> None:
    """A reply that comes after the filter was changed is left; another basis forgets the rows."""
    link, places = MemoryLink(), Places()
    link.set_queue([item(1), item(2, recipient="x@d2.example")])
    asked = places.request()
    places.ask(query="d2")
    assert not places.fold(asked, await link.ask(asked))
    asked = places.request()
    assert places.fold(asked, await link.ask(asked))
    assert len(places.rows) == 1
    assert places.rows.at(5) is None
    assert places.rows.find("d2.example") == 0
    places.ask(sort="name")
    assert len(places.rows) == 1
    places.ask(basis="next")
    assert len(places.rows) == 0
    assert places.rows.at(0) is None


async def test_more_rows_are_wanted_when_the_last_are_seen() -> None:
    """Only once those that were asked for are here, and never more than a reply may hold."""
    link, places = MemoryLink(), Places()
    link.shape.rows = {f"d{number}.example": {} for number in range(2000)}
    assert not places.see(59)
    places.fold(places.request(), await link.ask(places.request()))
    assert places.see(59)
    assert places.wanted == 120
    assert not places.see(59)
    for _ in range(20):
        places.fold(places.request(), await link.ask(places.request()))
        places.see(5000)
    assert places.request() == GetShape(limit=1000, quiet=True, sort="-total")


async def test_the_level_of_a_limiter_is_of_one_destination() -> None:
    """Its course begins anew with another one."""
    places = Places()
    rate = RateLevel(per_second=1.0, burst=5, tokens=2.0, source="x")
    places.fold_view(await view(rate=rate), 1.0)
    places.fold_view(await view(rate=rate), 2.0)
    assert len(places.level) == 2
    assert places.viewed("other.example") is None
    places.fold_view(await view(destination=Domain("other.example")), 3.0)
    assert len(places.level) == 0


def test_a_cell_is_shaded_by_how_much_waits() -> None:
    """By the logarithm, so that a million in one cell does not hide a hundred in another."""
    assert [heat(n, 10_000) for n in (0, 3, 100, 2000, 10_000)] == [
        "faint",
        "heat1",
        "heat2",
        "heat3",
        "heat4",
    ]
    assert [tight(n) for n in (0, 7, 9999, 10_400, 999_499, 1_250_000, 12_500_000)] == [
        "·",
        "7",
        "9999",
        "10k",
        "999k",
        "1.2M",
        "12M",
    ]


@pytest.mark.parametrize(
    ("changes", "cell", "mark"),
    [
        ({}, "● closed", " "),
        ({"breaker": "open", "until": NOW + 72}, "✖ open 1m12s", "✖"),
        ({"breaker": "half-open"}, "◐ half-open", "◐"),
        ({"gate": "suspended"}, "■ susp. ∞", "■"),
        ({"gate": "suspended", "breaker": "open", "until": NOW + 60}, "■ susp. 1m00s", "■"),
        ({"gate": "limited to 5/s"}, "▼ 5/s", "▼"),
        ({"gate": "re-routed to x:25"}, "→ re-routed", "→"),
    ],
)
def test_what_holds_a_destination_is_a_sign_and_a_word(
    changes: dict[str, object], cell: str, mark: str
) -> None:
    """The same in a wide table, with its countdown, and as one sign in a narrow one."""
    assert gate_cell(row(**changes), NOW)[0] == cell
    assert mark_of(row(**changes))[0] == mark


def test_encryption_is_a_sign_and_a_word() -> None:
    """Never by colour alone."""
    cells = [
        tls_cell(row(tls=tls, verified=verified))[0]
        for tls, verified in (
            ("", False),
            ("TLSv1.3", True),
            ("TLSv1.2", False),
            ("plaintext", False),
            ("failed", False),
        )
    ]
    assert cells == ["–", "✓ 1.3 ver", "● 1.2", "▲ clear", "✖ failed"]


def test_a_column_of_the_history_is_a_sign() -> None:
    """Nothing, all well, some well, deferred, not reached."""

    def sign(delivered: int, deferred: int, unreached: int) -> str:
        column = OutcomeColumn(
            at=NOW, delivered=delivered, deferred=deferred, failed=0, unreached=unreached
        )
        return column_sign(column)[0]

    assert [sign(0, 0, 0), sign(9, 0, 0), sign(9, 1, 0), sign(0, 1, 0), sign(0, 0, 1)] == [
        "·",
        "●",
        "◐",
        "▲",
        "✖",
    ]


async def test_an_open_breaker_has_reason_and_countdown() -> None:
    """Who opened it, since when, and when it is probed; what else an operator did stands below."""
    gates = (
        GateItem(
            destination=NAME,
            gate="breaker",
            state="open",
            until=NOW + 90,
            reason="word " * 60,
            actor="ada",
            since=NOW - 60,
        ),
        GateItem(
            destination=NAME,
            gate="limit",
            state="limited to 5/s",
            until=None,
            reason="",
            actor="eve",
        ),
    )
    level = Series()
    for second in range(5):
        level.add(float(second), float(second))
    rate = RateLevel(per_second=5.0, burst=5, tokens=2.0, source="limited by eve")
    found = await view(
        gates=gates,
        rate=rate,
        holds=("its breaker is open",),
        hosts=tuple(
            RouteHost(
                host=f"mx{n}.example", port=25 + n, preference=10, addresses=("192.0.2.1",) * n
            )
            for n in range(8)
        ),
        outcomes=(OutcomeColumn(at=NOW, delivered=1, deferred=0, failed=0, unreached=0),) * 2,
    )
    lines = text(standing_lines(found, NOW, 70, level, COLOURED))
    for words in (
        "✖ OPEN since",
        "probe in 1m30s",
        "ada: word word",
        " …",
        "▼ limited to 5/s  until an operator ends it",
        "op:eve",
        "2.0 of 5 left · 5/s  limited by eve",
        "what is left of it",
        "held, as   its breaker is open",
        "mx1.example:26  192.0.2.1",
        "192.0.2.1 +1",
        "and 2 more",
        "●●  2 h, 5 min a cell",
        "given up in",
    ):
        assert words in lines, words
    assert max(map(len, lines.splitlines())) <= 100


async def test_what_is_not_known_is_said() -> None:
    """No servers, no session, no limit, nothing tried: a sentence or a dash, not an empty pane."""
    found = await view(hosts=(), route="", oldest_at=None, next_at=None, last_reply="")
    lines = text(standing_lines(found, NOW, 70, Series(), COLOURED))
    assert "● closed" in lines
    assert "not looked up lately" in lines
    assert "no limit of attempts a second" in lines
    lines = text(fate_lines(found, NOW, 50, COLOURED))
    assert "nothing is known: no session lately" in lines
    assert "an attempt –" in lines
    found = await view(hosts=(), route="", route_fault="550 5.1.2 it has no servers")
    assert "it has no servers" in text(standing_lines(found, NOW, 70, Series(), COLOURED))


async def test_half_open_is_told() -> None:
    """The next attempt decides."""
    gate = GateItem(
        destination=NAME, gate="breaker", state="half-open", until=NOW, reason="", actor=""
    )
    lines = text(standing_lines(await view(gates=(gate,)), NOW, 70, Series(), COLOURED))
    assert "◐ HALF-OPEN  the next attempt decides" in lines
    assert "none given" in lines


async def test_encryption_is_told_with_policy_share_and_failures() -> None:
    """Versions by share, what is in clear, whether names were proved, when it expires."""
    tls = TlsDestination(
        destination=NAME,
        policy="verify",
        source="destination",
        versions={"TLSv1.3": 9990, "TLSv1.2": 9},
        verified=9000,
        plaintext=1,
        failures={"certificate-name": 2},
        names=(),
        expires_at=NOW + 86_400,
        last_at=NOW,
        last_failure="its certificate is for another",
        last_failure_at=NOW,
    )
    timing = Timing(count=7, p50=0.085, p95=4.1, p99=187.0)
    lines = text(fate_lines(await view(tls=tls, latency=timing), NOW, 60, COLOURED))
    for words in (
        "● TLSv1.3 99.9 %",
        "▲ in clear <0.1 %",
        "9,000 proved · verify (destination)",
        "certificate expires in 1d00h",
        "✖ certificate-name 2",
        "its certificate is for another",
        "p50 85ms · p95 4.1s · p99 3m07s  of 7",
    ):
        assert words in lines, words
    gone = msgspec.structs.replace(tls, expires_at=NOW - 1, versions={}, plaintext=0, verified=0)
    lines = text(fate_lines(await view(tls=gone), NOW, 60, COLOURED))
    assert "certificate has expired" in lines
    assert "no session yet" in lines
    assert duration(90) == "1m30s"


def test_lengths_and_rates_are_read_as_operators_write_them() -> None:
    """And what cannot be read is said with what can."""
    assert [seconds(text) for text in ("", "90s", "30m", "1.5h", "2D")] == [
        None,
        90.0,
        1800.0,
        5400.0,
        172_800.0,
    ]
    assert [per_second(text) for text in ("20/s", "30/m", "360/H")] == [20.0, 0.5, 0.1]
    assert hosts("a.example, b.example:25") == ("a.example", "b.example:25")
    for read, text in ((seconds, "soon"), (seconds, "5"), (per_second, "5"), (hosts, " ")):
        with pytest.raises(Unclear):
            read(text)  # type: ignore[operator] # each reads a text


def test_a_change_and_its_command_say_the_same() -> None:
    """What is typed goes into both; words with blanks are quoted."""
    values = {"rate": "30/m", "for": "2h", "reason": "they asked"}
    limit = VERBS["limit"]
    assert limit.request(NAME, values) == LimitDestination(
        destination=NAME, per_second=0.5, seconds=7200.0, reason="they asked"
    )
    assert line_of(limit.request(NAME, values)) == (
        "empathctl destination limit bigmail.example 30/m --for 2h --reason 'they asked'"
    )
    empty = {"for": "", "reason": ""}
    rerouted = VERBS["reroute"].request(NAME, {"to": "a, b:25", **empty})
    assert line_of(rerouted).endswith("--to a --to b:25")
    assert VERBS["suspend"].request(NAME, empty) == SuspendDestination(destination=NAME)
