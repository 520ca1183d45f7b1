"""HTML mail as text that reads well in a terminal; links become numbered footnotes.

Pure, never raises, and its cost grows with the length only: a scanner of our own, since the
library's `html.parser` looks through the rest of a text again for each ``<!--`` that nobody
closed (minutes for 500 kB; CVE-2025-6069).  Nothing is fetched, no style is applied, and what
a page hides with a style is shown: an operator wants to see it.
"""

from __future__ import annotations

import html
import re
from typing import Final, final

from msgspec import Struct

from empath.message.links import LINKS, is_link

OCTETS: Final = 256 * 1024
"""Characters of HTML that are read; the rest is left out, and the text says so."""
_TAG_LENGTH: Final = 2048
_TAG: Final = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})((?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*+)>"
)
_NAME: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_ATTRIBUTE: Final = re.compile(
    r"\b(href|alt|src|type|value)\s{0,20}=\s{0,20}(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))",
    re.IGNORECASE,
)
_BLANKS: Final = re.compile(r"[ \t\r\n\f\u00a0]+")
_SILENT: Final = frozenset({"script", "style", "title", "template", "noscript", "head"})
_BREAKS: Final = frozenset({"br", "tr", "dt", "dd", "option", "caption"})
_BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "div", "dl", "fieldset"),
        *("footer", "form", "header", "main", "nav", "ol", "section", "table", "tbody"),
        *("td", "th", "thead", "ul", "html", "p", "pre", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
_SPACED: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre"})


class HtmlText(Struct, frozen=True):
    """HTML as text."""

    text: str
    links: tuple[str, ...]
    """The targets, in the order of their numbers, which begin at 1."""
    cut: bool
    """There was more HTML, or more links, than are shown."""


def html_text(source: str) -> HtmlText:
    """Read *source*.  The result is not sanitised."""
    writer = _Writer()
    cut = len(source) > OCTETS
    _scan(source[:OCTETS], writer)
    return HtmlText(writer.text(), tuple(writer.links), cut or writer.cut)


def _scan(source: str, writer: _Writer) -> None:
    at, end = 0, len(source)
    next_close = -1  # where the next ">" stands: found once, not for each "<"
    while at < end:
        place = source.find("<", at)
        if place < 0:
            writer.say(source[at:])
            return
        if place > at:
            writer.say(source[at:place])
        if source.startswith("<!--", place):
            close = source.find("-->", place + 4)
            at = end if close < 0 else close + 3
            continue
        match = _TAG.match(source, place, min(end, place + _TAG_LENGTH))
        if match is not None:
            at = match.end()
            name, attributes, closing = match[2].lower(), match[3], bool(match[1])
        else:
            if next_close < place:
                found = source.find(">", place)
                next_close = end if found < 0 else found
            named = _NAME.match(source, place, place + 40)
            other = source.startswith(("<!", "<?"), place)
            if next_close == end or (named is None and not other):
                writer.say("<")
                at = place + 1
                continue
            at = next_close + 1
            if named is None:
                continue
            name, closing = named[1].lower(), source.startswith("</", place)
            attributes = source[named.end() : min(next_close, named.end() + _TAG_LENGTH)]
        if name in {"script", "style"} and not closing:
            # Their text is not HTML: nothing in it is a tag but their own end.
            gone = re.compile(rf"</{name}", re.IGNORECASE).search(source, at)
            at = end if gone is None else gone.start()
        writer.tag(name, attributes, closing=closing)


@final
class _Writer:
    """Puts words into lines."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.cut = False
        self._numbers: dict[str, int] = {}
        self._lines: list[str] = []
        self._line: list[str] = []
        self._blank = False
        self._silent = ""
        self._pre = 0
        self._lists: list[int] = []
        self._quoted = 0
        self._target = ""
        self._gap = False

    def say(self, words: str) -> None:
        """Text between tags."""
        if self._silent:
            return
        words = html.unescape(words)
        if self._pre:
            first, *others = words.split("\n")
            self._add(first)
            for line in others:
                self._end_line()
                self._add(line)
            return
        shrunk = _BLANKS.sub(" ", words)
        if shrunk.startswith(" "):
            self._blank, shrunk = True, shrunk[1:]
        if not shrunk:
            return
        self._add(shrunk.removesuffix(" "))
        self._blank = shrunk.endswith(" ")

    def tag(self, name: str, attributes: str, *, closing: bool) -> None:
        """A tag."""
        if self._silent:
            if (closing and name == self._silent) or name == "body":
                self._silent = ""
            return
        if name in _SILENT:
            self._silent = "" if closing else name
        elif name == "a":
            self._link(_attributes(attributes).get("href", ""), closing=closing)
        elif name == "img" and not closing:
            alt = _BLANKS.sub(" ", _attributes(attributes).get("alt", "")).strip()
            if alt:
                self._add(f"[image: {alt[:200]}]")
        elif name == "hr" and not closing:
            self._end_block()
            self._lines.append("---")
        elif name == "li":
            self._item(closing=closing)
        elif name in _BREAKS:
            if name == "br" or self._line:
                self._end_line(keep=name == "br")
        elif name in _BLOCKS:
            self._block(name, closing=closing)

    def text(self) -> str:
        """All of it, the footnotes below."""
        self._link("", closing=True)
        self._end_block()
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        if self.links:
            self._lines.append("")
            self._lines += [f"[{number}] {each}" for number, each in enumerate(self.links, 1)]
        return "\n".join(self._lines)

    def _add(self, words: str) -> None:
        if not words:
            return
        if self._gap and self._lines:
            self._lines.append("")
        self._gap = False
        if not self._line:
            self._line.append("> " * min(self._quoted, 10))
        elif self._blank:
            self._line.append(" ")
        self._blank = False
        self._line.append(words)

    def _end_line(self, *, keep: bool = False) -> None:
        line = "".join(self._line).rstrip()
        self._line.clear()
        self._blank = False
        if line or self._pre or (keep and self._lines and self._lines[-1]):
            self._lines.append(line)

    def _end_block(self) -> None:
        if self._line:
            self._end_line()

    def _block(self, name: str, *, closing: bool) -> None:
        if name in {"td", "th"}:
            self._blank = True  # cells of a row stand side by side
            return
        self._end_block()
        if name in _SPACED and not self._lists:
            self._gap = True
        if name == "pre":
            self._pre = max(0, self._pre + (-1 if closing else 1))
        elif name == "blockquote":
            self._quoted = max(0, self._quoted + (-1 if closing else 1))
        elif name in {"ul", "ol"}:
            if closing:
                del self._lists[-1:]
            elif len(self._lists) < 20:
                self._lists.append(0 if name == "ol" else -1)
        elif name in {"h1", "h2", "h3"} and not closing:
            self._add(f"{'#' * int(name[1])} ")

    def _item(self, *, closing: bool) -> None:
        self._end_block()
        if closing:
            return
        mark = "* "
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            mark = f"{self._lists[-1]}. "
        self._add(f"{'  ' * max(0, len(self._lists) - 1)}{mark}")

    def _link(self, target: str, *, closing: bool) -> None:
        if self._target:
            self._add(f"[{self._number(self._target)}]")
            self._target = ""
        if not closing and is_link(target):
            self._target = target

    def _number(self, target: str) -> int | str:
        known = self._numbers.get(target)
        if known is None:
            if len(self.links) >= LINKS:
                self.cut = True
                return "…"
            self.links.append(target)
            known = self._numbers[target] = len(self.links)
        return known


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        value = html.unescape(match[2] or match[3] or match[4] or "").strip()
        found.setdefault(match[1].lower(), value)
    return found
