"""Which keys a node gets: its own, whatever its description and its files have gone through."""

import json
import tomllib
from pathlib import Path

import pytest
from provision_files import provision, wifi_file

from filmgauge.config import SECRETS

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
