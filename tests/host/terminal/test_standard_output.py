"""Commands whose standard output cannot be written, or is not read to its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from store_records import report

from filmgauge_host.telemetry.store import RecordStore

SCRIPT = str(Path(sys.executable).with_name("filmgauge"))
COMMANDS = [
    ("--help",),
    ("alerts", "list", "--store", "{}"),
    ("export", "--store", "{}"),
    ("lab", "rate", "--currents", "8"),
]
commands = pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "records.sqlite"
    with RecordStore(path) as made:
        made.add([report(seq) for seq in range(1000)])
    return path


@pytest.mark.parametrize("unbuffered", ["", "1"])
@commands
def test_a_full_disk_is_one_sentence(store: Path, words: tuple[str, ...], unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [SCRIPT, *(word.format(store) for word in words)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert ran.stderr == (
        "filmgauge: standard output cannot be written: No space left on device\n"
    )
    assert ran.returncode == 1


@commands
def test_a_reader_who_went_away_is_told_nothing(store: Path, words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [SCRIPT, *(word.format(store) for word in words)]
    ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert ran.stderr == b""


def test_a_problem_that_cannot_be_said_either_keeps_its_exit_code(tmp_path: Path) -> None:
    command = [SCRIPT, "export", "--store", str(tmp_path / "none.sqlite")]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")
