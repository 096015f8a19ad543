"""`bluetooth` of a board on the air, spoken to by a bumble central: real ATT, both runtimes."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from board_on_air import ADDRESS, GO, RUNTIMES, STM32, play, refused, value
from board_program import Program
from bumble.device import Device, Peer

from filmgauge_sim.air.air import Air, ScanReport

SERVER = """
import time
from bluetooth import *
ble = BLE()
ble.active(True)
seen = []
answer = None
def handler(event, data):
    seen.append(event)
    print(event, *[bytes(value) if isinstance(value, memoryview) else value for value in data])
    if event == 4:
        return answer
ble.irq(handler)
((level, limit, safe),) = ble.gatts_register_services((
    (UUID(0x180F), ((UUID(0x2A19), FLAG_READ | FLAG_NOTIFY | FLAG_INDICATE),
                    (UUID(0x2A06), FLAG_WRITE | FLAG_READ),
                    (UUID(0x2A07), FLAG_READ | FLAG_WRITE | 0x200 | 0x1000))),
))
ble.gatts_write(level, b'\\x5d')
ble.gatts_write(safe, b'secret')
"""


async def peer_of(device: Device) -> Peer:
    peer = Peer(await device.connect(ADDRESS))
    await peer.discover_services()
    await peer.discover_characteristics()
    return peer


@RUNTIMES
def test_connect_read_and_disconnect_are_told(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> bytes:
        peer = await peer_of(device)
        read = await value(peer, "2A19").read_value()
        await peer.connection.disconnect()
        return read

    said, read = play(tmp_path, runtime, SERVER + GO + "time.sleep(5)\n", central)
    assert read == b"\x5d"
    assert said[0] == "1 1 1 b'\\xf0\\xf1\\xf2\\xf3\\xf4\\xf5'"
    assert said[-1].startswith("2 1 1 ")
    assert [line.split()[0] for line in said if line[0] == "4"] == ["4"]


@RUNTIMES
def test_read_request_comes_on_every_read_and_may_set_the_value(
    tmp_path: Path, runtime: str
) -> None:
    source = SERVER.replace(
        "        return answer\n", "        ble.gatts_write(level, bytes((len(seen),)))\n"
    )

    async def central(device: Device) -> list[bytes]:
        peer = await peer_of(device)
        return [await value(peer, "2A19").read_value() for _ in range(3)]

    _, read = play(tmp_path, runtime, source + GO + "time.sleep(5)\n", central)
    assert [after[0] - before[0] for before, after in pairwise(read)] == [1, 1]


@RUNTIMES
def test_a_read_is_refused_with_what_the_handler_returns(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> int:
        peer = await peer_of(device)
        return await refused(value(peer, "2A19").read_value())

    source = SERVER.replace("answer = None", "answer = 8") + GO + "time.sleep(5)\n"
    assert play(tmp_path, runtime, source, central)[1] == 8


@RUNTIMES
def test_a_write_is_cut_at_20_bytes_unless_the_buffer_was_enlarged(
    tmp_path: Path, runtime: str
) -> None:
    async def central(device: Device) -> None:
        peer = await peer_of(device)
        await peer.request_mtu(100)
        await value(peer, "2A06").write_value(bytes(range(50)), with_response=True)

    end = "time.sleep(5)\nprint('kept', len(ble.gatts_read(limit)))\n"
    said, _ = play(tmp_path / "a", runtime, SERVER + GO + end, central)
    assert said[-1] == "kept 20"
    assert any(line.startswith("21 1 100") for line in said)
    assert [line.split()[0] for line in said].count("3") == 1
    large = SERVER + "ble.gatts_set_buffer(limit, 40)\n" + GO + end
    assert play(tmp_path / "b", runtime, large, central)[0][-1] == "kept 40"


@RUNTIMES
def test_a_buffer_that_appends_keeps_both_and_is_emptied_by_reading(
    tmp_path: Path, runtime: str
) -> None:
    async def central(device: Device) -> None:
        peer = await peer_of(device)
        for part in (b"one", b"two"):
            await value(peer, "2A06").write_value(part, with_response=True)

    source = SERVER + "ble.gatts_set_buffer(limit, 40, True)\n" + GO
    source += "time.sleep(5)\nprint(ble.gatts_read(limit), ble.gatts_read(limit))\n"
    assert play(tmp_path, runtime, source, central)[0][-1] == "b'onetwo' b''"


@RUNTIMES
def test_what_is_not_permitted_is_refused(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> list[int]:
        peer = await peer_of(device)
        return [
            await refused(value(peer, "2A19").write_value(b"x", with_response=True)),
            await refused(value(peer, "2A07").read_value()),
            await refused(value(peer, "2A07").write_value(b"x", with_response=True)),
        ]

    source = SERVER + GO + "time.sleep(5)\nprint(ble.gatts_read(safe))\n"
    said, errors = play(tmp_path, runtime, source, central)
    assert errors == [0x03, 0x05, 0x05]  # write not permitted; not authenticated, twice
    assert said[-1] == "b'secret'"


@RUNTIMES
def test_notifications_arrive_in_order_and_a_burst_must_be_retried(
    tmp_path: Path, runtime: str
) -> None:
    source = (
        SERVER
        + GO
        + """
