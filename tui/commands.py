"""The ``:`` line and the palette as plain Python: what was typed, what it means, what may follow.

Both list the same actions of the registry, with the reason of one that is off.  A line is a name
and what that action takes.  A name may be cut short where that is clear; one that is unknown
comes back as a sentence with the nearest name.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tui.actions import ACTIONS, CATEGORIES, Action, Registry

WhyOff = Callable[[Action], str]

HISTORY: Final = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """An action that can be chosen, and what for."""

    act: Action
    text: str
    """What the ``:`` line says for it."""
    why_off: str
    """Why it cannot be done now; empty when it can."""


class BadCommand(Exception):
    """What was typed is no command; the message says what is meant, or may follow."""


def choices(scope: str, why_off: WhyOff, registry: Registry = ACTIONS) -> list[Choice]:
    """Everything that can be done on a screen of *scope*, by category."""
    acts = sorted(registry.within(scope), key=lambda act: CATEGORIES.index(act.category))
    return [Choice(act, act.names[0], why_off(act)) for act in acts]


def parse(scope: str, line: str, registry: Registry = ACTIONS) -> tuple[Action, str]:
    """The action that a line means, and what it hands to it.  Raises `BadCommand`."""
    name, _, argument = line.strip().removeprefix(":").partition(" ")
    argument = argument.strip()
    if not name:
        raise BadCommand("Type the name of something to do; tab completes it.")
    act = registry.named(scope, name) or _short_for(scope, name, registry)
    if argument and not act.takes:
        raise BadCommand(f":{act.names[0]} takes nothing after its name.")
    if act.needs and not argument:
        raise BadCommand(f":{act.names[0]} wants {act.takes}.")
    return act, argument


def _short_for(scope: str, name: str, registry: Registry) -> Action:
    acts = registry.within(scope)
    meant = [act for act in acts if any(full.startswith(name) for full in act.names)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        names = ", ".join(act.names[0] for act in meant[:5])
        raise BadCommand(f'"{name}" may be {names}.')
    every = [full for act in acts for full in act.names]
    near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
    hint = f"; did you mean :{near[0]}?" if near else "; ^P lists what there is."
    raise BadCommand(f'There is no ":{name}" here{hint}')


def completions(
    scope: str,
    line: str,
    why_off: WhyOff,
    values: Callable[[Action], Sequence[str]],
    registry: Registry = ACTIONS,
) -> list[Choice]:
    """What a line may become, best first: names while one is typed, then what it takes."""
    line = line.lstrip().removeprefix(":")
    name, space, argument = line.partition(" ")
    if not space:
        return matching(name, choices(scope, why_off, registry))
    act = registry.named(scope, name)
    if act is None or act.values is None:
        return []
    argument = argument.strip().lower()
    known = sorted(
        (value for value in values(act) if argument in value.lower()),
        key=lambda value: (not value.lower().startswith(argument), value),
    )
    return [Choice(act, f"{name} {value}", why_off(act)) for value in known]


def matching(typed: str, found: Sequence[Choice]) -> list[Choice]:
    """The choices that what is *typed* may mean, best first; all of them when nothing is."""
    scored = [
        (best, number, choice)
        for number, choice in enumerate(found)
        if (best := _best(typed, choice.act)) is not None
    ]
    return [choice for _, _, choice in sorted(scored, key=lambda item: item[:2])]


def _best(typed: str, act: Action) -> int | None:
    """How well an action answers to what is typed; names count more than what help says."""
    scores = [fuzzy(typed, name) for name in act.names]
    title = fuzzy(typed, act.title)
    scores += [title + 2 if title is not None else None]
    if len(typed) > 2 and typed.lower() in act.help.lower():
        scores.append(60)
    known = [score for score in scores if score is not None]
    return min(known, default=None)


def fuzzy(typed: str, text: str) -> int | None:
    """How far *text* is from what is *typed*: 0 is the same, None is that letters are missing.

    All letters must occur in their order; those at the start and side by side count most.
    """
    typed, text = typed.lower().replace(" ", ""), text.lower()
    if not typed:
        return 0
    if typed == text:
        return 0
    at, cost = -1, 1
    for letter in typed:
        found = text.find(letter, at + 1)
        if found < 0:
            return None
        word_begins = found == 0 or text[found - 1] in " -"
        cost += 0 if word_begins else 3 * (found - at - 1)
        at = found
    return cost + (len(text) - len(typed)) // 4
