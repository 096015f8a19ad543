"""The decoder of advertisements: against the published vector, another receiver, and garbage."""

import random
import struct
from typing import Any

import pytest
from ble_nodes import record
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bthome_receiver import UUID, Receiver
from hypothesis import given
from hypothesis import strategies as st

from filmgauge.record.record import Record
from filmgauge.uplink.ble import bthome
from filmgauge.uplink.ble.aes import block_cipher
from filmgauge_host.ble import node_registry
from filmgauge_host.ble.advert import Advert, AdvertError, decode
from filmgauge_host.ble.discovery import DiscoveredNodes
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_sim.board.radio_port import Advertisement

ADDRESS = "C1:02:03:04:05:06"
THEIR_NAMES = {
    "packet_id",
    "battery",
    "temperature",
    "voltage",
    "count_1",
    "count_2",
    "count_3",
}
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")  # of bthome.io/encryption
IDENTITY_3 = struct.pack("<BIII", 1, 3, 0x1234, 77)  # of a version without lives
IDENTITY = struct.pack("<BIHHBBI", 4, 0x89ABCDEF, 3, 0x1234, 0, 0, 77)


def advertisement(
    service: bytes | None = None, maker: bytes | None = IDENTITY
) -> AdvertisementData:
    services = {} if service is None else {UUID: service}
    makers = {} if maker is None else {0xFFFF: maker}
    return AdvertisementData("window-1", makers, services, [], None, -60, ())


def good(data: bytes) -> bytes:
    """Return what the service data of an advertisement holds."""
    return data[7:]


def read(service: bytes, key: bytes | None = None) -> Advert:
    found = decode(ADDRESS, advertisement(service), key)
    assert found is not None
    return found


def test_the_published_vector_opens() -> None:
    """bthome.io/encryption: 25.06 degC and 50.55 % behind the address 54:48:E6:8F:80:A5."""
    sealed = bytes.fromhex("41a47266c95f730011223378237214")
    data = advertisement(sealed)
    with pytest.raises(AdvertError, match="object 03 is none that a node sends"):
        decode("54:48:E6:8F:80:A5", data, KEY)  # opened: 03 is the humidity
    with pytest.raises(AdvertError, match="does not fit the key"):
        decode("54:48:E6:8F:80:A6", data, KEY)


@pytest.mark.parametrize("key", [None, KEY])
def test_another_receiver_reads_the_same(key: bytes | None) -> None:
    receiver = Receiver(key.hex() if key else "")
    for seq in range(0x1230, 0x1238):
        made = record(seq, voltage_uv=2_000_500 + seq, current_pa=-(seq * 1000) - 501)
        data = bthome.plain(made)
        if key is not None:
            address = bytes.fromhex(ADDRESS.replace(":", ""))
            data = bthome.encrypted(made, block_cipher(key), address, seq)
        event = Advertisement(0, bytes.fromhex("c10203040506"), True, data, b"", False)
        theirs, ours = receiver.read(event), read(good(data), key).values
        assert theirs["battery"] == ours["soc_pct"]
        assert theirs["voltage"] == pytest.approx(ours["voltage_mv"] / 1e3)
        assert theirs["temperature"] == pytest.approx(ours["temperature_cdeg"] / 1e2)
        assert ours["current_na"] in theirs.values()
        assert ours["packet"] == seq & 255


def test_what_is_advertised_becomes_a_record() -> None:
    made = record(0x1234, 3)
    found = read(good(bthome.plain(made))).record()
    assert found is not None
    assert [*found.values()[:3], found.values()[-1]] == [3, 0x1234, 77, 0x89ABCDEF]
    known = {name: getattr(found, name) for name in ("voltage_uv", "current_pa", "stored_nah")}
    assert known == {"voltage_uv": 2_104_000, "current_pa": -1_500_000, "stored_nah": 12_345}
    assert found.soc_ppm is None  # type: ignore[attr-defined]


def test_a_node_of_the_version_before_has_no_life() -> None:
    data = advertisement(good(bthome.plain(record(0x1234, 3))), IDENTITY_3)
    advert = decode(ADDRESS, data)
    assert advert is not None
    assert advert.identity is not None
    assert advert.identity.key == (0, 3, 0x1234)
    found = advert.record()
    assert found is not None
    assert [*found.values()[:3], found.values()[-1]] == [3, 0x1234, 77, 0]
    with pytest.raises(AdvertError, match="boot and seq must be 16777215 at most, not 3 and"):
        decode(ADDRESS, advertisement(maker=struct.pack("<BIII", 1, 3, 1 << 24, 77)))


