"""Scenarios: TOML files that say what is simulated. Every key has a unit and bounds.

`docs/scenarios.md` is made from these classes by `tools/scenario_page.py`.
"""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from filmgauge.config import KEYS, check_node, key_bytes
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.sections import (
    CapacitorSection,
    ConverterSection,
    HarvesterSection,
    check_harvester,
    number,
)
from filmgauge_sim.circuit.wiring import WiringSection

_DURATIONS_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


class ScenarioError(ValueError):
    """A scenario is wrong; the text is one sentence with file, key and bound."""


class CellSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The film cell."""

    set: Annotated[str, Meta(description="name of a parameter set, or path of a TOML file")] = (
        "evp-li"
    )
    area_cm2: Annotated[float, number(0.01, 1000, "area of the film, cm2")] = 1.0
    stoichiometry: Annotated[float, number(0, 1, "charge at the start, 1 is full")] = 0.5


class CyclerStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of the bench cycler; the list is run round and round."""

    action: Annotated[
        Literal["charge", "discharge", "rest"], Meta(description="what the cycler does")
    ]
    rate_c: Annotated[
        float, number(0, 20, "current in capacities per hour: 0.2 is C/5; none for a rest")
    ] = 0.0
    until_v: Annotated[float, number(0.5, 4.5, "cell voltage that ends the step, V")] | None = None
    hours: Annotated[float, number(0.001, 10000, "longest duration, h")] | None = None


class AmbientSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Temperature around the cell: a sine, coldest at the start."""

    mean_c: Annotated[float, number(-40, 85, "mean, degC")] = 25.0
    swing_c: Annotated[float, number(0, 60, "amplitude, degC")] = 0.0
    period_h: Annotated[float, number(0.5, 8760, "period, h")] = 24.0


class SensorSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The current sensor and its shunt."""

    errors: Annotated[
        Literal["ideal", "drawn", "worst"],
        Meta(description="none, drawn from the seed within the datasheet, or all at its bounds"),
    ] = "drawn"
    shunt_ohm: Annotated[float, number(1, 100000, "true resistance, ohm")] = 1000.0
    switched: Annotated[
        bool,
        Meta(
            description="with supply film: whether both sensors have power only while the firmware"
            " asks for it; otherwise they have it whenever the board has"
        ),
    ] = False


class FirmwareSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Configuration of the node's firmware."""

    sample_s: Annotated[int, number(1, 86400, "from wake to wake, s")] = 60
    report_every: Annotated[int, number(1, 1440, "wakes from report to report")] = 5
    journal_every: Annotated[int, number(1, 1440, "wakes between two saves to flash")] = 60
    shunt_ohm: Annotated[
        float, number(20, 100000, "what the firmware takes the shunt for, ohm")
    ] = 1000.0
    soc_known: Annotated[
        bool, Meta(description="whether the node is told the charge at the start")
    ] = True
    backlog: Annotated[
        int, number(1, 1024, "records kept while the broker is away, or for want of a radio")
    ] = 256
    zero_every: Annotated[
        int,
        number(
            0,
            65535,
            "with sensors that are always supplied: wakes from one look at the current sensor's"
            " zero, behind an open disconnect switch, to the next; 0 for never",
        ),
    ] = 0
    shed: Annotated[bool, Meta(description="whether the node does less as its cell runs low")] = (
        False
    )
    cell_new: Annotated[
        bool, Meta(description="whether the node takes the cell for one never charged")
    ] = False
    load_ua: Annotated[
        float, number(0, 2e6, "load of the available charge it tells, uA; 0 for C/20")
    ] = 0.0
    ble_advertise_ms: Annotated[
        int, number(0, 25000, "without Wi-Fi: how long each report is advertised, ms; 0 for never")
    ] = 0
    ble_interval_ms: Annotated[int, number(20, 10240, "between two advertisements, ms")] = 500
    ble_key: Annotated[
        str, Meta(description="32 hexadecimal digits that encrypt what is advertised; else plain")
    ] = ""
    ble_awake_ms: Annotated[
        int,
        number(0, 60000, "the longest work for a connected peer that the supply bears; 0: any"),
    ] = 0
    command_key: Annotated[
        str, Meta(description="32 hexadecimal digits that vouch for commands; none obeys nobody")
    ] = ""
    own_uw: Annotated[
        float,
        number(0, 1e6, "with switched sensors: what the node takes for itself to be, asleep, uW"),
    ] = 0.0
    wake_uj: Annotated[
        float, number(0, 2e6, "with switched sensors: what it takes a full sample to cost, uJ")
    ] = 0.0
    glance_uj: Annotated[
        float, number(0, 2e6, "and a wake that only asks whether the current has changed, uJ")
    ] = 0.0
    advert_uj: Annotated[float, number(0, 2e6, "and one advertisement, uJ")] = 0.0
    look_every: Annotated[
        int,
        number(1, 1440, "with switched sensors: wakes between full samples while nothing changes"),
    ] = 1
    refill_efficiency: Annotated[
        float, number(0.01, 1, "with switched sensors: from the cell to the capacitor")
    ] = 0.87


class NodeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One node."""

    name: Annotated[str, Meta(description="1 to 32 of a-z, 0-9 and -; names the MQTT topics")]
    board: Annotated[
        Literal["esp32-c3", "esp32-c6", "esp32-s3", "stm32wb55"],
        Meta(description="kind of board; an stm32wb55 has no Wi-Fi and keeps its records"),
    ] = "esp32-c3"
    clock_error_ppm: Annotated[
        int, number(-50000, 50000, "how fast the board's clock runs, 1e-6")
    ] = 0
    flash_blocks: Annotated[int, number(16, 1024, "size of the file system, 4 KiB blocks")] = 64
    supply: Annotated[
        Literal["usb", "film"],
        Meta(description="what the board lives from; with film there is no cycler"),
    ] = "usb"
    cell: CellSection = msgspec.field(default_factory=CellSection)
    cycler: Annotated[list[CyclerStep], Meta(description="steps of the bench cycler")] = (
        msgspec.field(default_factory=list)
    )
    ambient: AmbientSection = msgspec.field(default_factory=AmbientSection)
    sensor: SensorSection = msgspec.field(default_factory=SensorSection)
    wiring: WiringSection = msgspec.field(default_factory=WiringSection)
    capacitor: CapacitorSection = msgspec.field(default_factory=CapacitorSection)
    converter: ConverterSection = msgspec.field(default_factory=ConverterSection)
    harvester: HarvesterSection = msgspec.field(default_factory=HarvesterSection)
    firmware: FirmwareSection = msgspec.field(default_factory=FirmwareSection)


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A time without Wi-Fi."""

    begin_h: Annotated[float, number(0, 1e6, "since the start, h")]
    end_h: Annotated[float, number(0, 1e6, "since the start, h")]


class NetworkSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Wi-Fi around the nodes."""

    association_ms: Annotated[int, number(1, 60000, "to join, ms")] = 900
    latency_ms: Annotated[int, number(1, 10000, "to the broker and back, ms")] = 20
    outages: Annotated[list[Outage], Meta(description="times without Wi-Fi")] = msgspec.field(
        default_factory=list
    )


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is simulated."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="name of the scenario")]
    summary: Annotated[str, Meta(description="one sentence for the screen")] = ""
    duration: Annotated[str, Meta(description="virtual time: a number and s, min, h or d")] = "1d"
    seed: Annotated[int, number(0, 2**31 - 1, "draws sensor errors and noise")] = 1
    network: NetworkSection = msgspec.field(default_factory=NetworkSection)
    node: Annotated[list[NodeSection], Meta(min_length=1, description="the nodes")]


def available_scenarios() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    folder = files("filmgauge_sim") / "scenarios"
    names = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario by name or path. Raises ScenarioError, one sentence on what is wrong."""
    source: Any = Path(name_or_path)
    if name_or_path in available_scenarios():
        source = files("filmgauge_sim") / "scenarios" / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
        scenario = msgspec.convert(table, Scenario, strict=True)
        _check(scenario)
    except FileNotFoundError:
        known = ", ".join(available_scenarios())
        raise ScenarioError(
            f"{name_or_path}: neither a file nor one of the scenarios {known}"
        ) from None
    except OSError as error:
        raise ScenarioError(f"{name_or_path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScenarioError(f"{name_or_path}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{name_or_path}: {_sentence(str(error))}") from None
    except ValueError as error:
        raise ScenarioError(f"{name_or_path}: {error}") from None
    return scenario


def duration_us(text: str) -> int:
    """Return a duration such as '90 s', '30min', '12h' or '2d' in us. Raises ValueError."""
    stripped = text.strip()
    unit = stripped.lstrip("0123456789.").strip()
    number = stripped.removesuffix(unit).strip()
    try:
        seconds = float(number) * _DURATIONS_S[unit]
    except (KeyError, ValueError):
        raise ValueError(
            f"duration must be a number and s, min, h or d, such as 2d, not {text!r}"
        ) from None
    if not 1 <= seconds <= 20 * 365.25 * 86400:
        raise ValueError(f"duration must be 1 s to 20 years, not {text!r}")
    return round(seconds * 1e6)


def _check(scenario: Scenario) -> None:
    """Raise ValueError for what the types cannot say."""
    duration_us(scenario.duration)
    names = [node.name for node in scenario.node]
    for at, node in enumerate(scenario.node):
        try:
            check_node(node.name)
        except ValueError as error:
            raise ValueError(f"node[{at}].name: {error}") from None
        for index, step in enumerate(node.cycler):
            _check_step(f"node {node.name} cycler[{index}]", step)
        _check_supply(node)
        _check_radio(node)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"node name {name} is used twice")
    for index, outage in enumerate(scenario.network.outages):
        if outage.end_h <= outage.begin_h:
            raise ValueError(f"network.outages[{index}].end_h must be above begin_h")


