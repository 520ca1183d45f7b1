"""Secrets of the config: where they come from, and that nothing ever shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.config.load import load_config, parse_config
from empath.config.model import Config
from empath.config.problem import ConfigUnusable

HOME = {"HOME": "/home/ada"}


def read(text: str, *, shared: bool = False, **environ: str) -> Config:
    """The config in *text*, as if it stood in /etc/empath/empath.toml."""
    return parse_config(
        text,
        file="empath.toml",
        directory=Path("/etc/empath"),
        environ=HOME | environ,
        shared=shared,
    )


def problems(text: str, *, shared: bool = False, **environ: str) -> list[str]:
    """What an operator is told about *text*, line by line."""
    with pytest.raises(ConfigUnusable) as raised:
        read(text, shared=shared, **environ)
    return str(raised.value).splitlines()


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """`{ file = "…" }` reads the file without the line break at its end."""
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    config = read(route(f'{{ file = "{secret}" }}'))
    assert config.route[0].password.reveal() == "correct horse"


def test_a_secret_may_come_from_the_environment() -> None:
    """`{ env = "…" }` reads a variable."""
    config = read(route('{ env = "SMARTHOST" }'), SMARTHOST="correct horse")
    assert config.route[0].password.reveal() == "correct horse"


def test_a_secret_may_be_a_credential_of_systemd(tmp_path: Path) -> None:
    """`{ credential = "…" }` reads what systemd hands to the service, whatever its mode there."""
    credential = tmp_path / "smarthost"
    credential.write_text("correct horse\n")
    credential.chmod(0o440)
    config = read(route('{ credential = "smarthost" }'), CREDENTIALS_DIRECTORY=str(tmp_path))
    assert config.route[0].password.reveal() == "correct horse"


@pytest.mark.parametrize(
    ("name", "folder", "sentence"),
    [
        (
            "smarthost",
            "",
            (
                'the credential "smarthost" comes from systemd, which did not start this process'
                " with any; run it as a service with LoadCredential=smarthost:…"
            ),
        ),
        (
            "smarthost",
            "{tmp_path}",
            'there is no credential "smarthost"; add LoadCredential=smarthost:… to the service',
        ),
        ("empty", "{tmp_path}", "{tmp_path}/empty is empty"),
        ("folder", "{tmp_path}", "{tmp_path}/folder is not a file"),
        ("../x", "{tmp_path}", "names a credential that is no plain file name"),
        ("..", "{tmp_path}", "names a credential that is no plain file name"),
        ("", "{tmp_path}", "names a credential that is no plain file name"),
    ],
)
def test_a_credential_that_is_not_there_is_named(
    tmp_path: Path, name: str, folder: str, sentence: str
) -> None:
    """What is missing says what the service's unit must say."""
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path.parent / "x").touch()
    directory = folder.format(tmp_path=tmp_path)
    assert problems(route(f'{{ credential = "{name}" }}'), CREDENTIALS_DIRECTORY=directory) == [
        "empath.toml:6: route[0].password: " + sentence.format(tmp_path=tmp_path)
    ]


def route(password: str) -> str:
    """A config whose line 6 holds a password."""
    return (
        '[[route]]\ndomain = "*"\nhost = "smtp.example.com:587"\ntls = "starttls"\n'
        f'username = "ada"\npassword = {password}\n'
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_secret_in_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """SMTP-RULES 3.3: a secret's file is its owner's alone, or Empath does not start."""
    secret = tmp_path / "password"
    secret.write_text("hunter2")
    secret.chmod(mode)
    assert problems(route(f'{{ file = "{secret}" }}')) == [
        (
            f"empath.toml:6: route[0].password: {secret} can be read by others than its owner; run"
            f' "chmod 600 {secret}"'
        )
    ]


def test_a_secret_in_a_config_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """SMTP-RULES 3.3: the same holds for the config itself, but only when it holds a secret."""
    path = tmp_path / "empath.toml"
    path.write_text(route('"hunter2"'))
    path.chmod(0o644)
    with pytest.raises(ConfigUnusable) as raised:
        load_config(path, environ=HOME)
    assert str(raised.value) == (
        f"{path}:6: route[0].password: {path} can be read by others while it holds a secret; run"
        f' "chmod 600 {path}", or keep the secret in a file of its own'
    )
    path.chmod(0o600)
    assert load_config(path, environ=HOME).route[0].password.reveal() == "hunter2"
    path.write_text(route('{ env = "SMARTHOST" }'))
    path.chmod(0o644)
    assert load_config(path, environ=HOME | {"SMARTHOST": "x"}).route[0].password


@pytest.mark.parametrize(
    "text",
    [
        '{ fle = "hunter2" }',
        '["hunter2"]',
        '{ file = "/nowhere/hunter2", env = "hunter2" }',
        '"hunter2\\u0000"',
        '"hunter2\\r\\nhunter2"',
        "{ env = 'UNSET' }",
        '{ env = "" }',
    ],
)
def test_a_secret_in_the_wrong_form_is_not_shown(text: str) -> None:
    """P8: an error about a secret never holds what was written there."""
    [told] = problems(route(text))
    assert told.startswith("empath.toml:6: route[0].password: ")
    assert "hunter2" not in told


def test_a_variable_without_a_name_is_told() -> None:
    """It names nothing that could be set."""
    assert problems(route('{ env = "" }')) == [
        "empath.toml:6: route[0].password: names no environment variable"
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no file {path}"),
        (b"", "{path} is empty"),
        (b"\xff\xfe", "{path} is not UTF-8 text"),
        (b"x" * 70_000, "{path} is too long for a secret"),
    ],
)
def test_a_secrets_file_that_is_unfit_is_named(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """A file that is missing, empty, no text or absurdly long is refused by name."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    assert problems(route(f'{{ file = "{path}" }}')) == [
        "empath.toml:6: route[0].password: " + sentence.format(path=path)
    ]


@pytest.mark.parametrize(
    "text", ["•••• 8552afe674c4", "••••", "••••  8552afe674c4", "•• 8552afe674c4", " x•••• 8552"]
)
def test_a_placeholder_is_never_a_password(tmp_path: Path, text: str) -> None:
    """Whole, altered or cut, written in the file or where the file says that the secret is."""
    secret = tmp_path / "password"
    secret.write_text(f"{text}\n")
    secret.chmod(0o600)
    folder = str(tmp_path)
    for source in (
        f'"{text}"',
        f'{{ file = "{secret}" }}',
        '{ env = "SMARTHOST" }',
        '{ credential = "password" }',
    ):
        [told] = problems(route(source), SMARTHOST=text, CREDENTIALS_DIRECTORY=folder)
        assert told.startswith("empath.toml:6: route[0].password: is a placeholder that stands for")
    [told] = problems(route(f'"{text}"'), shared=True)
    assert "is a placeholder" in told
    assert read(route('"one • is a character"')).route[0].password