def test_an_old_scan_response_makes_no_record() -> None:
    assert read(good(bthome.plain(record(0x1235, 3)))).record() is None


def test_another_device_is_not_ours() -> None:
    assert decode(ADDRESS, advertisement(None, None)) is None
    discovered = DiscoveredNodes(NodeRegistry([]))
    device = BLEDevice(ADDRESS, "thermometer", None)
    assert discovered.add(device, advertisement(bytes.fromhex("4002c409"), None), 0.0) is None
    assert not discovered.refused


@pytest.mark.parametrize(
    ("service", "key", "reason"),
    [
        (b"", None, "service data is empty"),
        (b"\x00\x01\x02", None, "no BTHome of version 2: it begins with 00"),
        (b"\x40\x01\x65", None, "soc_pct must be 0 to 100, not 101"),
        (b"\x40\x02\x00\x00\x01\x10", None, "object 01 comes after object 02"),
        (b"\x40\x0c\x01", None, "object 0c is cut short"),
        (b"\x40\x01\x10", KEY, "in plain text, and there is a key"),
        (b"\x41" + bytes(7), None, "has 8 bytes, which is too few"),
        (b"\x41" + bytes(20), KEY, "does not fit the key"),
    ],
)
def test_what_is_wrong_is_named(service: bytes, key: bytes | None, reason: str) -> None:
    with pytest.raises(AdvertError, match=reason):
        decode(ADDRESS, advertisement(service), key)


def test_a_counter_that_falls_is_an_old_advertisement() -> None:
    discovered = DiscoveredNodes(NodeRegistry([RegisteredNode("shelf", ADDRESS, KEY)]))
    device = BLEDevice(ADDRESS, "window-1", None)
    address = bytes.fromhex(ADDRESS.replace(":", ""))

    def add(counter: int) -> Any:
        data = bthome.encrypted(record(0x1234, 3), block_cipher(KEY), address, counter)
        return discovered.add(device, advertisement(good(data)), 0.0)

    assert add(500) is not None
    assert add(500) is not None  # the same one, heard again
    assert add(501) is not None
    assert add(500) is None
    assert discovered.refused == {"advertisement is an old one, replayed: its counter fell": 1}


def test_a_node_with_new_keys_is_heard_without_a_restart(tmp_path, monkeypatch) -> None:
    """Its counter begins anew with them; under the old key nothing is accepted any more."""
    monkeypatch.setattr(node_registry, "_REREAD_S", 0.0)
    path = tmp_path / "nodes.toml"
    other = bytes(range(16))

    def write(key: bytes) -> None:
        path.write_text(f'[nodes.shelf]\naddress = "{ADDRESS}"\nble_key = "{key.hex()}"\n')
        path.chmod(0o600)

    write(KEY)
    discovered = DiscoveredNodes(node_registry.read_registry(path))
    device = BLEDevice(ADDRESS, "window-1", None)
    address = bytes.fromhex(ADDRESS.replace(":", ""))

    def add(key: bytes, counter: int) -> Any:
        data = bthome.encrypted(record(0x1234, 3), block_cipher(key), address, counter)
        return discovered.add(device, advertisement(good(data)), 0.0)

    assert add(KEY, 5000) is not None
    assert add(other, 100) is None
    write(other)
    assert add(other, 100) is not None
    assert add(other, 101) is not None
    assert add(other, 100) is None  # replayed
    assert add(KEY, 5001) is None
    path.write_text("half a file")  # somebody writes it just now
    assert add(other, 102) is not None
    assert any("nodes.toml is not TOML" in reason for reason in discovered.refused)
    path.unlink()
    assert add(other, 103) is not None


def test_a_node_that_has_lost_its_counter_is_heard_and_has_no_values() -> None:
    data = good(bthome.without_values(record(0x1234, 3)))
    found = read(data, KEY)
    assert (found.values, found.is_sealed) == ({"packet": 0x34, "problem": 1}, False)
    values = found.record()
    assert values is not None
    assert values.values()[3:-1] == [None] * 36
    for service in (data + b"\x01\x10", b"\x44\x00\x34\x01\x10", b"\x44\x00\x34"):
        with pytest.raises(AdvertError, match="in plain text, and there is a key"):
            read(service, KEY)


