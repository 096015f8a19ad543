"""The firmware's configuration of a node: defaults of its board, and the firmware's own check."""

from collections.abc import Mapping
from typing import Literal

from filmgauge.config import Config, numbers, texts
from filmgauge_host.errors import InputError
from filmgauge_host.provision.secret_values import secret_names
from filmgauge_host.serial.interpreter import BOARDS as BOARD_TYPES
from filmgauge_sim.nodes.boards import PINS
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.scenario.loading import load_scenario

Supply = Literal["usb", "film"]
Value = int | str

BOARDS = tuple(PINS)
SUPPLIES: tuple[Supply, ...] = ("usb", "film")
_UPLINK = ("wifi_", "mqtt_")  # keys that only a board with Wi-Fi reads
# What a node takes for itself where no sensor sees it is as in this scenario, which says how that
# is made up. A node of another make needs its own figures.
_BUDGET_OF = "window"
_LEAST_CM2, _MOST_CM2 = 0.01, 1000.0  # as `filmgauge profile` takes
_ANY: dict[str, Value] = {"node": "any", "pin_scl": 0, "pin_sda": 0, "pin_gate": 0}


def has_wifi(board: str) -> bool:
    """Return whether a board reports over Wi-Fi and MQTT; the board must be a known one."""
    return BOARD_TYPES[board].has_wifi


def check_area(area_cm2: float) -> float:
    """Return the area of a film; InputError when it is not one that a profile is made for."""
    if not _LEAST_CM2 <= area_cm2 <= _MOST_CM2:
        raise InputError(f"cell.area_cm2 must be {_LEAST_CM2} to {_MOST_CM2:g}, not {area_cm2:g}")
    return area_cm2


def check_board(board: object, supply: object) -> None:
    """Raise InputError for a board or a supply that is not known."""
    if board not in BOARDS:
        raise InputError(f"board must be one of {', '.join(BOARDS)}, not {board!r}")
    if supply not in SUPPLIES:
        raise InputError(f"supply must be one of {', '.join(SUPPLIES)}, not {supply!r}")


def board_defaults(board: str, supply: Supply) -> dict[str, Value]:
    """Return what a node of this board has where nobody says otherwise: pins and budget."""
    pins = PINS[board]
    values: dict[str, Value] = {
        "pin_scl": pins.scl,
        "pin_sda": pins.sda,
        "pin_gate": pins.gate,
    }
    if supply == "film":
        budget = energy_budget(load_scenario(_BUDGET_OF).node[0].description).figures
        values |= {
            "pin_sensors": pins.sensors,
            "pin_disconnect": pins.disconnect,
            "own_nw": round(budget.own_uw * 1000),
            "wake_nj": round(budget.wake_uj * 1000),
            "shed": 1,
        }
    return values


def default(name: str) -> Value | None:
    """Return the firmware's default of a key, None where it must be given."""
    return next(value for key, value, *_ in (*numbers(), *texts()) if key == name)


def known(name: str) -> bool:
    """Return whether the firmware's configuration has such a key."""
    return any(name == key for key, *_ in (*numbers(), *texts()))


def is_number(name: str) -> bool:
    """Return whether a key is a number."""
    return any(name == key for key, *_ in numbers())


def check_value(name: str, value: Value) -> None:
    """Raise InputError, one sentence, unless the firmware takes this value for a key."""
    check_values({**_ANY, name: value})


def check_values(values: Mapping[str, Value]) -> None:
    """Raise InputError, one sentence, unless the firmware takes these values."""
    try:
        Config(**values)
    except ValueError as error:
        raise InputError(str(error)) from None


def check_whole(board: str, values: Mapping[str, Value]) -> None:
    """Raise InputError for a configuration that the firmware takes and that still cannot work."""
    check_values(values)
    used: dict[Value, str] = {}
    for name, pin in values.items():
        if not name.startswith("pin_") or pin == -1:
            continue
        if pin in used:
            raise InputError(f"{name} and {used[pin]} must be different pins, not both {pin}")
        used[pin] = name
    if has_wifi(board):
        for name in ("wifi_ssid", "mqtt_host"):
            if not values.get(name):
                raise InputError(f"{name} is missing: a node on {board} reports over Wi-Fi")
        return
    for name, value in values.items():
        if name.startswith(_UPLINK) and value and value != default(name):
            raise InputError(f"{name} must be left out: {board} has no Wi-Fi")


def settled(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return what differs from the firmware's defaults, in the order of its tables.

    A secret stays even where it is empty: somebody has said so.
    """
    hidden = secret_names()
    return {
        name: values[name]
        for name, usual, *_ in (*texts(), *numbers())
        if name in values and (name in hidden or values[name] != usual)
    }


def public(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return what is no secret."""
    hidden = secret_names()
    return {name: value for name, value in values.items() if name not in hidden}
