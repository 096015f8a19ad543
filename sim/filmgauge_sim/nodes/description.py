"""One description of a node: what is simulated is what is flashed.

    description = read_description(Path("node.toml"))     # DescriptionError: one sentence
    Path("node.toml").write_text(to_toml(description))

Everything that a node is, and nothing of the world around it, and no secret. From it come the
firmware's configuration and the compiled profile (configuration.py), the virtual node
(virtual_node.py) and the energy budget (energy_budget.py). Bounds and defaults of what the
firmware reads are the firmware's own. `docs/scenarios.md` is made from these classes.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from filmgauge.config import check_node, key_bytes
from filmgauge_sim.board.board_kind import BoardKind, BoardPins
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import check_gauge_physics
from filmgauge_sim.file_text import TomlError, parse_toml
from filmgauge_sim.nodes.boards import BOARDS, USUAL, board_kind
from filmgauge_sim.nodes.broker_url import TLS_FILES, check_broker, with_broker_parts
from filmgauge_sim.nodes.buffer_capacitor import BufferCapacitor
from filmgauge_sim.nodes.first_wake import first_wake_states
from filmgauge_sim.nodes.network_names import check_host_name, check_ssid
from filmgauge_sim.nodes.sections import (
    BluetoothSection,
    BrokerSection,
    BudgetSection,
    CapacitorSection,
    CellSection,
    ConverterSection,
    HarvesterSection,
    IntervalsSection,
    PinsSection,
    RecordsSection,
    SensorSection,
    WifiSection,
)
from filmgauge_sim.nodes.tables import Table, bounded, from_table, to_text

Supply = Literal["usb", "film"]

DESCRIPTION_FILE = "node.toml"
RENEWAL = "{0} is of filmgauge 0.1: filmgauge provision --from {0} renews it"
USUAL_RATE_C = 0.2  # assumed: a node on USB sees as much as C/5
_SHUNT_RANGE_UV = 40_960.0  # of the INA228, as the firmware sets it
_UPDATE_KEY_BYTES = 32
_UNKNOWN_SIGMA = 0.29  # of a charge of which nothing is known: evenly from 0 to 1
_HARVESTER_KEYS: dict[str, tuple[str, ...]] = {
    "constant": ("power_uw",),
    "charger": ("power_uw",),
    "photovoltaic": ("area_cm2",),
    "thermoelectric": ("uw_per_k2",),
}


class DescriptionError(ValueError):
    """A description or its secrets are wrong; one sentence with file, key and bound."""


class NodeDescription(Table, frozen=True):
    """One node: everything that it is. Secrets stand in a file of their own."""

    name: Annotated[
        str, Meta(description="1 to 32 of a-z, 0-9 and -; names topics and what is advertised")
    ]
    board: Annotated[str, Meta(description=f"kind of board: one of {', '.join(BOARDS)}")] = USUAL
    supply: Annotated[Supply, Meta(description="what the board lives from")] = "usb"
    reduces_service: (
        Annotated[
            bool,
            Meta(
                description="whether the node does less as its cell runs low; left out: with"
                " supply film"
            ),
        ]
        | None
    ) = None
    flash_blocks: (
        Annotated[
            int, bounded(16, 4096, "size of its file system, 4 KiB blocks; left out: the board's")
        ]
        | None
    ) = None
    commands: Annotated[
        bool, Meta(description="whether it obeys commands, which the secret command_key signs")
    ] = False
    update_key: Annotated[
        str,
        Meta(
            description="public half of the key that signs versions for it, 64 hexadecimal digits;"
            " left out: that in update.pub beside its folder, and without one it takes none over"
            " the air"
        ),
    ] = ""
    cell: CellSection = msgspec.field(default_factory=CellSection)
    sensor: SensorSection = msgspec.field(default_factory=SensorSection)
    pins: PinsSection = msgspec.field(default_factory=PinsSection)
    capacitor: CapacitorSection = msgspec.field(default_factory=CapacitorSection)
    converter: ConverterSection = msgspec.field(default_factory=ConverterSection)
    harvester: HarvesterSection = msgspec.field(default_factory=HarvesterSection)
    intervals: IntervalsSection = msgspec.field(default_factory=IntervalsSection)
    records: RecordsSection = msgspec.field(default_factory=RecordsSection)
    wifi: WifiSection = msgspec.field(default_factory=WifiSection)
    broker: BrokerSection = msgspec.field(default_factory=BrokerSection)
    bluetooth: BluetoothSection = msgspec.field(default_factory=BluetoothSection)
    budget: BudgetSection = msgspec.field(default_factory=BudgetSection)

    @property
    def kind(self) -> BoardKind:
        """Its kind of board, with the pins as they are wired here; -1: not fitted."""
        kind, own = board_kind(self.board), self.pins
        disconnect = own.disconnect
        if disconnect is None and self.supply == "usb" and not self.intervals.offset_every:
            disconnect = -1
        sensors = own.sensors if self.sensor.switched else -1
        usual = kind.pins
        pins = BoardPins(
            scl=usual.scl if own.scl is None else own.scl,
            sda=usual.sda if own.sda is None else own.sda,
            gate=usual.gate if own.gate is None else own.gate,
            sensors=usual.sensors if sensors is None else sensors,
            disconnect=usual.disconnect if disconnect is None else disconnect,
            charge=own.charge,
            supply=own.supply,
        )
        blocks = self.flash_blocks or kind.flash_pages
        return replace(kind, pins=pins, flash_pages=blocks)

    @property
    def buffer(self) -> BufferCapacitor:
        """Its capacitor, of a node on film."""
        kind, switched = self.kind, self.sensor.switched
        states = first_wake_states(kind, switched, self.wifi, self.broker, self.bluetooth)
        return BufferCapacitor(kind, self.capacitor, self.converter, states)

    @property
    def advertises(self) -> bool:
        """Whether it reports over Bluetooth."""
        return self.bluetooth.advertise_ms > 0

    @property
    def soc(self) -> float:
        """What the charge is taken for at the start, 1 is full."""
        return 0.5 if self.cell.soc is None else self.cell.soc

    @property
    def soc_sigma(self) -> float:
        """Standard deviation of `soc`."""
        return _UNKNOWN_SIGMA if self.cell.soc is None else self.cell.soc_sigma


def description_file(path: Path) -> Path:
    """Return the file of a node: `path`, or node.toml in the folder that it is."""
    return path / DESCRIPTION_FILE if path.is_dir() else path


def read_description(path: Path) -> NodeDescription:
    """Read a TOML file, or that of a folder. Raises DescriptionError, one sentence with file, key
    and bound.

    Paths in `cell.set` and `broker` count from the folder of the file.
    """
    path = description_file(path)
    try:
        table = parse_toml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DescriptionError(f"{path} cannot be read: {error.strerror}") from None
    except (TomlError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path}: not TOML: {error}") from None
    if is_older(table):
        raise DescriptionError(RENEWAL.format(path))
    return description_from(table, str(path), path.parent)


def is_older(table: Mapping[str, object]) -> bool:
    """Return whether a table is that of a file of filmgauge 0.1."""
    return "node" in table and "name" not in table


def description_from(
    table: dict[str, Any], where: str = "", folder: Path | None = None
) -> NodeDescription:
    """Return the description that a table of TOML holds.

    where: how the sentence of a DescriptionError begins; folder: from which paths count, None to
    leave them as they are.
    """
    try:
        description = from_table(with_broker_parts(table), NodeDescription)
        description = _with_paths(description, folder)
        check_description(description)
    except ValueError as error:
        raise DescriptionError(f"{where}: {error}" if where else str(error)) from None
    return description


def to_toml(description: NodeDescription) -> str:
    """Return the file that `read_description` reads back: what differs from the defaults."""
    return to_text(description)


def check_description(description: NodeDescription) -> None:
    """Raise ValueError, one sentence, for what does not fit together."""
    try:
        check_node(description.name)
    except ValueError as error:
        raise ValueError(f"name: {str(error).removeprefix('node ')}") from None
    kind = board_kind(description.board)
    try:
        check_gauge_physics(load_parameters(description.cell.set))
    except ValueError as error:
        raise ValueError(f"cell.set: {error}") from None
    if description.cell.soc is None and description.cell.soc_sigma != CellSection().soc_sigma:
        raise ValueError("cell.soc_sigma needs cell.soc")
    if description.update_key:
        key_bytes("update_key", description.update_key, _UPDATE_KEY_BYTES)
    check_circuit(description)
    if description.supply == "film" and kind.flash.page_in_ram:
        description.buffer.check_capacitance()  # or each boot would tear a page; others are told
    _check_pins(description)
    _check_radio(description, kind)


def _with_paths(description: NodeDescription, folder: Path | None) -> NodeDescription:
    """Return it with paths that count from the folder made whole."""
    if folder is None:
        return description
    base, cell, broker = folder.absolute(), description.cell, description.broker
    if cell.set.endswith(".toml"):
        cell = msgspec.structs.replace(cell, set=str(base / cell.set))
    named = {key: getattr(broker, key) for key in TLS_FILES}
    whole = {key: str(base / name) for key, name in named.items() if name}
    broker = msgspec.structs.replace(broker, **whole)
    return msgspec.structs.replace(description, cell=cell, broker=broker)


def check_circuit(description: NodeDescription) -> None:
    """Raise ValueError, one sentence, where supply, sensors, intervals and circuit do not fit
    together. What the capacitor carries is `buffer.check_capacitance`'s."""
    film = description.supply == "film"
    given = {
        "capacitor": description.capacitor != CapacitorSection(),
        "converter": description.converter != ConverterSection(),
        "harvester": description.harvester != HarvesterSection(),
        "sensor.switched": description.sensor.switched,
    }
    for key, is_given in given.items():
        if is_given and not film:
            raise ValueError(f'{key} needs supply = "film"')
    switched, intervals = description.sensor.switched, description.intervals
    if switched and intervals.offset_every:
        raise ValueError("intervals.offset_every must be 0 with sensor.switched = true")
    if intervals.report_every_most:
        if not switched:
            raise ValueError("intervals.report_every_most needs sensor.switched = true")
        if intervals.report_every_most <= intervals.report_every:
            raise ValueError(
                "intervals.report_every_most must be above intervals.report_every,"
                f" {intervals.report_every}, not {intervals.report_every_most}"
            )
    if not switched:
        if intervals.full_sample_every != IntervalsSection().full_sample_every:
            raise ValueError("intervals.full_sample_every needs sensor.switched = true")
        for key, value in msgspec.structs.asdict(description.budget).items():
            if value is not None:
                raise ValueError(f"budget.{key} needs sensor.switched = true")
    if film:
        try:
            description.converter.converter  # noqa: B018
        except ValueError as error:
            raise ValueError(f"converter: {error}") from None
        _check_harvester(description.harvester)
        if switched:
            description.buffer.check_sampling()
    _check_shunt(description)


