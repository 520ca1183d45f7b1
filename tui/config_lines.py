"""What the Config screen says beside the text: problems, help, changes, impact, history, trial.

Plain functions from replies of the engine to styled lines; everything passes `safe`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.text import Text

from empath.control.link import (
    ConfigChange,
    ConfigFault,
    ConfigKeys,
    ConfigVersion,
    ConfigWatchView,
    Plan,
    QueueImpact,
)
from tui.figures import count, plural
from tui.safety import dotted, safe
from tui.theme import Styles
from tui.toml_place import Place
from tui.widgets.bars import Piece

EFFECTS: Final = {
    "live": ("Live", "in force at once", "good"),
    "new sessions": ("New sessions", "sessions open now end as they began", "info"),
    "restart": ("Restart", "not in force before the engine is restarted", "warn"),
}
"""Title, meaning and role of each effect, in the order they are shown."""
TOLD_FOR: Final = 600.0
"""Seconds for which the bad end of a trial is told."""
_IMPACTS: Final = 50
_DIFF: Final = 2000
"""Most lines of a diff of texts."""


def fault_lines(fault: ConfigFault | None, width: int, styles: Styles) -> list[Text]:
    """One fault in full."""
    if fault is None:
        return []
    key = [Text(safe(fault.key), styles["strong"])] if fault.key else []
    return [*key, *(Text(part, styles["bad"]) for part in wrapped(safe(fault.sentence), width))]


def fault_row(fault: ConfigFault) -> str:
    """One fault without its file."""
    return safe(f"{fault.key}: {fault.sentence}" if fault.key else fault.sentence)


def change_lines(
    changes: Sequence[ConfigChange], pending: Sequence[ConfigChange], styles: Styles
) -> list[Text]:
    """Changes by when they take effect; below them what waits already."""
    lines: list[Text] = []
    for effect, (title, meaning, role) in EFFECTS.items():
        some = [one for one in changes if one.effect == effect]
        if some:
            lines.append(_head(f"{title} · {len(some)}", meaning, styles, role))
            lines += (_change(one, styles) for one in some)
    planned = {one.key for one in changes}
    waiting = [one for one in pending if one.key not in planned]
    if waiting:
        said = "applied before, not in force until the restart"
        lines.append(_head(f"Pending · {len(waiting)}", said, styles, "warn"))
        lines += (_change(one, styles) for one in waiting)
    return lines


def impact_lines(plan: Plan, styles: Styles) -> list[Text]:
    """What a plan does to the next start, and to queued mail."""
    lines = [Text(f"▲ {fault_row(one)}", styles["warn"]) for one in plan.warnings]
    if not plan.changes:
        return lines
    if not plan.impact:
        none = f"none of {plural(plan.examined, 'message')} is touched"
        said = none if plan.examined else "there is none"
        return [*lines, _head("Queued mail", said, styles, "text")]
    bad = sum(one.messages for one in plan.impact if one.warning)
    said = f"{plural(plan.examined, 'message')} looked at"
    lines.append(_head("Queued mail", said, styles, "warn" if bad else "text"))
    worst = sorted(plan.impact, key=lambda one: not one.warning)
    lines += (_impact(one, styles) for one in worst[:_IMPACTS])
    if len(plan.impact) > _IMPACTS:
        more = f"  … and {count(len(plan.impact) - _IMPACTS)} more"
        lines.append(Text(more, styles["muted"]))
    return lines


def touched(plan: Plan) -> str:
    """Queued mail that a plan touches, for a question."""
    if not plan.impact:
        return f"none of {plural(plan.examined, 'message')} queued"
    most = max(plan.impact, key=lambda one: (one.warning, one.messages))
    places = len({one.destination for one in plan.impact})
    said = f"at {plural(places, 'destination')}; {safe(most.destination)}: "
    return said + f"{plural(most.messages, 'message')} {safe(most.sentence, 300)}"


def _head(title: str, said: str, styles: Styles, role: str) -> Text:
    return Text.assemble((title, styles[role] + styles["strong"]), (f"  {said}", styles["muted"]))


def _change(one: ConfigChange, styles: Styles) -> Text:
    return Text.assemble(
        ("  " + safe(one.key), styles["text"]),
        ("  " + safe(one.old, 200), styles["bad"]),
        (" → ", styles["muted"]),
        (safe(one.new, 200), styles["good"]),
    )


def _impact(one: QueueImpact, styles: Styles) -> Text:
    return Text.assemble(
        ("▲ " if one.warning else "  ", styles["warn"]),
        (safe(one.destination), styles["text"]),
        (f"  {plural(one.messages, 'message')} ", styles["muted"]),
        (safe(one.sentence, 300), styles["warn" if one.warning else "text"]),
    )


def diff_lines(old: str, new: str, styles: Styles, names: tuple[str, str]) -> list[Text]:
    """Two texts line by line, three lines round each difference."""
    found: list[Text] = []
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="", n=3)
    for line in lines:
        role = {"+": "good", "-": "bad", "@": "accent"}.get(line[:1], "text")
        found.append(Text(dotted(line), styles["muted" if line[:3] in ("+++", "---") else role]))
        if len(found) == _DIFF:
            found.append(Text("… there is more", styles["muted"]))
            break
    return found


def help_lines(
    place: Place, keys: ConfigKeys | None, last: ConfigVersion | None, width: int, styles: Styles
) -> list[Text]:
    """What there is to know about the setting under the cursor."""
    if keys is None:
        return [Text("Waiting for the engine …", styles["muted"])]
    key = next((one for one in keys.keys if one.key == place.plain), None)
    if not place.plain:
        return [Text("Put the cursor on a setting to read about it.", styles["muted"])]
    if key is None:
        return [Text(f"There is no setting {safe(place.plain)}.", styles["warn"])]
    lines = [Text(safe(key.kind), styles["strong"])]
    if key.effect:
        effect, role = key.effect, EFFECTS.get(key.effect, ("", "", "text"))[2]
        default = Text.assemble(
            ("default ", styles["muted"]),
            (safe(key.default), styles["text"]),
            ("   a change is ", styles["muted"]),
            (effect, styles[role]),
        )
        lines.append(default)
    lines += (Text(part, styles["text"]) for part in wrapped(safe(key.what), width))
    value = next((one for one in keys.values if one.key == place.key), None)
    if key.effect:
        lines.append(Text())
        for name, said in (
            ("running", value.running if value else "–"),
            ("file", (value.file or "cannot be used") if value else "–"),
            ("draft", place.written or "–"),
        ):
            lines.append(
                Text.assemble((f"{name:<8} ", styles["muted"]), (safe(said, 300), styles["text"]))
            )
    if last is not None:
        said = f"last changed in version {last.version} by {safe(who(last.actor))}"
        lines.append(Text(said, styles["muted"]))
    return lines


def wrapped(text: str, width: int) -> Iterator[str]:
    """*text* in lines of at most *width* cells, broken at blanks."""
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > max(10, width):
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def last_change(versions: Iterable[ConfigVersion], key: str) -> ConfigVersion | None:
    """The newest version that changed *key*, or its table."""
    for version in versions:
        for one in version.changes:
            if one.key == key or (one.key.endswith("]") and key.startswith(f"{one.key}.")):
                return version
    return None


def who(actor: str) -> str:
    """Somebody's name, without the numbers of his account and process."""
    return actor.partition("(")[0] or actor


