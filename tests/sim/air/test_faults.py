"""Faults of bumble 0.0.236 that the air works around. Where the stock half of a test fails, bumble
has mended the fault: the workaround that the test names can go."""

import asyncio

import pytest
from bumble import att, core, gatt, hci
from bumble.device import AdvertisingType, Device, Peer
from bumble_pair import NODE, pair, reports, virtually

OURS = pytest.mark.parametrize("ours", [False, True], ids=["stock", "ours"])


@OURS
def test_the_scan_response_goes_out(ours: bool) -> None:
    """Workaround: AirController.hear and LegacyAdv.response."""
    data = {report.data_bytes for report in virtually(reports(ours)) if report.is_scan_response}
    assert data == ({b"\x02\x0a\x00"} if ours else {b"\x02\x01\x06"})


@OURS
@pytest.mark.parametrize(
    "kind", [AdvertisingType.UNDIRECTED, AdvertisingType.UNDIRECTED_SCANNABLE]
)
def test_other_than_connectable_advertising_goes_out(ours: bool, kind: AdvertisingType) -> None:
    """Workaround: _Advertiser.send_advertising_data."""
    heard = virtually(reports(ours, kind))
    assert bool(heard) == ours
    assert not any(report.is_connectable for report in heard)
    scannable = kind is AdvertisingType.UNDIRECTED_SCANNABLE
    assert any(report.is_scan_response for report in heard) == (ours and scannable)


@OURS
def test_the_interval_counts_in_units_of_0_625_ms(ours: bool) -> None:
    """Workaround: _Advertiser._on_timer_fired, with the delay of 0 to 10 ms besides."""
    heard = [report for report in virtually(reports(ours)) if not report.is_scan_response]
    expected = 10 / 0.105 if ours else 10 / 0.16
    assert len(heard) == pytest.approx(expected, abs=3)


@OURS
def test_rssi_follows_the_distance(ours: bool) -> None:
    """Workaround: the argument of AirController.hear."""
    heard = virtually(reports(ours))
    assert {report.rssi for report in heard} == ({-25} if ours else {-50})  # 20 dB nearer than 1 m


@OURS
def test_a_connection_to_an_absent_device_can_be_given_up(ours: bool) -> None:
    """Workaround: AirController.on_hci_le_create_connection_cancel_command."""

    async def attempt() -> str:
        _, central = await pair(ours)
        connecting = central.connect("C4:00:00:00:00:01", timeout=1)
        done, _ = await asyncio.wait([asyncio.ensure_future(connecting)], timeout=60)
        return "ended" if done and next(iter(done)).exception() else "hangs"

    assert virtually(attempt()) == ("ended" if ours else "hangs")


async def connected(ours: bool, interval_ms: float = 100.0) -> tuple[Device, Device]:
    peripheral, central = await pair(ours)
    await peripheral.start_advertising(
        advertising_interval_min=interval_ms, advertising_interval_max=interval_ms
    )
    await central.connect(NODE)
    await asyncio.sleep(1)
    return peripheral, central


@OURS
def test_a_peer_that_is_gone_ends_the_connection(ours: bool) -> None:
    """Workaround: Connected._look."""

    async def reasons() -> list[int]:
        peripheral, central = await connected(ours)
        seen: list[int] = []
        next(iter(central.connections.values())).on("disconnection", seen.append)
        controller = peripheral.host.controller
        controller.link.remove_controller(controller)  # type: ignore[union-attr]
        await asyncio.sleep(60)
        return seen

    assert virtually(reasons()) == ([8] if ours else [])  # 8: connection timeout


def test_bumble_tells_a_peripheral_another_interval_than_the_central() -> None:
    """Workaround: AirLink.interval_s."""

    async def told() -> set[float]:
        peripheral, central = await connected(True)
        ends = [*peripheral.connections.values(), *central.connections.values()]
        return {end.parameters.connection_interval for end in ends}

    assert virtually(told()) == {12.5, 30.0}


@OURS
def test_a_central_with_a_public_address_is_answered(ours: bool) -> None:
    """Workaround: AirLink.send_acl_data."""

    async def services() -> int:
        peripheral, central = await pair(ours)
        controller = central.host.controller
        controller.public_address = hci.Address(  # type: ignore[union-attr]
            "F0:00:00:00:00:09", hci.Address.PUBLIC_DEVICE_ADDRESS
        )
        await peripheral.start_advertising()
        connection = await central.connect(NODE, own_address_type=hci.OwnAddressType.PUBLIC)
        peer = Peer(connection)
        finding = asyncio.ensure_future(peer.discover_services())
        done, _ = await asyncio.wait([finding], timeout=10)
        return len(finding.result()) if done and not finding.exception() else 0

    found = virtually(services())
    assert bool(found) == ours


async def write_to_a_server(permitted: bool, fails: bool) -> tuple[str, float]:
    """Write to a characteristic of bumble's own server; return the outcome and its time in s."""

    def written(connection: object, value: bytes) -> None:
        if fails:
            raise RuntimeError("a handler that fails")

    peripheral, central = await pair(True)
    permissions = gatt.Characteristic.WRITEABLE if permitted else gatt.Characteristic.READABLE
    value = gatt.CharacteristicValue(write=written)
    properties = gatt.Characteristic.Properties.WRITE
    characteristic = gatt.Characteristic("2A19", properties, permissions, value)
    peripheral.add_service(gatt.Service("180F", [characteristic]))
    await peripheral.start_advertising()
    peer = Peer(await central.connect(NODE))
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    try:
        await peer.gatt_client.write_value(characteristic.handle, b"x", with_response=True)
        outcome = "done"
    except att.ATT_Error:
        outcome = "refused"
    except core.TimeoutError:
        outcome = "no answer"
    return outcome, loop.time() - begun_s


def test_bumbles_server_does_not_look_whether_writing_is_permitted() -> None:
    """Workaround: `write` in BoardDevice._value looks itself."""
    assert virtually(write_to_a_server(permitted=False, fails=False))[0] == "done"


def test_bumbles_server_does_not_answer_when_a_handler_fails() -> None:
    """Workaround: no handler of BoardDevice runs code of the firmware."""
    outcome, seconds = virtually(write_to_a_server(permitted=True, fails=True))
    assert outcome == "no answer"
    assert seconds == pytest.approx(30, abs=1)
