"""Arguments of MAIL, RCPT and EHLO."""

from __future__ import annotations

import time
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.address import EmailAddress
from empath.envelope import Body, Notify, Recipient
from empath.reply import Reply
from empath.smtp.command import SIZE_CEILING, MailFrom, parse_host, parse_mail, parse_rcpt

T = TypeVar("T")
POSTMASTER = EmailAddress("postmaster@mx.test")


def mail(argument: str | bytes, *, extended: bool = True) -> MailFrom | str:
    """The MAIL command, or the first two words of its refusal."""
    octets = argument if isinstance(argument, bytes) else argument.encode()
    return told(parse_mail(octets, largest=1000, extended=extended))


def rcpt(argument: str, *, smtputf8: bool = False, extended: bool = True) -> Recipient | str:
    """The RCPT command, or the first two words of its refusal."""
    return told(
        parse_rcpt(argument.encode(), postmaster=POSTMASTER, smtputf8=smtputf8, extended=extended)
    )


def told(value: T | Reply) -> T | str:
    """The value, or the first two words of the reply."""
    return " ".join(str(value).split()[:2]) if isinstance(value, Reply) else value


def test_a_plain_mail() -> None:
    """MAIL needs a reverse-path and nothing else."""
    assert mail("FROM:<a@x.test>") == MailFrom(EmailAddress("a@x.test"))
    assert mail("from:<>") == MailFrom(None)


def test_blanks_behind_the_colon() -> None:
    """Many devices put a blank there; it can mean nothing else and is passed over."""
    assert mail("FROM:  <a@x.test>") == MailFrom(EmailAddress("a@x.test"))


def test_all_parameters_of_mail() -> None:
    """SIZE, BODY, SMTPUTF8, RET and ENVID come out as values, in any case and order."""
    assert mail("FROM:<a@x> ret=FULL Envid=QQ+2B1 SMTPUTF8 body=8bitmime SIZE=007") == MailFrom(
        EmailAddress("a@x"), 7, Body.EIGHT_BIT, True, False, "QQ+2B1"
    )


@pytest.mark.parametrize(
    ("argument", "refusal"),
    [
        ("", "501 5.5.4"),
        ("<a@x>", "501 5.5.4"),
        ("TO:<a@x>", "501 5.5.4"),
        ("FROM:", "501 5.1.7"),
        ("FROM:<", "501 5.1.7"),
        ('FROM:<"', "501 5.1.7"),
        ("FROM:<a@[", "501 5.1.7"),
        ("FROM:a@x", "501 5.1.7"),
        ("FROM:<a@x", "501 5.1.7"),
        ("FROM:<a>", "553 5.1.7"),
        ("FROM:<@a:b@c>", "553 5.1.7"),
        ("FROM:<a@x>SIZE=1", "501 5.5.4"),
        ("FROM:<a@x> SIZE", "501 5.5.4"),
        ("FROM:<a@x> SIZE=x", "501 5.5.4"),
        ("FROM:<a@x> SIZE=-1", "501 5.5.4"),
        ("FROM:<a@x> SIZE=1 SIZE=1", "501 5.5.4"),
        ("FROM:<a@x> SIZE=1001", "552 5.3.4"),
        ("FROM:<a@x> BODY=BINARYMIME", "501 5.5.4"),
        ("FROM:<a@x> SMTPUTF8=1", "501 5.5.4"),
        ("FROM:<a@x> RET=ALL", "501 5.5.4"),
        ("FROM:<a@x> ENVID=+zz", "501 5.5.4"),
        ("FROM:<a@x> ENVID=" + "x" * 101, "501 5.5.4"),
        ("FROM:<a@x> =1", "501 5.5.4"),
        ("FROM:<a@x> X=\x1b", "501 5.5.4"),
        ("FROM:<a@x> AUTH=<>", "555 5.5.4"),
        ("FROM:<a@x> NOTIFY=NEVER", "555 5.5.4"),
        ("FROM:<\u00e4@x>", "553 5.6.7"),
        ("FROM:<\u00e4@x> SIZE=1", "553 5.6.7"),
    ],
)
def test_refused_mail(argument: str, refusal: str) -> None:
    """L6, L7: ill-formed is 501, unknown is 555, too big is 552, not ASCII needs SMTPUTF8."""
    assert mail(argument) == refusal


