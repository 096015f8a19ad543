"""A node whose firmware fails again and again: charge is counted, and somebody hears why."""

import json
from contextlib import closing
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from commanded_node import OBEYING, command_key, listener
from failing_node import (
    break_it,
    failing_node,
    mend,
    run_sources,
    sources_that_fail,
    sources_that_fail_to_sample,
)
from mqtt_brokers import Broker
from msgspec.structs import replace
from patience import until
from reporting_node import said, scenario_text, wake

from filmgauge.record import FAULT_EXCEPTION, FAULT_GAP, FAULT_SAFE
from filmgauge.record.record import Record
from filmgauge.store.page_pair import PagePair
from filmgauge.store.page_store import BOND_PAGES, PAGE
from filmgauge.uplink.actions import REBOOT, REPORT
from filmgauge_host.commands.frames import frame
from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.nodes.configuration import Broker as VirtualBroker
from filmgauge_sim.nodes.flash_reader import PagesOutside, backlog, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.surroundings import CyclerStep
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

TEXT = scenario_text(intervals="report_every = 1\njournal_every = 4")
# A discharge: while it is charged, a cell loses some of what is counted.
DOWN = f"""{TEXT.partition("[[node.world.cycler]]")[0]}
[[node.world.cycler]]
action = "discharge"
rate_c = 0.02
hours = 50.0
""".replace("soc = 0.5", "soc = 0.95")
NOWHERE = "mqtt://127.0.0.1:1"
# One of each part of a wake, and each kind of failure.
PLACES = (
    ("filmgauge/sensors/ina228.py", "RuntimeError"),
    ("filmgauge/gauge/fuel_gauge.py", "ImportError"),
    ("filmgauge/control/protection.py", "MemoryError"),
    ("filmgauge/record/record.py", "OSError"),
    ("filmgauge/state.py", "KeyError"),
    ("filmgauge/config.py", "ValueError"),
)
GAUGE = 1  # its place among them
WAKE_S = 900


def live(node: VirtualNode, hours: float) -> None:
    until_us = node.now_us + hours * 3.6e9
    while node.now_us < until_us:
        node.step()
        assert node.dead is None, said(node)[-2000:]


def pair_of(node: VirtualNode) -> PagesOutside:
    """Return the device of the last two pages of its flash."""
    end = len(node.flash.image)
    return PagesOutside(node.flash, end - BOND_PAGES * PAGE, end)


def names(node: VirtualNode) -> set[str]:
    return set(listing(node.flash, "/"))


def newest(node: VirtualNode) -> Record:
    return stored_record(node.flash, backlog(node.flash)[-1])


def moved_nah(node: VirtualNode, full_nah: int) -> float:
    """Return the charge that is in the cell as it truly is."""
    return node.world.truth().stoichiometry * full_nah


def counted_nah(record: Record) -> int:
    assert record.measured_nah is not None
    assert record.booked_nah is not None
    return record.measured_nah + record.booked_nah


def fail_to_safe_mode(node: VirtualNode) -> int:
    """Let wakes fail until the safe mode has begun; return how many there were."""
    for count in range(30):
        if "safe" in names(node):
            return count
        wake(node, 1)
    raise AssertionError(said(node))


def begin_to_fail(node: VirtualNode, hours: float) -> tuple[Record, float]:
    """Let a node live an hour, and fail for some; return its record of then, and the charge."""
    live(node, 1.0)
    first = newest(node)
    assert first.full_nah is not None
    begun_nah = moved_nah(node, first.full_nah)
    install(node.flash, {"/fails": b""})
    live(node, hours)
    return first, begun_nah


def test_whatever_fails_charge_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = sources_that_fail(PLACES)
    with closing(failing_node(monkeypatch, tmp_path, NOWHERE, TEXT, sources)) as node:
        wake(node, 3)
        first = newest(node)
        assert first.full_nah is not None
        begun_nah = moved_nah(node, first.full_nah)
        for number, (path, error) in enumerate(PLACES):
            break_it(node, number)
            assert fail_to_safe_mode(node) >= 3
            before_us, requests = node.now_us, len(backlog(node.flash))
            wake(node, 3)
            assert node.now_us - before_us > 2.9 * WAKE_S * 1e6
            kept = [fetch(node.flash, f"/{name}") for name in ("crash.0", "crash.1")[: number + 1]]
            crash = json.loads(kept[-1][:-4])
            assert crash["type"] == error
            assert crash["at"].startswith(path.rpartition("/")[2].removesuffix(".py")), crash
            assert json.loads(kept[0][:-4])["type"] == PLACES[0][1]  # the first stays
            assert len(backlog(node.flash)) == requests  # one record a day at most
            mend(node, f"/fails-{number}")
            node.cut_power(with_sensors=False)  # somebody pulls the plug of the board
            wake(node, 2)
            assert not {"safe", "failures"} & names(node), said(node)[-2000:]
            record = newest(node)
            assert not record.faults & FAULT_SAFE
            moved = moved_nah(node, first.full_nah) - begun_nah
            assert counted_nah(record) - counted_nah(first) == pytest.approx(moved, abs=3.0)
        records = [stored_record(node.flash, name) for name in backlog(node.flash)]
    safe = [record for record in records if record.faults & FAULT_SAFE]
    assert len(safe) == 3  # not where what fails makes records or reads what the node is
    assert all(record.current_pa is not None for record in safe)
    keys = [(record.life, record.boot, record.seq) for record in records]
    assert keys == sorted(set(keys))
    assert abs(moved) > 100.0  # nAh: it was worth counting


