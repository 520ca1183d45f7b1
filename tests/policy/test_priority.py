"""How urgent a message is: the order of what speaks about it, and who is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import EmailAddress
from empath.config.model import PriorityClass, PriorityRule
from empath.envelope import Priority
from empath.policy.priority import Message, Ranked, rank, read_number, wanted

ADA = EmailAddress("Ada@News.example.org")
BOB = EmailAddress("bob@example.com")


def message(
    parameter: int | None = None,
    fields: dict[str, str] | None = None,
    *,
    sender: EmailAddress | None = ADA,
) -> Message:
    """A message from Ada to Bob, in which something is said of its priority."""
    return Message(parameter, fields or {}, sender, (BOB,), "127.0.0.1:25")


def rule(give: str, **conditions: str) -> PriorityRule:
    """A rule that gives the class."""
    return PriorityRule(give=PriorityClass(give), **conditions)


def ranked(given_: Message, *rules: PriorityRule, may_raise: bool = True) -> tuple[str, int, str]:
    """The class, what is relayed, and what decided."""
    result = rank(given_, rules, may_raise=may_raise)
    return result.priority.word, result.number, result.source


@pytest.mark.parametrize(
    ("number", "word"),
    [
        *[(number, "critical") for number in (9, 8, 7, 6)],
        *[(number, "high") for number in (5, 4, 3, 2)],
        *[(number, "normal") for number in (1, 0, -1)],
        *[(number, "low") for number in (-2, -3, -4)],
        *[(number, "bulk") for number in (-5, -6, -7, -8, -9)],
    ],
)
def test_classes(number: int, word: str) -> None:
    """3.6-3: critical 6..9, high 2..5, normal -1..1, low -4..-2, bulk -9..-5."""
    assert Priority.of(number).word == word
    assert ranked(message(number))[:2] == (word, number)


@pytest.mark.parametrize("priority", Priority)
def test_the_number_of_a_class_is_of_that_class(priority: Priority) -> None:
    """A class that was given by a rule is relayed as a number that means the same class."""
    assert Priority.of(priority.number) is priority


@pytest.mark.parametrize(
    ("text", "number"),
    [("6", 6), ("-9", -9), ("0", 0), ("", None), ("-0", None), ("+1", None), ("10", None)],
)
def test_numbers_are_those_of_rfc_6710(text: str, number: int | None) -> None:
    """3.6-5a: a number has one form, without plus sign and leading nought."""
    assert read_number(text) == number


def test_what_speaks_first() -> None:
    """3.6-5b, 3.6-6a, 3.6-6b: parameter, field, rule on a field, other rule, mass mail, hint."""
    fields = {
        "mt-priority": "-7",
        "x-kind": "Alarm",
        "precedence": "list",
        "importance": "high",
    }
    by_header = rule("critical", header="X-Kind: alarm")
    by_sender = rule("high", sender="ada@news.example.org")
    rules = (by_sender, by_header)
    assert ranked(message(3, fields), *rules) == ("high", 3, "parameter")
    assert ranked(message(None, fields), *rules) == ("bulk", -7, "field")
    del fields["mt-priority"]
    assert ranked(message(None, fields), *rules) == ("critical", 6, "rule")
    del fields["x-kind"]
    assert ranked(message(None, fields), *rules) == ("high", 4, "rule")
    assert ranked(message(None, fields)) == ("low", 0, "mark")
    del fields["precedence"]
    assert ranked(message(None, fields)) == ("high", 0, "hint")
    assert ranked(message()) == ("normal", 0, "default")


@pytest.mark.parametrize("parameter", [1, 2, 9])
def test_others_do_not_raise(parameter: int) -> None:
    """3.6-4a: raising by a client that is not trusted counts as 0."""
    assert ranked(message(parameter), may_raise=False) == ("normal", 0, "default")
    field = message(None, {"mt-priority": str(parameter)})
    assert ranked(field, may_raise=False) == ("normal", 0, "default")
    hint = message(None, {"x-priority": "1"})
    assert ranked(hint, may_raise=False) == ("normal", 0, "default")


def test_others_may_lower() -> None:
    """3.6-4a: anybody may ask for less, and does not evade a rule by asking for more."""
    assert ranked(message(-1), may_raise=False) == ("normal", -1, "parameter")
    assert ranked(message(-3), may_raise=False) == ("low", -3, "parameter")
    bulk = rule("bulk", sender="@news.example.org")
    assert ranked(message(9), bulk, may_raise=False) == ("bulk", -6, "rule")
    marked = message(5, {"precedence": "junk"})
    assert ranked(marked, may_raise=False) == ("bulk", 0, "mark")


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("x-priority", "1 (Highest)", "high"),
        ("x-priority", "2", "high"),
        ("x-priority", "3", "normal"),
        ("x-priority", "4", "low"),
        ("x-priority", "5 (Lowest)", "low"),
        ("importance", "High", "high"),
        ("importance", "low", "low"),
        ("priority", "urgent", "high"),
        ("priority", "Non-Urgent", "low"),
        ("x-msmail-priority", "High", "high"),
        ("x-msmail-priority", "nonsense", "normal"),
    ],
)
def test_hints(name: str, value: str, word: str) -> None:
    """3.6-6a: hints of mail programs count from trusted clients, and are not relayed."""
    assert ranked(message(None, {name: value}))[:2] == (word, 0)
    if word != "normal":
        assert ranked(message(None, {name: value}), may_raise=False) == ("normal", 0, "default")


@pytest.mark.parametrize("may_raise", [True, False])
@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("precedence", "bulk", "bulk"),
        ("precedence", "Junk", "bulk"),
        ("precedence", "list", "low"),
        ("list-id", "<news.example.org>", "low"),
        ("list-unsubscribe", "<mailto:x@y>", "low"),
        ("precedence", "first-class", "normal"),
    ],
)
def test_mass_mail(name: str, value: str, word: str, may_raise: bool) -> None:
    """3.6-6b: Precedence and List fields lower the mail of anybody."""
    assert ranked(message(None, {name: value}), may_raise=may_raise)[0] == word


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({"sender": "ADA@news.example.org"}, True),
        ({"sender": "@news.example.org"}, True),
        ({"sender": ".example.org"}, True),
        ({"sender": "@example.org"}, False),
        ({"sender": "<>"}, False),
        ({"recipient": "bob@example.com"}, True),
        ({"recipient": "@example.org"}, False),
        ({"listener": "127.0.0.1:25"}, True),
        ({"listener": "127.0.0.1:26"}, False),
        ({"header": "X-Kind"}, True),
        ({"header": "X-Kind: invoice"}, True),
        ({"header": "X-Kind: alarm"}, False),
        ({"header": "X-Other"}, False),
        ({"sender": ".example.org", "recipient": "@example.org"}, False),
    ],
)
def test_rules(conditions: dict[str, str], fits: bool) -> None:
    """A rule fits when all it names is so."""
    one = message(None, {"x-kind": "Invoice"})
    assert (ranked(one, rule("high", **conditions))[0] == "high") is fits


def test_a_rule_for_notifications() -> None:
    """``<>`` stands for the null sender, which no other pattern matches."""
    null = message(sender=None)
    assert ranked(null, rule("low", sender="<>"))[0] == "low"
    assert ranked(null, rule("low", sender=".example.org"))[0] == "normal"


def test_the_first_rule_that_fits_counts() -> None:
    """Rules are looked at in the order of the config."""
    rules = (rule("bulk", sender="@nobody.test"), rule("high", listener="127.0.0.1:25"))
    assert ranked(message(), *rules, rule("low", sender=".example.org"))[0] == "high"


def test_what_is_looked_for() -> None:
    """The fields of rules are looked for beside those that are known."""
    assert {"x-kind", "mt-priority", "list-id"} <= set(wanted((rule("low", header="X-Kind: a"),)))


FIELDS = st.dictionaries(
    st.sampled_from(sorted(wanted((rule("low", header="X-Kind"),)))),
    st.text() | st.sampled_from(["1", "9", "-9", "high", "urgent", "bulk", "list"]),
)
RULES = st.lists(
    st.builds(
        PriorityRule,
        give=st.sampled_from(PriorityClass),
        sender=st.sampled_from(["", ".example.org", "<>"]),
        listener=st.sampled_from(["", "127.0.0.1:25", "127.0.0.1:26"]),
        header=st.sampled_from(["", "X-Kind", "X-Kind: high"]),
    )
)


@given(
    st.none() | st.integers(-9, 9), FIELDS, st.sampled_from([None, ADA, BOB]), RULES, st.booleans()
)
def test_every_message_has_a_class(
    parameter: int | None,
    fields: dict[str, str],
    sender: EmailAddress | None,
    rules: list[PriorityRule],
    may_raise: bool,
) -> None:
    """Whatever is said there is an answer, and mail of others is never raised."""
    result = rank(message(parameter, fields, sender=sender), rules, may_raise=may_raise)
    assert isinstance(result, Ranked)
    assert -9 <= result.number <= 9
    assert not result.number or Priority.of(result.number) is result.priority
    if not may_raise:
        assert result.priority <= Priority.NORMAL
        assert result.number <= 0
