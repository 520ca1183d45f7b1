"""A parsed TOML table to the typed config: every value checked, every problem gathered.

The reader walks the model's own declarations, so it knows each key's type, bounds and unit.
A value that does not fit is reported and its default stands in, or None, so that one run finds
everything and each table keeps its place; a config with problems is never handed out.  Secrets come
from the text, a file, the environment or the credentials of systemd, and are refused from files
that others can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from empath.config.fields import REQUIRED, Setting, element_of, is_section, settings_of
from empath.config.keys import probably_meant, unknown_setting
from empath.config.locate import KeyPath, show_path
from empath.config.model import Section
from empath.config.private_file import read_credential, read_secret_file
from empath.config.problem import ConfigProblem
from empath.config.units import Secret
from empath.config.values import (
    READERS,
    Elsewhere,
    Unfit,
    bounded,
    plain_secret,
    read_choice,
    read_text,
    shape,
)
from empath.safe_text import safe_text

S = TypeVar("S", bound=Section)


@dataclass(slots=True)
class Reader:
    """Reads one document.  `problems` is empty exactly when what was read may be used."""

    file: str
    directory: Path
    """Relative paths start here: the folder of the config file."""
    environ: Mapping[str, str]
    lines: Mapping[KeyPath, int]
    shared: bool = False
    """The config file can be read by others than its owner."""
    elsewhere: list[ConfigProblem] | None = None
    """Gathers what is said of secrets that only the engine has; None: they are problems."""
    problems: list[ConfigProblem] = field(default_factory=list)
    told: set[KeyPath] = field(default_factory=set)
    """What a problem was reported of."""
    troubled: set[KeyPath] = field(default_factory=set)
    """What was not read, so that something else stands in for it."""
    written: set[KeyPath] = field(default_factory=set)

    def complain(self, path: KeyPath, sentence: str, *about: KeyPath) -> None:
        """Report that the value at *path* does not go with others, unless that follows from a
        problem which was reported already.  *about* names further keys that the sentence speaks of.
        """
        self._tell(path, sentence, about, together=True)

    def reject(self, path: KeyPath, sentence: str) -> None:
        """Report that the value at *path* cannot be read: another one stands in for it."""
        self._tell(path, sentence)
        self.troubled.add(path)

    def _tell(
        self,
        path: KeyPath,
        sentence: str,
        about: tuple[KeyPath, ...] = (),
        *,
        together: bool = False,
    ) -> None:
        keys = (path, *about)
        if self.told.isdisjoint(keys) and self.usable(*keys):
            self.told.add(path)
            self.problems.append(self._problem(path, sentence, together=together))

    def refer(self, path: KeyPath, error: Unfit) -> None:
        """Report what is wrong with a file; only warn, if it is the engine that has to read it."""
        if isinstance(error, Elsewhere) and self.elsewhere is not None:
            self.elsewhere.append(self._problem(path, error.warning))
        else:
            self._tell(path, str(error))

    def _problem(self, path: KeyPath, sentence: str, *, together: bool = False) -> ConfigProblem:
        line, key = self._line(path), show_path(path)
        return ConfigProblem(self.file, line, key, sentence, together=together)

    def usable(self, *paths: KeyPath) -> bool:
        """Were these read, and the tables that they stand in?"""
        return not any(
            path[:depth] in self.troubled for path in paths for depth in range(1, len(path) + 1)
        )

    def _line(self, path: KeyPath) -> int | None:
        """The line of the key, or of the nearest table round a key that is not written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def section(self, kind: type[S], table: object, path: KeyPath) -> S:
        """Read one table.  None stands in for a setting that must be written and is not usable."""
        if not isinstance(table, dict):
            self.reject(path, f"must be a table, [{show_path(path)}] (got {shape(table)})")
            table = {}
        settings = {setting.name: setting for setting in settings_of(kind)}
        for key in table:
            if key not in settings:
                self.reject((*path, key), unknown_setting(key, kind, settings))
        values: dict[str, Any] = {}
        for name, setting in settings.items():
            at = (*path, name)
            if name not in table:
                if setting.default is REQUIRED:
                    self.reject(at, f"is missing: {_lower(setting.what)}")
                    values[name] = None
                continue
            self.written.add(at)
            try:
                values[name] = self._value(setting, setting.kind, table[name], at)
            except Unfit as error:
                self.reject(at, str(error))
                if setting.default is REQUIRED:
                    values[name] = None
        for meant in (probably_meant(key, settings) for key in table if key not in settings):
            if meant is not None and meant not in table:
                self.troubled.add((*path, meant))  # no check shall find it missing
        return kind(**values)

    def _value(self, setting: Setting, kind: Any, raw: object, path: KeyPath) -> Any:
        element = element_of(kind)
        if element is not None:
            return self._list(setting, element, raw, path)
        if is_section(kind):
            return self.section(kind, raw, path)
        if kind is Secret:
            return self._secret(raw, path)
        if kind is Path:
            return self.resolve(read_text(raw))
        if kind in READERS:
            return bounded(setting, READERS[kind](raw))
        return read_choice(kind, raw)

    def _list(self, setting: Setting, element: Any, raw: object, path: KeyPath) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            form = f"[[{show_path(path)}]]" if is_section(element) else '["…", "…"]'
            raise Unfit(f"must be a list, written {form} (got {shape(raw)})")
        values: list[Any] = []
        for number, item in enumerate(raw):
            at = (*path, number)
            try:
                values.append(self._value(setting, element, item, at))
            except Unfit as error:
                self.reject(at, str(error))
                values.append(None)
        return tuple(values)

    def resolve(self, text: str) -> Path:
        """A path of the file made absolute: ``~`` expands, relative ones start beside the file."""
        if not text or "\0" in text:
            raise Unfit("must be a path (got an empty one or one with a NUL)")
        if text == "~" or text.startswith("~/"):
            text = self.environ.get("HOME", "~") + text[1:]
        try:
            path = Path(text).expanduser()
        except RuntimeError as error:
            raise Unfit(
                f'there is no home folder for "{safe_text(text, 80)}"; write the whole path'
            ) from error
        return self.directory / path

    def _secret(self, raw: object, path: KeyPath) -> Secret:
        try:
            return self._read_secret(raw)
        except Elsewhere as error:
            if self.elsewhere is None:
                raise
            self.refer(path, error)
            return Secret(str(raw))  # where it comes from, so that another source is a change

    def _read_secret(self, raw: object) -> Secret:
        match raw:
            case str():
                secret = plain_secret(raw)
                if self.shared and raw:
                    raise Unfit(
                        f"{self.file} can be read by others while it holds a secret;"
                        f' run "chmod 600 {self.file}", or keep the secret in a file of its own'
                    )
                return Secret(secret)
            case {"file": str(name), **rest} if not rest:
                return Secret(plain_secret(read_secret_file(self.resolve(name))), ("file", name))
            case {"env": str(name), **rest} if not rest:
                text = self.environ.get(name, "")
                if not name:
                    raise Unfit("names no environment variable")
                if not text:
                    what = f"the environment variable {safe_text(name, 80)}"
                    raise Elsewhere(f"has {what}", f"{what} is not set")
                return Secret(plain_secret(text), ("env", name))
            case {"credential": str(name), **rest} if not rest:
                secret = plain_secret(read_credential(name, self.environ))
                return Secret(secret, ("credential", name))
        # What stands there is not shown: it may be the secret, in the wrong form.
        raise Unfit('is written as text, { file = "…" }, { env = "…" } or { credential = "…" }')


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
