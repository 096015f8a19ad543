"""The tables of a node's description.

Bounds and defaults of what the firmware reads are the firmware's own.
"""

from typing import Annotated, Literal

from msgspec import Meta

from filmgauge.config import numbers, texts
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.nodes.tables import Table, bounded

HarvesterKind = Literal["none", "constant", "photovoltaic", "thermoelectric", "charger"]

# Of each number of the firmware's configuration: default (0 where it must be given) and bounds.
_NUMBERS = {name: (usual or 0, low, high) for name, usual, low, high in numbers()}


def _of(key: str, text: str, per: int = 1) -> Meta:
    """Return the bounds that the firmware has for a key, in a unit that is `per` of its own."""
    _, low, high = _NUMBERS[key]
    return bounded(low / per, high / per, text) if per > 1 else bounded(low, high, text)


def _usual(key: str) -> int:
    """Return the firmware's default of a number."""
    return _NUMBERS[key][0]


def _text(key: str, text: str) -> Meta:
    """Return the bounds that the firmware has for the length of a text."""
    low, high = next((low, high) for name, _, low, high in texts() if name == key)
    return Meta(min_length=low, max_length=high, description=text)


class CellSection(Table, frozen=True):
    """The film cell, and what is known of it when the node begins."""

    set: Annotated[str, Meta(description="name of a parameter set, or path of a TOML file")] = (
        "evp-li"
    )
    area_cm2: Annotated[float, bounded(0.01, 1000, "area of the film, cm2")] = 1.0
    number: Annotated[
        int, bounded(0, 65535, "which cell of this make it is: a new one gets another number")
    ] = 0
    new: Annotated[bool, Meta(description="whether the cell was never charged")] = False
    soc: (
        Annotated[float, bounded(0, 1, "charge at the start, 1 is full; left out: unknown")] | None
    ) = None
    soc_sigma: Annotated[
        float, bounded(0, 1, "how well soc is known: standard deviation, 1 is the whole cell")
    ] = 0.05


class SensorSection(Table, frozen=True):
    """The current sensor with its shunt, and the temperature sensor."""

    shunt_ohm: Annotated[float, _of("shunt_mohm", "resistance of the shunt, ohm", 1000)] = (
        _usual("shunt_mohm") / 1000
    )
    switched: Annotated[
        bool,
        Meta(
            description="with supply film: whether both sensors have power only while the firmware"
            " asks for it; otherwise they have it whenever the board has"
        ),
    ] = False
    ina228_address: Annotated[int, _of("ina228_address", "address of the INA228")] = _usual(
        "ina228_address"
    )
    tmp117_address: Annotated[int, _of("tmp117_address", "address of the TMP117")] = _usual(
        "tmp117_address"
    )
    i2c_hz: Annotated[int, _of("i2c_hz", "clock of the bus, Hz")] = _usual("i2c_hz")
    divider_ohm: Annotated[
        int, _of("divider_ohm", "resistance of the voltage input while it is connected, ohm")
    ] = _usual("divider_ohm")


def _pin(name: str, text: str) -> Meta:
    return _of(f"pin_{name}", f"{text}; left out: the board's usual one")


class PinsSection(Table, frozen=True):
    """Pins of the board, as docs/hardware.md numbers them; -1 for what is not fitted."""

    scl: Annotated[int, _pin("scl", "clock of the bus")] | None = None
    sda: Annotated[int, _pin("sda", "data of the bus")] | None = None
    gate: Annotated[int, _pin("gate", "high connects the voltage input")] | None = None
    sensors: (
        Annotated[int, _pin("sensors", "with switched sensors: high gives them their supply")]
        | None
    ) = None
    disconnect: (
        Annotated[
            int,
            _of(
                "pin_disconnect",
                "high opens the switch between cell and shunt; left out: the board's usual one"
                " with supply film or offset_every, else none",
            ),
        ]
        | None
    ) = None
    supply: Annotated[
        int,
        _of(
            "pin_supply",
            "an analog pin at half of the capacitor's voltage, with supply film on an stm32wb55:"
            " the node puts off a save that the capacitor does not cover; -1: it does not look",
        ),
    ] = -1
    charge: Annotated[
        int, _of("pin_charge", "high lets the charger charge; -1: nobody asks the node")
    ] = -1


class CapacitorSection(Table, frozen=True):
    """The buffer capacitor that carries the board, with supply film."""

    # All defaults are assumed. What some wakes take together, a page of flash (1 mJ) and a report,
    # 2200 uF hold from 3.0 to 2.1 V.
    capacitance_uf: Annotated[float, bounded(10, 1e8, "capacitance, uF")] = 4700.0
    leakage_mohm: Annotated[float, bounded(1e-4, 1e6, "leakage across it, Mohm")] = 100.0
    series_ohm: Annotated[float, bounded(0, 100, "resistance in series with it, ohm")] = 0.1


