"""How a screen looks into a message: which text of it, more of that text, saving it as a file.

`Looking` is a screen with a `Preview`; the functions below are its actions, which the inbox and a
message's own screen declare as theirs.
"""

from __future__ import annotations

from abc import abstractmethod

from tui.actions import action
from tui.figures import octets
from tui.inside import HEADERS, HTML, PARTS, RAW, SOURCE, TEXT, Inside
from tui.safety import safe
from tui.saving import save_message
from tui.screens.base import UNREAD, ConsoleScreen
from tui.widgets.preview import Preview, PreviewLines


class Looking(ConsoleScreen):
    """A screen with the inside of a message on it."""

    @property
    def preview(self) -> Preview:
        """Where it is shown."""
        return self.query_one(Preview)

    @property
    @abstractmethod
    def inside(self) -> Inside | None:
        """What is known of the message."""

    def looked(self) -> None:
        """Another text is shown."""

    async def read(self, inside: Inside, *, more: bool = False) -> None:
        """Read what is missing of the text that is shown.  Raises `LinkLost`, `RequestRefused`."""
        form = self.preview.form_of(inside)
        if await inside.read(self.console.ask, form, more=more):
            self.console.paint_soon()

    def show_form(self, form: str) -> None:
        """Look at the message in this way from now on."""
        self.preview.form = form
        self.looked()
        self.console.poke()
        self.paint_all()

    async def on_preview_lines_neared(self, event: PreviewLines.Neared) -> None:
        """The end of what is here is near: read on."""
        event.stop()
        inside = self.inside
        if inside is not None and inside.wants(self.preview.form_of(inside), more=True):
            self.run_worker(self._read_on(inside), name="more", exclusive=True, group="more")

    async def _read_on(self, inside: Inside) -> None:
        await self.read(inside, more=True)


def _why_no_content(screen: Looking) -> str:
    inside = screen.inside
    if inside is None or inside.view is None:
        unread = inside is not None and not inside.problem
        return UNREAD if unread else screen.why_none("There is no message here.")
    return "" if inside.view.body_stored else "The content is not stored any more."


def _why_no_more(screen: Looking) -> str:
    inside = screen.inside
    if inside is None or inside.wants(screen.preview.form_of(inside), more=True) is None:
        return "That is all of it."
    return ""


@action(
    "b",
    "body",
    id="body",
    help="Show the text; again: plain text, HTML source.",
    rank=3,
    why_off=_why_no_content,
)
def body(screen: Looking) -> None:
    """The next way to read the text."""
    inside = screen.inside
    assert inside is not None
    ways = [form for form in (HTML, TEXT, SOURCE) if form in inside.forms]
    current = screen.preview.form_of(inside)
    if current in ways:
        screen.show_form(ways[(ways.index(current) + 1) % len(ways)])
    else:
        screen.show_form("")


@action("h", "headers", id="headers", help="Show the header fields.", rank=4)
def headers(screen: Looking) -> None:
    """Header fields."""
    screen.show_form(HEADERS)


@action(
    "w", "raw", id="raw", help="Show the message as it is stored.", rank=5, why_off=_why_no_content
)
def raw(screen: Looking) -> None:
    """Everything."""
    screen.show_form(RAW)


@action(
    "a",
    "parts",
    id="parts",
    help="Show its parts and attachments.",
    rank=6,
    why_off=_why_no_content,
)
def parts(screen: Looking) -> None:
    """The tree."""
    screen.show_form(PARTS)


@action(
    "m", "more", id="more", help="Read more of this text; scrolling does.", why_off=_why_no_more
)
async def more(screen: Looking) -> None:
    """The next piece."""
    inside = screen.inside
    assert inside is not None
    await screen.read(inside, more=True)
    screen.paint_all()


@action(
    "e,E",
    "save .eml",
    id="save",
    help="Save the message as a file of your own.",
    names=("save", "export"),
    why_off=_why_no_content,
)
async def save(screen: Looking) -> None:
    """Into the state folder."""
    inside, folder = screen.inside, screen.console.state_folder
    assert inside is not None
    if folder is None:
        screen.flash("There is no folder for files.", "warn")
        return
    try:
        path, written = await save_message(screen.console.ask, inside.id, folder)
    except OSError as error:
        screen.flash(f"{folder} cannot be written: {error.strerror}.", "bad")
        return
    screen.flash(f"{octets(written)} saved to {safe(str(path), 300)}")