@given(
    st.fixed_dictionaries(
        {
            "shown_ppm": st.none() | st.integers(0, 1_000_000),
            "temperature_cdeg": st.none() | st.integers(-25600, 25600),
            "voltage_uv": st.none() | st.integers(0, 65_000_000),
            "stored_nah": st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
            "current_pa": st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
        }
    )
)
def test_no_value_changes_its_meaning(values: dict[str, int | None]) -> None:
    """bthome-ble counts counts: each must stay what it is, whatever else is not known."""
    made = Record(boot=3, seq=0x1234, up_s=77, **values)
    advert = read(good(bthome.plain(made)))
    ours, again = advert.values, advert.record()
    assert again is not None
    assert (again.current_pa is None) == (values["current_pa"] is None)
    wanted = {
        "packet": 0x34,
        "seq_low": 0x1234,
        "soc_pct": _scaled(values["shown_ppm"], 10_000),
        "temperature_cdeg": values["temperature_cdeg"],
        "voltage_mv": _scaled(values["voltage_uv"], 1000),
        "stored_nah": None if values["stored_nah"] is None else max(0, values["stored_nah"]),
        "current_na": _scaled(values["current_pa"], 1000),
    }
    assert ours == {name: value for name, value in wanted.items() if value is not None}
    receiver = Receiver()
    event = Advertisement(0, bytes(6), True, bthome.plain(made), b"", False)
    theirs = receiver.read(event)
    assert set(theirs) == THEIR_NAMES
    assert receiver.parser.sleepy_device
    assert theirs["count_1"] == 0x1234
    assert theirs["count_2"] == ours.get("stored_nah", 0xFFFFFFFF)
    assert theirs["count_3"] == ours.get("current_na", -0x80000000)
    assert theirs["voltage"] == pytest.approx(ours.get("voltage_mv", 0xFFFF) / 1000)
    assert theirs["temperature"] == pytest.approx(ours.get("temperature_cdeg", -0x8000) / 100)
    assert theirs["battery"] == ours.get("soc_pct", 0xFF)


def _scaled(value: int | None, factor: int) -> int | None:
    return None if value is None else (value + factor // 2) // factor


def test_a_hundred_thousand_garbled_advertisements() -> None:
    draw = random.Random(5)
    plain = good(bthome.plain(record(0x1234, 3)))
    address = bytes.fromhex(ADDRESS.replace(":", ""))
    sealed = good(bthome.encrypted(record(0x1234, 3), block_cipher(KEY), address, 500))
    discovered = DiscoveredNodes(
        NodeRegistry([RegisteredNode("shelf", address="C1:02:03:04:05:07")])
    )
    count = accepted = 0
    for number in range(100_000):
        base = (plain, sealed, (IDENTITY, IDENTITY_3)[number % 2])[number % 3]
        if draw.random() < 0.3:
            data = draw.randbytes(draw.randrange(0, 28))
        else:
            torn = bytearray(base[: draw.randrange(0, len(base) + 1)])
            for _ in range(draw.randrange(1, 4)):
                if torn:
                    torn[draw.randrange(len(torn))] = draw.randrange(256)
            data = bytes(torn)
        service, maker = (data, IDENTITY) if number % 3 < 2 else (plain, data)
        device = BLEDevice(f"C1:02:03:04:05:{number % 200:02X}", None, None)
        before = sum(discovered.refused.values())
        node = discovered.add(device, advertisement(service, maker), number)
        count += 1
        accepted += node is not None
        assert (node is not None) != (sum(discovered.refused.values()) > before)
        if node is not None:
            node.advert.record()
    assert accepted + sum(discovered.refused.values()) == count == 100_000
    assert len(discovered.refused) <= 201
    assert sum(1 for _ in discovered) <= 200


def test_a_key_that_is_being_changed_opens_with_both_and_a_revoked_node_is_not_heard() -> None:
    newer = bytes(range(16))
    address = bytes.fromhex(ADDRESS.replace(":", ""))
    entry = RegisteredNode("shelf", ADDRESS, KEY, ble_key_next=newer)
    discovered = DiscoveredNodes(NodeRegistry([entry]))
    device = BLEDevice(ADDRESS, None, None)
    for number, key in ((100, KEY), (101, newer)):
        sealed = good(bthome.encrypted(record(7), block_cipher(key), address, number))
        assert discovered.add(device, advertisement(sealed), 0.0) is not None
    sealed = good(bthome.encrypted(record(7), block_cipher(bytes(16)), address, 102))
    assert discovered.add(device, advertisement(sealed), 0.0) is None
    revoked = DiscoveredNodes(NodeRegistry([RegisteredNode("shelf", ADDRESS, revoked=True)]))
    assert revoked.add(device, advertisement(good(bthome.plain(record(7)))), 0.0) is None
    assert revoked.refused == {"shelf is revoked": 1}
