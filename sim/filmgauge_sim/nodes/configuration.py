"""What the board of a node reads: the only maker of a configuration and of a compiled profile."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from filmgauge.config import Config, numbers, texts
from filmgauge.migration import NEW
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import CompiledProfile, compile_profile
from filmgauge_sim.nodes.broker_security import BrokerSecurity, described_security
from filmgauge_sim.nodes.description import DescriptionError, NodeDescription
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.secrets import check_secrets, needed_keys

NEW_NODE = {NEW: b""}  # beside the files of a node that never was: it has nothing to remember
VIRTUAL_SSID = "virtual"  # the network of a virtual node that is told of none


@dataclass(frozen=True)
class Broker:
    """Where virtual nodes find their broker, whatever their descriptions say."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: BrokerSecurity | None = None


_SLOWEST_PAGE = 2.0  # assumed: an old flash takes twice the typical time
_ANALOG_ERROR = 0.02  # assumed: two resistors of 1 %, reference and converter


def board_files(
    description: NodeDescription, secrets: Mapping[str, str], broker: Broker | None = None
) -> dict[str, bytes]:
    """Return the files of a node that a board gets beside the firmware: /config.json,
    /profile.bin, and with TLS its certificates. Raises DescriptionError as their makers do."""
    configuration = firmware_configuration(description, secrets, broker)
    security = described_security(description) if broker is None else broker.security
    return {
        "/config.json": json.dumps(configuration).encode(),
        "/profile.bin": compiled_profile(description).to_bytes(),
        **(security.board_files() if security else {}),
    }


def firmware_configuration(
    description: NodeDescription, secrets: Mapping[str, str], broker: Broker | None = None
) -> dict[str, int | str]:
    """Return /config.json of a node: what differs from the firmware's defaults.

    broker: that of a virtual world, instead of the described one. Raises DescriptionError where
    the firmware does not take a value, or a secret or the way to the broker is missing.
    """
    check_secrets(secrets)
    for name in needed_keys(description):
        if not secrets.get(name):
            raise DescriptionError(f"the secret {name} of node {description.name} is missing")
    values: dict[str, int | str] = {
        "node": description.name,
        **_cell_and_sensor(description),
        **_intervals(description),
        **(_budget(description) if description.sensor.switched else {}),
    }
    if description.kind.pins.supply >= 0:
        values["pin_supply"] = description.kind.pins.supply
        values["save_level"] = save_level(description)
    if description.commands:
        values["command_key"] = secrets["command_key"]
        values["update_key"] = description.update_key
    if description.kind.has_wifi:
        values |= _wifi(description, secrets, broker)
    if description.kind.has_bluetooth:
        values |= _bluetooth(description, secrets)
    try:
        Config(**values)
    except ValueError as error:
        raise DescriptionError(f"node {description.name}: {error}") from None
    usual = {name: default for name, default, *_ in (*numbers(), *texts())}
    return {name: value for name, value in values.items() if value != usual[name]}


def save_level(description: NodeDescription) -> int:
    """Return what the analog input at half of the capacitor's voltage must read, of 65535, for a
    save: a page erased and written, and as much again for a slow one, end above the brown-out.

    Raises DescriptionError where the full capacitor does not hold as much.
    """
    kind, capacitor = description.kind, description.capacitor
    taken_uw = description.buffer.taken_uw(kind.active_ua)
    energy_uj = _SLOWEST_PAGE * kind.flash.page_us * 1e-6 * taken_uw
    least_v = math.sqrt(kind.brown_out_v**2 + 2.0 * energy_uj / capacitor.capacitance_uf)
    least_v += kind.active_ua * 1e-6 * capacitor.series_ohm
    least_v *= 1.0 + _ANALOG_ERROR
    if least_v >= 2.0 * kind.supply_v:
        raise DescriptionError(
            f"node {description.name}: a save needs {least_v:.2f} V on its capacitor, more than"
            f" can be measured: capacitor.capacitance_uf must be above"
            f" {capacitor.capacitance_uf:g}"
        )
    return math.ceil(least_v / 2.0 / kind.supply_v * 65535)


def compiled_profile(description: NodeDescription) -> CompiledProfile:
    """Return the profile of its cell. Raises DescriptionError."""
    cell = description.cell
    try:
        return compile_profile(load_parameters(cell.set), cell.area_cm2)
    except ValueError as error:
        raise DescriptionError(f"node {description.name} cell: {error}") from None


