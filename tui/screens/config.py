"""The config: write on a draft of it, see what that would do, put it in force, go back.

The text is only looked at until ``e`` edits it, so that digits and letters stay keys.  A draft is
never lost: it is kept in a file of its own whatever happens to the console, until it is put in
force or thrown away.  How the screen looks is in `tui.screens.config_panes`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from textual.timer import Timer
from textual.widgets import TextArea

from empath.control.link import KeepConfig, LinkLost, RequestRefused, RollBackConfig
from tui.actions import Danger, action
from tui.draft import DraftFile
from tui.equivalent import line_of
from tui.figures import plural
from tui.screens.config_dialogs import ASKED_AGAIN, ApplyDialog, facts_of
from tui.screens.config_panes import ConfigPanes
from tui.screens.dialogs import Ask

PAUSE: Final = 0.15
"""Seconds without a key after which the engine is asked what is wrong."""


def _why_not_edit(screen: ConfigScreen) -> str:
    if screen.store.connection.read_only:
        return "This console is read-only."
    if screen.work.file is None:
        return screen.work.problem or "Wait for the engine's answer."
    if not screen.work.file.writable:
        return "This engine runs on built-in defaults: there is no file to edit."
    return screen.unsafe


def _why_not_apply(screen: ConfigScreen) -> str:
    if reason := screen.store.why_no_change():
        return reason
    return "" if screen.work.file is not None else _why_not_edit(screen)


def _why_no_draft(screen: ConfigScreen) -> str:
    return "" if screen.work.changed else "There is no draft: the text is what the file says."


def _why_not_keep(screen: ConfigScreen) -> str:
    if reason := screen.store.why_no_change():
        return reason
    trial = screen.work.trial
    return "" if trial is not None and trial.watching else "No config is on trial."


class ConfigScreen(ConfigPanes):
    """The config of the engine."""

    def __init__(self) -> None:
        super().__init__()
        self._drafts: DraftFile | None = None
        self._checking: Timer | None = None

    # Data.

    async def fetch(self) -> None:
        """The file, what is in force, its history; only what has changed is read."""
        first, before = self.work.view is None, self.work.versions
        another = await self.work.read()
        if before != self.work.versions:
            self._versions_changed()
        if self._drafts is None:
            self._drafts = DraftFile(self.console.state_folder, self.work.engine)
            if self.work.take_up(self._drafts.read()):
                another = True
                self.flash("Your draft of last time is here; D throws it away.", "accent")
        if another or first:
            self._load()
        if self.work.checked is None and self.work.file is not None:
            await self.work.check()

    def _load(self) -> None:
        """Put what is worked on into the editor."""
        text = self.work.text
        if self.editor.text == text and not self.unsafe:
            return
        whole = self.editor.take(text)
        self.unsafe = (
            ""
            if whole
            else "The file has line ends of several kinds, which editing here would change: use"
            " `empathctl config set`, or an editor on its machine."
        )

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """The operator wrote: keep it, and look at it once he rests."""
        event.stop()
        if not self.editor.editing and not self.work.changed:
            return
        if self.work.write(self.editor.text, self.store.now):
            self._check_soon()
            self.console.paint_soon()

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """The cursor is on another line."""
        event.stop()
        self.console.paint_soon()

    def _check_soon(self) -> None:
        if self._checking is not None:
            self._checking.stop()
        self._checking = self.set_timer(PAUSE, self._rested)

    def _rested(self) -> None:
        self._checking = None
        self.run_worker(self._look(), name="check", exclusive=True, group="check")

    async def _look(self) -> None:
        """Keep the draft, and ask what is wrong with it."""
        self._keep_draft()
        try:
            await self.work.check()
        except LinkLost:
            self.work.checked = None  # the bar tells why; it is checked when the engine is back
        except RequestRefused as refusal:
            self.work.checked = None
            self.flash(f"Not checked. {refusal}", "warn")
        self.console.paint_soon()

    def _keep_draft(self) -> None:
        draft, file = self.work.draft, self._drafts
        if file is None or draft is None:
            return
        if not draft.changed:
            file.drop()
        elif problem := file.keep(draft):
            self.flash(problem, "warn")

    def on_screen_suspend(self) -> None:
        """Another tab: what was written is kept at once."""
        if self.work.changed and self._drafts is not None and self.work.draft is not None:
            self._drafts.keep(self.work.draft)

    def on_unmount(self) -> None:
        """The console ends: what was written is kept."""
        self.on_screen_suspend()

    # Writing.

    @action("e", "edit", help="Write on a draft of the config.", rank=1, why_off=_why_not_edit)
    def edit(self) -> None:
        """Let letters be text."""
        self.work.show(None)
        self._show_pane("editor")
        self.editor.read_only = False
        self.editor.focus()
        self.paint_all()

    @action("ctrl+z", "undo", help="Take the last thing back that was written.", priority=True)
    def undo(self) -> None:
        """Undo in the text."""
        self.editor.undo()

    @action(
        "ctrl+s",
        "check",
        id="check",
        names=("check", "w"),
        help="Keep the draft, and check it now; nothing is put in force.",
        rank=6,
        priority=True,
    )
    async def check(self) -> None:
        """Look at it now."""
        await self._look()
        if self.work.checked is None:
            return
        kept = "Draft kept" if self.work.changed else "No draft"
        faults = len(self.work.faults)
        said = f"{plural(faults, 'fault')}, x lists them" if faults else "nothing is wrong with it"
        self.flash(f"{kept} · {said}.", "bad" if faults else "good")

    @action(
        "f5",
        "diff",
        help="What the text would change of what is in force, and of queued mail; again: as text.",
        rank=2,
        priority=True,
    )
    async def diff(self) -> None:
        """Show the changes."""
        self._leave_editing()
        self.work.show(None)
        again = self._pane == "changes" and self.work.plan is not None
        self._as_text = again and not self._as_text
        self._show_pane("changes")
        if self.work.plan is None:
            await self.work.make_plan()
        self.paint_all()

    @action(
        "f6",
        "apply…",
        id="apply",
        help="Put the text in force, on trial or at once; asks, and shows what it does.",
        danger=Danger.CHANGES,
        rank=3,
        why_off=_why_not_apply,
        priority=True,
    )
    async def apply(self) -> None:
        """Ask, then do it; ask again where the file has changed since what was shown."""
        self._leave_editing()
        again = False
        while await self._ask_apply(again=again):
            again = True

    async def _moved(self, file: str) -> bool:
        """The file is not what it was when *file* named it: what it says now is here."""
        if await self.work.file_now() == file:
            return False
        await self.fetch()
        return True

    async def _ask_apply(self, *, again: bool) -> bool:
        """Ask, and do it; True if the file has changed meanwhile, and nothing was done."""
        file = await self.work.file_now()
        plan = await self.work.make_plan()
        if plan.faults:
            self._show_pane("problems")
            self.flash(f"{plural(len(plan.faults), 'fault')}: nothing can be put in force.", "bad")
            return False
        assert self.work.file is not None
        if not self.work.changed and self.work.file.running and not plan.changes:
            self.flash("There is nothing to put in force: no draft, and the file is.", "warn")
            return False
        facts = facts_of(plan, by_hand=self.work.overtaken)
        title = "Put the draft in force?" if self.work.changed else "Put the file in force?"
        facts += [ASKED_AGAIN] if again else []
        dialog = ApplyDialog(facts, title=title, request=partial(self.work.applying, plan))
        request = await self.app.push_screen_wait(dialog)
        if request is None:
            return False
        if await self._moved(file):
            return True
        applied = await self.console.ask(request)
        if applied.plan.faults:
            await self.work.check()
            self._show_pane("problems")
            self.flash("It was refused, nothing has changed.", "bad")
            return False
        await self._done()
        trial = ", on trial: K keeps it" if applied.watched_until is not None else ""
        self.flash(f"Version {applied.version} is in force{trial}.")
        return False

    async def _done(self) -> None:
        """Another config is in force: the draft was it."""
        self.work.throw_away()
        if self._drafts is not None:
            self._drafts.drop()
        await self._read_anew()

    async def _read_anew(self) -> None:
        self.work.view = None
        await self.work.read()
        self._versions_changed()
        self._load()
        await self.work.check()
        self._show_pane("editor")

    @action(
        "f7",
        "rollback…",
        id="rollback",
        help="Go back to the version under the history's cursor, or the one before; asks.",
        danger=Danger.DESTROYS,
        rank=5,
        why_off=_why_not_apply,
        priority=True,
    )
    async def roll_back(self) -> None:
        """Ask, then do it."""
        self._leave_editing()
        again = False
        while await self._ask_back(again=again):
            again = True

    async def _ask_back(self, *, again: bool) -> bool:
        """Ask, and do it; True if the file has changed meanwhile, and nothing was done."""
        goal, file = self.goal(), await self.work.file_now()
        planned = await self.console.ask(RollBackConfig(version=goal, dry_run=True))
        if planned.plan.faults:
            first = planned.plan.faults[0]
            self.flash(f"One cannot go back: {first.key} {first.sentence}", "bad")
            return False
        goal = planned.back_to  # what is the one before may be another by then
        request = RollBackConfig(version=goal)
        by_hand = bool(self.work.view and self.work.view.drift)
        facts = facts_of(planned.plan, by_hand=by_hand)
        facts += [*[ASKED_AGAIN][: int(again)], ("Equivalent", line_of(request))]
        question = Ask(f"Go back to version {goal}?", facts, yes="Roll back", destroys=True)
        if await self.app.push_screen_wait(question) != "yes":
            return False
        if await self._moved(file):
            return True
        applied = await self.console.ask(request)
        await self._read_anew()
        self.flash(f"Back to version {goal}: as version {applied.version} it is in force.")
        return False

    def goal(self) -> int:
        """The version that F7 goes back to; 0 for the one before."""
        if self.work.trial is not None and self.work.trial.watching:
            return self.work.trial.back_to
        chosen = self._chosen() if self._pane in ("history", "changes") else None
        running = self.work.view.version if self.work.view else 0
        return 0 if chosen is None or chosen.version == running else chosen.version

    @action(
        "K",
        "keep",
        help="Keep the config that is on trial, without waiting for the end of its time.",
        danger=Danger.CHANGES,
        rank=8,
        why_off=_why_not_keep,
    )
    async def keep(self) -> None:
        """End the trial."""
        self.work.trial = await self.console.ask(KeepConfig())
        self.flash(f"Version {self.work.trial.version} stays in force.")
        self.paint_all()

    @action(
        "D",
        "discard…",
        id="discard",
        help="Throw the draft away, and go on from what the file says; asks.",
        danger=Danger.DESTROYS,
        rank=9,
        why_off=_why_no_draft,
    )
    async def discard(self) -> None:
        """Ask, then do it."""
        facts = [("The draft", "is lost; the file and what is in force stay as they are")]
        question = Ask("Throw the draft away?", facts, yes="Throw away", destroys=True)
        if await self.app.push_screen_wait(question) != "yes":
            return
        await self._done()
        self.flash("The draft is gone; this is what the file says.")
