"""Folders with secrets: nobody but their owner writes into them."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from provision_files import provision, tree, wifi_file

from filmgauge_host.cli.app import main

KEYED = "commands = true"


@pytest.mark.parametrize("umask", [0o002, 0o007])
def test_a_group_of_the_user_is_kept_out_whatever_the_umask_is(tmp_path: Path, umask: int) -> None:
    source, out = wifi_file(tmp_path, more=KEYED), tmp_path / "of/all/nodes"
    before = os.umask(umask)
    try:
        ran = provision("--from", source, "--out", out)
        listed = CliRunner().invoke(main, ["keys", "list", "--nodes", str(out)])
    finally:
        os.umask(before)
    assert (ran.exit_code, listed.exit_code) == (0, 0), ran.output + listed.output
    folders = [out.parent.parent, *(path for path in out.parent.rglob("*") if path.is_dir())]
    assert not [path for path in folders if path.stat().st_mode & 0o022]
    for name in ("shelf-1", "mosquitto"):
        assert (out / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("opened", [".", "shelf-1", "mosquitto"])
def test_a_folder_that_others_write_into_gets_no_secrets(tmp_path: Path, opened: str) -> None:
    folder = tmp_path / "nodes" / opened
    folder.mkdir(parents=True)
    folder.chmod(0o775)
    ran = provision("--from", wifi_file(tmp_path, more=KEYED), "--out", tmp_path / "nodes")
    assert (ran.exit_code, tree(tmp_path / "nodes")) == (2, {})
    assert f"chmod 700 {folder}" in " ".join(ran.stderr.split())
