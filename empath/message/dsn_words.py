"""What a notification tells a person: subject, opening and advice, in plain words.

The advice follows the enhanced status code (RFC 3463), which says what is wrong better than
the sentence of a server does.  Wording is all that lives here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from empath.reply import Reply

_SUBJECTS: Final = {
    "failed": "Your message could not be delivered",
    "delayed": "Your message is delayed",
    "relayed": "Your message was handed on",
}
_OPENINGS: Final = {
    "failed": "It could not be delivered to the following recipients,\n"
    "and will not be tried again:",
    "delayed": "It could not yet be delivered to the following recipients.\n"
    "This is only a warning: you need not send it again, it is still being tried:",
    "relayed": "It was handed to the mail servers of the following recipients,\n"
    "which give no further notice of delivery:",
}
_EXPIRED: Final = (
    "It was tried again and again and could not be delivered in time\n"
    "to the following recipients. It will not be tried any more:"
)
_ADVICE: Final = {
    "1.1": "There is no such mailbox. Please check the spelling before the @.",
    "1.2": "There is no such domain. Please check the spelling behind the @.",
    "1.3": "The address is not written as it should be. Please check its spelling.",
    "1.6": "The mailbox has moved and left no new address.",
    "1.10": "The domain behind the @ takes no mail at all.",
    "2.1": "The mailbox has been switched off.",
    "2.2": "The mailbox is full. Its owner has to make room; try again later.",
    "2.3": "The message is too large for this mailbox.",
    "3.4": "The message is too large for the recipient's mail server.",
    "4.1": "The recipient's mail server does not answer.",
    "4.2": "The connection to the recipient's mail server broke.",
    "4.3": "The recipient's mail server could not be found: the directory of names did not answer.",
    "4.4": "There is no way to the recipient's domain: its mail servers cannot be reached.",
    "4.6": "The message would go round in circles between mail servers.",
    "4.7": "The message could not be delivered in time.",
    "6.3": "The recipient's mail server cannot take the form of this message.",
    "6.7": "The recipient's mail server cannot take addresses with letters beyond ASCII.",
}
_SUBJECT_ADVICE: Final = {
    "1": "The address was not accepted.",
    "2": "The mailbox cannot take the message.",
    "3": "The recipient's mail server cannot take the message.",
    "4": "There is trouble on the way to the recipient's mail server.",
    "5": "The mail servers did not understand each other.",
    "6": "The content of the message was not accepted.",
    "7": "The recipient's mail server refuses the message for reasons of its own.",
}
_DONE: Final = "The recipient's mail server accepted the message."
_OTHER: Final = "The recipient's mail server did not accept the message."


def subject(actions: Sequence[str]) -> str:
    """The subject of a notification; what is worst comes first."""
    return next(text for action, text in _SUBJECTS.items() if action in actions)


def opening(action: str, *, expired: bool) -> str:
    """The sentence before the recipients to whom *action* happened."""
    return _EXPIRED if expired and action == "failed" else _OPENINGS[action]


def advice(reply: Reply) -> str:
    """What *reply* means, in words that need no knowledge of SMTP."""
    if reply.positive:
        return _DONE
    _, _, code = reply.status.partition(".")
    return _ADVICE.get(code) or _SUBJECT_ADVICE.get(code.partition(".")[0], _OTHER)