def most_current_ua(description: NodeDescription) -> float:
    """Return the end of the current sensor's range at the shunt of a node."""
    return _SHUNT_RANGE_UV / description.sensor.shunt_ohm


def cell_uah(description: NodeDescription) -> float:
    """Return the capacity of the cell of a node."""
    cell = description.cell
    return load_parameters(cell.set).capacity_uah_cm2 * cell.area_cm2


def _check_shunt(description: NodeDescription) -> None:
    """Raise ValueError for a current that the converter has, or on USB a usual one, beyond the
    range of the sensor."""
    converter, shunt_ohm = description.converter, description.sensor.shunt_ohm
    most_ua = most_current_ua(description)
    if description.supply == "usb":
        usual_ua = USUAL_RATE_C * cell_uah(description)
        if usual_ua > most_ua:
            raise ValueError(
                f"sensor.shunt_ohm must be at most {_SHUNT_RANGE_UV / usual_ua:.3g} with"
                f" {description.cell.area_cm2:g} cm2 of {description.cell.set}, whose C/5 is"
                f" {usual_ua:.3g} uA, not {shunt_ohm:g}, with which the sensor measures up to"
                f" {most_ua:.3g} uA"
            )
        return
    for key in ("discharge_ua", "charge_ua"):
        if getattr(converter, key) > most_ua:
            raise ValueError(
                f"converter.{key} must be at most {most_ua:.3g} uA with a shunt of"
                f" {shunt_ohm:g} ohm, beyond which the sensor cannot measure, not"
                f" {getattr(converter, key):g}"
            )