def _check_step(where: str, step: CyclerStep) -> None:
    if (step.action == "rest") != (step.rate_c == 0):
        raise ValueError(f"{where}.rate_c must be above 0, and left out for a rest")
    if step.hours is None and (step.action == "rest" or step.until_v is None):
        raise ValueError(f"{where} needs hours or, unless it is a rest, until_v")


_BUDGET = ("own_uw", "wake_uj", "glance_uj", "advert_uj", "look_every", "refill_efficiency")


def _check_supply(node: NodeSection) -> None:
    """The circuit belongs to supply film, a cycler to usb, a budget to switched sensors."""
    if node.sensor.switched and node.firmware.zero_every:
        raise ValueError(
            f"node {node.name}: firmware.zero_every must be 0 with sensor.switched = true"
        )
    if not node.sensor.switched:
        plain = FirmwareSection()
        for key in _BUDGET:
            if getattr(node.firmware, key) != getattr(plain, key):
                raise ValueError(f"node {node.name}: firmware.{key} needs sensor.switched = true")
    if node.supply == "film":
        if node.cycler:
            raise ValueError(f"node {node.name}: cycler must be left out with supply film")
        try:
            Converter(**msgspec.structs.asdict(node.converter))
        except ValueError as error:
            raise ValueError(f"node {node.name} converter: {error}") from None
        check_harvester(f"node {node.name} harvester", node.harvester)
        return
    given = {
        "capacitor": node.capacitor != CapacitorSection(),
        "converter": node.converter != ConverterSection(),
        "harvester": node.harvester != HarvesterSection(),
        "sensor.switched": node.sensor.switched,
    }
    for key, is_given in given.items():
        if is_given:
            raise ValueError(f'node {node.name}: {key} needs supply = "film"')


def _check_radio(node: NodeSection) -> None:
    """Advertising belongs to boards without Wi-Fi, and its key is one of AES-128."""
    firmware = node.firmware
    if firmware.ble_advertise_ms and node.board == "esp32-c3":
        raise ValueError(
            f"node {node.name}: firmware.ble_advertise_ms needs a board without Wi-Fi"
        )
    for key in KEYS:
        if getattr(firmware, key):
            key_bytes(f"node {node.name}: firmware.{key}", getattr(firmware, key))


def _sentence(message: str) -> str:
    """Turn msgspec's 'Expected ... - at `$.node[0].cell`' into 'node[0].cell: expected ...'."""
    text, _, place = message.partition(" - at ")
    place = place.strip("`").removeprefix("$").removeprefix(".")
    text = text.replace("Object contains unknown field", "there is no key")
    text = text.replace("Object missing required field", "there is a missing key")
    text = text[0].lower() + text[1:].replace("`", "")
    if text.startswith("invalid enum value"):
        text += f", it must be one of {', '.join(_choices(place))}"
    return f"{place}: {text}" if place else text


def _choices(place: str) -> list[str]:
    """Return what the key at a place such as 'node[0].board' may be."""
    kind: Any = msgspec.inspect.type_info(Scenario)
    for name in re.findall(r"[a-z]\w*", place):
        kind = next(field.type for field in kind.fields if field.name == name)
        while inner := getattr(kind, "item_type", None) or getattr(kind, "type", None):
            kind = inner
    return [str(value) for value in kind.values]
