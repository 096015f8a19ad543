"""Files in folders that belong to somebody else."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from filmgauge_host.cli.app import main

NOBODY = 65534


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
    child = os.fork()
    if not child:
        failed = True
        try:
            os.chdir("/")
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            ran = CliRunner().invoke(main, command)
            said = ran.stderr.lower()
            failed = ran.exit_code != 2 or said.count("\n") != 1 or str(closed) not in said
            failed |= not said.endswith("permission denied\n")
        finally:
            os._exit(failed)
    assert os.waitpid(child, 0)[1] == 0
    closed.chmod(0o700)
