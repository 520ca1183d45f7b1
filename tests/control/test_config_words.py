"""Changes, faults and what needs attention, in an operator's words."""

from __future__ import annotations

import msgspec

from empath.config.renewal import RenewalRefused
from empath.control.config_words import attention, fault, line, lines, written
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
    [waits, differs] = attention([RESTART] * 7, "empath.toml", drift=True)
    assert waits.sentence.endswith("log.format, log.format and 2 more.")
    assert differs.sentence.startswith("empath.toml is not what is in force")


def test_what_a_part_cannot_work_with_has_its_line() -> None:
    """As far as the text has a line for it: a default has none."""
    text = '[[listener]]\n[[listener]]\ncertificate = "c.pem"\n'
    refused = RenewalRefused("listener[1].certificate", "cannot be used")
    assert written(fault("empath.toml", refused, text)) == (
        "empath.toml:3: listener[1].certificate: cannot be used"
    )
    refused = RenewalRefused("delivery.tls.ca_file", "cannot be used")
    assert written(fault("empath.toml", refused, text)) == (
        "empath.toml: delivery.tls.ca_file: cannot be used"
    )
