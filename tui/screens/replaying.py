"""The keys of a recording: they take the place of a screen's own while one is played."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.actions import ACTIONS, action

if TYPE_CHECKING:
    from tui.screens.acting import Acting


def _why_not(screen: Acting) -> str:
    return "" if screen.store.replay is not None else "This is no recording."


class Replaying:
    """What can be done to the tape; each is done on the screen in front."""

    SCOPE: ClassVar[str] = "replay"

    @action(
        "space",
        "pause replay",
        id="pause",
        help="Stand still, or play on.",
        category="console",
        why_off=_why_not,
        names=("replay-pause",),
    )
    def pause(self: Acting) -> None:  # type: ignore[misc] # the registry hands it the screen
        """Stand still, or play on."""
        tape = self.store.replay
        assert tape is not None
        tape.pause()
        self.paint_bars()

    @action(
        "greater_than_sign",
        "play faster",
        id="faster",
        help="Play faster, up to sixteen times.",
        category="console",
        why_off=_why_not,
        names=("replay-faster",),
    )
    def faster(self: Acting) -> None:  # type: ignore[misc] # as above
        """Play faster."""
        _step(self, 1)

    @action(
        "less_than_sign",
        "play slower",
        id="slower",
        help="Play slower, down to a quarter.",
        category="console",
        why_off=_why_not,
        names=("replay-slower",),
    )
    def slower(self: Acting) -> None:  # type: ignore[misc] # as above
        """Play slower."""
        _step(self, -1)


def _step(screen: Acting, by: int) -> None:
    tape = screen.store.replay
    assert tape is not None
    tape.step_speed(by)
    screen.paint_bars()


ACTIONS.collect(Replaying.SCOPE, Replaying)
