"""The computed budget: closed forms of its lines, and the circuit's own ledger."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.energy_budget import EnergyBudget, energy_budget
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.sections import BudgetSection
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

WINDOW = load_scenario("window").node[0].description
IMPLANT = load_scenario("implant").node[0].description
BENCH = load_scenario("bench").node[0].description
DAYS = 2
AWAKE = ("coming awake", "full samples", "current checks", "flash", "radio set-up")


def powers(budget: EnergyBudget) -> dict[str, float]:
    return {line.name: line.power_uw for line in budget.lines}


def measured_uw(node: VirtualNode, days: float) -> dict[str, float]:
    """Let a node live; return mean powers out of the capacitor, without its first wake."""
    world, kind = node.world, node.kind
    assert isinstance(world, HarvestingCircuit)
    node.step()
    world.advance_to(node.now_us)
    begun_us, before, states = node.now_us, world.ledger, dict(node.board.load.time_us)
    while node.now_us < begun_us + days * 86_400_000_000:
        node.step()
        assert node.dead is None
    world.advance_to(node.now_us)
    passed_us = node.now_us - begun_us
    efficiency = node.description.converter.output_efficiency
    board_uw = {
        state: (us - states[state]) / passed_us * ua * kind.supply_v / efficiency
        for (state, us), ua in zip(
            node.board.load.time_us.items(), kind.currents_ua().values(), strict=True
        )
    }
    ledger = {
        name: 1e6 * (getattr(world.ledger, name) - getattr(before, name)) / passed_us
        for name in ("board", "sensors", "output_loss", "quiescent", "leakage")
    }
    return {
        "asleep": board_uw["light sleep"],
        "awake": board_uw["waking"] + board_uw["active"],
        "advertisements": board_uw["advertising"] + board_uw["advertising asleep"],
        "sensors": ledger["sensors"] / efficiency,
        "converter": ledger["quiescent"],
        "leakage": ledger["leakage"],
        "all": sum(ledger.values()),
    }


@pytest.mark.parametrize("name", ["window", "implant"])
def test_it_agrees_with_the_circuits_own_ledger(tmp_path: Path, name: str) -> None:
    """In the dark and on a cell that lasts, whose area changes nothing of what the node takes."""
    scenario = load_scenario(name)
    given_node = scenario.node[0]
    node = msgspec.structs.replace(
        given_node,
        description=varied(given_node.description, {"cell.area_cm2": 400.0}),
        world=WorldSection(ambient=given_node.world.ambient),
    )
    made = virtual_node(scenario, node, Broker("127.0.0.1", 1), tmp_path, NodeOptions("cpython"))
    try:
        measured = measured_uw(made, DAYS)
    finally:
        made.close()
    budget = energy_budget(node.description)
    computed = powers(budget)
    groups = {
        "asleep": computed["asleep"],
        "awake": sum(computed[line] for line in AWAKE),
        "advertisements": computed["advertisements"],
        "sensors": computed["sensors in samples"],
        "converter": computed["converter"],
        "leakage": computed["leakage"],
        "all": budget.power_uw,
    }
    assert groups == pytest.approx(measured, rel=0.05)
    assert budget.power_uw == pytest.approx(measured["all"], rel=0.01)


def test_what_the_firmware_books_is_the_sum_of_the_lines() -> None:
    """Own power, samples, checks and adverts at their rates; setting the radio up it counts."""
    for description in (WINDOW, IMPLANT):
        budget = energy_budget(description)
        figures, lines = budget.figures, powers(budget)
        intervals = description.intervals
        per_wake_s = 1 / intervals.sample_s
        samples = 1 / min(intervals.full_sample_every, intervals.report_every)
        checks = 0.5 - samples if samples < 0.5 else 0.0
        adverts = 10 / intervals.report_every  # 5000 ms in steps of 505 ms
        booked_uw = figures.own_uw + per_wake_s * (
            samples * figures.wake_uj + checks * figures.glance_uj + adverts * figures.advert_uj
        )
        assert booked_uw == pytest.approx(budget.power_uw - lines["radio set-up"], rel=1e-9)


def test_window_by_hand() -> None:
    """9 uA at 1.8 V through 90 %; 250 nA at 3 V; 3.15 V across 30 Mohm; 1 ms at 2 mA 22 times."""
    lines = powers(energy_budget(WINDOW))
    assert lines["asleep"] == pytest.approx(9 * 1.8 / 0.9)
    assert lines["converter"] == pytest.approx(0.75)
    assert lines["leakage"] == pytest.approx(3.15**2 / 30)
    feed_uj = (1e-3 * 2000 + 22e-6 * 8000) * 1.8 / 0.9
    assert lines["coming awake"] == pytest.approx(22 * feed_uj / 600)
    assert lines["advertisements"] == pytest.approx(10 * 2.5e-3 * 2800 * 2 / 7200)
    assert energy_budget(WINDOW).figures.waking_uj == pytest.approx(1e-3 * 2000 * 2)


@given(st.integers(2, 1440))
def test_samples_and_checks_by_counting(every: int) -> None:
    """All wakes of a round: a full one, or every other one a check."""
    description = varied(
        WINDOW,
        {
            "intervals.full_sample_every": every,
            "intervals.report_every": 12,
            "intervals.journal_every": 36,
        },
    )
    lines, usual = powers(energy_budget(description)), powers(energy_budget(WINDOW))
    round_of = 36 * every
    full = {w for w in range(round_of) if not (w % every and w % 12 and w % 36)}
    checks = [w for w in range(0, round_of, 2) if w not in full]
    each_sample = usual["full samples"] * 12
    each_check = usual["current checks"] / (0.5 - 1 / 12)
    assert lines["full samples"] == pytest.approx(each_sample * len(full) / round_of)
    assert lines["current checks"] == pytest.approx(each_check * len(checks) / round_of)


@given(st.integers(1, 1440), st.integers(1, 1440), st.integers(1, 1440))
def test_no_share_of_wakes_is_less_than_nothing(full: int, report: int, journal: int) -> None:
    every = {"full_sample_every": full, "report_every": report, "journal_every": journal}
    lines = powers(energy_budget(varied(WINDOW, {f"intervals.{k}": n for k, n in every.items()})))
    assert all(power >= 0.0 for power in lines.values())
    if 1 in every.values():  # each wake takes a full sample
        assert lines["current checks"] == 0.0


@pytest.mark.parametrize(
    ("path", "factor", "scaled"),
    [
        ("capacitor.leakage_mohm", 2.0, {"leakage": 0.5}),
        ("converter.quiescent_na", 3.0, {"converter": 3.0}),
        ("intervals.report_every", 2, {"advertisements": 0.5, "radio set-up": 0.5}),
        ("cell.area_cm2", 5.0, {}),
        ("capacitor.capacitance_uf", 2.0, {}),
    ],
)
def test_a_line_follows_its_cause_alone(
    path: str, factor: float, scaled: dict[str, float]
) -> None:
    before: object = IMPLANT
    for name in path.split("."):
        before = getattr(before, name)
    assert isinstance(before, float | int)
    changed = powers(energy_budget(varied(IMPLANT, {path: before * factor})))
    for name, power in powers(energy_budget(IMPLANT)).items():
        if name == "flash" and path == "intervals.report_every":
            continue  # records that are kept are part of it
        assert changed[name] == pytest.approx(power * scaled.get(name, 1.0), rel=1e-12), name


@given(st.floats(0.1, 1.0))
def test_board_and_sensors_pay_the_regulator(efficiency: float) -> None:
    description = varied(WINDOW, {"converter.output_efficiency": efficiency})
    lines, usual = powers(energy_budget(description)), powers(energy_budget(WINDOW))
    for name, power in usual.items():
        share = 1.0 if name in ("converter", "leakage") else 0.9 / efficiency
        assert lines[name] == pytest.approx(power * share), name


@pytest.mark.parametrize("key", BudgetSection.__struct_fields__)
def test_what_somebody_has_measured_replaces_what_is_computed(key: str) -> None:
    computed = energy_budget(WINDOW).figures
    measured = energy_budget(varied(WINDOW, {f"budget.{key}": 0.5})).figures
    assert getattr(measured, key) == 0.5
    for other in BudgetSection.__struct_fields__:
        if other != key:
            assert getattr(measured, other) == getattr(computed, other)


MEASURED = {
    "own_uw": 30.0,
    "wake_uj": 1500.0,
    "glance_uj": 200.0,
    "report_uj": 70.0,
    "advert_uj": 500.0,
    "event_uj": 30.0,
    "awake_uw": 40_000.0,
    "waking_uj": 9.0,
    "refill_efficiency": 0.5,
}


@pytest.mark.parametrize("names", [*((name,) for name in MEASURED), tuple(MEASURED)], ids=str)
@pytest.mark.parametrize("description", [WINDOW, IMPLANT], ids=lambda each: each.name)
def test_lines_and_sums_follow_what_somebody_has_measured(
    description: NodeDescription, names: tuple[str, ...]
) -> None:
    computed = energy_budget(description)
    budget = energy_budget(
        varied(description, {f"budget.{name}": MEASURED[name] for name in names})
    )
    assert budget.measured == names
    before, after = computed.figures, budget.figures
    sample_s, report_every = description.intervals.sample_s, description.intervals.report_every
    samples = 1 / min(description.intervals.full_sample_every, report_every)
    checks = 0.5 - samples if samples < 0.5 else 0.0
    more_uj = samples * (after.wake_uj - before.wake_uj)
    more_uj += checks * (after.glance_uj - before.glance_uj)
    # 350 us awake, coming awake for it, and ten advertisements.
    a_report_uj = after.report_uj + 350e-6 * (after.awake_uw - before.awake_uw)
    a_report_uj += after.waking_uj - before.waking_uj
    a_report_uj += 10 * (after.advert_uj - before.advert_uj)
    more_uw = after.own_uw - before.own_uw + (more_uj + a_report_uj / report_every) / sample_s
    assert budget.power_uw == pytest.approx(computed.power_uw + more_uw, rel=1e-9)
    of_cell = 24 / after.refill_efficiency / computed.power_uw * before.refill_efficiency
    of_cell *= computed.cell_uah_day / 24
    assert budget.cell_uah_day == pytest.approx(budget.power_uw * of_cell, rel=1e-9)
    needed_uw = description.converter.converter.needed_uw(budget.power_uw)
    assert budget.harvest_uw == pytest.approx(needed_uw, rel=1e-9)


def test_a_measured_own_power_leaves_the_circuit_its_part() -> None:
    """As long as it is more than that."""
    usual = powers(energy_budget(WINDOW))
    for own_uw, circuit in ((5.0, 1.0), (0.5 * (usual["converter"] + usual["leakage"]), 0.5)):
        lines = powers(energy_budget(varied(WINDOW, {"budget.own_uw": own_uw})))
        assert lines["converter"] == pytest.approx(circuit * usual["converter"])
        assert lines["leakage"] == pytest.approx(circuit * usual["leakage"])
        own = ("asleep", "coming awake", "converter", "leakage")
        assert sum(lines[name] for name in own) == pytest.approx(own_uw)
        assert lines["asleep"] * usual["coming awake"] == pytest.approx(
            lines["coming awake"] * usual["asleep"]
        )


def test_charge_of_the_cell_and_what_a_harvester_must_give() -> None:
    budget = energy_budget(WINDOW)
    # 14 uA at 1.94 V on the plateau; what the 1 kohm shunt leaves pays 90 % less half a
    # microwatt's share.
    given_uw = 14 * 1.94
    passed_uw = given_uw - 14**2 * 1e-3
    arrives = 0.9 * passed_uw**2 / (passed_uw + 0.5) / given_uw
    assert budget.cell_uah_day == pytest.approx(budget.power_uw * 24 / 1.94 / arrives, rel=1e-3)
    # Of what it offers, 90 % less half a microwatt's share arrive.
    offered = budget.harvest_uw
    assert 0.9 * offered * offered / (offered + 0.5) == pytest.approx(budget.power_uw)


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_a_budget(board: str) -> None:
    kind = BOARDS[board]
    usb = energy_budget(varied(BENCH, {"board": board}))
    assert usb.cell_uah_day == 0.0
    lines = powers(usb)
    asleep_ua = kind.light_sleep_ua if kind.keeps_ram else kind.deep_sleep_ua
    assert lines["asleep"] == pytest.approx(asleep_ua * kind.supply_v)
    assert (lines["Wi-Fi"] > 0) == kind.has_wifi
    assert lines["sensors always on"] == pytest.approx(640.15 * kind.sensors_v)
    assert lines["converter"] == lines["leakage"] == lines["current checks"] == 0.0
    film = NodeDescription(name="n", board=board, supply="film")
    figures = energy_budget(varied(film, {"sensor.switched": True})).figures
    only_some = ("report_uj", "waking_uj")
    assert all(value > 0 for name, value in figures.__dict__.items() if name not in only_some)
    assert (figures.report_uj > 0) == kind.has_wifi
    assert (figures.waking_uj > 0) == kind.keeps_ram  # others boot


def test_a_bench_node_takes_what_its_meter_says(tmp_path: Path) -> None:
    """Quiet wakes of an ESP32 with sensors that are always on: boot, work, 46 ms of waiting."""
    scenario = load_scenario("bench")
    options = NodeOptions("cpython", real_wait_ms=10)
    node = virtual_node(scenario, scenario.node[0], Broker("127.0.0.1", 1), tmp_path, options)
    try:
        for _ in range(2):
            node.step()
        before = dict(node.board.load.charge_pc)
        for _ in range(8):
            node.step()
        spent = {state: pc - before[state] for state, pc in node.board.load.charge_pc.items()}
    finally:
        node.close()
    lines = powers(energy_budget(BENCH))
    per_wake_uj = {state: pc * 1e-6 * node.kind.supply_v / 8 for state, pc in spent.items()}
    assert 60 * lines["coming awake"] == pytest.approx(per_wake_uj["boot"])
    assert 60 * lines["full samples"] == pytest.approx(per_wake_uj["active"], rel=0.05)
    assert 60 * lines["asleep"] == pytest.approx(per_wake_uj["deep sleep"], rel=0.05)


def associating_uj(folder: Path, description: NodeDescription) -> float:
    """Return what a bench node takes to join for its first record."""
    scenario = load_scenario("bench")
    given = msgspec.structs.replace(scenario.node[0], description=description)
    options = NodeOptions("cpython", real_wait_ms=10)
    folder.mkdir()
    node = virtual_node(scenario, given, Broker("127.0.0.1", 1), folder, options)
    try:
        node.step()
        return node.board.load.charge_pc["associating"] * 1e-6 * node.kind.supply_v
    finally:
        node.close()


def test_the_budget_counts_the_time_to_join_that_the_virtual_network_takes(tmp_path: Path) -> None:
    slow = varied(BENCH, {"wifi.association_ms": 2400})
    taken_uj = associating_uj(tmp_path / "slow", slow) - associating_uj(tmp_path / "usual", BENCH)
    budgets = [energy_budget(each).figures.report_uj for each in (slow, BENCH)]
    assert taken_uj == pytest.approx(budgets[0] - budgets[1], rel=0.05)
    assert taken_uj > 500_000  # 1.5 s at 105 mA
