"""Changes, faults and what needs attention, in an operator's words."""

from __future__ import annotations

import msgspec

from empath.config.renewal import RenewalRefused
from empath.control.config_requests import ConfigVersion
from empath.control.config_words import (
    CUT,
    LISTED,
    attention,
    line,
    lines,
    listed,
    unbuilt,
    written,
)
from tests.fakes.memory_config import CHANGE, RESTART


def test_a_change_is_one_line_with_both_values_and_when() -> None:
    """A long value is cut; of very many changes the first hundred are named."""
    assert line(CHANGE) == 'delivery.retry.base: "5m" -> "10m" (live)'
    long = msgspec.structs.replace(CHANGE, new="x" * 1000)
    assert len(line(long)) < 260
    assert lines([CHANGE] * 100) == (line(CHANGE),) * 100
    assert lines([CHANGE] * 1300)[100:] == ("and 1,200 more changes",)


def test_what_waits_and_what_differs_needs_attention() -> None:
    """A few keys are named; nothing is said where there is nothing."""
    assert attention((), "empath.toml", drift=False) == ()
    [faulty] = attention((), "empath.toml", drift=True, faulty=True)
    assert faulty.sentence == (
        "empath.toml is not what is in force and has faults, so that it cannot be:"
        " `empathctl config diff` shows them."
    )
    [waits, differs] = attention([RESTART] * 7, "empath.toml", drift=True)
    assert waits.sentence.endswith("log.format, log.format and 2 more.")
    assert differs.sentence.startswith("empath.toml is not what is in force")


def test_what_a_part_cannot_work_with_has_its_line() -> None:
    """As far as the text has a line for it: a default has none."""
    text = '[[listener]]\n[[listener]]\ncertificate = "c.pem"\n'
    refused = RenewalRefused("listener[1].certificate", "cannot be used")
    other = RenewalRefused("delivery.tls.ca_file", "cannot be used")
    together = RenewalRefused.together([refused, other])
    assert [written(one) for one in unbuilt("empath.toml", together, text)] == [
        "empath.toml:3: listener[1].certificate: cannot be used",
        "empath.toml: delivery.tls.ca_file: cannot be used",
    ]
    assert len(unbuilt("empath.toml", other, text)) == 1


def test_a_list_of_versions_is_bounded() -> None:
    """The newest changes are kept, what is left out is counted, a long value is cut."""
    long = msgspec.structs.replace(CHANGE, new="x" * 5000)
    versions = [
        ConfigVersion(version=3, at=1.0, actor="a", reason="", source="edit", changes=(long,)),
        ConfigVersion(
            version=2, at=1.0, actor="a", reason="", source="edit", changes=(CHANGE,) * LISTED
        ),
        ConfigVersion(version=1, at=1.0, actor="a", reason="", source="start", changes=(CHANGE,)),
    ]
    found = listed(versions)
    assert [(one.version, len(one.changes), one.more) for one in found] == [
        (3, 1, 0),
        (2, LISTED - 1, 1),
        (1, 0, 1),
    ]
    assert len(found[0].changes[0].new) == CUT
    assert found[1].changes[0] == CHANGE
