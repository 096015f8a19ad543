"""The questions of `filmgauge provision`. Each answer is checked at once, by the firmware's rules.

Questions go to standard error, so that what is printed stays one JSON object with --json.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from filmgauge_host.errors import InputError
from filmgauge_host.provision import secret_values
from filmgauge_host.provision.configuration import (
    BOARDS,
    SUPPLIES,
    Supply,
    Value,
    board_defaults,
    check_area,
    check_value,
    default,
    has_wifi,
    is_number,
)
from filmgauge_host.provision.description import Description, checked_node, read_description
from filmgauge_host.provision.provisioning import DESCRIPTION, existing_secrets
from filmgauge_sim.nodes.boards import PINS

_PINS = {
    "pin_scl": "I2C clock",
    "pin_sda": "I2C data",
    "pin_gate": "gate of the voltage input",
    "pin_disconnect": "disconnect switch, -1 for none",
    "pin_sensors": "supply of the sensors, -1 for always on",
}
_WIRING = {
    "shunt_mohm": "Shunt, milliohm",
    "ina228_address": "Address of the INA228",
    "tmp117_address": "Address of the TMP117",
}
_INTERVALS = {
    "sample_s": "Seconds from sample to sample",
    "report_every": "Samples from report to report",
}
_BUDGET = {
    "own_nw": "What the sleeping node takes, nW",
    "wake_nj": "What a wake takes, nJ",
}
_ZERO_EVERY = 360  # with a switch: as the scenario `bench`


def ask(out: Path, given: Mapping[str, str]) -> Description:
    """Ask for everything about a node. What an earlier run has written is the default.

    given: secrets that need not be asked for.
    """
    node = _ask("Name of the node", None, checked_node)
    before = _before(out, node)
    board = _choice("Board", BOARDS, before.board if before else BOARDS[0])
    usual: Supply = before.supply if before else ("usb" if has_wifi(board) else "film")
    supply: Any = _choice("It lives from", SUPPLIES, usual)
    known: dict[str, Value] = board_defaults(board, supply)
    if before:
        known |= before.values
    cell_set = _ask("Cell: a parameter set or a TOML file", before and before.cell_set, _cell)
    area = _ask("Area of the film, cm2", before and before.area_cm2, _area)
    values: dict[str, Value] = dict(before.values) if before else {}
    secrets: dict[str, str] = {}
    if has_wifi(board):
        values |= _uplink(node, known)
        secrets = _uplink_secrets(
            str(values["wifi_ssid"]), {**existing_secrets(out, node), **given}
        )
    values |= _wiring(board, known)
    if supply == "film":
        values |= _values(_BUDGET, known)
    elif values.get("pin_disconnect", -1) != -1:
        values["zero_every"] = known.get("zero_every") or _ZERO_EVERY
    values |= _values(_INTERVALS, known)
    return Description(node, board, cell_set, float(area), supply, values, secrets)


def ask_wifi_password(ssid: str) -> str:
    """Ask without echo; empty for an open network."""
    return _hidden(f"Password of {ssid or 'the network'} (empty: none)", "wifi_password")


def _before(out: Path, node: str) -> Description | None:
    path = out / node / DESCRIPTION
    return read_description(path) if path.exists() else None


def _uplink(node: str, known: Mapping[str, Value]) -> dict[str, Value]:
    names = {
        "wifi_ssid": "Wi-Fi network",
        "mqtt_host": "Broker",
        "mqtt_port": "Port of the broker",
    }
    return {
        **_values(names, known),
        **_values({"mqtt_user": "User at the broker"}, {"mqtt_user": node, **known}),
    }


def _uplink_secrets(ssid: str, have: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords that are not there yet; an empty one of the broker is made."""
    asked: dict[str, str] = {}
    if secret_values.WIFI_PASSWORD not in have:
        asked[secret_values.WIFI_PASSWORD] = ask_wifi_password(ssid)
    if secret_values.MQTT_PASSWORD not in have:
        password = _hidden("Password at the broker (empty: make one)", "mqtt_password")
        if password:
            asked[secret_values.MQTT_PASSWORD] = password
    return asked


def _wiring(board: str, known: Mapping[str, Value]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if not click.confirm("Is it wired as docs/hardware.md says?", default=True, err=True):
        values |= _values({name: f"Pin: {text}" for name, text in _PINS.items()}, known)
        values |= _values(_WIRING, known)
    elif "pin_disconnect" not in known and click.confirm(
        "Is the disconnect switch fitted?", default=False, err=True
    ):
        values["pin_disconnect"] = PINS[board].disconnect
    return values


def _values(questions: Mapping[str, str], known: Mapping[str, Value]) -> dict[str, Value]:
    """Ask for keys of the configuration."""
    return {
        name: _ask(text, known.get(name, default(name)) or None, _checked(name))
        for name, text in questions.items()
    }


def _checked(name: str) -> Callable[[str], Value]:
    def convert(text: str) -> Value:
        value: Value = text
        if is_number(name):
            try:
                value = int(text, 0)
            except ValueError:
                raise InputError(f"{name} must be an integer, not {text!r}") from None
        check_value(name, value)
        return value

    return convert


def _cell(name: str) -> str:
    from filmgauge_sim.cell import load_parameters

    try:
        load_parameters(name)
    except ValueError as error:
        raise InputError(str(error)) from None
    return name


def _area(text: str) -> float:
    try:
        area_cm2 = float(text)
    except ValueError:
        raise InputError(f"cell.area_cm2 must be a number, not {text!r}") from None
    return check_area(area_cm2)


def _ask(question: str, usual: Any, convert: Callable[[str], Any]) -> Any:
    """Ask until the answer can be converted, saying what is wrong."""

    def checked(text: str) -> Any:
        try:
            return convert(str(text))
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    return click.prompt(question, default=usual, value_proc=checked, err=True)


def _hidden(question: str, name: str) -> str:
    def checked(text: str) -> str:
        try:
            check_value(name, text)
        except InputError as error:
            raise click.UsageError(str(error)) from None
        return text

    return click.prompt(
        question, default="", show_default=False, hide_input=True, value_proc=checked, err=True
    )


def _choice(question: str, choices: tuple[str, ...], usual: str) -> str:
    return click.prompt(
        question, type=click.Choice(choices), default=usual, show_choices=True, err=True
    )
