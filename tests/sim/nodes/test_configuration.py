"""What the board reads comes from the description alone, wherever that stands."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from description_keys import nested

from filmgauge.config import Config, numbers, texts
from filmgauge.gauge.profile import Profile
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.configuration import Broker, compiled_profile, firmware_configuration
from filmgauge_sim.nodes.description import (
    DescriptionError,
    NodeDescription,
    description_from,
    read_description,
    to_toml,
)
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

KEY = "000102030405060708090a0b0c0d0e0f"
ON_USB = {
    "name": "n",
    "board": "pico-w",
    "commands": True,
    "update_key": 2 * KEY,
    "reduces_service": True,
    "cell.soc": 0.25,
    "cell.soc_sigma": 0.02,
    "cell.new": True,
    "cell.number": 3,
    "sensor.shunt_ohm": 470.5,
    "sensor.ina228_address": 65,
    "sensor.tmp117_address": 73,
    "sensor.i2c_hz": 100_000,
    "sensor.divider_ohm": 2_000_000,
    "pins.scl": 1,
    "pins.sda": 0,
    "pins.gate": 2,
    "pins.disconnect": 3,
    "pins.charge": 5,
    "intervals.sample_s": 30,
    "intervals.report_every": 2,
    "intervals.journal_every": 9,
    "intervals.offset_every": 500,
    "records.backlog": 100,
    "records.backlog_per_report": 8,
    "records.update_pieces": 40,
    "records.load_ua": 2.5,
    "wifi.ssid": "lab",
    "wifi.timeout_ms": 9000,
    "broker.host": "hub",
    "broker.port": 8883,
    "broker.tls": True,
    "broker.pin": 2 * KEY,
    "broker.timeout_ms": 4000,
}
PASSWORDS = {"wifi_password": "secret-1", "mqtt_password": "secret-2", "command_key": KEY}
ON_FILM = {
    "name": "n",
    "board": "stm32wb55",
    "supply": "film",
    "sensor.switched": True,
    "pins.sensors": 40,
    "pins.supply": 0,
    "intervals.full_sample_every": 12,
    "intervals.report_every_most": 24,
    "records.load_ua": 6.0,
    "bluetooth.advertise_ms": 5000,
    "bluetooth.interval_ms": 1000,
    "bluetooth.idle_ms": 8000,
    "bluetooth.connected_ms": 30000,
    "bluetooth.awake_ms": 100,
    "bluetooth.encrypted": True,
    "budget.own_uw": 5.25,
    "budget.wake_uj": 445.0,
    "budget.glance_uj": 31.0,
    "budget.report_uj": 3.0,
    "budget.advert_uj": 14.5,
    "budget.event_uj": 7.5,
    "budget.awake_uw": 15000.0,
    "budget.waking_uj": 4.5,
    "budget.refill_efficiency": 0.85,
}


def made(values: dict[str, Any], secrets: dict[str, str]) -> dict[str, int | str]:
    return firmware_configuration(description_from(nested(values)), secrets)


def test_every_key_reaches_the_firmware() -> None:
    usb, film = made(ON_USB, PASSWORDS), made(ON_FILM, {"ble_key": KEY})
    assert usb == {
        "node": "n",
        "sample_s": 30,
        "report_every": 2,
        "journal_every": 9,
        "zero_every": 500,
        "shed": 1,
        "shunt_mohm": 470_500,
        "ina228_address": 65,
        "tmp117_address": 73,
        "i2c_hz": 100_000,
        "divider_ohm": 2_000_000,
        "pin_scl": 1,
        "pin_sda": 0,
        "pin_gate": 2,
        "pin_disconnect": 3,
        "pin_charge": 5,
        "initial_soc_ppm": 250_000,
        "initial_sigma_ppm": 20_000,
        "cell_new": 1,
        "cell_number": 3,
        "load_na": 2500,
        "backlog": 100,
        "backlog_per_report": 8,
        "update_pieces": 40,
        "wifi_ssid": "lab",
        "wifi_password": "secret-1",
        "wifi_timeout_ms": 9000,
        "mqtt_host": "hub",
        "mqtt_port": 8883,
        "mqtt_tls": 1,
        "mqtt_pin": 2 * KEY,
        "mqtt_user": "n",
        "mqtt_password": "secret-2",
        "mqtt_timeout_ms": 4000,
        "command_key": KEY,
        "update_key": 2 * KEY,
    }
    pins = BOARDS["stm32wb55"].pins
    assert film == {
        "node": "n",
        "shed": 1,
        "initial_sigma_ppm": 290_000,
        "pin_supply": 0,
        # 2 x 64 ms at 8 mA and 1.8 V through 0.9 are 2.05 mJ: 4.7 mF have them above 2.0 V from
        # 2.207 V on; with 0.8 mV of its resistance and 2 %, half of 2.252 V, of 1.8 V.
        "save_level": 40998,
        "pin_scl": pins.scl,
        "pin_sda": pins.sda,
        "pin_gate": pins.gate,
        "pin_disconnect": pins.disconnect,
        "pin_sensors": 40,
        "look_every": 12,
        "report_most": 24,
        "load_na": 6000,
        "own_nw": 5250,
        "wake_nj": 445_000,
        "glance_nj": 31_000,
        "report_nj": 3000,
        "advert_nj": 14_500,
        "event_nj": 7500,
        "awake_uw": 15_000,
        "waking_nj": 4500,
        "refill_ppm": 850_000,
        "ble_advertise_ms": 5000,
        "ble_interval_ms": 1000,
        "ble_idle_ms": 8000,
        "ble_connected_ms": 30_000,
        "ble_awake_ms": 100,
        "ble_key": KEY,
    }
    over_the_air = {"mqtt_password_next"}  # while a password is rotated
    assert {*usb, *film, *over_the_air} == {name for name, *_ in (*numbers(), *texts())}


def test_a_node_that_plans_its_reports_asks_what_its_cell_gives_at_its_own_load() -> None:
    planned = {**ON_FILM, "cell.area_cm2": 60.0}
    del planned["records.load_ua"]
    load_ua = energy_budget(description_from(nested(planned))).cell_uah_day / 24
    assert made(planned, {"ble_key": KEY})["load_na"] == round(1000 * load_ua)
    assert 4 < load_ua < 5
    del planned["intervals.report_every_most"]
    assert "load_na" not in made(planned, {"ble_key": KEY})


def test_reports_are_planned_only_as_often_as_the_converter_carries_them() -> None:
    """The planner goes by the charge: a full cell behind a weak converter would not save it."""
    planned = {**ON_FILM, "cell.area_cm2": 60.0, "intervals.report_every": 1}
    load_ua = energy_budget(description_from(nested(planned))).cell_ua
    assert made({**planned, "converter.discharge_ua": 1.001 * load_ua}, {"ble_key": KEY})
    weak = {**planned, "converter.discharge_ua": 0.98 * load_ua}
    with pytest.raises(DescriptionError, match=r"converter\.discharge_ua must be at least "):
        made(weak, {"ble_key": KEY})
    assert made({**weak, "intervals.report_every_most": 0}, {"ble_key": KEY})


def test_the_firmware_takes_it_and_defaults_stay_its_own() -> None:
    config = Config(**made({"name": "n", "wifi.ssid": "lab", "broker.host": "hub"}, {}))
    usual = {name: default for name, default, *_ in (*numbers(), *texts())}
    own = {"node", "pin_scl", "pin_sda", "pin_gate", "wifi_ssid", "mqtt_host"}
    differing = {name for name, value in usual.items() if getattr(config, name) != value}
    assert differing == {*own, "initial_sigma_ppm"}  # nothing is known of the cell


@pytest.mark.parametrize("name", ["bench", "window", "implant"])
def test_inline_and_in_a_file_it_is_the_same(tmp_path: Path, name: str) -> None:
    description = load_scenario(name).node[0].description
    (tmp_path / "node.toml").write_text(to_toml(description))
    (tmp_path / "scenario.toml").write_text(
        'name = "s"\n[[node]]\nfile = "node.toml"\n[node.world]\nclock_error_ppm = 20\n'
    )
    inline = load_scenario(name).node[0]
    in_file = load_scenario(str(tmp_path / "scenario.toml")).node[0]
    alone = read_description(tmp_path / "node.toml")
    broker = Broker("127.0.0.1", 1883)
    assert (
        firmware_configuration(inline.description, inline.secrets, broker)
        == firmware_configuration(in_file.description, in_file.secrets, broker)
        == firmware_configuration(alone, {}, broker)
    )
    assert compiled_profile(alone).to_bytes() == compiled_profile(description).to_bytes()


def test_what_is_simulated_is_what_is_flashed_on_film() -> None:
    description = description_from(nested(ON_FILM))
    secrets = {"ble_key": KEY}
    virtual = firmware_configuration(description, secrets, Broker("127.0.0.1", 1883))
    assert virtual == firmware_configuration(description, secrets)


def test_a_virtual_broker_replaces_the_described_one() -> None:
    description = description_from(nested({**ON_USB, "broker.user": "me"}))
    values = firmware_configuration(description, PASSWORDS, Broker("127.0.0.1", 1884, "u", "p"))
    broker = {key: values[key] for key in values if key.startswith("mqtt_")}
    assert broker == {
        "mqtt_host": "127.0.0.1",
        "mqtt_port": 1884,
        "mqtt_user": "u",
        "mqtt_password": "p",
        "mqtt_timeout_ms": 4000,
    }


@pytest.mark.parametrize(
    ("values", "secrets", "reason"),
    [
        ({"name": "n"}, {}, "wifi.ssid is missing: node n on esp32-c3 reports over Wi-Fi"),
        ({"name": "n", "wifi.ssid": "a"}, {}, "broker.host is missing: node n on esp32-c3"),
        (ON_FILM, {}, "the secret ble_key of node n is missing"),
        (ON_USB, {}, "the secret command_key of node n is missing"),
        (ON_FILM, {"ble_key": "12"}, "ble_key must be 32 hexadecimal digits"),
    ],
)
def test_what_is_missing_is_named(
    values: dict[str, Any], secrets: dict[str, str], reason: str
) -> None:
    with pytest.raises(DescriptionError, match=reason):
        made(values, secrets)


def test_keys_that_a_node_does_not_use_stay_where_they_are() -> None:
    values = made({"name": "n", "board": "stm32wb55"}, {**PASSWORDS, "ble_key": KEY})
    assert not {"wifi_password", "mqtt_password", "command_key", "ble_key"} & set(values)


def test_energy_is_never_free_with_switched_sensors() -> None:
    plain = {key: value for key, value in ON_FILM.items() if not key.startswith("budget")}
    description = description_from(nested({**plain, "capacitor.capacitance_uf": 4700.0}))
    config = Config(**firmware_configuration(description, {"ble_key": KEY}))
    figures = energy_budget(description).figures
    assert config.own_nw == round(1000 * figures.own_uw) > 0
    for name in ("wake_nj", "glance_nj", "advert_nj", "event_nj", "awake_uw", "waking_nj"):
        assert getattr(config, name) > 0, name


@pytest.mark.parametrize("cell", ["pre-li", "evp-li"])
def test_the_profile_is_that_of_the_cell(cell: str) -> None:
    description = varied(NodeDescription(name="n"), {"cell.set": cell, "cell.area_cm2": 3.5})
    profile = Profile.from_bytes(compiled_profile(description).to_bytes())
    parameters = load_parameters(cell)
    assert profile.name == parameters.name
    assert profile.full_pc() == pytest.approx(parameters.capacity_uah_cm2 * 3.5 * 3.6e9, rel=1e-4)


def test_a_description_that_is_written_gives_the_same_again() -> None:
    description = description_from(nested(ON_FILM))
    again = description_from(tomllib.loads(to_toml(description)))
    secrets = {"ble_key": KEY}
    assert firmware_configuration(again, secrets) == firmware_configuration(description, secrets)
