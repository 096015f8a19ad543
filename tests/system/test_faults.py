"""What a node does with broken files, absent sensors and a long life on a small heap."""

import json

import pytest
from mqtt_brokers import Broker
from reporting_node import said, scenario_text, wake

from filmgauge_sim.board.littlefs_outside import FlashAccess, fetch, install, mounted
from filmgauge_sim.nodes.virtual_node import VirtualNode

PROFILE, SENSOR, TEMPERATURE, GAP, EXCEPTION = 1, 2, 4, 8, 16
TEXT = scenario_text(intervals="report_every = 1\njournal_every = 4")


def remove(node: VirtualNode, path: str) -> None:
    file_system = mounted(FlashAccess(node.flash), node.flash)
    file_system.remove(path)
    file_system.unmount()


def change(node: VirtualNode, path: str, how: str) -> None:
    """Make a file on the board unreadable."""
    content = fetch(node.flash, path)
    if how == "missing":
        remove(node, path)
    elif how == "empty":
        install(node.flash, {path: b""})
    elif how == "truncated":
        install(node.flash, {path: content[:-1]})
    elif how == "longer":
        install(node.flash, {path: content + b"x"})
    else:
        at = len(content) // 2
        install(node.flash, {path: content[:at] + bytes([content[at] ^ 0x80]) + content[at + 1 :]})


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "longer", "bit flipped"])
def test_a_node_without_profile_only_counts(mosquitto: Broker, node_on, receiver, how: str):
    host = receiver(mosquitto)
    node = node_on(mosquitto, TEXT)
    change(node, "/profile.bin", how)
    wake(node, 6)
    records = host.records("rig", 6)
    for record in records:
        assert record.faults == PROFILE
        assert record.soc_ppm is record.soc_sigma_ppm is record.stored_nah is None
        assert record.full_nah is None
        assert record.voltage_uv is not None
    charged_nah = [record.measured_nah for record in records]
    assert charged_nah == sorted(charged_nah)  # the cycler charges in this hour
    assert charged_nah[-1] > 0


