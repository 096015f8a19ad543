"""Files in folders that belong to somebody else."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from store_records import report

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.store import RecordStore

NOBODY = 65534


def as_nobody(check: Callable[[], bool]) -> bool:
    """Return what a check finds for somebody who owns nothing."""
    child = os.fork()
    if not child:
        failed = True
        try:
            os.chdir("/")
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            failed = not check()
        finally:
            os._exit(failed)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("node", "budget", "{}"),
        ("provision", "--from", "{}"),
        ("keys", "list", "--nodes", "{}"),
        ("export", "--store", "{}"),
        ("alerts", "list", "--store", "{}"),
    ],
)
def test_a_file_that_is_closed_to_us_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    closed = tmp_path / "home"
    closed.mkdir()
    command = [word.format(closed / "x") for word in words]
    CliRunner().invoke(main, command)  # what it needs is imported; nobody could not
    closed.chmod(0)

    def is_named() -> bool:
        ran = CliRunner().invoke(main, command)
        said = ran.stderr.lower()
        is_sentence = ran.exit_code == 2 and said.count("\n") == 1
        return is_sentence and str(closed) in said and said.endswith("permission denied\n")

    assert as_nobody(is_named)
    closed.chmod(0o700)


@pytest.fixture
def archive() -> Iterator[Path]:
    """A folder that all may read and nobody may write to, once it is locked."""
    with tempfile.TemporaryDirectory() as made:  # pytest's own lets nobody through
        folder = Path(made) / "archive"
        folder.mkdir()
        Path(made).chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_a_copy_that_cannot_be_written_is_read_whole_or_not_at_all(
    tmp_path: Path, archive: Path
) -> None:
    live, copy = tmp_path / "records.sqlite", archive / "records.sqlite"
    command = ["export", "--store", str(copy)]
    with RecordStore(live) as store:
        store.add([report(seq) for seq in range(3)])
        shutil.copy(live, copy)
        shutil.copy(f"{live}-wal", f"{copy}-wal")
    CliRunner().invoke(main, ["export", "--store", str(live)])
    archive.chmod(0o555)

    def is_refused() -> bool:
        ran = CliRunner().invoke(main, command)
        is_sentence = ran.exit_code == 2 and ran.stderr.count("\n") == 1
        return is_sentence and f"the folder {archive} must be writable" in ran.stderr

    assert as_nobody(is_refused)
    archive.chmod(0o755)
    (archive / "records.sqlite-wal").unlink()
    shutil.copy(live, copy)  # closed, and so without a log
    for has_log in (False, True):
        if has_log:
            (archive / "records.sqlite-wal").touch()
        archive.chmod(0o555)
        assert as_nobody(lambda: CliRunner().invoke(main, command).stdout.count("\n") == 1 + 3)
        archive.chmod(0o755)