class ConverterSection(Table, frozen=True):
    """The converter between harvester, capacitor, cell and board, with supply film. The voltages
    are those of the capacitor. The cut-offs of the cell, 1.0 and 4.0 V, are fixed."""

    quiescent_na: Annotated[float, bounded(0, 1e6, "current of its own while it runs, nA")] = (
        Converter.quiescent_na
    )
    peak_efficiency: Annotated[float, bounded(0.1, 1, "efficiency at high input power")] = (
        Converter.peak_efficiency
    )
    half_uw: Annotated[float, bounded(0, 1e5, "input power with half of the peak, uW")] = (
        Converter.half_uw
    )
    output_efficiency: Annotated[
        float, bounded(0.1, 1, "efficiency from the capacitor to board and sensors")
    ] = Converter.output_efficiency
    cold_efficiency: Annotated[float, bounded(0.001, 1, "efficiency of the cold start")] = (
        Converter.cold_efficiency
    )
    cold_start_uw: Annotated[
        float, bounded(0, 1e5, "least power of the harvester for a cold start, uW")
    ] = Converter.cold_start_uw
    stop_v: Annotated[float, bounded(0.5, 5, "lock-out: it stops below, V")] = Converter.stop_v
    start_v: Annotated[float, bounded(0.5, 5, "it starts again above, V")] = Converter.start_v
    restart_v: Annotated[float, bounded(0.5, 5, "the board gets its supply back above, V")] = (
        Converter.restart_v
    )
    refill_v: Annotated[float, bounded(0.5, 5, "it draws from the cell below, V")] = (
        Converter.refill_v
    )
    charge_v: Annotated[float, bounded(0.5, 5, "it charges the cell above, V")] = (
        Converter.charge_v
    )
    ceiling_v: Annotated[float, bounded(0.5, 6, "it turns the harvester away above, V")] = (
        Converter.ceiling_v
    )
    hysteresis_v: Annotated[
        float, bounded(0.01, 1, "of refill_v (upwards), charge_v and ceiling_v (downwards), V")
    ] = Converter.hysteresis_v
    discharge_ua: Annotated[float, bounded(0.01, 1e5, "current from the cell, uA")] = (
        Converter.discharge_ua
    )
    charge_ua: Annotated[float, bounded(0.01, 1e5, "current into the cell, uA")] = (
        Converter.charge_ua
    )
    recovery_v: Annotated[
        float, bounded(0.01, 1, "a path that was cut off opens again this far inside, V")
    ] = Converter.recovery_v
    retry_s: Annotated[float, bounded(1, 86400, "but not earlier than this, s")] = (
        Converter.retry_s
    )

    @property
    def converter(self) -> Converter:
        """The converter itself. Raises ValueError naming what does not fit together."""
        return Converter(**{name: getattr(self, name) for name in self.__struct_fields__})


class HarvesterSection(Table, frozen=True):
    """What brings energy in, with supply film: what it is; light and visits are the world's."""

    kind: Annotated[HarvesterKind, Meta(description="what it is; each kind has its own keys")] = (
        "none"
    )
    power_uw: Annotated[
        float, bounded(0, 1e6, "constant, or charger while it is put to the node: power, uW")
    ] = 0.0
    area_cm2: Annotated[
        float, bounded(0, 1e4, "photovoltaic: area, cm2; 4 uW/cm2 at 200 lux, linear")
    ] = 0.0
    uw_per_k2: Annotated[
        float, bounded(0, 1e4, "thermoelectric: power at 1 K, growing with the square, uW")
    ] = 0.0


class IntervalsSection(Table, frozen=True):
    """How often the firmware does what it does."""

    sample_s: Annotated[int, _of("sample_s", "from wake to wake, s")] = _usual("sample_s")
    report_every: Annotated[int, _of("report_every", "wakes from report to report")] = _usual(
        "report_every"
    )
    report_every_most: Annotated[
        int,
        _of(
            "report_most",
            "with switched sensors: the node chooses from report_every to so many wakes, by its"
            " charge and what its harvester is likely to bring; 0: report_every always",
        ),
    ] = _usual("report_most")
    journal_every: Annotated[int, _of("journal_every", "wakes between two saves to flash")] = (
        _usual("journal_every")
    )
    full_sample_every: Annotated[
        int,
        _of("look_every", "with switched sensors: wakes between full samples if nothing changes"),
    ] = _usual("look_every")
    offset_every: Annotated[
        int,
        _of(
            "zero_every",
            "with sensors that are always supplied: wakes from one calibration of the current"
            " sensor's offset, behind an open disconnect switch, to the next; 0 for never",
        ),
    ] = _usual("zero_every")