def test_a_profile_that_comes_back_is_used_and_nothing_was_lost(mosquitto, node_on, receiver):
    host = receiver(mosquitto)
    node = node_on(mosquitto, TEXT)
    wake(node, 4)
    profile = fetch(node.flash, "/profile.bin")
    change(node, "/profile.bin", "missing")
    wake(node, 4)
    install(node.flash, {"/profile.bin": profile})
    wake(node, 4)
    records = host.records("rig", 12)
    assert [record.soc_ppm is None for record in records] == [False] * 4 + [True] * 4 + [False] * 4
    soc = [record.soc_ppm for record in records if record.soc_ppm is not None]
    assert soc == sorted(soc)
    assert soc[-1] > soc[3]


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "bit flipped", "wrong key"])
def test_a_node_without_configuration_waits_for_one(mosquitto, node_on, receiver, how: str):
    host = receiver(mosquitto)
    node = node_on(mosquitto, TEXT)
    configuration = fetch(node.flash, "/config.json")
    if how == "wrong key":
        install(node.flash, {"/config.json": b'{"nodes": "rig"}'})
    else:
        change(node, "/config.json", how)
    before_us = node.now_us
    wake(node, 5)
    assert 5 * 60e6 < node.now_us - before_us < 5 * 62e6  # it sleeps a minute and tries again
    assert "MemoryError" not in said(node)
    assert host.store.count("rig") == 0
    install(node.flash, {"/config.json": configuration})
    wake(node, 3)
    assert [record.seq for record in host.records("rig", 3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("key", "address", "fault"),
    [("ina228_address", 0x41, SENSOR), ("tmp117_address", 0x49, TEMPERATURE)],
)
def test_a_sensor_that_is_not_there(mosquitto, node_on, receiver, key, address, fault):
    host = receiver(mosquitto)
    node = node_on(mosquitto, TEXT)
    configuration = json.loads(fetch(node.flash, "/config.json"))
    configuration[key] = address
    install(node.flash, {"/config.json": json.dumps(configuration).encode()})
    wake(node, 4)
    for record in host.records("rig", 4):
        assert record.faults == fault
        assert (record.temperature_cdeg is None) == (fault == TEMPERATURE)
        assert (record.voltage_uv is None) == (fault == SENSOR)
        assert (record.current_pa is None) == (fault == SENSOR)
        assert record.soc_ppm is not None
    assert "Traceback" not in said(node)


def test_sensors_that_lose_power_and_come_back(mosquitto: Broker, node_on, receiver):
    host = receiver(mosquitto)
    node = node_on(mosquitto, TEXT)
    wake(node, 3)
    node.world.power_sensors(False)
    wake(node, 3)
    node.world.power_sensors(True)
    wake(node, 3)
    records = host.records("rig", 9)
    without = SENSOR | TEMPERATURE
    assert [record.faults for record in records] == [0] * 3 + [without] * 3 + [GAP, 0, 0]
    assert len({record.measured_nah for record in records[2:7]}) == 1
    assert records[6].soc_sigma_ppm > records[5].soc_sigma_ppm
    assert records[8].measured_nah > records[7].measured_nah > records[6].measured_nah
    assert "Traceback" not in said(node)


def test_the_ledger_is_the_truth_over_hundreds_of_wakes(mosquitto, node_on, receiver):
    host = receiver(mosquitto)
    text = scenario_text(intervals="report_every = 5\njournal_every = 60")
    node = node_on(mosquitto, text)
    wake(node, 301)
    records = host.records("rig", 61)
    truth = [node.truth[5 * index] for index in range(61)]
    capacity_nah = records[0].full_nah
    for record, true in zip(records, truth, strict=True):
        counted_nah = record.measured_nah + record.booked_nah
        true_nah = (true.stoichiometry - truth[0].stoichiometry) * capacity_nah
        # Ideal sensor: half a count (78.125 pA) of rounding and the 25 ms between the conversion
        # and the truth at 30 uA; the divider is booked at its nominal value: half a per cent.
        elapsed_h = (true.now_us - truth[0].now_us) / 3.6e9
        bound_nah = 1.5 + 0.5 * 0.078125 * elapsed_h + 0.005 * abs(record.booked_nah)
        assert abs(counted_nah - records[0].booked_nah - true_nah) < bound_nah
    assert {record.boot for record in records} == {1}
    assert {record.faults for record in records} == {0}


def test_a_virtual_day_on_the_heap_of_a_small_board(mosquitto: Broker, node_on, receiver):
    host = receiver(mosquitto)
    # The hardest for the heap: a backlog that fills, overflows and drains.
    intervals = "sample_s = 270\nreport_every = 1\njournal_every = 20"
    node = node_on(mosquitto, scenario_text(outages=((1.0, 21.99),), intervals=intervals))
    wake(node, 320)
    assert node.now_us == pytest.approx(86_400e6, rel=0.01)
    assert "MemoryError" not in said(node)
    assert "Traceback" not in said(node)
    dropped = 21 * 3600 // 270 - 256  # a report each four and a half minutes, and room for 256
    assert dropped == 24
    records = host.records("rig", 320 - dropped)
    assert records[-1].backlog == 0
    assert not any(record.faults & EXCEPTION for record in records)


@pytest.mark.parametrize("key", ["wifi_ssid", "mqtt_host"])
def test_records_of_a_node_without_network_or_broker_wait(
    mosquitto: Broker, node_on, receiver, key: str
) -> None:
    host = receiver(mosquitto)
    node = node_on(mosquitto, TEXT)
    whole = fetch(node.flash, "/config.json")
    install(node.flash, {"/config.json": json.dumps(json.loads(whole) | {key: ""}).encode()})
    wake(node, 3)
    assert f"record 2 waits: configuration key {key} is missing" in said(node)
    install(node.flash, {"/config.json": whole})
    wake(node, 1)
    records = host.records("rig", 4)
    assert [(record.seq, record.faults) for record in records] == [(seq, 0) for seq in range(4)]
