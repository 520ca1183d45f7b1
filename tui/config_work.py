"""What the Config screen works on: the file, the draft, what is wrong with it, what was before.

Plain Python: it asks through a function it is handed, and the screen paints from its fields.  The
text that is worked on is the draft's, or else the file's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, final

from empath.control.link import (
    ApplyConfig,
    CheckConfig,
    ConfigFault,
    ConfigFaults,
    ConfigKeys,
    ConfigText,
    ConfigVersion,
    ConfigView,
    ConfigWatchView,
    DescribeConfig,
    GetConfig,
    GetWatch,
    LinkReadOnly,
    ListConfigHistory,
    Plan,
    PlanConfig,
    ReadConfigText,
    ReadConfigVersion,
    RequestRefused,
)
from tui.draft import Draft
from tui.toml_place import Place, line_of, lines_of, places

Ask: TypeAlias = Callable[[Any], Awaitable[Any]]

VERSIONS = 200
"""Most versions of the history that are shown."""


@final
class ConfigWork:
    """The state of the Config screen."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.view: ConfigView | None = None
        self.file: ConfigText | None = None
        self.problem = ""
        """Why the file cannot be read."""
        self.running = ""
        """The text of what is in force."""
        self.versions: tuple[ConfigVersion, ...] = ()
        self.keys: ConfigKeys | None = None
        self.trial: ConfigWatchView | None = None
        self.draft: Draft | None = None
        self.checked: ConfigFaults | None = None
        self.plan: Plan | None = None
        self.shown: ConfigVersion | None = None
        """A version of the history whose changes are looked at."""
        self.shown_text: str | None = None
        """Its text, where that is looked at."""
        self._placed: tuple[str, list[Place], dict[str, int]] = ("", [], {})

    def __repr__(self) -> str:
        version = self.view.version if self.view else "?"
        return f"<ConfigWork version={version} {'draft' if self.changed else 'file'}>"

    # What is worked on.

    @property
    def text(self) -> str:
        """What is worked on: the draft, or what the file says."""
        if self.draft is not None:
            return self.draft.text
        return self.file.text if self.file is not None else ""

    @property
    def changed(self) -> bool:
        """There is a draft that says something else than what it began from."""
        return self.draft is not None and self.draft.changed

    @property
    def overtaken(self) -> bool:
        """The file has changed since the draft was begun."""
        return (
            self.draft is not None
            and self.changed
            and self.file is not None
            and self.draft.digest != self.file.digest
        )

    @property
    def faults(self) -> tuple[ConfigFault, ...]:
        """What is wrong with the text, as far as it was looked at."""
        return self.checked.faults if self.checked else ()

    @property
    def engine(self) -> str:
        """What names this engine's config, for its draft: the same after it was started again."""
        return f"{self.view.history} {self.view.file}" if self.view else ""

    def places(self) -> list[Place]:
        """Which setting each line of the text is about."""
        if self._placed[0] != self.text or not self._placed[1]:
            found = places(self.text.split("\n"))
            self._placed = (self.text, found, lines_of(found))
        return self._placed[1]

    def place(self, line: int) -> Place:
        """What one line is about."""
        found = self.places()
        return found[line] if 0 <= line < len(found) else Place()

    def line_of(self, key: str) -> int | None:
        """The line that says *key*."""
        self.places()
        return line_of(self._placed[2], key)

    def write(self, text: str, at: float) -> bool:
        """The operator has written: *text* is the draft now; False if it is the draft already."""
        if text == self.text:
            return False
        if self.draft is None:
            assert self.file is not None  # there is nothing else to write on
            self.draft = Draft(
                text=text,
                base=self.file.text,
                digest=self.file.digest,
                version=self.file.version,
                at=at,
            )
        else:
            self.draft.text, self.draft.at = text, at
        self.plan = None
        return True

    def take_up(self, draft: Draft | None) -> bool:
        """Go on with a draft that was kept; False if there is none, or it says nothing new."""
        if draft is None or not draft.changed or self.file is None or draft.text == self.file.text:
            return False
        self.draft = draft
        return True

    def throw_away(self) -> None:
        """Back to what the file says."""
        self.draft = None
        self.checked = None
        self.plan = None

    def show(self, version: ConfigVersion | None, text: str | None = None) -> None:
        """Look at a version of the history, at its text where it is given; None: at the draft."""
        self.shown, self.shown_text = version, text

    # The engine.

    async def read(self) -> bool:
        """Read what has changed; True if the text of the file is another one.

        Raises `LinkLost`, `RequestRefused`.
        """
        view: ConfigView = await self._ask(GetConfig(written_only=True))
        self.trial = await self._ask(GetWatch())
        before, self.view = self.view, view
        known = before is not None and (before.version, before.pending, before.digest) == (
            view.version,
            view.pending,
            view.digest,
        )
        if known and self.keys is not None:
            return False
        history = await self._ask(ListConfigHistory(limit=VERSIONS))
        self.versions = history.versions
        self.keys = await self._ask(DescribeConfig())
        self.running = (await self._ask(ReadConfigVersion())).text
        old = self.file
        try:
            self.file, self.problem = await self._ask(ReadConfigText()), ""
        except RequestRefused as refusal:
            self.file, self.problem = None, str(refusal)
        if self.draft is not None and self.file is not None and not self.draft.changed:
            self.draft = None
        self.checked = self.plan = None
        return self.draft is None and (old is None or self.file is None or old != self.file)

    async def file_now(self) -> str:
        """What names the text that the file has now."""
        view: ConfigView = await self._ask(GetConfig(written_only=True))
        return view.digest

    async def check(self) -> bool:
        """What is wrong with the text now; False if it has changed meanwhile."""
        text = self.text
        try:
            found = await self._ask(CheckConfig(text=text))
        except LinkReadOnly:
            if self.changed:
                return False  # who watches may not try out texts
            found = await self._ask(CheckConfig())
        if text != self.text:
            return False
        self.checked = found
        return True

    async def make_plan(self) -> Plan:
        """What the text would do, queued mail included."""
        plan: Plan = await self._ask(PlanConfig(text=self.text))
        self.plan = plan
        self.checked = ConfigFaults(faults=plan.faults, changes=plan.changes, digest=plan.digest)
        return plan

    def applying(self, plan: Plan, watch: float, reason: str) -> ApplyConfig:
        """The request that puts the text in force, if it is still that of *plan*."""
        return ApplyConfig(
            text=self.text if self.changed else None,
            expect=plan.digest,
            reason=reason,
            watch=watch or None,
        )
