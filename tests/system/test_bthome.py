"""What a node advertises over a day, read by a receiver of other authors: bthome-ble."""

import logging
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import msgspec
import pytest
from bthome_receiver import Receiver
from cadence import period_s, reports_due
from reporting_node import said

from filmgauge.record.record import Record
from filmgauge_sim.air.air import Air, ScanReport
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.radio_port import Advertisement, RadioPort
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

KEY = "231d39c1d7cc1ab1aee224cd096db932"
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
KEYS = pytest.mark.parametrize("key", ["", KEY], ids=["plain", "encrypted"])


class Listener(RadioPort):
    """Notes every advertising event."""

    def __init__(self) -> None:
        self.heard: list[Advertisement] = []

    def advertise(self, event: Advertisement) -> None:
        self.heard.append(event)


@contextmanager
def window(
    folder: Path, runtime: RuntimeName, key: str, radio_port: RadioPort
) -> Iterator[VirtualNode]:
    """The node of the scenario `window`, advertising each report for 5 s."""
    folder.mkdir(exist_ok=True)
    scenario = load_scenario("window")
    given = scenario.node[0]
    keys = {"bluetooth.encrypted": bool(key)}
    given = msgspec.structs.replace(
        given, description=varied(given.description, keys), secrets={"ble_key": key}
    )
    options = NodeOptions(runtime, radio_port=radio_port)
    node = virtual_node(scenario, given, Broker("", 0), folder, options)
    try:
        yield node
    finally:
        node.close()


def live(node: VirtualNode, until_us: int) -> None:
    while node.now_us < until_us:
        node.step()
        assert node.dead is None, said(node)[-2000:]


def period_us(node: VirtualNode) -> int:
    return period_s(node.description) * 1_000_000


def stored(node: VirtualNode) -> list[Record]:
    """Return what waits in the node's flash, oldest first."""
    return [stored_record(node.flash, name) for name in backlog(node.flash)]


def expected(record: Record, plain: bool) -> dict[str, float | None]:
    """Return what a receiver should show for a record, in its own units."""
    shown = record.soc_ppm if record.shown_ppm is None else record.shown_ppm
    counts = [record.seq & 65535, record.stored_nah] if plain else []
    assert record.current_pa is not None
    counts.append(math.floor(record.current_pa / 1000 + 0.5))
    numbered = {f"count_{at}" if at > 1 else "count": n for at, n in enumerate(counts, 1)}
    if len(counts) > 1:
        numbered["count_1"] = numbered.pop("count")
    assert shown is not None
    assert record.temperature_cdeg is not None
    assert record.voltage_uv is not None
    return {
        "packet_id": record.seq & 255,
        "battery": math.floor(shown / 1e4 + 0.5),
        "temperature": record.temperature_cdeg / 100,
        "voltage": math.floor(record.voltage_uv / 1000 + 0.5) / 1000,
        **numbered,
    }


