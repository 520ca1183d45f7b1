"""Opening a session, as the wire shows it."""

from __future__ import annotations

import base64

import pytest

from empath.address import BannerHostname
from empath.config.units import Secret
from empath.reply import Reply
from empath.smtp.opening import (
    Credentials,
    NotOpened,
    Opened,
    StartTls,
    extensions,
    open_session,
)
from empath.smtp.steps import Broken, lost, nonsense
from tests.fakes.script import play

HELO = BannerHostname("empath.test")
WHO = Credentials("relay", Secret("hunter2"), "smtp.example.com:587")


def opened(
    *script: str | Broken,
    starttls: StartTls = StartTls.IF_OFFERED,
    credentials: Credentials | None = None,
    secure: bool = False,
) -> Opened | NotOpened:
    """Play the opening of a session."""
    dialogue = open_session(helo=HELO, starttls=starttls, credentials=credentials, secure=secure)
    result = play(dialogue, *script)
    assert isinstance(result, Opened | NotOpened)
    return result


GREETED = ("> (greeting)", "< 220 mx.test", "> EHLO empath.test")
IN_TLS = (
    *GREETED,
    "< 250 mx.test|STARTTLS|AUTH PLAIN",
    "> STARTTLS",
    "< 220 go",
    "> (tls)",
    "< 220 ",
    "> EHLO empath.test",
)


def test_a_plain_session_opens_with_what_ehlo_offers() -> None:
    """Greeting, EHLO, and mail can go."""
    assert opened(*GREETED, "< 250 mx.test|SIZE 1000|8BITMIME|size 2") == Opened(
        {"SIZE": "2", "8BITMIME": ""}
    )


@pytest.mark.parametrize("greeting", ["554 5.7.1 go away", "421 4.3.2 busy", "250 hm", "354 hm"])
def test_a_greeting_other_than_220_opens_nothing(greeting: str) -> None:
    """3.4-2b: greeting 554 or 421; the caller tries the next host, then defers."""
    assert opened("> (greeting)", f"< {greeting}") == NotOpened("CONNECT", Reply.of(greeting))


def test_a_server_without_ehlo_is_asked_with_helo() -> None:
    """RFC 5321 3.2: a server that does not know EHLO offers nothing."""
    script = (*GREETED, "< 502 what?", "> HELO empath.test", "< 250 mx.test")
    assert opened(*script) == Opened({})


@pytest.mark.parametrize("code", [421, 451, 554])
def test_a_refused_ehlo_opens_nothing(code: int) -> None:
    """Only "not implemented" and the like are worth a HELO."""
    assert opened(*GREETED, f"< {code} no") == NotOpened("EHLO", Reply(code, None, "no"))


def test_a_refused_helo_opens_nothing() -> None:
    """A server that takes neither takes no mail."""
    script = (*GREETED, "< 500 what?", "> HELO empath.test", "< 550 no")
    assert opened(*script) == NotOpened("EHLO", Reply(550, None, "no"))


def test_starttls_is_used_where_it_is_offered_and_clear_text_forgotten() -> None:
    """3.2: what was offered in clear does not count after TLS (RFC 3207 4.2)."""
    assert opened(*IN_TLS, "< 250 mx.test|8BITMIME") == Opened({"8BITMIME": ""})


def test_starttls_is_not_used_where_it_is_switched_off() -> None:
    """A route with tls = "none" stays in clear."""
    script = (*GREETED, "< 250 mx.test|STARTTLS")
    assert opened(*script, starttls=StartTls.NEVER) == Opened({"STARTTLS": ""})


def test_required_starttls_that_is_not_offered_opens_nothing() -> None:
    """3.3 TLS downgrade: no STARTTLS, never plaintext."""
    result = opened(*GREETED, "< 250 mx.test", starttls=StartTls.REQUIRED)
    assert result == NotOpened("STARTTLS", Reply.own(454, "4.7.4", "it does not offer STARTTLS"))


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "501 5.5.4 no", "554 no"])
def test_a_refused_starttls_is_said_to_be_one(reply: str) -> None:
    """3.4-5b: STARTTLS 454; whether clear will do is for the policy to say."""
    result = opened(*GREETED, "< 250 mx.test|STARTTLS", "> STARTTLS", f"< {reply}")
    assert result == NotOpened("STARTTLS", Reply.of(reply), in_tls=True)


