"""Texts without their secrets, and back."""

from __future__ import annotations

import re
import string
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.disguise import Disguise
from empath.config.edit import EditRefused, set_value
from empath.config.problem import ConfigUnusable
from empath.config.spelling import spell

DISGUISE = Disguise(b"k" * 32)
TAG = re.compile(r"•••• [0-9a-f]{12}")
TEXT = '''\
# the old one was "hunter2!", password = 'hunter1'
[[route]]
domain = "*"   # any
host = "a.test:25"
password = 'hunter2!'
[[route]]
domain = "b.test"
password = { file = "b.password" }
[[route]]
domain = "c.test"
password = """
dont\\
show"""
[[route]]
domain = "d.test"
password = ""
'''


def faults(text: str, *present: str) -> list[tuple[int | None, str, str]]:
    """What is wrong with the placeholders of *text*."""
    with pytest.raises(ConfigUnusable) as raised:
        DISGUISE.unmask(text, *present, file="empath.toml")
    return [(each.line, each.key, each.sentence) for each in raised.value.problems]


def test_secrets_are_placeholders_and_everything_else_is_as_it_was() -> None:
    """Comments, layout and lines stay; what only says where a secret is stays too."""
    masked = DISGUISE.mask(TEXT)
    assert "hunter" not in masked
    assert "show" not in masked
    assert masked.count("\n") == TEXT.count("\n")
    assert (
        TAG.sub("…", masked)
        == '''\
# the old one was "…", password = "…"
[[route]]
domain = "*"   # any
host = "a.test:25"
password = "…"
[[route]]
domain = "b.test"
password = { file = "b.password" }
[[route]]
domain = "c.test"
password = """…\\
\\
"""
[[route]]
domain = "d.test"
password = ""
'''
    )
    assert DISGUISE.unmask(masked, TEXT) == TEXT


def test_a_placeholder_is_the_same_each_time_and_says_nothing() -> None:
    """Two engines, or two keys, name one secret differently; the digest of a text too."""
    other = Disguise(b"x" * 32)
    assert DISGUISE.mask(TEXT) == DISGUISE.mask(TEXT)
    assert DISGUISE.mask(TEXT) != other.mask(TEXT)
    assert DISGUISE.digest(TEXT) != other.digest(TEXT)
    assert DISGUISE.digest(TEXT) != DISGUISE.digest(TEXT.replace("hunter2", "hunter3"))


def test_a_placeholder_belongs_to_its_key_and_not_to_its_place() -> None:
    """A table before the others moves nothing; a table of another name does not inherit."""
    masked = DISGUISE.mask(TEXT)
    before = '[[route]]\ndomain = "first.test"\nhost = "f.test:25"\n'
    assert DISGUISE.unmask(before + masked, TEXT) == before + TEXT
    renamed = masked.replace('domain = "*"', 'domain = "other.test"')
    [(line, key, sentence)] = faults(renamed, TEXT)
    assert (line, key) == (5, 'route["other.test"].password')
    assert sentence.startswith('is the placeholder of route["*"].password')


def test_a_placeholder_that_stands_for_nothing_is_a_fault_at_its_line() -> None:
    """Unknown, altered, in a key or in a longer text: never taken for a password."""
    masked = DISGUISE.mask(TEXT)
    tag = TAG.findall(masked)[2]
    unknown = masked.replace(tag, "•••• 0123456789ab")
    assert [(line, key) for line, key, _ in faults(unknown, TEXT)] == [(5, 'route["*"].password')]
    assert "not the present one" in faults(unknown, TEXT)[0][2]
    longer = masked.replace(f'"{tag}"', f'"{tag}!"')
    assert "is not the placeholder as it was" in faults(longer, TEXT)[0][2]
    host = masked.replace('"a.test:25"', f'"{tag}"')
    assert [line for line, _, _ in faults(host, TEXT)] == [4]
    named = f'"{tag}" = 1\n'
    assert [(line, key) for line, key, _ in faults(named, TEXT)] == [(1, "")]


