"""HTML mail as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.html_text import OCTETS, html_text
from empath.message.links import LINKS


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("a <b>bold</b>  word", "a bold word"),
        ("<h1>Head</h1>text", "# Head\n\ntext"),
        ("<ul><li>one<li>two</ul>", "* one\n* two"),
        ("<ol><li>one<ul><li>in</ul><li>two</ol>", "1. one\n  * in\n2. two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
        ("<blockquote>said<br>more</blockquote>after", "> said\n> more\nafter"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a<hr>b", "a\n---\nb"),
        ('<img src="x" alt="Logo">', "[image: Logo]"),
        ('<img src="x">', ""),
        ("<head><title>t</title></head><style>p{}</style><script>1<2</script>seen", "seen"),
        ("<head><title>t</title><body>seen", "seen"),
        ("a&amp;b &lt;i&gt; &#65; &nbsp;x", "a&b <i> A x"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("a<!-- gone <b> -->b", "ab"),
        ("a<!-- never closed", "a"),
        ("<!DOCTYPE html><?xml?>a", "a"),
        ("<!never closed", "<!never closed"),
        ('<a name="x">here</a>', "here"),
        ('<a href="javascript:x()">no link</a>', "no link"),
    ],
)
def test_tags_become_lines(source: str, text: str) -> None:
    """Paragraphs, lists, tables and quotes are lines; what is never seen in a mail is not text."""
    assert html_text(source).text == text


def test_links_are_footnotes() -> None:
    """Each target has one number, and stands below with its entities read."""
    page = html_text(
        "<a href=\"https://a.test/?x=1&amp;y=2\">One</a> <a href='mailto:b@c.test'>two</a>"
        " <a href=https://a.test/?x=1&amp;y=2>again"
    )
    assert page.links == ("https://a.test/?x=1&y=2", "mailto:b@c.test")
    assert page.text.splitlines() == [
        "One[1] two[2] again[1]",
        "",
        "[1] https://a.test/?x=1&y=2",
        "[2] mailto:b@c.test",
    ]


def test_a_tag_with_an_image_in_it_is_no_text() -> None:
    """A tag longer than is looked at, such as one with a picture in its attribute, is skipped."""
    assert html_text(f'a<img src="data:{"x" * 9000}" alt="Far">b').text == "ab"
    assert html_text(f"a<{'x' * 9000}>b").text.startswith("ab") is True


def test_too_much_is_cut_and_said() -> None:
    """Beyond the limit of HTML, or of links, the rest is left out and the page says so."""
    assert html_text("a" * (OCTETS + 1)).cut
    page = html_text("".join(f'<a href="http://a.test/{n}">x</a>' for n in range(LINKS + 5)))
    assert page.cut
    assert len(page.links) == LINKS
    assert "x[…]" in page.text


@pytest.mark.parametrize(
    "hostile",
    ["<!--", "<a '", '<a "<a" "', "<", "</style", "<style>", "<ul><li>", "<a href=' <", "&"],
)
def test_hostile_html_costs_no_more_than_its_length(hostile: str) -> None:
    """What takes the library's parser minutes is read in one pass: this ends at once."""
    html_text((hostile * (OCTETS // len(hostile) + 1))[:OCTETS])


@given(
    st.lists(
        st.sampled_from(
            [*"<>/\"'&;= \n", "a", "p", "br", "<a href=", "http://x.test", "<!--", "-->", "<pre>"]
        )
    ).map("".join)
)
def test_any_text_is_read(source: str) -> None:
    """Whatever stands there, the result is text with as many footnotes as links."""
    page = html_text(source)
    assert page.text.count("\n[") >= len(page.links) - 1
    assert "<!--" not in page.text or "<!--" not in source
