"""`filmgauge ble configure` on the firmware itself, over a virtual air."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from filmgauge_host.cli.app import main
from filmgauge_sim.nodes.description import to_toml
from filmgauge_sim.nodes.secrets import SECRETS_FILE, secrets_to_toml
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

KEY = "000102030405060708090a0b0c0d0e0f"


def configure(folder: Path, *arguments: str, key: str | None = KEY):
    """Return the result of the command on a node of `window` whose command key is KEY."""
    described = varied(load_scenario("window").node[0].description, {"commands": True})
    (folder / "node.toml").write_text(to_toml(described))
    secrets = folder / SECRETS_FILE
    secrets.write_text(secrets_to_toml({"command_key": KEY}))
    secrets.chmod(0o600)
    scenario = folder / "keyed.toml"
    scenario.write_text('name = "keyed"\n[[node]]\nfile = "node.toml"\n')
    options = ["--air", "virtual", "--scenario", str(scenario)]
    if key is not None:
        nodes = folder / "nodes.toml"
        nodes.write_text(f'[nodes.window-1]\ncommand_key = "{key}"\n')
        nodes.chmod(0o600)
        options += ["--nodes", str(nodes)]
    return CliRunner().invoke(main, ["ble", "configure", "window-1", *arguments, *options])


def test_a_command_key_changes_the_configuration(tmp_path: Path) -> None:
    ran = configure(tmp_path, "report_every=6")
    assert ran.exit_code == 0, ran.output
    assert "report_every changed" in ran.output


def test_a_paired_link_needs_no_key(tmp_path: Path) -> None:
    ran = configure(tmp_path, "report_every=6", "--pair", key=None)
    assert ran.exit_code == 0, ran.output
    assert "report_every changed" in ran.output


@pytest.mark.parametrize(
    ("change", "key", "code", "reason"),
    [
        ("report_every=0", KEY, 2, "report_every must be an integer from 1 to 1440, not 0"),
        ("report_every=6", KEY[:-1] + "e", 1, "refused the command: the MAC is wrong"),
    ],
)
def test_what_is_refused_tells_why(
    tmp_path: Path, change: str, key: str, code: int, reason: str
) -> None:
    ran = configure(tmp_path, change, key=key)
    assert ran.exit_code == code, ran.output
    assert reason in ran.output