def test_a_placeholder_may_be_quoted_otherwise() -> None:
    """An editor that writes single quotes changes nothing."""
    masked = DISGUISE.mask(TEXT)
    tag = TAG.findall(masked)[2]
    assert DISGUISE.unmask(masked.replace(f'"{tag}"', f"'{tag}'"), TEXT) == TEXT


def test_secrets_in_comments_go_out_and_come_back() -> None:
    """A line that is commented out, and a secret that is spoken of; moved they are a fault."""
    masked = DISGUISE.mask(TEXT)
    first, _, rest = masked.partition("\n")
    comment, _, config = TEXT.partition("\n")
    assert DISGUISE.unmask(f"{rest}{first}\n", TEXT) == f"{config}{comment}\n"
    said = first.partition(", ")[2]
    uncommented = rest.replace('password = ""\n', f"{said}\n")
    [(line, key, sentence)] = faults(uncommented, TEXT)
    assert (line, key) == (15, 'route["d.test"].password')
    assert "of a comment" in sentence


@pytest.mark.parametrize(
    "comment",
    [
        "# passphrase: hunter33",
        "# pw hunter5",
        "# old: user u pass hunter3",
        "# smtp_pass=hunter3",
        '# password ="known" was it, before "hunter9"',
        '# password = { file = "x" }, before: password "hunter9" and "hunter8"',
        "# credentials u hunter3   ",
        "host = 'a#b:25' # secret of ada, hunter3",
    ],
)
@pytest.mark.parametrize("begins", ["", "[broken "])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_comment_shows_nothing_behind_a_word_for_a_secret(
    comment: str, begins: str, ends: str
) -> None:
    """No second string, no words after it; the lines before and behind are as they were."""
    text = ends.join([f"{begins}a = 1", comment, "b = 2", ""])
    masked = DISGUISE.mask(text, known=["known"])
    assert "hunter" not in masked
    lines = masked.split(ends)
    assert (lines[0], lines[-2]) == (f"{begins}a = 1", "b = 2")
    if not begins:
        assert DISGUISE.unmask(masked, text, known=["known"]) == text


def test_a_word_that_ends_a_line_hides_nothing_on_the_next() -> None:
    """A text that is no TOML can be mended, though its comments speak of what may pass."""
    for end in ("\n", "\r\n"):
        text = f'[broken{end}# let it pass{end}host = "x:25"{end}'
        assert DISGUISE.mask(text) == text


def test_where_two_secrets_overlap_both_are_hidden() -> None:
    """One that is known, with a word in it that names another."""
    text = "# say pass me: hunter9\n"
    masked = DISGUISE.mask(text, known=["say pass me"])
    assert "hunter9" not in masked
    assert "say" not in masked
    assert DISGUISE.unmask(masked, text, known=["say pass me"]) == text


def test_secrets_that_are_known_are_hidden_wherever_they_are_spoken_of() -> None:
    """Such as one that stands in a file of its own, and in a comment beside it."""
    text = '# correct horse\nmode = "relay"\n'
    masked = DISGUISE.mask(text, known=["correct horse"])
    assert "horse" not in masked
    assert DISGUISE.unmask(masked, text, known=["correct horse"]) == text


