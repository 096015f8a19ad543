"""bleak, unmodified, on the virtual air."""

import asyncio
import hmac
from collections.abc import Iterator

import pytest
from ble_bed import Field, address
from ble_nodes import OURS
from bleak import BleakClient, BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from filmgauge_host.virtual.bleak_client import client_backend
from filmgauge_host.virtual.bleak_scanner import scanner_backend

ADDRESS = address(1)
NAME = "node-1"


class Bed(Field):
    """A node and a host with bleak on it."""

    def __init__(self) -> None:
        super().__init__()
        self.scanner = scanner_backend(self.adapter)
        self.client = client_backend(self.adapter)

    def advertise(self, seconds: float = 30.0) -> None:
        self.start(self.node.advertise(seconds))


@pytest.fixture
def bed() -> Iterator[Bed]:
    made = Bed()
    made.node.make()
    yield made
    made.close()


def test_a_scanner_tells_name_strength_and_data(bed: Bed) -> None:
    bed.advertise(5)
    found = bed.run(BleakScanner.discover(3.0, return_adv=True, backend=bed.scanner))
    assert list(found) == [ADDRESS]
    device, data = found[ADDRESS]
    assert device.name == data.local_name == NAME
    assert data.rssi == -25  # nothing between them: Positions
    assert data.manufacturer_data == {0xFFFF: bytes.fromhex("050700008001000000000000" + "000000")}
    (uuid,) = data.service_data
    assert uuid.startswith("0000fcd2-")
    assert data.service_data[uuid][0] == 0x44


def test_a_scanner_hears_every_advertisement_and_a_stopped_one_none(bed: Bed) -> None:
    heard: list[str] = []

    async def scan() -> None:
        scanner = BleakScanner(lambda device, _: heard.append(device.address), backend=bed.scanner)
        await scanner.start()
        await bed.node.advertise(10.0, interval_ms=100)
        await scanner.stop()
        count = len(heard)
        await bed.node.advertise(5.0, interval_ms=100)
        assert len(heard) == count

    bed.run(scan())
    assert len(heard) == pytest.approx(10 / 0.105, rel=0.05)


def test_a_client_discovers_and_reads_and_is_told_of_the_end(bed: Bed) -> None:
    ended: list[str] = []

    async def talk() -> None:
        client = BleakClient(
            ADDRESS, lambda client: ended.append(client.address), backend=bed.client
        )
        async with client:
            assert client.is_connected
            with pytest.warns(UserWarning, match="default MTU"):
                assert client.mtu_size == 23  # as on BlueZ, whatever the link has
            assert {service.uuid[:8] for service in client.services} >= {
                "0000180f",
                "0000180a",
                "6f100001",
            }
            value = await client.read_gatt_char("2a25")
            assert isinstance(value, bytearray)
            assert value == NAME.encode()
            found = client.services.get_characteristic(OURS.format(7))
            assert found is not None
            assert found.properties == ["notify"]
            assert [each.uuid[4:8] for each in found.descriptors] == ["2902"]
            assert found.max_write_without_response_size == 514
            bed.adapter.tells_mtu = False
            assert found.max_write_without_response_size == 20
        assert not client.is_connected
        assert ended == [ADDRESS]
        with pytest.raises(BleakError, match=r"Service Discovery|Not connected"):
            await client.read_gatt_char("2a25")

    bed.advertise()
    bed.run(talk())


def test_notifications_come_until_they_are_stopped(bed: Bed) -> None:
    async def talk() -> None:
        got: list[bytearray] = []
        async with BleakClient(ADDRESS, backend=bed.client) as client:
            data, request = OURS.format(7), OURS.format(6)
            await client.start_notify(data, lambda _, value: got.append(value))
            await client.write_gatt_char(request, bytes(12) + b"\1\0", response=True)
            await asyncio.sleep(3)
            assert got[-1][0] == 0xFF
            count = len(got)
            await client.stop_notify(data)
            await client.write_gatt_char(request, bytes(12) + b"\1\0", response=True)
            await asyncio.sleep(3)
            assert len(got) == count

    bed.node.make()
    bed.advertise()
    bed.run(talk())


def test_a_refusal_of_the_peer_has_its_att_error(bed: Bed) -> None:
    async def talk() -> int:
        async with BleakClient(ADDRESS, backend=bed.client) as client:
            with pytest.raises(BleakGATTProtocolError) as raised:
                await client.read_gatt_char(OURS.format(6))
            return int(raised.value.code)

    bed.advertise()
    assert bed.run(talk()) == 0x02  # read not permitted


def test_a_write_longer_than_a_packet_is_queued_or_refused(bed: Bed) -> None:
    bed.node.device.gatt_server.max_mtu = 23

    async def talk() -> None:
        async with BleakClient(ADDRESS, backend=bed.client) as client:
            with pytest.raises(BleakError):
                await client.write_gatt_char(OURS.format(8), bytes(600), response=True)
            assert client.is_connected
            part = bytes((1, 10)) + bytes(238)
            mac = hmac.digest(bed.node.command_key, NAME.encode() + b"\0" + part, "sha256")
            await client.write_gatt_char(OURS.format(8), part + mac[:16], response=True)
            assert bed.node.parts == [part[10:]]

    bed.advertise()
    bed.run(talk())


def test_who_is_absent_is_not_found_in_time(bed: Bed) -> None:
    async def talk() -> None:
        begun_s = asyncio.get_running_loop().time()
        with pytest.raises((TimeoutError, BleakDeviceNotFoundError)):
            await BleakClient("C9:00:00:00:00:01", timeout=4.0, backend=bed.client).connect()
        assert asyncio.get_running_loop().time() - begun_s == pytest.approx(4.0, abs=0.1)
        async with BleakClient(ADDRESS, backend=bed.client) as client:
            assert client.is_connected  # the adapter is free again

    bed.advertise()
    bed.run(talk())


def test_a_connection_that_is_given_up_leaves_the_adapter_free(bed: Bed) -> None:
    async def talk() -> None:
        waiting = asyncio.create_task(BleakClient(ADDRESS, backend=bed.client).connect())
        await asyncio.sleep(1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        bed.advertise()
        async with BleakClient(ADDRESS, backend=bed.client) as client:
            assert client.is_connected

    bed.run(talk())


def test_a_lost_peer_ends_the_connection_and_what_waits_on_it(bed: Bed) -> None:
    async def talk() -> None:
        gone = asyncio.Event()
        async with BleakClient(ADDRESS, lambda _: gone.set(), backend=bed.client) as client:
            bed.air.link.positions.at_m[ADDRESS] = (0.0, 1000.0)
            with pytest.raises(BleakError):
                await client.read_gatt_char("2a25")
            assert gone.is_set()
            assert not client.is_connected

    bed.advertise()
    bed.run(talk())


def test_an_adapter_that_is_pulled_out(bed: Bed) -> None:
    async def talk() -> None:
        heard: list[str] = []
        async with (
            BleakScanner(lambda device, _: heard.append(device.address), backend=bed.scanner),
            BleakClient(ADDRESS, backend=bed.client) as client,
        ):
            await bed.adapter.pull_out()
            assert not client.is_connected
            count = len(heard)
            with pytest.raises(BleakBluetoothNotAvailableError):
                await client.connect()
            bed.advertise()
            await asyncio.sleep(5)
            assert len(heard) == count
            await bed.adapter.plug_in()
            await asyncio.sleep(5)
            assert len(heard) > count

    bed.advertise()
    bed.run(talk())
