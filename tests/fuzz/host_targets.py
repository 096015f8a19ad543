"""Doors of the host: what nodes, other devices and people put before it."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bleak.backends.scanner import AdvertisementData
from target import Target, refused

from filmgauge.config import Config
from filmgauge.record.record import Record, fields
from filmgauge_host.ble import advert, battery_service, gatt_values, uuids
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.telemetry.messages import LEAVES, LastRecord, Rejected, decode
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_sim.cell.parameters import parse_parameters
from filmgauge_sim.nodes.configuration import compiled_profile, firmware_configuration
from filmgauge_sim.nodes.description import (
    DescriptionError,
    NodeDescription,
    description_from,
    to_toml,
)
from filmgauge_sim.nodes.secrets import check_secrets
from filmgauge_sim.scenario.loading import scenario_from

_RECORD = Record(
    boot=3, seq=70, up_s=4200, soc_ppm=512_345, voltage_uv=2_104_000, faults=5, limits=3, life=9
)
_SCENARIOS = Path(__file__).resolve().parents[2] / "sim" / "filmgauge_sim" / "scenarios"
_SETS = _SCENARIOS.parent / "cell" / "sets"
_KEY = "00112233445566778899aabbccddeeff"
_SECRETS = {
    "wifi_password": "a password",
    "mqtt_password": "another",
    "ble_key": _KEY,
    "command_key": _KEY,
}


class Payloads(Target):
    """A message of a node: the first byte chooses its topic."""

    name = "payloads"
    _LEAVES = (*LEAVES, "last")
    words = tuple(f'"{key}"'.encode() for _, key, *_ in fields())

    def seeds(self) -> list[bytes]:
        status = b'{"state":"sleeping","next_report_s":600}'
        info = b'{"firmware":"0.1","cell":"evp-li","sample_s":60,"area_cm2":1.0}'
        chosen = {"status": status, "info": info}
        whole = _RECORD.to_json().encode()
        return [
            bytes((number,))
            + (_RECORD.to_bytes() if "compact" in leaf else chosen.get(leaf, whole))
            for number, leaf in enumerate(self._LEAVES)
        ]

    def run(self, data: bytes) -> bool:
        leaf = self._LEAVES[(data[0] if data else 0) % len(self._LEAVES)]
        message = decode(f"filmgauge/a/{leaf}", data[1:], leaf == "last", 5)
        if isinstance(message, Rejected):
            assert message.reason.isprintable()
            assert 0 < len(message.reason) <= 200
            return False
        if isinstance(message, LastRecord):
            message = message.received
        if isinstance(message, ReceivedRecord):
            record = message.record
            for name, _, _, low, high in fields():
                value = getattr(record, name)
                assert value is None or low <= value <= high, (name, value)
            again = decode("filmgauge/a/log", record.to_json().encode(), False, 5)
            assert isinstance(again, ReceivedRecord)
            assert again.record == record
        return True


class Adverts(Target):
    """An advertisement: manufacturer data and service data, one behind the other."""

    name = "adverts"
    _ADDRESS = "02:00:00:00:00:01"

    def seeds(self) -> list[bytes]:
        position = _RECORD.to_bytes()[:11] + b"\1\0\0\0"
        return [
            bytes((0, len(position))) + position + b"\x44\x00\x05\x02\xca\x09",
            bytes((1, len(position))) + position + b"\x41" + bytes(20),
            b"\2\0\x40\x01\x61",
            b"\3\1\4",
        ]

    def run(self, data: bytes) -> bool:
        if len(data) < 2:
            return False
        flags, length = data[0], data[1]
        mine, service = data[2 : 2 + length], data[2 + length :]
        heard = AdvertisementData(
            local_name="f" * (flags >> 4),
            manufacturer_data={} if flags & 4 else {uuids.COMPANY: mine},
            service_data={} if flags & 2 else {uuids.BTHOME: service},
            service_uuids=[],
            tx_power=None,
            rssi=-60,
            platform_data=(),
        )
        try:
            said = advert.decode(self._ADDRESS, heard, bytes(16) if flags & 1 else None)
        except advert.AdvertError as error:
            return refused(error)
        if said is not None:
            said.record()
        return True


class GattValues(Target):
    """What a characteristic holds: the first byte chooses which."""

    name = "gatt values"
    _READERS: tuple[Callable[[bytes], object], ...] = (
        gatt_values.record,
        gatt_values.state,
        gatt_values.energy,
        gatt_values.ledger,
        gatt_values.reply,
        gatt_values.configuration,
    )

    def seeds(self) -> list[bytes]:
        whole = (
            _RECORD.to_bytes(),
            b"\2" + bytes(46),
            b"\1" + bytes(8),
            b"\1\2" + bytes(16),
            b"\1\0\0\0\0set",
            b'{"node": "a"}',
        )
        return [bytes((number,)) + value for number, value in enumerate(whole)]

    def run(self, data: bytes) -> bool:
        read = self._READERS[(data[0] if data else 0) % len(self._READERS)]
        try:
            read(data[1:])
        except FilmgaugeError as error:
            return refused(error)
        return True


class BatteryValues(Target):
    """The standard characteristics of a battery: the first byte chooses which."""

    name = "battery values"
    _UUIDS = tuple(sorted(battery_service.UUIDS))

    def seeds(self) -> list[bytes]:
        return [bytes((number,)) + bytes(8) for number in range(len(self._UUIDS))]

    def run(self, data: bytes) -> bool:
        chosen = self._UUIDS[(data[0] if data else 0) % len(self._UUIDS)]
        try:
            found = battery_service.decode(chosen, data[1:])
        except ValueError as error:
            return refused(error)
        return not any(key.endswith("_malformed") for key in found)


class LogPieces(Target):
    """Pieces of a log: each begins with its length."""

    name = "log pieces"

    def seeds(self) -> list[bytes]:
        whole = _RECORD.to_bytes()
        pieces = (b"\0" + whole[:64], b"\x81" + whole[64:], b"\xff\1\0\0\0")
        return [b"".join(bytes((len(piece),)) + piece for piece in pieces)]

    def run(self, data: bytes) -> bool:
        log = gatt_values.LogReassembly()
        at = 0
        found = False
        while at < len(data):
            piece = data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
            try:
                found = log.add(piece) is not None or found
            except FilmgaugeError as error:
                return refused(error)
        return found


class _Toml(Target):
    """A file of TOML that a person has written."""

    def run(self, data: bytes) -> bool:
        try:
            table = tomllib.loads(data.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            return False  # as the readers of files do
        try:
            self.read(table)
        except (DescriptionError, ValueError) as error:
            return refused(error)
        return True

    def read(self, table: dict[str, Any]) -> None:
        """Raise ValueError with a sentence, or use it."""
        raise NotImplementedError


def _texts() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_SCENARIOS.glob("*.toml"))]


def _inline(text: bytes) -> list[bytes]:
    """Return the nodes of a scenario as descriptions."""
    return [
        to_toml(node.description).encode()
        for node in scenario_from(tomllib.loads(text.decode())).node
    ]


_TOML_WORDS = tuple(
    line.split("=")[0].strip().encode()
    for text in _texts()
    for line in text.decode().splitlines()
    if "=" in line and not line.startswith("#")
)


class Descriptions(_Toml):
    """A description of a node; what is accepted becomes files for a board."""

    name = "descriptions"
    words = _TOML_WORDS

    def seeds(self) -> list[bytes]:
        return [node for text in _texts() for node in _inline(text)]

    def read(self, table: dict[str, Any]) -> None:
        description = description_from(table)
        again = description_from(tomllib.loads(to_toml(description)))
        assert again == description
        values = _firmware_values(description)
        if values is not None:
            Config(**values)
            compiled_profile(description).to_bytes()


def _firmware_values(description: NodeDescription) -> dict[str, Any] | None:
    try:
        return firmware_configuration(description, _SECRETS)
    except DescriptionError as error:  # the firmware has a narrower bound, or no broker is named
        refused(error)
        return None


class Scenarios(_Toml):
    """A scenario."""

    name = "scenarios"
    words = _TOML_WORDS

    def seeds(self) -> list[bytes]:
        return _texts()

    def read(self, table: dict[str, Any]) -> None:
        scenario_from(table)


class CellSets(Target):
    """The parameters of a cell."""

    name = "cell sets"

    def seeds(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(_SETS.glob("*.toml"))]

    def run(self, data: bytes) -> bool:
        try:
            parse_parameters(data.decode(), "cell")
        except ValueError as error:  # UnicodeDecodeError is one, which the file's reader names
            return refused(error)
        return True


class SecretFiles(_Toml):
    """Secrets of a node: no sentence tells one."""

    name = "secrets"
    words = tuple(name.encode() for name in _SECRETS)

    def seeds(self) -> list[bytes]:
        return [
            "\n".join(f"{name} = {json.dumps(text)}" for name, text in _SECRETS.items()).encode()
        ]

    def read(self, table: dict[str, Any]) -> None:
        try:
            check_secrets(table)
        except DescriptionError as error:
            secrets = (value for value in table.values() if isinstance(value, str))
            if any(value in str(error) for value in secrets if len(value) >= 16):
                raise AssertionError("a sentence tells a secret") from None
            raise


def host_targets() -> list[Target]:
    """Return all of them."""
    kinds = (
        Payloads, Adverts, GattValues, BatteryValues, LogPieces,
        Descriptions, Scenarios, CellSets, SecretFiles,
    )  # fmt: skip
    return [kind() for kind in kinds]
