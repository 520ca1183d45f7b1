"""Reading TOML costs what its length does, whatever it says."""

from __future__ import annotations

import tomllib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.disguise import Disguise
from empath.config.document import document
from empath.config.load import parse_config
from empath.config.model import Config
from empath.config.problem import ConfigUnusable
from empath.config.toml import TooDeep, read_toml
from tests.fakes.configs import configs

MIB = 2**20


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (".".join(["a"] * 20_000) + " = 1", "empath.toml:1: a key has too many parts"),
        ("\n[" + " . ".join(["a"] * 20_000) + "]", "empath.toml:2: a key has too many parts"),
        ("x = { " + ".".join(["''"] * 20_000) + " = 1 }", "empath.toml:1: a key has too many"),
        ('[["' + '"."'.join("a" * 20_000) + '"]]', "empath.toml:1: a key has too many parts"),
        ("\n".join(f"a.b{n} = 1" for n in range(20_000)), "empath.toml:10001: a key is one dotted"),
        ("x = " + "[" * 100_000, "empath.toml: its brackets are nested too deeply"),
        ("x = " + "[" * 200 + "]" * 200, "empath.toml: its brackets are nested too deeply"),
        ("x = " + "{a=" * 100 + "1" + "}" * 100, "empath.toml: its brackets are nested too"),
    ],
    ids=["dotted", "heading", "braces", "quoted", "many", "brackets", "closed", "tables"],
)
def test_a_nasty_text_is_refused_for_little_memory(text: str, told: str) -> None:
    """Some kilobytes of it used to cost gigabytes."""
    tracemalloc.start()
    try:
        with pytest.raises(ConfigUnusable) as raised:
            parse_config(text, file="empath.toml", directory=Path())
        assert str(raised.value).startswith(told)
        Disguise(b"k" * 16).mask(text)
        assert tracemalloc.get_traced_memory()[1] < 20 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text",
    [
        'x = "a' + ".a" * 1000 + '"',
        "x = 'a" + ".a" * 1000 + "' # a" + ".a" * 1000,
        '# "\nx = """\n' + "a." * 1000 + '\\"""" # a',
        "x = ''' \"\n" + "a." * 1000 + "'''",
        '"a.b".c = """a"""""\n# it\'s ' + "a." * 1000,
        "a" + ".a" * 15 + " = 1.5",
    ],
)
def test_dots_in_texts_and_comments_are_no_keys(text: str) -> None:
    """Only the parts of keys count, and sixteen of them are read."""
    assert read_toml(text) == tomllib.loads(text)


@given(configs())
def test_every_config_is_read(config: Config) -> None:
    """No config of the model comes near the bounds."""
    text = document(config)
    assert read_toml(text) == tomllib.loads(text)


@given(st.text("a.\"'\\#\n[]{}= ", max_size=60))
def test_whatever_stands_there_is_read_as_ever_or_refused(text: str) -> None:
    """The bounds change nothing below them."""
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            read_toml(text)
    else:
        try:
            assert read_toml(text) == expected
        except TooDeep:
            assert text.count(".") >= 16