def summary(version: ConfigVersion) -> str:
    """What a version changed, in a line."""
    back = f"{version.back_to} again: " if version.back_to else ""
    if not version.changes:
        return f"{back}as it was" if version.source != "start" else "–"
    first = version.changes[0]
    more = f"  +{len(version.changes) - 1}" if len(version.changes) > 1 else ""
    return f"{back}{safe(first.key)} {safe(first.old, 60)} → {safe(first.new, 60)}{more}"


def trial_pieces(view: ConfigWatchView, now: float) -> list[Piece]:
    """The config on trial: how long it still is, and how it does; for a while how it ended."""
    if not view.watching:
        bad = view.outcome in ("rolled back", "restarted")
        if not bad or now - view.ends_at > TOLD_FOR:
            return []
        return [(f" ▲ {view.outcome} ", "bar_warn"), (f" {safe(view.sentence, 400)}", "warn")]
    left = max(0.0, view.ends_at - now)
    if view.outcome == "stuck":
        return [(" ✖ stuck ", "bar_bad"), (f" {safe(view.sentence, 400)}", "bad")]
    return [
        (f" ◐ on trial {left:.0f} s ", "bar_warn"),
        (f" K keeps version {view.version}, F7 goes back to {view.back_to} · ", "muted"),
        (safe(view.sentence, 300), "text"),
    ]