time.sleep(3)
refused = 0
for number in range(600):
    while True:
        try:
            ble.gatts_notify(1, level, bytes((number >> 8, number & 255)) + bytes(18))
            break
        except OSError as error:
            assert error.errno == 12, error
            refused += 1
            time.sleep_ms(10)
time.sleep(3)
print('refused', refused > 0)
"""
    )

    async def central(device: Device) -> list[bytes]:
        peer = await peer_of(device)
        got: list[bytes] = []
        await value(peer, "2A19").subscribe(got.append)
        while len(got) < 600:
            await asyncio.sleep(0.1)
        return got

    said, got = play(tmp_path, runtime, source, central)
    assert [each[0] * 256 + each[1] for each in got] == list(range(600))
    assert said[-1] == "refused True"


@RUNTIMES
def test_an_indication_is_told_when_it_was_confirmed(tmp_path: Path, runtime: str) -> None:
    source = SERVER + GO + "time.sleep(3)\nble.gatts_indicate(1, level)\ntime.sleep(2)\n"

    async def central(device: Device) -> bytes:
        peer = await peer_of(device)
        got: list[bytes] = []
        await value(peer, "2A19").subscribe(got.append, prefer_notify=False)
        while not got:
            await asyncio.sleep(0.1)
        return got[0]

    said, got = play(tmp_path, runtime, source, central)
    assert got == b"\x5d"
    assert any(line.startswith("20 1 ") and line.endswith(" 0") for line in said)


@RUNTIMES
def test_a_write_with_send_update_notifies(tmp_path: Path, runtime: str) -> None:
    source = (
        SERVER + GO + "time.sleep(3)\nprint(ble.gatts_write(level, b'ab', True))\ntime.sleep(2)\n"
    )

    async def central(device: Device) -> list[bytes]:
        peer = await peer_of(device)
        got: list[bytes] = []
        await value(peer, "2A19").subscribe(got.append)
        await asyncio.sleep(4)
        return got

    assert play(tmp_path, runtime, source, central)[1] == [b"ab"]


@RUNTIMES
def test_the_board_can_end_a_connection(tmp_path: Path, runtime: str) -> None:
    source = SERVER + GO + "time.sleep(3)\nprint(ble.gap_disconnect(1))\ntime.sleep(2)\n"
    source += "print(ble.gap_disconnect(1))\n"

    async def central(device: Device) -> int:
        peer = await peer_of(device)
        ended = asyncio.get_running_loop().create_future()
        peer.connection.on("disconnection", ended.set_result)
        return await ended

    said, reason = play(tmp_path, runtime, source, central)
    assert reason == 0x13  # remote user terminated the connection
    assert (said[-3], said[-1]) == ("True", "False")


def test_a_scanner_hears_a_board_with_loss_and_distance(tmp_path: Path) -> None:
    source = SERVER + "ble.gap_advertise(100000, b'\\x02\\x01\\x06', connectable=False)\n"
    source += "time.sleep(100)\n"
    heard: dict[float, list[ScanReport]] = {}
    for loss in (0.0, 0.3):
        air = Air(seed=1, loss=loss, positions_m={"node": (0.0, 10.0)})
        scanner = air.scanner()
        folder, radio_port = tmp_path / str(loss), air.radio_port("node")
        with Program(folder, "cpython", source, kind=STM32, radio_port=radio_port) as program:
            program.boot()
            air.run_to(program.board.now_us)
            heard[loss] = scanner.drain()
            assert program.board.bluetooth.schedule.advertising_events == pytest.approx(
                100 / 0.105, rel=0.02
            )
            if not loss:
                assert len(heard[loss]) == program.board.bluetooth.schedule.advertising_events
        air.close()
    assert len(heard[0.3]) == pytest.approx(0.7 * len(heard[0.0]), rel=0.07)
    assert {report.address for report in heard[0.0]} == {ADDRESS}
    assert {report.rssi_dbm for report in heard[0.0]} == {-65}  # 20 dB below 1 m
    times = [report.at_us for report in heard[0.0]]
    assert times == sorted(times)
