"""Which file with keys is read, where some are another user's."""

import os
from pathlib import Path

from filmgauge_host.ble.node_registry import read_registry, registry_path
from filmgauge_host.errors import InputError

NOBODY = 65534


def test_a_usual_file_in_a_closed_folder_is_none_and_a_named_one_is_said(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir()
    (closed / "nodes.toml").write_text("")
    closed.chmod(0)
    child = os.fork()  # root may read everything, so that it must become somebody else
    if not child:
        failed = 1
        try:
            os.chdir("/")
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            usual = closed / "nodes.toml"
            assert registry_path(None, usual) is None
            assert read_registry(None, usual).by_name == {}
            try:
                read_registry(usual)
            except InputError as error:
                failed = not str(error).endswith("nodes.toml cannot be read: Permission denied")
        finally:
            os._exit(failed)
    assert os.waitpid(child, 0)[1] == 0
    closed.chmod(0o700)
