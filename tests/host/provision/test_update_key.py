"""The key with which versions are signed, on its way from the folder of the nodes to each."""

from pathlib import Path

import pytest
from provision_files import SECRET, config_of, provision, wifi_file

from filmgauge_host.provision.node_file import read_node
from filmgauge_host.provision.written_key import without_written_key
from filmgauge_host.upgrade.signing_key import make_key, public_text
from filmgauge_sim.nodes.configuration import firmware_configuration
from filmgauge_sim.nodes.description import DescriptionError
from filmgauge_sim.nodes.update_key import nodes_folder, read_public, with_folder_key
from filmgauge_sim.scenario.loading import scenario_of_node

OWN = "ab" * 32


def update_key(folder: Path) -> object:
    """Return the key that a board gets which is flashed from the folder of a node."""
    nodes = nodes_folder(folder)
    description, secrets = read_node(folder, print)
    described = with_folder_key(without_written_key(description, nodes, print), nodes)
    return firmware_configuration(described, secrets).get("update_key")


def test_a_node_gets_the_key_that_its_folder_has_when_it_is_flashed(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    first = public_text(make_key(out / "update.key"))
    source = wifi_file(tmp_path, more="commands = true")
    assert provision("--from", source, "--out", out).exit_code == 0
    assert config_of(out / "shelf-1").update_key == ""  # there is no copy of it
    assert update_key(out / "shelf-1") == first
    second = public_text(make_key(out / "update.key", replace=True))
    assert update_key(out / "shelf-1") == second
    node = scenario_of_node(out / "shelf-1" / "node.toml").node[0].description
    assert node.update_key == second


def test_a_key_of_its_own_stays(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    make_key(out / "update.key")
    source = wifi_file(tmp_path, more=f'commands = true\nupdate_key = "{OWN}"')
    assert provision("--from", source, "--out", out).exit_code == 0
    assert update_key(out / "shelf-1") == OWN


def test_a_key_that_was_written_into_a_description_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nodes"
    written = public_text(make_key(out / "update.key"))
    source = wifi_file(tmp_path, more=f'commands = true\nupdate_key = "{written}"')
    assert provision("--from", source, "--out", out).exit_code == 0
    assert config_of(out / "shelf-1").update_key == ""
    file = out / "shelf-1" / "node.toml"
    file.write_text(f'update_key = "{written}"\n{file.read_text()}')  # as it was written once
    assert update_key(out / "shelf-1") == written
    assert capsys.readouterr().out == ""
    second = public_text(make_key(out / "update.key", replace=True))
    assert update_key(out / "shelf-1") == second
    assert f"update-{written[:8]}.key" in capsys.readouterr().out
    ran = provision("--from", file, "--out", out)
    assert f"update-{written[:8]}.key" in ran.stderr
    assert config_of(out / "shelf-1").update_key == ""


@pytest.mark.parametrize("text", ["abc", SECRET])
def test_a_file_with_something_else_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "update.pub").write_text(text)
    with pytest.raises(DescriptionError, match=r"update\.pub must be 64 hexadecimal digits"):
        read_public(tmp_path)