@pytest.mark.parametrize("octets", [b"FROM:<\xff@x> SMTPUTF8", b"FROM:<\xed\xa0\x80@x> SMTPUTF8"])
def test_invalid_utf8_is_refused(octets: bytes) -> None:
    """L7: octets that are not UTF-8, surrogates among them, are no address with SMTPUTF8 either."""
    assert mail(octets) == "501 5.5.2"


def test_smtputf8_allows_other_letters() -> None:
    """With SMTPUTF8 an address in another script is kept as it is (RFC 6531)."""
    assert mail("FROM:<j\u00f6rg@b\u00fccher.test> SMTPUTF8") == MailFrom(
        EmailAddress("j\u00f6rg@b\u00fccher.test"), smtputf8=True
    )


def test_a_huge_size_costs_nothing() -> None:
    """3.3: a SIZE of a million digits is 552 without computing such a number."""
    start = time.perf_counter()
    assert mail("FROM:<a@x> SIZE=" + "9" * 1_000_000) == "552 5.3.4"
    assert time.perf_counter() - start < 1
    large = parse_mail(b"FROM:<a@x> SIZE=" + b"9" * 30, largest=10**20)
    assert isinstance(large, MailFrom)
    assert large.size == SIZE_CEILING


def test_helo_offers_no_parameters() -> None:
    """After HELO no extension was offered, so every parameter is unknown."""
    assert mail("FROM:<a@x> SIZE=1", extended=False) == "555 5.5.4"
    assert mail("FROM:<a@x>", extended=False) == MailFrom(EmailAddress("a@x"))
    assert rcpt("TO:<a@x> NOTIFY=NEVER", extended=False) == "555 5.5.4"


def test_a_plain_rcpt() -> None:
    """RCPT needs a forward-path; without NOTIFY failures and delays are told (RFC 3461)."""
    assert rcpt("TO:<b@x>") == Recipient(EmailAddress("b@x"), Notify.FAILURE | Notify.DELAY)


def test_postmaster_needs_no_domain() -> None:
    """<postmaster> is the postmaster of this host, in any case (RFC 5321 4.5.1)."""
    assert rcpt("TO:<PostMaster>") == Recipient(POSTMASTER)
    assert mail("FROM:<postmaster>") == "553 5.1.7"


def test_parameters_of_rcpt() -> None:
    """NOTIFY and ORCPT are kept for the reports that are made of them (RFC 3461)."""
    assert rcpt("TO:<b@x> NOTIFY=success,DELAY ORCPT=rfc822;b+2Bc@y") == Recipient(
        EmailAddress("b@x"), Notify.SUCCESS | Notify.DELAY, "rfc822;b+2Bc@y"
    )
    assert rcpt("TO:<b@x> NOTIFY=NEVER") == Recipient(EmailAddress("b@x"), Notify.NEVER)


@pytest.mark.parametrize(
    ("argument", "refusal"),
    [
        ("TO:<>", "501 5.1.3"),
        ("TO:<b@[999.1.1.1]>", "501 5.1.3"),
        ("TO:<b@127.0.0.1>", "501 5.1.3"),
        ("TO:<b>", "553 5.1.3"),
        ("TO:<@a:b@c>", "553 5.1.3"),
        ("TO:<\u00e4@x>", "553 5.6.7"),
        ("TO:<b@x> NOTIFY=NEVER,DELAY", "501 5.5.4"),
        ("TO:<b@x> NOTIFY=DELAY,DELAY", "501 5.5.4"),
        ("TO:<b@x> NOTIFY=", "501 5.5.4"),
        ("TO:<b@x> ORCPT=rfc822", "501 5.5.4"),
        ("TO:<b@x> ORCPT=rfc822;+0", "501 5.5.4"),
        ("TO:<b@x> ORCPT=rfc822;" + "x" * 500, "501 5.5.4"),
        ("TO:<b@x> ORCPT=rfc822;\u202e", "553 5.6.7"),
        ("TO:<b@x> SIZE=1", "555 5.5.4"),
        ("FROM:<b@x>", "501 5.5.4"),
    ],
)
def test_refused_rcpt(argument: str, refusal: str) -> None:
    """L7: what is no forward-path, and parameters that make no sense, are refused."""
    assert rcpt(argument) == refusal