@KEYS
def test_bthome_ble_reads_every_advert_of_a_day_across_resets(
    tmp_path: Path, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()
    with window(tmp_path, "cpython", key, listener) as node:
        made = begun = 0
        for hours in (5, 6, 13, 24):
            live(node, hours * HOUR_US + 1)
            node.cut_power()
            made += reports_due(node.description, 3600 * (hours - begun))
            begun = hours
        records = stored(node)
    reports = [list(group) for _, group in groupby(listener.heard, lambda event: event.data)]
    assert len(reports) == len(records) == made > 12
    assert {record.boot for record in records} == {1, 2, 3, 4}
    receiver = Receiver(key)
    with caplog.at_level(logging.INFO):
        for adverts, record in zip(reports, records, strict=True):
            assert len(adverts) in (9, 10)  # 5 s at 500 ms and up to 10 ms more
            boot, seq, up_s, *_, life = record.values()
            place = struct.pack("<HBIHHBBI", 0xFFFF, 5, life, boot, seq, 0, 0, up_s)
            response = b"\x09\x09window-1" + b"\x12\xff" + place
            assert {(advert.connectable, advert.response) for advert in adverts} == {
                (True, response)
            }
            for advert in adverts:
                assert receiver.read(advert) == pytest.approx(expected(record, not key))
    assert [entry.message for entry in caplog.records if entry.levelno >= logging.WARNING] == []
    if key:
        assert receiver.parser.bindkey_verified
        assert not receiver.parser.decryption_failed
        assert receiver.counters == sorted(receiver.counters)
        assert len(set(receiver.counters)) == len(reports)
        assert receiver.counters[0] >= 100


@KEYS
def test_both_runtimes_advertise_the_same_reports(tmp_path: Path, key: str) -> None:
    heard = []
    for runtime in ("micropython", "cpython"):
        listener = Listener()
        with window(tmp_path / runtime, runtime, key, listener) as node:
            live(node, period_us(node) + 60_000_000)
            heard.append((listener.heard, node.board.load.time_us, node.flash.path.read_bytes()))
            receiver = Receiver(key)
            assert all(receiver.read(advert) for advert in listener.heard)
    assert heard[0] == heard[1]
    assert len({event.data for event in heard[0][0]}) == 2


def test_a_replayed_advert_is_refused(tmp_path: Path) -> None:
    listener = Listener()
    with window(tmp_path, "cpython", KEY, listener) as node:
        live(node, period_us(node) + 60_000_000)
    assert len({event.data for event in listener.heard}) == 2
    receiver = Receiver(KEY)
    for advert in listener.heard:
        assert receiver.read(advert)
    counter = receiver.counters[-1]
    receiver.read(listener.heard[0])
    assert receiver.counters[-1] == counter


def test_another_key_reads_nothing(tmp_path: Path) -> None:
    listener = Listener()
    with window(tmp_path, "cpython", KEY, listener) as node:
        live(node, 60_000_000)
    receiver = Receiver("00" * 16)
    assert "voltage" not in receiver.read(listener.heard[0])
    assert receiver.parser.decryption_failed


def test_a_wrong_key_is_told_in_one_sentence(tmp_path: Path) -> None:
    said = "ble_key must be 32 hexadecimal digits"
    with pytest.raises(ValueError, match=said), window(tmp_path, "cpython", "no key", Listener()):
        pass


def test_the_charge_of_an_advert_reaches_the_circuit(tmp_path: Path) -> None:
    """The energy that leaves the capacitor beyond that of a silent node: 7 uC an advert."""
    drawn = []
    listener = Listener()
    for heard in (listener, None):
        with window(tmp_path / str(heard is None), "cpython", "", listener) as node:
            supply = node.world
            total_pc = 0.0
            give = supply.draw  # type: ignore[union-attr]

            def draw(current_ua: float, now_us: int, until_us: int, give=give) -> int | None:
                nonlocal total_pc
                total_pc += current_ua * (until_us - now_us)
                return give(current_ua, now_us, until_us)

            supply.draw = draw  # type: ignore[union-attr, method-assign]
            if heard is None:
                kind = node.board.kind
                states = node.board.load._currents_ua
                states["advertising"] = kind.active_ua
                states["advertising asleep"] = kind.light_sleep_ua
            before = len(listener.heard)
            live(node, HOUR_US)
            drawn.append((total_pc, len(listener.heard) - before))
    (with_pc, count), (without_pc, same) = drawn
    assert count == same > 0
    assert (with_pc - without_pc) / count == pytest.approx(7e6, rel=0.05)


def test_a_scanner_on_a_lossy_air_reads_every_report_of_half_a_day(tmp_path: Path) -> None:
    """With 30 % loss and ten adverts a report, one in 170000 reports is missed."""
    air = Air(seed=1, loss=0.3, positions_m={"window-1": (3.0, 4.0)})
    scanner = air.scanner()
    with window(tmp_path, "cpython", KEY, air.radio_port("window-1")) as node:
        live(node, 12 * HOUR_US)
        air.run_to(node.now_us)
        records = stored(node)
        sent = node.board.bluetooth.schedule.advertising_events
    heard = [report for report in scanner.drain() if not report.is_response]
    air.close()
    assert len(heard) == pytest.approx(0.7 * sent, rel=0.2)
    assert {report.rssi_dbm for report in heard} == {-59}  # 5 m
    receiver = Receiver(KEY)
    seen = [receiver.read(advertisement(report)) for report in heard]
    assert [next(group) for _, group in groupby(seen)] == [
        pytest.approx(expected(record, False)) for record in records
    ]


def advertisement(report: ScanReport) -> Advertisement:
    address = bytes.fromhex(report.address.replace(":", ""))
    return Advertisement(report.at_us, address, True, report.data, b"", report.is_connectable)
