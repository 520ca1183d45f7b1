"""The config as a text that is edited elsewhere: read, checked and explained, secrets left here.

The text that leaves has placeholders for secrets (`empath.config.disguise`); one that comes in
has them turned back before anything is made of it.  Everything here blocks: it is called in a
thread.  What can go wrong: `ConfigUnusable` for a text, `RequestRefused` for what cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, final

from empath.config.described import Described, described
from empath.config.disguise import Disguise
from empath.config.fields import Setting, settings_of
from empath.config.keys import BadKey, names_of, parse_key, show_key
from empath.config.locate import KeyPath
from empath.config.model import Config, Section
from empath.config.problem import ConfigUnusable
from empath.config.secrets_of import secrets_in
from empath.config.spelling import spell
from empath.config.units import Secret
from empath.control import config_words as words
from empath.control import link
from empath.control.config_draft import Draft, compare
from empath.control.config_history import History
from empath.control.config_requests import ConfigChange
from empath.control.config_text_requests import (
    ConfigFaults,
    ConfigKey,
    ConfigKeys,
    ConfigText,
    ConfigValue,
)
from empath.control.request import NotFound, Reply, Request, RequestRefused, RequestUnclear
from empath.control.standing_config import StandingConfig

ANSWERED: Final[tuple[type[Request[Any]], ...]] = (
    link.ReadConfigText,
    link.ReadConfigVersion,
    link.CheckConfig,
    link.DescribeConfig,
)

_NONE: Final = "–"


@final
class ConfigTexts:
    """Texts of the config of one engine."""

    def __init__(self, standing: StandingConfig, history: History) -> None:
        self._standing = standing
        self._history = history
        self._made: Disguise | None = None

    def __repr__(self) -> str:
        return f"<ConfigTexts {self._standing.origin.name}>"

    def answer(self, request: Request[Any]) -> Reply:
        """Answer one of `ANSWERED`.  Raises `RequestRefused`."""
        match request:
            case link.ReadConfigText():
                return self.file()
            case link.ReadConfigVersion():
                return self.version(request.version)
            case link.CheckConfig():
                return self.check(request.text)
            case link.DescribeConfig():
                return self.describe(request.key)
            case _:
                raise RequestUnclear("This is not about the config.")

    @property
    def _disguise(self) -> Disguise:
        if self._made is None:
            self._made = Disguise(self._history.key())
        return self._made

    def _known(self) -> frozenset[str]:
        return frozenset(secrets_in(self._standing.state.running))

    def reveal(self, text: str) -> str:
        """*text* with the present secrets for their placeholders.  Raises `ConfigUnusable`."""
        if "••••" not in text:
            return text
        present = [self._standing.state.text]
        with suppress(ConfigUnusable):  # then what is in force is all there is
            present.append(self._standing.origin.text())
        return self._disguise.unmask(
            text, *present, known=self._known(), file=self._standing.origin.spoken
        )

    def placeholder(self, secret: Secret) -> str:
        """What stands for a secret in what is shown, and is turned back by `reveal`."""
        return self._disguise.placeholder(secret.reveal())

    def digest(self, text: str) -> str:
        """What names a text to operators."""
        return self._disguise.digest(text)

    def compare(self, text: str | None, *, ran_before: bool = False) -> Draft:
        """What *text*, or the file, would change of what is in force.

        Raises `RequestRefused` where there is no file.
        """
        if text is None and self._standing.origin.file is None:
            raise RequestRefused(words.no_file("read"))
        return compare(
            self._standing.origin,
            text,
            self._standing.state,
            ran_before=ran_before,
            # What ran came from the file: its placeholders, such as in comments, are no draft's.
            reveal=str if ran_before else self.reveal,
            named=self.digest,
        )

    def file(self) -> ConfigText:
        """What the config file says.  Raises `RequestRefused` if it cannot be read."""
        try:
            text = self._standing.origin.text()
        except ConfigUnusable as error:
            raise RequestRefused(f"The config file cannot be read: {error}.") from error
        return self._told(text, self._standing.state.version)

    def file_digest(self) -> str:
        """Names what the config file says; empty if it cannot be read."""
        try:
            return self.digest(self._standing.origin.text())
        except ConfigUnusable:
            return ""

    def version(self, number: int) -> ConfigText:
        """What a version of the history said.  Raises `NotFound`, `RequestRefused`."""
        state = self._standing.state
        if number in (0, state.version):
            return self._told(state.text, state.version)
        kept = self._history.read(number)
        if kept is None:
            raise NotFound(
                f"There is no version {number} of the config, or its record cannot be read;"
                " `empathctl config history` lists them."
            )
        return self._told(kept.text, number)

    def _told(self, text: str, version: int) -> ConfigText:
        try:
            masked = self._disguise.mask(text, known=self._known())
        except ConfigUnusable as error:
            raise RequestRefused(f"The config is not shown: {error}.") from error
        return ConfigText(
            file=self._standing.origin.name,
            version=version,
            text=masked,
            digest=self.digest(text),
            running=text == self._standing.state.text,
            writable=self._standing.origin.file is not None,
        )

    def check(self, text: str | None) -> ConfigFaults:
        """What is wrong with a text, and what it would change."""
        draft = self.compare(text)
        changes: tuple[ConfigChange, ...] = () if draft.faults else draft.changes
        return ConfigFaults(faults=draft.faults, changes=changes, digest=draft.digest)

    def describe(self, key: str) -> ConfigKeys:
        """The settings at and below *key*, or all.  Raises `RequestUnclear`."""
        path: KeyPath = ()
        if key:
            try:
                path = parse_key(key.replace("[]", "[0]"))
            except BadKey as error:
                raise RequestUnclear(f"{error}.") from error
        running = dict(_values(self._standing.state.running))
        file = self._file_values()
        keys = [*running, *(each for each in file or () if each not in running)]
        return ConfigKeys(
            keys=tuple(map(_told_key, filter(lambda one: _within(one.path, path), described()))),
            values=tuple(
                ConfigValue(
                    key=show_key(each),
                    running=running.get(each, _NONE),
                    file="" if file is None else file.get(each, _NONE),
                )
                for each in keys
                if (_within(_plain(each), path) if "[]" in key else each[: len(path)] == path)
            ),
        )

    def _file_values(self) -> Mapping[KeyPath, str] | None:
        if self._standing.origin.file is None:
            return dict(_values(self._standing.state.wanted))
        try:
            return dict(_values(self._standing.origin.read().config))
        except ConfigUnusable:
            return None


def _told_key(one: Described) -> ConfigKey:
    return ConfigKey(
        key=one.key, kind=one.kind, default=one.default, effect=one.effect, what=one.what
    )


def _within(path: KeyPath, asked: KeyPath) -> bool:
    """Is *path*, without places, what was asked for, or in it?"""
    plain = _plain(asked)
    return path[: len(plain)] == plain


def _plain(path: KeyPath) -> KeyPath:
    """*path* without the places and names of tables."""
    section: type[Section] | None = Config
    plain: KeyPath = ()
    table = False
    for part in path:
        if table:
            table = False
            continue
        plain = (*plain, part)
        settings: tuple[Setting, ...] = () if section is None else settings_of(section)
        setting = next((one for one in settings if one.name == part), None)
        if setting is None:
            break
        section = setting.section or setting.repeated
        table = setting.repeated is not None
    return plain


def _values(value: Section, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every plain setting of a config, spelled."""
    for setting in settings_of(type(value)):
        at, inner = (*path, setting.name), getattr(value, setting.name)
        if setting.section is not None:
            yield from _values(inner, at)
        elif setting.repeated is not None:
            names = names_of(at, inner)
            for place, table in enumerate(inner):
                yield from _values(table, (*at, names[place] or place))
        else:
            yield at, spell(inner)
