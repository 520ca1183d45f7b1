"""The socket as a file: made private, never taken from anybody."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from empath.control.peer import LONGEST_PATH, SocketUnusable, check_length, open_socket, user_name


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the socket goes."""
    return tmp_path / "spool" / "empath.sock"


def test_the_socket_is_its_owners_alone(place: Path) -> None:
    """Socket 0600 in a folder 0700, whatever the umask was; the umask is put back."""
    before = os.umask(0)
    try:
        with open_socket(place):
            assert place.stat().st_mode & 0o777 == 0o600
            assert place.parent.stat().st_mode & 0o777 == 0o700
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_socket_left_by_a_dead_engine_is_replaced(place: Path) -> None:
    """Nobody answers at it, so the new engine takes its place."""
    open_socket(place).close()
    assert place.is_socket()
    with open_socket(place), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))


def test_a_socket_that_answers_is_left_alone(place: Path) -> None:
    """A second engine is refused, and the first still answers."""
    with open_socket(place):
        with pytest.raises(SocketUnusable, match="Another engine answers"):
            open_socket(place)
        assert place.is_socket()


def test_a_socket_whose_queue_is_full_counts_as_answering(place: Path) -> None:
    """An engine that is too busy to accept is an engine all the same."""
    place.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(place))
        busy.listen(0)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for client in clients:
            client.setblocking(False)
            try:
                client.connect(str(place))
            except BlockingIOError:
                break
        with pytest.raises(SocketUnusable, match="Another engine answers"):
            open_socket(place)
        for client in clients:
            client.close()


def test_a_file_in_its_place_is_left_alone(place: Path) -> None:
    """Whatever is no socket is never removed."""
    place.parent.mkdir(mode=0o700)
    place.write_text("precious")
    with pytest.raises(SocketUnusable, match="is not a socket: move it away"):
        open_socket(place)
    assert place.read_text() == "precious"


def given_away(path: Path) -> tuple[int, int]:
    """Make *path* somebody else's: its owner, and the user Empath runs as.

    Only root can give a thing away; for a plain user it is Empath that is somebody else.
    """
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
        return 65534, 0
    return os.geteuid(), os.geteuid() + 1


def test_a_socket_of_another_user_is_left_alone() -> None:
    """The sentence names its owner; in a folder of root's where everybody may make files."""
    with tempfile.TemporaryDirectory(dir="/tmp") as unique:
        place = Path(f"{unique}.sock")
        open_socket(place).close()
        try:
            owner, us = given_away(place)
            with pytest.raises(SocketUnusable, match=rf"^The control socket .*uid {owner}\), not"):
                open_socket(place, owner=us)
            assert place.is_socket()
        finally:
            place.unlink()


def test_a_folder_of_another_user_is_refused(place: Path) -> None:
    """Its owner could put another socket in our place."""
    place.parent.mkdir(mode=0o700)
    owner, us = given_away(place.parent)
    with pytest.raises(SocketUnusable, match=rf"uid {owner}\), who could replace the socket"):
        open_socket(place, owner=us)


def test_a_folder_that_others_may_write_to_is_refused(place: Path) -> None:
    """The remedy is in the sentence."""
    place.parent.mkdir()
    place.parent.chmod(0o777)
    with pytest.raises(SocketUnusable, match="chmod 700"):
        open_socket(place)
    place.parent.chmod(0o1777)
    open_socket(place).close()


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """The system takes 107 octets; the sentence says how many there are."""
    path = tmp_path / ("x" * LONGEST_PATH)
    with pytest.raises(SocketUnusable, match=r"choose a shorter spool\.path"):
        open_socket(path)
    check_length(Path("/" + "x" * (LONGEST_PATH - 1)))
    with pytest.raises(SocketUnusable):
        check_length(Path("/" + "x" * LONGEST_PATH))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """What the system says is passed on."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SocketUnusable, match="cannot be made"):
        open_socket(tmp_path / "file" / "empath.sock")


def test_a_user_without_a_name_is_a_number() -> None:
    """The audit trail has a word for everybody."""
    assert user_name(0) == "root"
    assert user_name(4_000_000) == "uid"
