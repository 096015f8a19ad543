"""A parameter set in a file: copied beside the description, wherever that was read from."""

import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from provision_files import provision, tree, wifi_file

from filmgauge_host.provision.node_file import read_node
from filmgauge_sim.nodes.configuration import board_files


@pytest.mark.parametrize("name", ["mycell.toml", "sets/mycell.toml", "mycell"])
def test_a_file_in_the_folder_of_today_goes_with_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    known = (files("filmgauge_sim.cell") / "sets/evp-li.toml").read_bytes()
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_bytes(known)
    source = wifi_file(Path())
    source.write_text(source.read_text().replace('"evp-li"', f'"{name}"'))
    made = provision("--from", source)
    assert made.exit_code == 0, made.output
    assert tree(Path("nodes"))["shelf-1/cell.toml"] == (known, 0o644)
    before = tree(Path("nodes/shelf-1"))
    again = provision("--from", "nodes/shelf-1/node.toml")
    assert again.exit_code == 0, again.output
    assert tree(Path("nodes/shelf-1")) == before
    shutil.move("nodes", "elsewhere")
    Path(name).unlink()
    monkeypatch.chdir("/")
    content = board_files(*read_node(tmp_path / "elsewhere/shelf-1", lambda _: None))
    assert content["/profile.bin"]
