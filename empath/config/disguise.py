"""The text of a config without its secrets, and back: what an editor elsewhere may work on.

`Disguise.mask` puts a placeholder, ``"•••• 1a2b3c4d5e6f"``, where a secret stands; comments and
layout stay.  `Disguise.unmask` puts the secrets back: a placeholder stands for one secret at one
key, wherever in the text that key is written; moved to another key, altered or unknown it is a
fault at its line (`ConfigUnusable`).  What is masked and not changed comes back to the letter.

It errs on the side of hiding: in a text that is no TOML everything behind a word that names a
secret is hidden, and so are secrets in comments.  The digits are a keyed hash: they tell secrets
apart and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, final

from empath.config.config_file import unusable
from empath.config.keys import show_key
from empath.config.locate import KeyPath, locate_values
from empath.config.problem import ConfigProblem, ConfigUnusable
from empath.config.secrets_of import REFERENCES, is_secret, named
from empath.config.toml import read_toml

_TAG: Final = re.compile(r"•••• ([0-9a-f]{12})")
_COMMENT: Final = ("#",)
"""The key of what stands in a comment."""
_ANYWHERE: Final = ("?",)
"""The key of what stands in a text that is no TOML."""
_VALUE: Final = "\0"
"""Begins what is hashed of a value, so that it is not taken for what is written."""
_TELLING: Final = 4
"""Characters from which on a secret is looked for in comments too: fewer are found in any word."""
_STRING: Final = r"\"{3}(?s:.*?)\"{3}|'{3}(?s:.*?)'{3}|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"
_REFERENCE: Final = r"\{\s*(?:file|env|credential)\s*=\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*\}"
_NAMED: Final = re.compile(
    r"(?i)[\w-]*(?:pas+w|pass(?:phrase|code)|pwd|secret|token|creds|credentials|api[_ -]?key"
    r"|(?:pass|pw)(?![a-z])(?![ \t\r]*\n))[\w-]*[\"']?\s*"
    rf"(?:=[ \t]*(?:(?P<reference>{_REFERENCE})|(?P<string>{_STRING})(?=\s|,|\}}|\]|\#|$))"
    r"|[=:]*[ \t]*(?P<rest>(?:\"{3}|'{3})(?s:.)*|[^\s].*))"
)
"""A word that names a secret, and what stands behind it: a whole string, or the line's rest.

``pass`` and ``pw`` end so many sentences that they name nothing on the next line.
"""

_Key: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Hidden:
    """One thing that is hidden in a text."""

    start: int
    end: int
    key: _Key
    quoted: bool
    """It stands for a value: the placeholder is text of TOML."""
    value: str | None = None
    """What that value is, however it is written."""
    secret: bool = False
    """It stands at a key that the model, or its name, says is a secret."""


@final
class Disguise:
    """Masks and unmasks with one key."""

    def __init__(self, key: bytes) -> None:
        """*key*: 16 to 64 octets that nobody else knows; another key makes other placeholders."""
        self._key = key

    def __repr__(self) -> str:
        return "<Disguise>"

    def digest(self, text: str) -> str:
        """Names a text, so that nothing in it can be guessed from the name."""
        return hashlib.blake2s(text.encode(), key=self._key, digest_size=16).hexdigest()

    def mask(self, text: str, *, known: Collection[str] = ()) -> str:
        """*text* without its secrets; *known* are secrets that may stand anywhere in it.

        Raises `ConfigUnusable` rather than show a secret that it cannot take out.
        """
        masked = self._masked(text, known)[0]
        document = _parsed(text)
        if document is not None:
            _prove(document, masked)
        return masked

    def unmask(self, text: str, *present: str, known: Collection[str] = (), file: str = "") -> str:
        """*text* with the secrets of the *present* texts for their placeholders; *known* as for
        `mask`.

        Raises `ConfigUnusable` with every placeholder that stands for none.
        """
        if _TAG.search(text) is None:
            return text
        document = _parsed(text)
        if document is None:
            return text  # no TOML: whoever reads it says so, and the placeholders hide nothing
        secrets: dict[tuple[_Key, str], tuple[str, str]] = {}
        for each in dict.fromkeys(present):
            secrets |= self._masked(each, known)[1]
        put: list[tuple[int, int, str]] = []
        faults: list[ConfigProblem] = []
        for found in _placeholders(text, document):
            wanted = _TAG.search(text, found.start, found.end)
            assert wanted is not None  # that is how it was found
            entry = secrets.get((found.key, wanted[1]))
            if entry is None and (found.secret or found.key == _COMMENT):
                entry = secrets.get((_ANYWHERE, wanted[1]))
            place = None if entry is None else _place(text, found, wanted, entry[0])
            if entry is None or place is None:
                line = text.count("\n", 0, wanted.start()) + 1
                sentence = _why_not(found.key, wanted[1], secrets)
                key = "" if found.key == _COMMENT else show_key(found.key)
                faults.append(ConfigProblem(file, line, key, sentence))
            else:
                put.append((*place, entry[1]))
        if faults:
            raise ConfigUnusable(faults)
        return _replaced(text, put)

    def _tag(self, raw: str) -> str:
        return hashlib.blake2s(raw.encode(), key=self._key, digest_size=6).hexdigest()

    def placeholder(self, secret: str) -> str:
        """What stands for a secret that is a value, however that is written; without quotes."""
        return f"•••• {self._tag(_VALUE + secret)}"

    def _shown(self, raw: str, *, quoted: bool) -> str:
        """What stands for *raw*, on as many lines."""
        mark = f"•••• {self._tag(raw)}"
        lines = raw.count("\n")
        if quoted and lines:
            return '"""' + mark + "\\\n" * lines + '"""'
        return f'"{mark}"' if quoted else mark + "\n" * lines

    def _masked(
        self, text: str, known: Collection[str]
    ) -> tuple[str, dict[tuple[_Key, str], tuple[str, str]]]:
        put: list[tuple[int, int, str]] = []
        secrets: dict[tuple[_Key, str], tuple[str, str]] = {}
        for each in _hidden(text, known):
            raw = text[each.start : each.end]
            shown = self._shown(raw, quoted=each.quoted)
            put.append((each.start, each.end, shown))
            secrets[each.key, self._tag(raw)] = shown, raw
            if each.value is not None:
                secrets[each.key, self._tag(_VALUE + each.value)] = shown, raw
        return _replaced(text, put), secrets


def _prove(before: dict[str, Any], masked: str) -> None:
    """Every secret value of a document is a placeholder now; fail closed."""
    after = _parsed(masked)
    whole = after is not None and len([*_leaves(after)]) == len([*_leaves(before)])
    if after is None or not whole or any(map(_speaks, _leaves(after))):
        raise unusable(
            "config", "is laid out in a way that its secrets cannot be told from the rest"
        )


def _speaks(leaf: tuple[KeyPath, Any]) -> bool:
    path, value = leaf
    hidden = isinstance(value, str) and (not value or _TAG.fullmatch(value) is not None)
    return is_secret(path) and not hidden


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return read_toml(text)
    except ValueError:
        return None


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    match value:
        case dict():
            for key, inner in value.items():
                if not (is_secret((*path, key)) and _refers(inner)):
                    yield from _leaves(inner, (*path, key))
        case list():
            for place, inner in enumerate(value):
                yield from _leaves(inner, (*path, place))
        case _:
            yield path, value


def _refers(value: Any) -> bool:
    """Does it say where the secret is, instead of the secret?"""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(key in REFERENCES and isinstance(text, str) for key, text in value.items())
    )


def _hidden(text: str, known: Collection[str]) -> list[_Hidden]:
    """What is to be hidden in *text*, in its order, none within another."""
    document = _parsed(text)
    if document is None:
        found = list(_by_name(text, 0, _ANYWHERE))
        said = {text[each.start : each.end].strip("\"'") for each in found if each.quoted}
        return _first_come([*found, *_verbatim(text, 0, _any_of({*known, *said}), _ANYWHERE)])
    spans = locate_values(text)
    found = []
    secrets = set(known)
    for path, value in _leaves(document):
        if is_secret(path) and value != "" and path in spans.values:
            start, end = spans.values[path]
            secret = value if isinstance(value, str) else None
            found.append(_Hidden(start, end, named(document, path), quoted=True, value=secret))
            if secret is not None:
                secrets.add(secret)
    verbatim = _any_of(secrets)
    for start, end in spans.comments:
        comment = text[start:end]
        found += _by_name(comment, start, _COMMENT)
        found += _verbatim(comment, start, verbatim, _COMMENT)
    return _first_come(found)


def _by_name(text: str, at: int, key: _Key) -> Iterator[_Hidden]:
    """What stands behind words that name secrets: in comments all of the line."""
    said = 0
    for match in _NAMED.finditer(text):
        if match["reference"] or match.start() < said:
            continue
        group = "string" if match["string"] else "rest"
        if match[group].strip("\"' \t\r"):
            start, end = match.span(group)
            if "#" in text[text.rfind("\n", 0, match.start()) + 1 : match.start()]:
                end = max(end, f"{text}\n".index("\n", start))
            said = start + len(text[start:end].rstrip())
            quoted = group == "string" and said == match.end(group)
            yield _Hidden(at + start, at + said, key, quoted=quoted)


def _verbatim(text: str, at: int, secrets: re.Pattern[str], key: _Key) -> Iterator[_Hidden]:
    for match in secrets.finditer(text):
        yield _Hidden(at + match.start(), at + match.end(), key, quoted=False)


def _any_of(secrets: Iterable[str]) -> re.Pattern[str]:
    """What finds each of these, the longest first; those too short to be told are left out."""
    longest = sorted({each for each in secrets if len(each) >= _TELLING}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) if longest else r"(?!)")


def _first_come(found: list[_Hidden]) -> list[_Hidden]:
    """In order, without what overlaps: the longer of two hides both, or each its part."""
    found.sort(key=lambda each: (each.start, -each.end))
    kept: list[_Hidden] = []
    for each in found:
        hidden = kept[-1].end if kept else 0
        if each.start >= hidden:
            kept.append(each)
        elif each.end > hidden:
            kept.append(replace(each, start=hidden, quoted=False, value=None))
    return kept


def _placeholders(text: str, document: dict[str, Any]) -> Iterator[_Hidden]:
    """Every placeholder in a text that is TOML, with the key it stands at."""
    spans = locate_values(text)
    places = [
        (*spans.values[path], named(document, path), True, is_secret(path))
        for path, value in _leaves(document)
        if path in spans.values and isinstance(value, str)
    ]
    places += [(start, end, _COMMENT, False, False) for start, end in spans.comments]
    seen = set()
    for start, end, key, quoted, secret in places:
        for match in _TAG.finditer(text, start, end):
            seen.add(match.start())
            span = (start, end) if quoted else match.span()
            yield _Hidden(*span, key, quoted, secret=secret)
    for match in _TAG.finditer(text):
        if match.start() not in seen:  # such as in a key
            yield _Hidden(match.start(), match.end(), (), quoted=False)


def _place(text: str, found: _Hidden, tag: re.Match[str], shown: str) -> tuple[int, int] | None:
    """Where *shown* stands round this tag; None where it was altered."""
    start = tag.start() - shown.index("•")
    end = start + len(shown)
    if text[start:end] != shown or (found.quoted and (start, end) != (found.start, found.end)):
        # A placeholder of a value may have been written anew in other quotes.
        if found.quoted and text[found.start : found.end].strip("\"'\\\n") == tag[0]:
            return found.start, found.end
        return None
    return start, end


def _why_not(key: _Key, tag: str, secrets: Mapping[tuple[_Key, str], object]) -> str:
    owner = next((of for of, each in secrets if each == tag), None)
    if owner is None:
        return (
            "stands for a secret that is not the present one of this setting: write the secret"
            ' itself, or where it is, such as { file = "…" }'
        )
    if owner == key:
        return "is not the placeholder as it was: put it back as it stood, or write the secret"
    of = "a comment" if owner in (_COMMENT, _ANYWHERE) else show_key(owner)
    return f"is the placeholder of {of}: a secret does not move with it, write it here"


def _replaced(text: str, put: Iterable[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(put):
        parts += (text[at:start], new)
        at = end
    return "".join((*parts, text[at:]))