def test_orcpt_may_not_turn_the_screen_round() -> None:
    """3.3: with SMTPUTF8 the original recipient may be in any script, but not unshowable."""
    assert rcpt("TO:<b@x> ORCPT=utf-8;\u00e4@x", smtputf8=True) == Recipient(
        EmailAddress("b@x"), original="utf-8;\u00e4@x"
    )
    assert rcpt("TO:<b@x> ORCPT=utf-8;\u202ea@x", smtputf8=True) == "501 5.5.4"


@pytest.mark.parametrize("name", [b"mx.test", b"[192.0.2.1]", b"[IPv6:2001:db8::1]", b"laptop"])
def test_a_client_names_itself(name: bytes) -> None:
    """EHLO takes a host name or an address literal (RFC 5321 4.1.1.1)."""
    assert parse_host(name) == name.decode()


@pytest.mark.parametrize("name", [b"mx.test.", b"laptop."])
def test_a_final_dot_of_a_client_s_name_is_taken_off(name: bytes) -> None:
    """EHLO takes a name with the dot that ends it in DNS, and knows it without."""
    assert parse_host(name) == name.decode().rstrip(".")


@pytest.mark.parametrize(
    "name", [b".", b"mx.test..", b"", b"my laptop", b"\x1b[31mred", b"a\0b", b"\xc3\xa4", b"<x>"]
)
def test_a_bad_name_is_refused(name: bytes) -> None:
    """L7: an EHLO name with blanks or control characters is 501."""
    assert told(parse_host(name)) == "501 5.5.4"


@given(st.binary(max_size=60) | st.from_regex(rb"(FROM|TO):<[ -~]{0,20}>?( [A-Z=,;+ ]{0,20})?"))
def test_no_argument_makes_the_parsers_raise(argument: bytes) -> None:
    """L6: whatever a client sends gives a value or a reply, and the reply echoes none of it."""
    for value in (
        parse_mail(argument, largest=10**6),
        parse_rcpt(argument, postmaster=POSTMASTER, smtputf8=True),
        parse_host(argument),
    ):
        if isinstance(value, Reply):
            assert value.permanent


@pytest.mark.parametrize("number", range(-9, 10))
def test_mt_priority(number: int) -> None:
    """3.6-2a: MT-PRIORITY is an integer from -9 to 9."""
    read = mail(f"FROM:<a@x> mt-priority={number}")
    assert isinstance(read, MailFrom)
    assert read.mt_priority == number


def test_no_mt_priority() -> None:
    """3.6-2b: where it is left out nothing was asked for, which counts as 0."""
    read = mail("FROM:<a@x> SIZE=1")
    assert isinstance(read, MailFrom)
    assert read.mt_priority is None


@pytest.mark.parametrize(
    "value", ["", "=", "=10", "=-10", "=+1", "=01", "=-0", "=1.0", "=high", "=5 MT-PRIORITY=5"]
)
def test_bad_mt_priority(value: str) -> None:
    """3.6-2c: anything else is 501 5.5.4, and so is saying it twice."""
    assert mail(f"FROM:<a@x> MT-PRIORITY{value}") == "501 5.5.4"


def test_mt_priority_after_helo() -> None:
    """3.6-1a: it is an extension, so after HELO it is not known."""
    assert mail("FROM:<a@x> MT-PRIORITY=1", extended=False) == "555 5.5.4"
