"""Keys on the host while several change them at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from filmgauge_host.ble.node_registry import read_registry
from filmgauge_host.errors import InputError
from filmgauge_host.folder_lock import locked
from filmgauge_host.provision.key_files import KeyFiles
from filmgauge_host.serial.used_keys import UsedKeys

NODES = [f"shelf-{number}" for number in range(6)]


def test_who_changes_keys_at_the_same_time_writes_away_none_of_another(tmp_path: Path) -> None:
    together = Barrier(len(NODES))

    def change(node: str) -> str:
        files = KeyFiles(tmp_path, node)
        together.wait()
        files.make(["command_key"])
        pending = files.begin("command_key")
        assert files.value("command_key") != pending
        files.finish("command_key")
        return pending

    with ThreadPoolExecutor(len(NODES)) as pool:
        made = dict(zip(NODES, pool.map(change, NODES), strict=True))
    known = read_registry(tmp_path / "known.toml").by_name
    assert {name: known[name].command_key for name in NODES} == {
        name: bytes.fromhex(key) for name, key in made.items()
    }
    assert {path.name for path in tmp_path.iterdir()} == {"known.toml"}


def test_a_key_that_another_has_changed_meanwhile_stays(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path, "shelf-1")
    files.make(["command_key"])
    files.begin("command_key")
    KeyFiles(tmp_path, "shelf-1").make(["command_key"])
    made = files.value("command_key")
    with pytest.raises(InputError, match="somebody else has changed command_key meanwhile"):
        files.finish("command_key")
    assert files.value("command_key") == made != ""


def test_a_key_that_may_reach_a_node_is_no_new_one_any_more(tmp_path: Path) -> None:
    (tmp_path / "shelf-1").mkdir()
    files = KeyFiles(tmp_path, "shelf-1")
    files.make(["command_key"])
    made = {"command_key": files.value("command_key")}
    rotated = {"command_key": files.begin("command_key")}
    used = UsedKeys(tmp_path / "shelf-1")
    assert used.are_new(made)  # before it is flashed
    assert not used.are_new(rotated)


def test_a_folder_that_was_made_for_nothing_goes_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "nodes"
    with locked(folder):
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []
