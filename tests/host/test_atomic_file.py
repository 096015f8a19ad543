"""Where a file is put: into a regular one's place, behind a link, into a pipe or a device."""

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from filmgauge_host.atomic_file import Content, write_all, written
from filmgauge_host.errors import FilmgaugeError

NULL_DEVICE = os.makedev(1, 3)


def write_one(path: Path, data: bytes) -> None:
    with written(path) as file:
        file.write(data)


def write_among_others(path: Path, data: bytes) -> None:
    write_all({path.with_name("before"): Content(b"1"), path: Content(data)})


both = pytest.mark.parametrize("write", [write_one, write_among_others])


def inside(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"before"}


@both
@pytest.mark.parametrize("old", [b"old", None])
def test_the_file_behind_links_is_replaced(
    tmp_path: Path, write: Callable[[Path, bytes], None], old: bytes | None
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    target, link = kept / "records.csv", tmp_path / "latest.csv"
    (tmp_path / "between").symlink_to("kept/records.csv")
    link.symlink_to("between")
    before = None
    if old is not None:
        target.write_bytes(old)
        before = target.stat().st_ino
    write(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "between").is_symlink()
    assert target.read_bytes() == b"new"
    assert inside(kept) == {"records.csv"}
    assert target.stat().st_ino != before, "it was written over, not replaced"


def test_what_fails_leaves_the_file_behind_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "records.csv", tmp_path / "latest.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with pytest.raises(ZeroDivisionError), written(link) as file:
        file.write(b"%d" % (1 // 0))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FilmgaugeError, match="folder cannot be written: it is a directory"):
        write_all({link: Content(b"new"), folder: Content(b"")})
    assert link.is_symlink()
    assert target.read_bytes() == b"old"


@both
def test_a_pipe_is_written_to(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        read: list[bytes] = []
        reader = threading.Thread(target=lambda to=read: to.append(pipe.read_bytes()), daemon=True)
        reader.start()
        write(path, b"new")
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert link.is_symlink()
        reader.join()
        assert read == [b"new"]
    assert inside(tmp_path) == {"pipe", "link"}


@both
def test_a_device_stays_one(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o600 | stat.S_IFCHR, NULL_DEVICE)
        device.read_bytes()
    except PermissionError:
        pytest.skip("devices can be made and used by root alone")
    write(device, b"new")
    assert device.stat().st_rdev == NULL_DEVICE
    assert inside(tmp_path) == {"null"}


@both
@pytest.mark.parametrize("kind", ["folder", "socket", "loop"])
def test_what_nothing_can_be_written_to_is_refused(
    tmp_path: Path, write: Callable[[Path, bytes], None], kind: str
) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to("x")
    else:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(str(path))
    before = path.lstat()
    with pytest.raises(FilmgaugeError) as refused:
        write(path, b"new")
    said = {"folder": "it is a directory", "socket": "it is no file", "loop": "symbolic links"}
    assert str(refused.value).startswith(f"{path} cannot be written: ")
    assert said[kind] in str(refused.value)
    assert path.lstat() == before
    assert not (tmp_path / "before").exists()


def test_two_paths_to_one_file_are_refused(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(FilmgaugeError, match="link cannot be written: it is the same"):
        write_all({file: Content(b"1"), link: Content(b"2")})
    assert inside(tmp_path) == {"link"}


def modes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): oct(path.stat().st_mode & 0o777)
        for path in folder.rglob("*")
        if path.is_dir()
    }


@pytest.mark.parametrize("umask", [0o002, 0o022])
def test_nobody_else_writes_into_new_folders_or_reads_private_ones(
    tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        inner = tmp_path / "nodes/shelf-1"
        write_all(
            {
                inner / "node.toml": Content(b""),
                inner / "secrets.toml": Content(b"", 0o600),
                tmp_path / "reports/of/all.csv": Content(b""),
            }
        )
    finally:
        os.umask(before)
    assert modes(tmp_path) == {
        "nodes": "0o755",
        "nodes/shelf-1": "0o700",
        "reports": "0o755",
        "reports/of": "0o755",
    }