def _check_harvester(harvester: HarvesterSection) -> None:
    wanted = _HARVESTER_KEYS.get(harvester.kind, ())
    plain = HarvesterSection()
    for key in ("power_uw", "area_cm2", "uw_per_k2"):
        given = getattr(harvester, key) != getattr(plain, key)
        if given and key not in wanted:
            kinds = " or ".join(repr(k) for k, keys in _HARVESTER_KEYS.items() if key in keys)
            raise ValueError(f"harvester.{key} needs kind = {kinds}")
        if not given and key in wanted:
            raise ValueError(f"harvester.{key} must be given with kind = {harvester.kind!r}")


def _check_pins(description: NodeDescription) -> None:
    pins = asdict(description.kind.pins)
    analog = description.kind.analog_pins
    if pins["supply"] >= 0:
        if description.supply != "film":
            raise ValueError('pins.supply needs supply = "film"')
        if pins["supply"] not in analog:
            known = f"one of {', '.join(map(str, analog))}" if analog else "-1"
            raise ValueError(
                f"pins.supply must be {known} on {description.board}, not {pins['supply']}"
            )
    if description.sensor.switched and pins["sensors"] < 0:
        raise ValueError("pins.sensors must be at least 0 with sensor.switched = true")
    if description.intervals.offset_every and pins["disconnect"] < 0:
        raise ValueError("pins.disconnect must be at least 0 with intervals.offset_every")
    used: dict[int, str] = {}
    for name, pin in pins.items():
        if pin >= 0 and pin in used:
            raise ValueError(f"pins.{used[pin]} and pins.{name} must differ, not both be {pin}")
        used[pin] = name
    kind = description.kind
    for name in ("disconnect", "charge"):
        if not kind.keeps_ram and pins[name] >= kind.held_pins:
            raise ValueError(
                f"pins.{name} must be at most {kind.held_pins - 1} on {kind.name}, which keeps the"
                f" levels of other pins in no deep sleep, not {pins[name]}"
            )


def _check_radio(description: NodeDescription, kind: BoardKind) -> None:
    if not kind.has_wifi:
        for key, plain in (("wifi", WifiSection()), ("broker", BrokerSection())):
            if getattr(description, key) != plain:
                raise ValueError(f"{key} must be left out: {kind.name} has no Wi-Fi")
    for key, value, check in (
        ("wifi.ssid", description.wifi.ssid, check_ssid),
        ("broker.host", description.broker.host, check_host_name),
    ):
        try:
            check(value)
        except ValueError as error:
            raise ValueError(f"{key} {error}") from None
    check_broker(description.broker)
    if not kind.has_bluetooth and description.bluetooth != BluetoothSection():
        raise ValueError(f"bluetooth must be left out: {kind.name} does not report over Bluetooth")