def _cell_and_sensor(description: NodeDescription) -> dict[str, int | str]:
    sensor, pins = description.sensor, description.kind.pins
    return {
        "initial_soc_ppm": round(description.soc * 1e6),
        "initial_sigma_ppm": round(description.soc_sigma * 1e6),
        "cell_new": int(description.cell.new),
        "cell_number": description.cell.number,
        "shunt_mohm": round(sensor.shunt_ohm * 1000),
        "ina228_address": sensor.ina228_address,
        "tmp117_address": sensor.tmp117_address,
        "i2c_hz": sensor.i2c_hz,
        "divider_ohm": sensor.divider_ohm,
        "pin_scl": pins.scl,
        "pin_sda": pins.sda,
        "pin_gate": pins.gate,
        "pin_sensors": pins.sensors,
        "pin_disconnect": pins.disconnect,
        "pin_charge": pins.charge,
    }


def _intervals(description: NodeDescription) -> dict[str, int | str]:
    intervals, records = description.intervals, description.records
    reduces, planned_ua = description.reduces_service, _planned_load_ua(description)
    return {
        "sample_s": intervals.sample_s,
        "report_every": intervals.report_every,
        "report_most": intervals.report_every_most,
        "journal_every": intervals.journal_every,
        "look_every": intervals.full_sample_every,
        "zero_every": intervals.offset_every,
        "shed": int(description.supply == "film" if reduces is None else reduces),
        "load_na": round(1000 * (records.load_ua or planned_ua)),
        "backlog": records.backlog,
        "backlog_per_report": records.backlog_per_report,
        "update_pieces": records.update_pieces,
    }


def _planned_load_ua(description: NodeDescription) -> float:
    """Return the mean current of a node that plans its reports, which asks what its cell can give
    at that: at C/20 a cold film would seem empty. 0 for any other.

    Raises DescriptionError where its converter does not bring as much: the planner goes by the
    charge, and would report until the capacitor is empty beside a full cell.
    """
    if not description.intervals.report_every_most:
        return 0.0
    load_ua, brought_ua = energy_budget(description).cell_ua, description.converter.discharge_ua
    if load_ua > brought_ua:
        raise DescriptionError(
            f"node {description.name}: converter.discharge_ua must be at least {load_ua:.3g},"
            f" which a report every {description.intervals.report_every} wakes takes in the dark,"
            f" not {brought_ua:g}: with intervals.report_every_most the node may report as often"
            " by night"
        )
    return load_ua


def _budget(description: NodeDescription) -> dict[str, int | str]:
    figures = energy_budget(description).figures
    return {
        "own_nw": round(figures.own_uw * 1000),
        "wake_nj": round(figures.wake_uj * 1000),
        "glance_nj": round(figures.glance_uj * 1000),
        "report_nj": round(figures.report_uj * 1000),
        "advert_nj": round(figures.advert_uj * 1000),
        "event_nj": round(figures.event_uj * 1000),
        "awake_uw": round(figures.awake_uw),
        "waking_nj": round(figures.waking_uj * 1000),
        "refill_ppm": round(figures.refill_efficiency * 1e6),
    }


def _wifi(
    description: NodeDescription, secrets: Mapping[str, str], broker: Broker | None
) -> dict[str, int | str]:
    wifi, described = description.wifi, description.broker
    if broker is None:
        for key, given in (("wifi.ssid", wifi.ssid), ("broker.host", described.host)):
            if not given:
                raise DescriptionError(
                    f"{key} is missing: node {description.name} on {description.board} reports"
                    " over Wi-Fi"
                )
        password = secrets.get("mqtt_password", "")
        user = described.user or (description.name if password else "")
        security = described_security(description)
        broker = Broker(described.host, described.port, user, password, security)
    security = broker.security
    changed = secrets.get("mqtt_password_next", "")
    return {
        **({"mqtt_password_next": changed} if changed else {}),
        "wifi_ssid": wifi.ssid or VIRTUAL_SSID,
        "wifi_password": secrets.get("wifi_password", ""),
        "wifi_timeout_ms": wifi.timeout_ms,
        "mqtt_host": broker.host,
        "mqtt_port": broker.port,
        "mqtt_user": broker.user,
        "mqtt_password": broker.password,
        "mqtt_tls": int(security is not None),
        "mqtt_pin": security.pin if security else "",
        "mqtt_timeout_ms": described.timeout_ms,
    }


def _bluetooth(description: NodeDescription, secrets: Mapping[str, str]) -> dict[str, int | str]:
    bluetooth = description.bluetooth
    return {
        "ble_advertise_ms": bluetooth.advertise_ms,
        "ble_interval_ms": bluetooth.interval_ms,
        "ble_idle_ms": bluetooth.idle_ms,
        "ble_connected_ms": bluetooth.connected_ms,
        "ble_awake_ms": bluetooth.awake_ms,
        "ble_key": secrets["ble_key"] if bluetooth.encrypted else "",
    }
