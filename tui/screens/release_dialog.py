"""Where captured mail is to go for real: a server, perhaps other recipients.

What is typed is tried dry first, so that a refusal of the engine stands in the box beside the
field it is about.  Cancel has no field's focus: escape means no.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from empath.address import BadAddress, EmailAddress
from empath.control.link import LinkLost, RequestRefused
from tui.safety import safe
from tui.screens.question import DOES_IT, Facts, Foot, Question


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes."""

    to: str = ""
    """``host:port``; empty: where the config says."""
    recipients: tuple[EmailAddress, ...] = ()
    """Instead of those of the envelope."""


def read_recipients(text: str) -> tuple[EmailAddress, ...]:
    """Addresses with commas or blanks between them.  Raises `BadAddress`."""
    return tuple(EmailAddress(each) for each in text.replace(",", " ").split())


class ReleaseDialog(Question[Destination]):
    """The box."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self,
        title: str,
        envelope: str,
        before: Destination,
        *,
        queued: bool,
        dry_run: Callable[[Destination], Awaitable[str]],
    ) -> None:
        """*envelope* are the recipients as they stand; *before* is what was typed last; *queued*
        says that the queue takes it; *dry_run* says where it would go.
        """
        super().__init__()
        self._title = title
        self._envelope = envelope
        self._before = before
        self._queued = queued
        self._dry_run = dry_run

    @property
    def subtitle(self) -> str:
        """What enter and escape do."""
        return f"{DOES_IT if self._queued else '⏎ next field, in the last it does it'} · esc closes"

    def compose(self) -> ComposeResult:
        """Two fields, what it means, buttons."""
        means = (
            "it goes into the queue, and is tried again until it is delivered"
            if self._queued
            else "it is tried once and stays captured; the list and its timeline tell the outcome"
        )
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            with Facts(), Horizontal(classes="fact"):
                yield Static("It means", markup=False, classes="name")
                yield Static(means, markup=False, classes="value")
            with Foot():
                yield from self._field(
                    "Server", self._before.to, "host:port, such as smtp.x.org:25"
                )
                if not self._queued:
                    people = ", ".join(self._before.recipients)
                    yield from self._field("To", people, f"empty: {self._envelope}")
                yield Static("", markup=False, id="refusal")
                with Horizontal(classes="buttons"):
                    yield Button("Cancel", name="", id="cancel", compact=True)
                    go = Button("Release", name="go", id="yes", compact=True)
                    go.add_class("-go")
                    yield go

    @staticmethod
    def _field(name: str, value: str, hint: str) -> ComposeResult:
        with Horizontal(classes="fact field"):
            yield Static(name, markup=False, classes="name")
            field = Input(value, placeholder=hint, compact=True, id=f"field-{name.lower()}")
            field.cursor_blink = False
            yield field

    def on_mount(self) -> None:
        """Type the server."""
        self.query_one("#field-server", Input).focus()

    def action_cancel(self) -> None:
        """No."""
        self.dismiss(None)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Yes or no."""
        if event.button.name:
            self._go()
        else:
            self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field, and from the last one on: what was sent is sent."""
        event.stop()
        fields = list(self.query(Input))
        place = fields.index(event.input)
        if place + 1 < len(fields):
            fields[place + 1].focus()
        else:
            self._go()

    def _go(self) -> None:
        self.run_worker(self._check(), name="dry run", exclusive=True)

    async def _check(self) -> None:
        """Try it dry; close if that is right."""
        try:
            people = self.query("#field-to")
            text = people.first(Input).value if people else ""
            wanted = Destination(
                self.query_one("#field-server", Input).value.strip(), read_recipients(text)
            )
            await self._dry_run(wanted)
        except BadAddress as error:
            self._refuse(f"To: {error}.")
        except (LinkLost, RequestRefused) as error:
            self._refuse(str(error))
        else:
            self.dismiss(wanted)

    def _refuse(self, sentence: str) -> None:
        self.query_one("#refusal", Static).update(f"✖ {safe(sentence)}")
