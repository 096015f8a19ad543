"""What an advertisement of a node says: BTHome v2, plain or encrypted, and which record it is.

    advert = decode(address, data, key)     # None: not a node's; AdvertError: refused, and why

Formats: bthome.io/format, bthome.io/encryption, and docs/bluetooth.md for the manufacturer data.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bleak.backends.scanner import AdvertisementData

from filmgauge.record.record import VERSION, Record
from filmgauge.state import MOST_SEQ
from filmgauge.store.record_search import record_position
from filmgauge.uplink.ble.aes import block_cipher
from filmgauge.uplink.ble.ccm import seal
from filmgauge.uplink.ble.uplink import POSITION_SIZE
from filmgauge_host.ble import gatt_values, uuids
from filmgauge_host.errors import BluetoothError
from filmgauge_host.telemetry.received_record import RecordKey

_VERSION_3 = 1  # of the manufacturer data beside a record of version 3
_VERSION_4 = 4
_IDENTITY_3 = "<BIII"  # version, boot, seq, up_s
_UUID = b"\xd2\xfc"
_MIC_SIZE = 4
_BTHOME_2 = 0x40  # in the info byte; bit 0: encrypted
_ENCRYPTED = 0x01
_TRIGGERED = 0x04  # irregular: allowed, means nothing here
# Object id: name, format, smallest and largest that a node can send, and what it sends for unknown
_OBJECTS = {
    0x00: ("packet", "<B", 0, 255, None),
    0x01: ("soc_pct", "<B", 0, 100, 0xFF),
    0x02: ("temperature_cdeg", "<h", -25600, 25600, -0x8000),
    0x0C: ("voltage_mv", "<H", 0, 65534, 0xFFFF),
    0x26: ("problem", "<B", 0, 1, None),
    0x3D: ("seq_low", "<H", 0, 65535, None),
    0x3E: ("stored_nah", "<I", 0, 0x7FFFFFFF, 0xFFFFFFFF),
    0x5B: ("current_na", "<i", -2147484, 2147484, -0x80000000),  # rounded: what a record holds
}
_MOST_PA = 0x7FFFFFFF
_NO_SECRETS = {0x00, 0x26}  # all that a node says in plain whose key must not be used any more


class AdvertError(BluetoothError, ValueError):
    """An advertisement that cannot be used; the text says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which record a node advertises. life: 0 of a version that had none."""

    life: int
    boot: int
    seq: int
    up_s: int

    @property
    def key(self) -> RecordKey:
        """See record_key."""
        return self.life, self.boot, self.seq


@dataclass(frozen=True, slots=True)
class Advert:
    """One advertisement of a node. Values are by name, those of _OBJECTS; absent: not sent, or
    not known.

    is_sealed: they are encrypted, and without the key there are none. counter: of the
    encryption, None without.
    """

    address: str
    name: str | None
    rssi_dbm: int
    identity: Identity | None
    values: dict[str, int] = field(default_factory=dict)
    is_sealed: bool = False
    counter: int | None = None

    def record(self) -> Record | None:
        """Return the values as a record; None without identity or when both do not match."""
        identity = self.identity
        packet = self.values.get("packet")
        if identity is None or (packet is not None and packet != identity.seq & 0xFF):
            return None  # a host's stack may pair an old scan response with a new advertisement
        current_pa = _times(self.values.get("current_na"), 1000)
        if current_pa is not None:  # rounded up at its bound
            current_pa = max(-_MOST_PA, min(_MOST_PA, current_pa))
        return Record(
            life=identity.life,
            boot=identity.boot,
            seq=identity.seq,
            up_s=identity.up_s,
            shown_ppm=_times(self.values.get("soc_pct"), 10_000),
            voltage_uv=_times(self.values.get("voltage_mv"), 1000),
            temperature_cdeg=self.values.get("temperature_cdeg"),
            current_pa=current_pa,
            stored_nah=self.values.get("stored_nah"),
        )


def decode(address: str, data: AdvertisementData, key: bytes | None = None) -> Advert | None:
    """Return what a node says, None for another device; raise AdvertError for what is garbled.

    key: 16 bytes; without it an encrypted advertisement has its identity only.
    """
    manufacturer = data.manufacturer_data.get(uuids.COMPANY)
    service = data.service_data.get(uuids.BTHOME)
    if manufacturer is None and service is None:
        return None
    identity = None if manufacturer is None else _identity(manufacturer)
    values: dict[str, int] = {}
    sealed, counter = False, None
    if service is not None:
        if not service:
            raise AdvertError("service data is empty")
        sealed = bool(service[0] & _ENCRYPTED)
        objects, counter = _opened(address, service, key)
        values = {} if objects is None else _objects(objects)
    name = None if data.local_name is None else gatt_values.text(data.local_name.encode())
    return Advert(address, name, data.rssi, identity, values, sealed, counter)


def _identity(value: bytes) -> Identity:
    version = value[0] if value else VERSION
    size = struct.calcsize(_IDENTITY_3) if version == _VERSION_3 else POSITION_SIZE
    if len(value) != size:
        raise AdvertError(f"manufacturer data must have {size} bytes, not {len(value)}")
    if version == _VERSION_3:
        _, boot, seq, up_s = struct.unpack(_IDENTITY_3, value)
        if max(boot, seq) > MOST_SEQ:
            raise AdvertError(f"boot and seq must be {MOST_SEQ} at most, not {boot} and {seq}")
        return Identity(0, boot, seq, up_s)
    if not _VERSION_4 <= version <= VERSION:  # which begin alike
        raise AdvertError(f"manufacturer data has version {version}, not {VERSION}")
    return Identity(*record_position(value), int.from_bytes(value[-4:], "little"))


def _opened(address: str, service: bytes, key: bytes | None) -> tuple[bytes | None, int | None]:
    """Return the objects, None when they are encrypted and there is no key; and the counter."""
    info = service[0]
    if info & ~(_ENCRYPTED | _TRIGGERED) != _BTHOME_2:
        raise AdvertError(f"service data is no BTHome of version 2: it begins with {info:02x}")
    if not info & _ENCRYPTED:
        if key is not None and not (len(service) == 5 and {service[1], service[3]} == _NO_SECRETS):
            raise AdvertError("advertisement is in plain text, and there is a key for this node")
        return service[1:], None
    if len(service) < 1 + 4 + _MIC_SIZE:
        raise AdvertError(f"encrypted service data has {len(service)} bytes, which is too few")
    text, count, mic = service[1:-8], service[-8:-4], service[-4:]
    (counter,) = struct.unpack("<I", count)
    if key is None:
        return None, counter
    nonce = _bytes_of(address) + _UUID + service[:1] + count
    cipher: Callable[[bytes], bytes] = block_cipher(key)
    objects, _ = seal(cipher, nonce, text, _MIC_SIZE)  # counter mode: sealing twice opens
    if seal(cipher, nonce, objects, _MIC_SIZE)[1] != mic:
        raise AdvertError("encrypted advertisement does not fit the key of this node")
    return objects, counter


def _bytes_of(address: str) -> bytes:
    with suppress(ValueError):
        raw = bytes.fromhex(address.replace(":", ""))
        if len(raw) == 6:
            return raw
    raise AdvertError(
        f"encrypted advertisement needs the address of its sender, and {address} is none"
    )


def _objects(data: bytes) -> dict[str, int]:
    found: dict[str, int] = {}
    at, last = 0, -1
    while at < len(data):
        number = data[at]
        if number not in _OBJECTS:
            raise AdvertError(f"object {number:02x} is none that a node sends")
        if number <= last:
            raise AdvertError(f"object {number:02x} comes after object {last:02x}")
        name, form, low, high, unknown = _OBJECTS[number]
        size = struct.calcsize(form)
        if at + 1 + size > len(data):
            raise AdvertError(f"object {number:02x} is cut short")
        (value,) = struct.unpack_from(form, data, at + 1)
        if value != unknown:
            if not low <= value <= high:
                raise AdvertError(f"{name} must be {low} to {high}, not {value}")
            found[name] = value
        at, last = at + 1 + size, number
    return found


def _times(value: int | None, factor: int) -> int | None:
    return None if value is None else value * factor