def test_it_reports_once_a_day_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mosquitto: Broker, receiver
) -> None:
    host, events = receiver(mosquitto), []
    address = parse_address(mosquitto.url)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: events.append(json.loads(message.payload))
    client.connect(address.host, address.port)
    client.subscribe("filmgauge/rig/event", 1)
    client.loop_start()
    sources = sources_that_fail(PLACES)
    url = mosquitto.url
    with closing(failing_node(monkeypatch, tmp_path / "node", url, DOWN, sources)) as node:
        wake(node, 3)
        first = host.records("rig", 3)[-1]
        assert first.full_nah is not None
        begun_nah, begun_us = moved_nah(node, first.full_nah), node.now_us
        break_it(node, GAUGE)
        fail_to_safe_mode(node)
        assert host.records("rig", 4)[-1].faults == FAULT_SAFE | FAULT_EXCEPTION
        until(lambda: bool(events))
        assert "failures" in names(node)
        assert not {"crash.0", "crash.1"} & names(node)  # the broker has it
        wake(node, 4)
        # Its sensors begin anew: what they have counted since the last wake is lost, and no more.
        node.world.advance_to(node.now_us)
        lost_nah = moved_nah(node, first.full_nah)
        lost_nah -= node.truth[-1].stoichiometry * first.full_nah
        node.world.power_sensors(False)
        node.world.power_sensors(True)
        wake(node, 89)
        assert host.store.count("rig") == 4
        wake(node, 6)  # a day is over: the whole firmware is tried, and fails once more
        assert host.records("rig", 5)[-1].faults & FAULT_SAFE
        mend(node, f"/fails-{GAUGE}")
        while "safe" in names(node):
            wake(node, 1)
        back_us = node.now_us
        wake(node, 1)
        until(lambda: host.store.count("rig") >= 7)
        *_, back, last = records = host.records("rig", 7)
        assert "failures" not in names(node)
        # In two days the cell loses 25 nAh by itself (0.5 nA).
        moved = moved_nah(node, first.full_nah) - begun_nah - lost_nah
        assert counted_nah(last) - counted_nah(first) == pytest.approx(moved, abs=35.0)
        assert lost_nah < -50.0
        assert back.soc_sigma_ppm > first.soc_sigma_ppm
    client.loop_stop()
    assert [each.seq for each in records] == list(range(7))  # none is missed
    assert [event["type"] for event in events] == ["ImportError", "ImportError"]
    assert {event["event"] for event in events} == {"crash"}
    assert back.faults == FAULT_GAP  # the exceptions were told by the safe mode
    assert (back.restarts, back.boot) == (6, first.boot)
    assert back.up_s == pytest.approx(first.up_s + (back_us - begun_us) / 1e6, rel=0.01)
    assert not last.faults & (FAULT_EXCEPTION | FAULT_SAFE)


def test_a_command_lets_the_whole_firmware_be_tried_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mosquitto: Broker
) -> None:
    key = bytes.fromhex(command_key(tmp_path))
    sources = sources_that_fail(PLACES)
    node = failing_node(monkeypatch, tmp_path / "node", mosquitto.url, OBEYING, sources)
    with closing(node), listener(mosquitto.url) as operator:
        wake(node, 2)  # it has listened
        break_it(node, GAUGE)
        operator.publish(frame("rig", key, 1, REBOOT))
        fail_to_safe_mode(node)
        until(lambda: bool(operator.answers))
        answer = json.loads(operator.answers[0])
        assert (answer["status"], answer["text"]) == (0, "reset after this wake")
        begun_us = node.now_us
        mend(node, f"/fails-{GAUGE}")
        while "safe" in names(node):
            wake(node, 1)
        assert node.now_us - begun_us < 2 * WAKE_S * 1e6  # and not a day later
        assert "failures" not in names(node)
        operator.publish(frame("rig", key, 2, REPORT))
        wake(node, 1)
        until(lambda: len(operator.answers) == 2)  # the session has gone on
    assert said(node).count("safe: the firmware fails") == 1