@pytest.mark.parametrize(
    "text",
    [
        'pasword = "hunter2!"',
        'smtp_token = "hunter2!"',
        "password = 12345678",
        'password = ["hunter2!", "hunter2!"]',
        '[[route]]\npassword = { fil = "hunter2!" }',
        '[route]\npassword.x = "hunter2!"',
        '[route]\npassword = "hunter2!"',
        '[[route]]\npassword = { file = "x", y = "hunter2!" }',
        'route = [{ domain = "x", "pass\\u0077ord" = "hunter2!" }]',
    ],
)
def test_what_reads_like_a_secret_is_hidden_though_the_config_is_wrong(text: str) -> None:
    """A slip of the finger shows no password."""
    masked = DISGUISE.mask(text)
    assert "hunter2" not in masked
    assert "12345678" not in masked
    assert DISGUISE.unmask(masked, text) == text


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2!',
        'password "hunter2!"',
        "password: hunter2!",
        "password == 'hunter2!'",
        'password = """\nhunter2!',
        '[[route]] password = "hunter2!", host = "x"',
        'x = { password = "hunter2!" , ',
        '# password = "hunter2!"',
        'password = "hunter2!" # hunter2!',
    ],
)
def test_a_text_that_is_no_toml_shows_nothing_behind_a_word_for_a_secret(line: str) -> None:
    """It can be mended and comes back, whatever stands round it."""
    broken = f'[broken\n{line}\nhost = "x:25"\n'
    masked = DISGUISE.mask(broken, known=[])
    assert "hunter2" not in masked
    assert DISGUISE.mask(broken, known=["x:25"]).count("x:25") == 0


def test_a_text_that_is_no_toml_is_mended_with_its_placeholders() -> None:
    """The password need not be typed again where the bracket was forgotten."""
    broken = TEXT.replace("[[route]]", "[[route]", 1)
    masked = DISGUISE.mask(broken)
    assert "hunter" not in masked
    mended = masked.replace("[[route]\n", "[[route]]\n", 1)
    assert tomllib.loads(DISGUISE.unmask(mended, broken))["route"][0]["password"] == "hunter2!"
    assert DISGUISE.unmask(masked, TEXT) == masked, "what is no TOML is left for its reader to say"


plain = st.text(string.ascii_letters + string.digits + " \"\\'#=[]{}.,äß漢–", max_size=16)
secrets = st.text(string.ascii_uppercase, min_size=6, max_size=24)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A config that is written in one of many ways, and the secrets in it."""
    lines: list[str] = []
    hidden: list[str] = []
    for number in range(draw(st.integers(0, 4))):
        secret = f"S3CRET{draw(secrets)}"
        quoted = draw(
            st.sampled_from(
                [
                    f'"{secret}"',
                    f"'{secret}'",
                    f'"""{secret}"""',
                    f"'''\n{secret}'''",
                    spell(secret),
                ]
            )
        )
        comment = draw(
            st.sampled_from(["", f" # was {secret}", f" # password = {quoted[:1]}{secret}"])
        )
        other = spell(draw(plain))
        hidden.append(secret)
        if draw(st.booleans()):
            lines += ["[[route]]", f'domain = "d{number}.test"', f"username = {other}"]
            lines.append(f"password  =  {quoted}{comment}")
        else:
            lines += ["[[route]]", f'"password" = {quoted} {comment}', f"domain = {other}"]
        lines.append(f"# {draw(plain)}")
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join([*lines, ""]), hidden


@given(texts())
def test_any_text_shows_no_secret_and_comes_back_to_the_letter(made: tuple[str, list[str]]) -> None:
    """Whatever the quotes, comments and line ends: read and put back unchanged is no change."""
    text, hidden = made
    masked = DISGUISE.mask(text)
    assert not any(secret in masked for secret in hidden)
    assert DISGUISE.unmask(masked, text) == text
    assert DISGUISE.mask(DISGUISE.unmask(masked, text)) == masked


@given(texts(), st.sampled_from(["1m", "9m"]))
def test_an_edit_elsewhere_leaves_the_secrets(made: tuple[str, list[str]], base: str) -> None:
    """A setting that is added to the masked text is the same edit in the text itself."""
    text, _ = made

    try:
        there = set_value(DISGUISE.mask(text), ("delivery", "retry", "base"), base)
    except EditRefused:
        return
    assert tomllib.loads(DISGUISE.unmask(there, text)) == {
        **tomllib.loads(text),
        "delivery": {"retry": {"base": base}},
    }


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_at_all_is_masked_without_an_error(text: str) -> None:
    """Whatever stands in the file."""
    assert DISGUISE.unmask(DISGUISE.mask(text), text).count("\n") == text.count("\n")