class RecordsSection(Table, frozen=True):
    """What is told, and how much of it waits."""

    backlog: Annotated[
        int, _of("backlog", "records kept while the broker is away, or for want of a radio")
    ] = _usual("backlog")
    backlog_per_report: Annotated[
        int, _of("backlog_per_report", "records sent from it in one wake")
    ] = _usual("backlog_per_report")
    update_pieces: Annotated[
        int, _of("update_pieces", "of a new version, 1024 bytes each, fetched in one report")
    ] = _usual("update_pieces")
    load_ua: Annotated[
        float, _of("load_na", "load of the available charge it tells, uA; 0 for C/20", 1000)
    ] = 0.0


class WifiSection(Table, frozen=True):
    """The wireless network, on a board that has Wi-Fi."""

    ssid: Annotated[str, _text("wifi_ssid", "name of the network, at most 32 bytes in UTF-8")] = ""
    timeout_ms: Annotated[int, _of("wifi_timeout_ms", "longest time to join, ms")] = _usual(
        "wifi_timeout_ms"
    )
    association_ms: Annotated[
        int,
        bounded(
            1,
            60000,
            "usual time to join, ms, as the budget counts it; the default is that of an address"
            " which is given at once: with DHCP it may be 1500 to 2400 (assumed)",
        ),
    ] = AccessPoint.association_us // 1000


class BrokerSection(Table, frozen=True):
    """The MQTT broker, on a board that has Wi-Fi."""

    host: Annotated[
        str, _text("mqtt_host", "name or address; mqtts://host:port says port and tls as well")
    ] = ""
    port: Annotated[int, _of("mqtt_port", "port")] = _usual("mqtt_port")
    user: Annotated[
        str, _text("mqtt_user", "user; left out: the node's name where there is a password")
    ] = ""
    tls: Annotated[bool, Meta(description="whether it is reached over TLS; needs ca or pin")] = (
        False
    )
    ca: Annotated[
        str,
        Meta(
            description="with tls: file with the certificate of its issuer, or its own, PEM or DER"
        ),
    ] = ""
    pin: Annotated[
        str,
        _text(
            "mqtt_pin",
            "with tls: SHA-256 of its public key, 64 hexadecimal digits; name and dates of its"
            " certificate do not count then",
        ),
    ] = ""
    certificate: Annotated[
        str, Meta(description="with tls: file with a certificate of the node's own, PEM or DER")
    ] = ""
    key: Annotated[str, Meta(description="with certificate: file with its private key")] = ""
    timeout_ms: Annotated[int, _of("mqtt_timeout_ms", "longest wait for it, ms")] = _usual(
        "mqtt_timeout_ms"
    )


class BluetoothSection(Table, frozen=True):
    """Reports over Bluetooth, on a board that has no Wi-Fi."""

    advertise_ms: Annotated[
        int, _of("ble_advertise_ms", "how long each report is advertised, ms; 0 for never")
    ] = _usual("ble_advertise_ms")
    interval_ms: Annotated[int, _of("ble_interval_ms", "between two advertisements, ms")] = _usual(
        "ble_interval_ms"
    )
    idle_ms: Annotated[int, _of("ble_idle_ms", "longest silence of a connected peer, ms")] = (
        _usual("ble_idle_ms")
    )
    connected_ms: Annotated[
        int, _of("ble_connected_ms", "longest connection, ms; 0 takes none")
    ] = _usual("ble_connected_ms")
    awake_ms: Annotated[
        int, _of("ble_awake_ms", "longest work for a peer that the supply bears, ms; 0: any")
    ] = _usual("ble_awake_ms")
    encrypted: Annotated[
        bool, Meta(description="whether advertisements are encrypted, with the secret ble_key")
    ] = False


def _measured(key: str, text: str) -> Meta:
    return _of(key, text, 1000)


class BudgetSection(Table, frozen=True):
    """With switched sensors: figures that somebody has measured, instead of the computed ones.
    All are energies out of the buffer capacitor; own_uw is with what converter and capacitor take
    for themselves. `filmgauge size` has the efficiency of the converter hour by hour."""

    own_uw: Annotated[float, _measured("own_nw", "asleep, uW")] | None = None
    wake_uj: Annotated[float, _measured("wake_nj", "a wake with a full sample, uJ")] | None = None
    glance_uj: (
        Annotated[float, _measured("glance_nj", "a wake that only checks the current, uJ")] | None
    ) = None
    report_uj: (
        Annotated[float, _measured("report_nj", "a report, besides the following, uJ")] | None
    ) = None
    advert_uj: Annotated[float, _measured("advert_nj", "one advertisement, uJ")] | None = None
    event_uj: Annotated[float, _measured("event_nj", "one connection event, uJ")] | None = None
    awake_uw: (
        Annotated[float, bounded(0, 2e9, "the processor awake for the radio's sake, uW")] | None
    ) = None
    waking_uj: (
        Annotated[float, _measured("waking_nj", "each time that it comes awake for it, uJ")] | None
    ) = None
    refill_efficiency: (
        Annotated[float, bounded(0.01, 1, "efficiency from the cell to the capacitor")] | None
    ) = None
