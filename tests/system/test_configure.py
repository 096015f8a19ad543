"""`filmgauge ble configure` and `command` on the firmware itself, over a virtual air."""

import re
from pathlib import Path
from typing import Any

import pytest
from bleak.exc import BleakError
from click.testing import CliRunner

from filmgauge_host.cli.app import main
from filmgauge_host.virtual import bleak_client
from filmgauge_sim.nodes.description import to_toml
from filmgauge_sim.nodes.secrets import SECRETS_FILE, secrets_to_toml
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

KEY = "000102030405060708090a0b0c0d0e0f"
NEW_KEY = "5ec2e7" * 5 + "00"


def ble(folder: Path, verb: str, *arguments: str, key: str | None = KEY, asked: str = ""):
    """Return the result of a command on a node of `window` whose command key is KEY. asked: what
    is typed."""
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
    return CliRunner().invoke(main, ["ble", verb, "window-1", *arguments, *options], input=asked)


def configure(folder: Path, *arguments: str, key: str | None = KEY, asked: str = ""):
    return ble(folder, "configure", *arguments, key=key, asked=asked)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, bytes]]:
    """What the host writes, and whether the link is encrypted by then."""
    seen: list[tuple[bool, bytes]] = []
    write = bleak_client._Client.write_gatt_char

    async def write_gatt_char(self: Any, to: Any, data: Any, response: bool) -> None:
        seen.append((bool(self._linked().is_encrypted), bytes(data)))
        await write(self, to, data, response)

    monkeypatch.setattr(bleak_client._Client, "write_gatt_char", write_gatt_char)
    return seen


def ways_of_secret(written: list[tuple[bool, bytes]]) -> set[bool]:
    return {is_encrypted for is_encrypted, data in written if b"5ec2e7" in data}


def test_a_command_key_changes_the_configuration(tmp_path: Path) -> None:
    ran = configure(tmp_path, "report_every=6")
    assert ran.exit_code == 0, ran.output
    assert "report_every changed" in ran.output


def test_an_encrypted_link_needs_the_key_as_well(
    tmp_path: Path, written: list[tuple[bool, bytes]]
) -> None:
    ran = configure(tmp_path, "report_every=6", "--pair", key=None)
    assert ran.exit_code == 2, ran.output
    assert "there is no command_key for window-1: list it in --nodes" in ran.output
    ran = configure(tmp_path, "report_every=6", "--pair")
    assert ran.exit_code == 0, ran.output
    assert "report_every changed" in ran.output
    assert {is_encrypted for is_encrypted, _ in written} == {True}


def test_a_secret_goes_over_an_encrypted_link(
    tmp_path: Path, written: list[tuple[bool, bytes]]
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'ble_key = "{NEW_KEY}"\n')
    ran = configure(tmp_path, "--ask", "ble_key", asked=NEW_KEY + "\n")
    assert ran.exit_code == 0, ran.output
    assert "ble_key changed" in ran.output
    ran = ble(tmp_path, "command", "set", f"@{file}")
    assert ran.exit_code == 0, ran.output
    assert ways_of_secret(written) == {True}


def test_a_secret_goes_in_clear_where_that_is_asked_for(
    tmp_path: Path, written: list[tuple[bool, bytes]]
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'ble_key = "{NEW_KEY}"\n')
    for arguments in (("configure", "--from", str(file)), ("command", "set", f"@{file}")):
        ran = ble(tmp_path, *arguments, "--in-clear")
        assert ran.exit_code == 0, ran.output
        assert ways_of_secret(written) == {False}
        written.clear()


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (NotImplementedError("Pairing is not available in Core Bluetooth."), "nsufficient"),
        (None, "nsufficient"),  # BlueZ, which has a bond that the node has dropped
        (BleakError("[org.bluez.Error.AuthenticationFailed]"), "could not pair: "),
    ],
)
def test_a_link_that_is_not_encrypted_after_all_brings_no_secret(
    tmp_path: Path,
    written: list[tuple[bool, bytes]],
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception | None,
    reason: str,
) -> None:
    async def pair(*_arguments: Any, **_options: Any) -> None:
        if failure is not None:
            raise failure

    monkeypatch.setattr(bleak_client._Client, "pair", pair)
    ran = configure(tmp_path, "--ask", "ble_key", asked=NEW_KEY + "\n")
    assert ran.exit_code == 1, ran.output
    assert reason in ran.output
    assert re.search(r"drop the host's with bluetoothctl remove (\w\w[:]?){6}$", ran.output)
    assert bool(written) == (reason == "nsufficient")
    assert not ways_of_secret(written)


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