@pytest.mark.parametrize("switched", [False, True])
def test_a_node_that_keeps_its_memory_counts_in_raw_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switched: bool
) -> None:
    """An STM32WB55, beside a cycler or on its film: nothing is written to its file system."""
    run_sources(monkeypatch, sources_that_fail_to_sample())
    scenario = load_scenario("window" if switched else "bench")
    given = scenario.node[0]
    changes: dict[str, object] = {"intervals.sample_s": 300, "intervals.report_every": 1}
    if not switched:
        changes |= {"board": "stm32wb55", "intervals.journal_every": 4}
        cycle = (CyclerStep(action="discharge", rate_c=0.02, hours=60.0),)
        given = replace(given, world=replace(given.world, cycler=cycle))
    else:
        changes |= {"intervals.full_sample_every": 1, "bluetooth.advertise_ms": 100}
        changes["reduces_service"] = False  # it reports with each sample, to the last one
        given = replace(given, world=replace(given.world, light=()))
    given = replace(given, description=varied(given.description, changes))
    options = NodeOptions("cpython")
    with closing(virtual_node(scenario, given, VirtualBroker("", 0), tmp_path, options)) as node:
        files = names(node)
        first, begun_nah = begin_to_fail(node, 20.0)
        assert first.full_nah is not None
        assert "safe: " in said(node)
        assert names(node) == files | {"fails"}
        assert newest(node).faults == FAULT_SAFE | FAULT_EXCEPTION
        pair = PagePair(pair_of(node))
        assert pair.read("safe")
        crash = json.loads(pair.read("crash.0") or b"")
        assert (crash["type"], crash["at"][:12]) == ("KeyError", "node._sample")
        mend(node, "/fails")
        live(node, 8.0)  # the day is over, and the whole firmware goes on
        assert PagePair(pair_of(node)).read("safe") is None
        last = newest(node)
        moved = moved_nah(node, first.full_nah) - begun_nah
    assert not last.faults & FAULT_SAFE
    assert last.restarts == 5
    counted = counted_nah(last) - counted_nah(first)
    # A node on its film books what it takes: the cell gives it in bursts of its converter.
    assert counted == pytest.approx(moved, rel=0.03 if switched else 0.01)
    assert moved < -100.0


def test_a_supply_that_is_low_as_it_ends_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was counted is booked once, and saved when the supply covers it: no wake fails."""
    run_sources(monkeypatch, sources_that_fail_to_sample())
    scenario = load_scenario("window")
    changes: dict[str, object] = {
        "intervals.sample_s": 300,
        "intervals.report_every": 1,
        "intervals.journal_every": 2,
        "intervals.full_sample_every": 1,
        "bluetooth.advertise_ms": 0,
        "reduces_service": False,
        "pins.supply": 0,
    }
    given = replace(scenario.node[0], world=replace(scenario.node[0].world, light=()))
    given = replace(given, description=varied(given.description, changes))
    options = NodeOptions("cpython")
    with closing(virtual_node(scenario, given, VirtualBroker("", 0), tmp_path, options)) as node:
        first, begun_nah = begin_to_fail(node, 2.0)
        assert first.full_nah is not None
        assert "safe: the firmware fails" in said(node)
        mend(node, "/fails")
        request = node.board.request

        def with_low_supply(operation: int, small: int, *rest: object) -> tuple[int, bytes]:
            status, answer = request(operation, small, *rest)  # type: ignore[arg-type]
            is_supply = operation == _protocol.ADC_READ
            return (0, (0x8000).to_bytes(2, "little")) if is_supply else (status, answer)

        node.board.request = with_low_supply  # type: ignore[method-assign]
        live(node, 24.5)
        assert "counted in the safe mode" in said(node)
        assert PagePair(pair_of(node)).read("safe")  # it waits for the supply
        node.board.request = request  # type: ignore[method-assign]
        live(node, 1.0)
        assert PagePair(pair_of(node)).read("safe") is None
        last = newest(node)
        moved = moved_nah(node, first.full_nah) - begun_nah
        assert not any("brown-out" in each for each in node.incidents)
    assert "TypeError" not in said(node)
    assert last.restarts == 5
    assert counted_nah(last) - counted_nah(first) == pytest.approx(moved, rel=0.05)


def test_charge_is_counted_though_flash_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither failures nor records can be kept: the node goes on in its retained memory."""
    sources = sources_that_fail_to_sample()
    node = failing_node(monkeypatch, tmp_path, NOWHERE, TEXT, sources, "cpython")
    with closing(node):
        wake(node, 3)
        first = newest(node)
        assert first.full_nah is not None
        begun_nah = moved_nah(node, first.full_nah)
        install(node.flash, {"/fails": b""})

        def refuse(*_: object) -> None:
            raise ValueError("flash takes nothing")

        program, erase = node.flash.program, node.flash.erase
        node.flash.program = node.flash.erase = refuse  # type: ignore[method-assign]
        wake(node, 8)
        assert "crash: not kept:" in said(node)
        assert "safe: " not in said(node)
        node.flash.program, node.flash.erase = program, erase  # type: ignore[method-assign]
        mend(node, "/fails")
        wake(node, 2)
        last = newest(node)
        moved = moved_nah(node, first.full_nah) - begun_nah
    assert counted_nah(last) - counted_nah(first) == pytest.approx(moved, abs=3.0)
    assert last.restarts == 8
    assert moved > 100.0
