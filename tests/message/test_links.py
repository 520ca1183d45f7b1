"""Links and one-time codes in a mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.links import LENGTH, LINKS, find_code, find_links, is_link


def test_links_end_where_the_sentence_goes_on() -> None:
    """Full stops and brackets round a link are not its own; each is told once, in order."""
    text = (
        "See https://a.test/x(1). Or (https://b.test/?q=1), <mailto:a@b.test>; https://a.test/x(1)!"
    )
    assert find_links(text) == ("https://a.test/x(1)", "https://b.test/?q=1", "mailto:a@b.test")
    assert find_links("https://...") == ()
    assert len(find_links(" ".join(f"http://a.test/{n}" for n in range(LINKS + 9)))) == LINKS


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("https://a.test", True),
        ("MAILTO:a@b.test", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("/relative", False),
        ("https://" + "a" * LENGTH, False),
    ],
)
def test_only_web_and_mail_are_links(target: str, leads: bool) -> None:
    """What would run something, or leads nowhere by itself, is no link."""
    assert is_link(target) is leads


@pytest.mark.parametrize(
    ("subject", "text", "code"),
    [
        ("Reset", "Your one-time code:   482 913   (ten minutes)", "482913"),
        ("Your verification code is 123456", "", "123456"),
        ("Sign in", "Enter this code:\n\n\n   AB12CD\n", "AB12CD"),
        ("Sign in", "Ihr Einmalkennwort 2026 lautet 7731", "7731"),
        ("Your code", "2026", "2026"),
        ("Invoice 88123", "Total 1234.00 due 2026-01-02", ""),
        ("Code", "https://x.test/123456 and a@123456", ""),
        ("Code", "one\ntwo\nthree\nfour\nfive 123456", ""),
        ("Hello", "no digits here", ""),
        ("PIN", "1,234.50 or $1234", ""),
    ],
)
def test_a_code_is_near_a_word_that_speaks_of_codes(subject: str, text: str, code: str) -> None:
    """Digits, or capitals with digits, close behind such a word; no amount, date or address."""
    assert find_code(subject, text) == code


@given(st.text(max_size=200), st.text(max_size=400))
def test_a_code_is_a_word_of_the_mail(subject: str, text: str) -> None:
    """Whatever the mail, a code is short, has a digit, and stands in it."""
    code = find_code(subject, text)
    assert len(code) <= 16
    if code:
        assert any(each.isdigit() for each in code)
        assert code in f"{subject}\n{text}".replace(" ", "")


@given(st.text(alphabet="htps:/.a()<>,; \n", max_size=300))
def test_links_stand_in_the_text(text: str) -> None:
    """Whatever the text, a link is a piece of it that leads somewhere."""
    for link in find_links(text):
        assert link in text
        assert is_link(link)
