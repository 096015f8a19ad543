"""Which keys a node gets: its own, whatever its description and its files have gone through."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from provision_files import film_file, provision, wifi_file

from filmgauge.config import SECRETS
from filmgauge_host.cli.app import main

KEYED = "commands = true"


def secrets_in(folder: Path) -> dict[str, str]:
    return tomllib.loads((folder / "secrets.toml").read_text())


@pytest.mark.parametrize(("name", "out"), [("shelf-2", "nodes"), ("shelf-1", "elsewhere")])
def test_a_description_that_is_a_template_hands_no_keys_on(
    tmp_path: Path, name: str, out: str
) -> None:
    provision("--from", wifi_file(tmp_path, more=KEYED), "--out", tmp_path / "nodes")
    first = tmp_path / "nodes/shelf-1"
    before = secrets_in(first)
    template = first / "node.toml"
    template.write_text(template.read_text().replace("shelf-1", name))
    # Not even the Wi-Fi's password is asked for.
    ran = provision("--from", template, "--out", tmp_path / out, "--json", env={})
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert (said["made"], said["kept"]) == (["command_key", "mqtt_password"], ["wifi_password"])
    words = f"{name} gets its own command_key, mqtt_password: those in {first} are not taken over"
    assert words in " ".join(ran.stderr.split())
    after = secrets_in(tmp_path / out / name)
    assert after.keys() == before.keys()
    assert {key for key in after if after[key] == before[key]} == {"wifi_password"}
    again = provision("--from", template, "--out", tmp_path / out, "--json", env={})
    assert json.loads(again.stdout)["made"] == []
    assert secrets_in(tmp_path / out / name) == after
    assert secrets_in(first) == before
    assert not [value for key, value in before.items() if key in SECRETS and value in ran.output]


def test_the_keys_of_a_lost_file_are_those_that_the_host_knows(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    for source, node in (
        (film_file(tmp_path), "leaf"),
        (wifi_file(tmp_path, more=KEYED), "shelf-1"),
    ):
        provision("--from", source, "--out", out)
        before, known = secrets_in(out / node), (out / "known.toml").read_text()
        (out / node / "secrets.toml").unlink()
        ran = provision("--from", source, "--out", out)
        assert ran.exit_code == 0, ran.output
        after = secrets_in(out / node)
        assert after.keys() == before.keys()
        changed = {key for key in after if after[key] != before[key]}
        assert changed == ({"mqtt_password"} if node == "shelf-1" else set())
        assert (out / "known.toml").read_text() == known


@pytest.mark.parametrize("name", ["wifi_password", "mqtt_password"])
@pytest.mark.parametrize("is_lost", [True, False])
def test_a_board_is_not_flashed_without_its_passwords(
    tmp_path: Path, name: str, is_lost: bool
) -> None:
    out = tmp_path / "nodes"
    provision("--from", wifi_file(tmp_path), "--out", out)
    file = out / "shelf-1/secrets.toml"
    if is_lost:
        file.unlink()
    else:
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if not line.startswith(name)))
    port = tmp_path / "none"

    def said(*given: str) -> str:
        env = {f"FILMGAUGE_NODE_{each.upper()}": "" for each in given}
        flash = ["flash", "--node", str(out / "shelf-1"), "--port", str(port)]
        ran = CliRunner(env=env).invoke(main, flash)
        assert ran.exit_code != 0
        assert len(ran.stderr.splitlines()) == 1
        return ran.stderr

    assert f"{name} of shelf-1 must be in {file}" in said(
        *{"wifi_password", "mqtt_password"} - {name}
    )
    assert "must be in" not in said("wifi_password", "mqtt_password")  # there is no board
