"""What must hold on uvloop as on the stock loop: it is what Empath runs on where it installs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial

import pytest
import uvloop

from tests.delivery import test_attempt as attempt
from tests.delivery import test_attempt_tls as tls
from tests.delivery import test_racing as racing
from tests.delivery import test_reuse as reuse
from tests.delivery import test_source_address as source
from tests.delivery import test_watchdog as watchdog
from tests.fakes.scripted_mx import Do

Scenario = Callable[[], Coroutine[None, None, None]]

SCENARIOS: list[Scenario] = [
    attempt.test_a_message_is_delivered,
    attempt.test_dots_are_stuffed_and_large_content_streamed,
    tls.test_starttls_is_used_where_it_is_offered,
    tls.test_implicit_tls_speaks_tls_from_the_first_octet,
    tls.test_implicit_tls_with_a_server_in_clear_defers,
    tls.test_a_password_goes_over_tls_and_into_no_transcript,
    attempt.test_a_server_that_stops_reading_is_bounded_by_a_write_deadline,
    attempt.test_a_server_silent_after_the_final_dot_may_have_delivered,
    attempt.test_replies_sent_before_we_asked_are_refused,
    attempt.test_a_refusal_in_the_middle_of_the_content_is_one,
    attempt.test_a_server_that_refuses_connections_defers,
    reuse.test_a_connection_serves_one_message_after_another,
    racing.test_a_silent_address_holds_mail_up_for_a_quarter_of_a_second,
    racing.test_an_address_that_refuses_is_not_waited_for,
    racing.test_the_loser_of_a_race_is_closed,
    partial(racing.test_an_attempt_that_is_cut_in_the_race_leaves_nothing_open, 0.3),
    source.test_mail_comes_from_the_address_that_is_set,
    partial(source.test_an_address_that_is_not_ours_defers_and_names_the_setting, False),
    watchdog.test_a_body_read_that_hangs_is_cut_and_its_recipients_deferred,
    *(
        partial(tls.test_plaintext_behind_the_answer_to_starttls_is_not_believed, extra)
        for extra in (b"", b"250 mx.test\r\n", b"2")
    ),
    *(
        partial(test, first)
        for test in (
            tls.test_opportunistic_tls_that_fails_goes_in_clear_on_a_new_connection,
            tls.test_required_tls_that_fails_is_never_made_up_for_in_clear,
        )
        for first in (tls.REFUSED, tls.BROKEN, tls.HANGS)
    ),
    *(
        partial(test, end)
        for test in (
            attempt.test_a_server_that_goes_after_354_defers,
            attempt.test_a_server_that_goes_after_the_final_dot_may_have_delivered,
        )
        for end in (Do.CLOSE, Do.RESET)
    ),
    *(
        partial(reuse.test_a_reused_connection_that_proves_dead_costs_no_attempt, goodbye)
        for goodbye in reuse.GOODBYES
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_holds_on_uvloop(scenario: Scenario) -> None:
    """Sockets, TLS and flow control behave as on the stock loop."""
    uvloop.run(scenario())
