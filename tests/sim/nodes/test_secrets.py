"""Secrets beside a description: read from a private file, or made up for a virtual node."""

import random
from pathlib import Path

import pytest

from filmgauge.config import SECRETS, Config
from filmgauge_sim.nodes.description import DescriptionError, NodeDescription
from filmgauge_sim.nodes.secrets import (
    SECRETS_FILE,
    check_secrets,
    needed_keys,
    read_secrets,
    secrets_to_toml,
    throwaway_secrets,
)
from filmgauge_sim.nodes.tables import varied

KEY = "000102030405060708090a0b0c0d0e0f"
ALL = {
    "wifi_password": 'a "b" \\ c',
    "mqtt_password": "p",
    "mqtt_password_next": "q",
    "ble_key": KEY,
    "command_key": KEY,
}
TALKING = varied(
    NodeDescription(name="n", board="stm32wb55"),
    {"bluetooth.advertise_ms": 5000, "bluetooth.encrypted": True, "commands": True},
)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / SECRETS_FILE
    path.write_text(text)
    path.chmod(mode)
    return path


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert set(ALL) == set(SECRETS)
    assert read_secrets(tmp_path) == {}
    written(tmp_path, secrets_to_toml(ALL))
    assert read_secrets(tmp_path) == ALL


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610, 0o602])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, secrets_to_toml(ALL), mode)
    with pytest.raises(DescriptionError, match=f"chmod 600 {path}"):
        read_secrets(tmp_path)


WIFI_REASON = "wifi_password must have 8 to 63 characters or 64 hexadecimal digits"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ble_key = ", "is not TOML"),
        ('key = "0x2a"', "key is no secret, it must be one of wifi_password, mqtt_password"),
        ("ble_key = 8472", "ble_key must be text"),
        ('ble_key = "0011"', "ble_key must be 32 hexadecimal digits"),
        (f'command_key = "{KEY[:-1]}x"', "command_key must be 32 hexadecimal digits"),
        (f'wifi_password = "{"x" * 64}"', WIFI_REASON),
        (f'wifi_password = "{"0" * 65}"', WIFI_REASON),
        ('wifi_password = "seven77"', WIFI_REASON),
        (f'wifi_password = "{"é" * 32}"', WIFI_REASON),
    ],
)
def test_what_is_wrong_is_told_without_the_value(tmp_path: Path, text: str, reason: str) -> None:
    written(tmp_path, text)
    with pytest.raises(DescriptionError, match=reason) as error:
        read_secrets(tmp_path)
    value = text.partition("= ")[2].strip('"')
    assert not value or value not in str(error.value)


@pytest.mark.parametrize("password", ["", "eight888", "x" * 63, "é" * 31, "0aF9" * 16])
def test_what_a_wifi_network_takes_as_password(password: str) -> None:
    check_secrets({"wifi_password": password})


def test_a_virtual_node_gets_the_keys_that_it_needs() -> None:
    made = throwaway_secrets(TALKING, random.Random(1))
    assert tuple(made) == needed_keys(TALKING) == ("ble_key", "command_key")
    Config(node="n", pin_scl=0, pin_sda=1, pin_gate=2, **made)
    assert made == throwaway_secrets(TALKING, random.Random(1))
    assert made["ble_key"] != made["command_key"]
    assert throwaway_secrets(NodeDescription(name="n"), random.Random(1)) == {}