def test_a_failed_handshake_is_said_to_be_one() -> None:
    """3.4-5b: STARTTLS handshake hang or failure."""
    broken = lost("the TLS handshake failed")
    assert opened(*IN_TLS[:-2], broken) == NotOpened(
        "STARTTLS", broken.reply, in_tls=True, broken=True
    )


def test_ehlo_refused_inside_tls_opens_nothing() -> None:
    """A server may change its mind behind TLS; nothing is sent then."""
    assert opened(*IN_TLS, "< 421 bye") == NotOpened("EHLO", Reply(421, None, "bye"))


@pytest.mark.parametrize(("script", "stage"), [((), "CONNECT"), (GREETED[1:], "EHLO")])
def test_a_connection_that_breaks_names_the_stage(script: tuple[str, ...], stage: str) -> None:
    """The timeline shows how far it went."""
    broken = nonsense("it spoke before it was asked")
    result = opened("> (greeting)", *script, broken)
    assert result == NotOpened(stage, broken.reply, broken=True)


def test_auth_plain_over_tls() -> None:
    """RFC 4616: the user name is said twice at most, the password never shown."""
    dialogue = open_session(helo=HELO, starttls=StartTls.NEVER, credentials=WHO, secure=True)
    next(dialogue)
    dialogue.send(Reply(220, None, ""))
    step = dialogue.send(Reply(250, None, "mx.test\nAUTH LOGIN PLAIN"))
    token = base64.b64encode(b"\0relay\0hunter2").decode()
    assert (step.line, step.shown) == (f"AUTH PLAIN {token}", "AUTH PLAIN ••••")  # type: ignore[union-attr]
    assert play(dialogue_of(dialogue, step), f"> AUTH PLAIN {token}", "< 235 2.7.0 Ok") == Opened(
        {"AUTH": "LOGIN PLAIN"}
    )


def dialogue_of(dialogue, step):  # type: ignore[no-untyped-def]
    """The rest of *dialogue*, whose next step is already known."""
    while True:
        reply = yield step
        try:
            step = dialogue.send(reply)
        except StopIteration as stop:
            return stop.value


def test_auth_login_where_there_is_no_plain() -> None:
    """The older mechanism asks for name and password one by one; "AUTH=" is understood."""
    script = (
        *GREETED,
        "< 250 mx.test|AUTH=LOGIN",
        "> AUTH LOGIN",
        "< 334 VXNlcm5hbWU6",
        "> cmVsYXk=",
        "< 334 UGFzc3dvcmQ6",
        "> aHVudGVyMg==",
        "< 235 fine",
    )
    assert isinstance(opened(*script, credentials=WHO, secure=True), Opened)


def test_a_refused_password_defers_and_names_the_route() -> None:
    """RFC 4954: 535 is our own setting's fault, so mail waits and nobody's is bounced."""
    script = (*GREETED, "< 250 mx.test|AUTH LOGIN", "> AUTH LOGIN", "< 535 5.7.8 no")
    result = opened(*script, credentials=WHO, secure=True)
    assert isinstance(result, NotOpened)
    assert result.reply.transient
    assert str(result.reply) == (
        "454 4.7.8 smtp.example.com:587 refused the user name and password of its route:"
        " 535 5.7.8 no"
    )


def test_a_password_is_never_said_in_clear() -> None:
    """3.3 AUTH: not in clear; the sentence says what to set."""
    script = (*GREETED, "< 250 mx.test|AUTH PLAIN LOGIN")
    result = opened(*script, credentials=WHO)
    assert isinstance(result, NotOpened)
    assert result.reply.enhanced == "4.7.11"
    assert 'set tls = "starttls"' in result.reply.text


def test_a_server_without_a_mechanism_we_have_defers() -> None:
    """CRAM-MD5 alone is not enough."""
    script = (*GREETED, "< 250 mx.test|AUTH CRAM-MD5")
    result = opened(*script, credentials=WHO, secure=True)
    assert isinstance(result, NotOpened)
    assert result.stage == "AUTH"


def test_both_spellings_of_auth_are_joined() -> None:
    """Some servers say AUTH twice, once for very old clients."""
    offered = extensions(Reply(250, None, "mx.test\nAUTH PLAIN\nAUTH=LOGIN"))
    assert offered["AUTH"].split() == ["PLAIN", "LOGIN"]
