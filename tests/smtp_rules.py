"""The rules of SMTP that tests name, and the tests that name each: SMTP_RULES.md is made here.

A row is what a next hop does to us (3.4) or a topic of priority (3.6); where it asks for several
things each has a letter.  A test names what it proves in its docstring: ``3.4-6b: closes …``.
Rows keep their names for good: a new one gets the next number, a withdrawn one leaves a gap.
Make the document anew with ``python -m tests.smtp_rules``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent
DOCUMENT: Final = ROOT / "SMTP_RULES.md"
HEAD: Final = """\
# SMTP rules, and the tests that prove them

Rows of 3.4 say what a next hop may do to us, rows of 3.6 how a priority travels (RFC 6710,
RFC 6758). A row without a test, or a test that names no row there is, fails
`tests/test_smtp_rules.py`. Made by `python -m tests.smtp_rules`: do not edit.
"""

NEXT_HOP: Final = {
    "3.4-1a": ("a banner of 20 MB", "given up at a size bound, deferred"),
    "3.4-1b": ("EHLO lines without end", "given up at a size bound, deferred"),
    "3.4-1c": ("a banner without end", "given up at a size bound, deferred"),
    "3.4-1d": ("no reply, or a line of one now and then", "given up at a total deadline, deferred"),
    "3.4-1e": ("octets without end", "memory stays flat"),
    "3.4-2a": ("greeting 554 or 421", "the next MX is tried"),
    "3.4-2b": ("greeting 554 or 421 at the last MX", "deferred"),
    "3.4-3a": ("ESC, OSC, bidi, NUL, invalid UTF-8 in a reply", "sanitised at the socket's edge"),
    "3.4-3b": ("a lone surrogate in a reply", "it is written down, and nothing is sent again"),
    "3.4-4": ("plaintext after its 220 to STARTTLS", "closed, nothing of it believed"),
    "3.4-5a": (
        "STARTTLS 454, handshake hang or failure",
        "opportunistic: in clear on a new connection",
    ),
    "3.4-5b": ("STARTTLS 454, handshake hang or failure", "required: never in clear"),
    "3.4-6a": ("closes or resets before the final dot", "deferred"),
    "3.4-6b": ("closes or resets after the final dot", "deferred, may have been delivered"),
    "3.4-7a": ("`200` to MAIL, `250` without text", "the first digit decides"),
    "3.4-7b": ("`999`, `25 ok`, a code that does not belong", "protocol error: closed, deferred"),
    "3.4-8": ("`250-`, then `550`", "the last line counts"),
    "3.4-9": ("all RCPT refused, DATA answered 354", "a lone dot, no content"),
    "3.4-10": ("replies before we asked", "refused before each command: closed, deferred"),
    "3.4-11a": ("421 anywhere", "deferred, the connection closed"),
    "3.4-11b": ("421 anywhere", "counts for the breaker"),
    "3.4-12": ("552 to RCPT after accepting some", "as 452: those wait, the rest is sent"),
    "3.4-13": ("SIZE smaller than the message", "bounce 5.3.4 without MAIL"),
    "3.4-14a": ("no 8BITMIME and the message needs it", "5.6.3, never sent as it is"),
    "3.4-14b": ("no SMTPUTF8 and the message needs it", "5.6.7, never sent as it is"),
    "3.4-15a": ("stops reading", "bounded by a write deadline"),
    "3.4-15b": ("stops reading or answering", "other destinations unharmed"),
    "3.4-16": (
        "550 or 451 after the dot, or instead of 354",
        "bounce or defer for the accepted recipients",
    ),
}
"""What a next hop does, and what we do."""

PRIORITY: Final = {
    "3.6-1a": ("EHLO", "`MT-PRIORITY` is offered, after EHLO only"),
    "3.6-1b": ("EHLO", "a policy name behind a server's `MT-PRIORITY` is understood"),
    "3.6-2a": ("MAIL FROM", "`MT-PRIORITY` is an integer from -9 to 9, and goes on as it came"),
    "3.6-2b": ("MAIL FROM", "left out it is 0"),
    "3.6-2c": ("MAIL FROM", "anything else is 501"),
    "3.6-3": ("classes", "critical 6..9, high 2..5, normal -1..1, low -4..-2, bulk -9..-5"),
    "3.6-4a": ("trust", "configured clients may raise, others are clamped to 0"),
    "3.6-4b": ("trust", "who is clamped is told so (2.3.6)"),
    "3.6-5a": ("header", "`MT-Priority` tunnels to servers without the extension"),
    "3.6-5b": ("header", "it is removed from what clients send, and believed of trusted ones"),
    "3.6-6a": (
        "other inputs",
        "`X-Priority`, `Importance`, `Priority`, `X-MSMail-Priority`: hints of trusted clients",
    ),
    "3.6-6b": ("other inputs", "`Precedence` and `List-*` lower the mail of anybody"),
}
"""What a rule is about, and what it says."""

ROWS: Final = NEXT_HOP | PRIORITY
_NAME = re.compile(r"\b3\.[46]-\w+")


def proofs() -> Iterator[tuple[str, str]]:
    """Each row that a test's docstring names, and the test as pytest calls it."""
    for path in sorted(ROOT.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                for row in _NAME.findall(ast.get_docstring(node) or ""):
                    yield row, f"{path.relative_to(ROOT)}::{node.name}"


def document() -> str:
    """SMTP_RULES.md as it should be."""
    named: dict[str, list[str]] = {}
    for row, test in proofs():
        named.setdefault(row, []).append(test)
    parts = [HEAD]
    for title, columns, rows in (
        ("3.4 What a next hop may do to us", ("it does", "we do"), NEXT_HOP),
        ("3.6 Priority", ("topic", "rule"), PRIORITY),
    ):
        lines = [
            f"## {title}\n",
            f"| row | {columns[0]} | {columns[1]} | tests |",
            "|---|---|---|---|",
        ]
        for row, (left, right) in rows.items():
            tests = "<br>".join(f"`{test}`" for test in named.get(row, ()))
            lines.append(f"| {row} | {left} | {right} | {tests} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document())
