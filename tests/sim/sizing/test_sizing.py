"""Many designs: which live, which of them are smallest, what limits the rest, how sure it is."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.nodes.description import check_description
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.sizing.assumptions import drawn
from filmgauge_sim.sizing.bands import Sureness, bands, smallest_sure
from filmgauge_sim.sizing.design import (
    Design,
    Outcome,
    described,
    design_grid,
    grid,
    harvester_unit,
    node_load,
    smallest,
)
from filmgauge_sim.sizing.sizing import size
from filmgauge_sim.sizing.world import load_world, world_from
from filmgauge_sim.sizing.world_series import WorldSeries, hourly

DESCRIPTION = load_scenario("window").node[0].description
OFFICE, FOLDER = load_world("office")
YEARS = 4 * 7 / 365
CELLS, HARVESTERS = (15.0, 45.0, 80.0), (4.0, 12.0, 30.0)


@pytest.fixture(scope="module")
def office():
    return hourly(OFFICE, DESCRIPTION.harvester, YEARS, FOLDER)


@pytest.fixture(scope="module")
def outcomes(office) -> list[Outcome]:
    designs = grid(CELLS, HARVESTERS, (4700.0,), (1800, 7200))
    return size(DESCRIPTION, office, designs)


def test_more_of_anything_is_never_worse(outcomes) -> None:
    found = {each.design: each for each in outcomes}
    for design, each in found.items():
        for other, better in found.items():
            if design.is_no_larger(other) and design.report_s == other.report_s:
                assert better.lowest_soc_pct >= each.lowest_soc_pct - 0.6
                assert better.reports_share_pct >= each.reports_share_pct - 0.6


def test_the_front_lives_and_nothing_smaller_does(outcomes) -> None:
    front = smallest(outcomes, 100.0)
    assert front
    sizes = [each.design.cell_cm2 + each.design.harvester_cm2 for each in front]
    assert sizes == sorted(sizes)
    for each in outcomes:
        inside = any(other.design.is_no_larger(each.design) for other in front)
        assert each.meets(100.0) <= inside
    (least,) = smallest(outcomes, 0.0)  # frequent reports do for rare ones
    assert least.design == Design(15.0, 4.0, 4700.0, 1800)


def test_a_design_that_runs_empty_says_why(outcomes) -> None:
    small = next(each for each in outcomes if each.design == Design(15.0, 30.0, 4700.0, 7200))
    assert not small.meets(100.0)
    assert small.limited_by == "weekend"
    assert small.harvest_wasted_pct > 20.0
    dim = next(each for each in outcomes if each.design == Design(80.0, 4.0, 4700.0, 7200))
    assert dim.lowest_soc_pct < 2.0
    assert dim.harvest_wasted_pct < 1.0


def test_a_capacitor_that_cannot_carry_a_wake_is_told(office) -> None:
    """A wake of 6 mJ, from 3.1 V to its brown-out at 2.0 V."""
    heavy = varied(DESCRIPTION, {"budget.wake_uj": 6000.0})
    burst_uj = node_load(heavy).burst_uj
    brown_out_v = heavy.kind.brown_out_v
    least_uf = 2 * burst_uj / (heavy.converter.refill_v**2 - brown_out_v**2)
    below, above = (Design(80.0, 30.0, share * least_uf, 7200) for share in (0.99, 1.01))
    poor, fine = size(heavy, office, [below, above])
    assert (poor.limited_by, poor.reports_share_pct) == ("capacitor", 0.0)
    assert fine.reports_share_pct > 0.0
    # Through 1.9 ohm its board takes 14 mV from it, and what it draws loses 0.6 %: 2 % in all.
    (weak,) = size(varied(heavy, {"capacitor.series_ohm": 1.9}), office, [above])
    assert (weak.limited_by, weak.reports_share_pct) == ("capacitor", 0.0)


def test_a_capacitor_with_which_a_node_boots_for_ever_is_told(office) -> None:
    """Its longest wake fits into half of it. The other commands refuse such a description."""
    least_uf = DESCRIPTION.buffer.least_uf
    assert least_uf > 2 * node_load(DESCRIPTION).burst_uj / (3.0**2 - 2.0**2)
    below, above = (Design(80.0, 30.0, share * least_uf, 7200) for share in (0.98, 1.02))
    with pytest.raises(ValueError, match=r"capacitor\.capacitance_uf must be at least"):
        check_description(described(DESCRIPTION, below))
    check_description(described(DESCRIPTION, above))
    poor, fine = size(DESCRIPTION, office, [below, above])
    assert (poor.limited_by, poor.reports_share_pct) == ("capacitor", 0.0)
    assert fine.reports_share_pct > 0.0


def test_the_load_is_that_of_the_energy_budget() -> None:
    node = described(DESCRIPTION, Design(10.0, 5.0, 9400.0, 600))
    load = node_load(node)
    assert node.capacitor.leakage_mohm == pytest.approx(DESCRIPTION.capacitor.leakage_mohm / 2)
    assert (node.intervals.sample_s, node.intervals.report_every) == (600, 1)
    inner = sum(
        power for name, power in load.lines.items() if name not in ("converter", "leakage")
    )
    assert load.board_uw == pytest.approx(inner * DESCRIPTION.converter.output_efficiency)


def test_the_load_follows_what_somebody_has_measured() -> None:
    measured = varied(DESCRIPTION, {"budget.own_uw": 30.0, "budget.wake_uj": 2000.0})
    own = ("asleep", "coming awake", "converter", "leakage")
    usual, load = node_load(DESCRIPTION), node_load(measured)
    assert sum(load.lines[name] for name in own) == pytest.approx(30.0)
    assert load.burst_uj - usual.burst_uj == pytest.approx(
        2000.0 - energy_budget(DESCRIPTION).figures.wake_uj
    )
    # A larger capacitor leaks more than that of the node that was measured, and changes no more.
    large = node_load(described(measured, Design(10.0, 5.0, 47_000.0, 7200)))
    assert large.board_uw == pytest.approx(load.board_uw)
    assert large.lines["leakage"] == pytest.approx(10.0 * load.lines["leakage"])


def test_processes_and_one_process_give_the_same(office, outcomes) -> None:
    designs = [each.design for each in outcomes]
    with ThreadPoolExecutor(1) as one:
        again = size(DESCRIPTION, office, designs, executor=one)
    assert again == outcomes


def test_what_is_drawn_does_not_depend_on_how_many_processors_there_are(monkeypatch) -> None:
    days = hourly(OFFICE, DESCRIPTION.harvester, 2 / 365, FOLDER)
    designs = [Design(45.0, 12.0, 4700.0, 7200)] * 110
    nodes = drawn(load_parameters("pre-li"), 110, 7)
    found = []
    for processors in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda count=processors: count)
        with ThreadPoolExecutor(1) as one:
            found.append(size(DESCRIPTION, days, designs, variation=nodes, executor=one))
    assert found[0] == found[1]
    assert len({each.lowest_soc_pct for each in found[0]}) > 50


GOOD, DIM, DARK = ([0.0] * 8 + [power_uw] * 6 + [0.0] * 10 for power_uw in (200.0, 75.0, 0.0))
LIT = varied(
    DESCRIPTION, {"cell.soc": 0.9, "converter.charge_ua": 100.0, "sensor.shunt_ohm": 300.0}
)


@pytest.mark.parametrize(
    ("days", "cell_cm2", "temperature_c", "word"),
    [
        (GOOD * 20, 18.0, 21.0, "night"),
        ((GOOD * 5 + DARK * 2) * 3, 45.0, 21.0, "weekend"),
        ((GOOD * 5 + DARK * 2) * 3, 45.0, -1.0, "weekend"),
        # Light at each noon, and less of it than the node takes.
        (GOOD * 10 + DIM * 14 + GOOD * 10, 45.0, 21.0, "harvest"),
        (GOOD * 10 + DIM * 14 + GOOD * 10, 45.0, -1.0, "harvest"),
        # It lives at 21 degC.
        (GOOD * 20, 18.0, -20.0, "cold"),
    ],
)
def test_a_design_is_limited_by_what_would_have_to_be_better(
    days: list[float], cell_cm2: float, temperature_c: float, word: str
) -> None:
    series = WorldSeries(np.array(days), np.full(len(days), temperature_c))
    (one,) = size(LIT, series, [Design(cell_cm2, 1.0, 4700.0, 7200)])
    assert one.limited_by == word
    assert one.meets(100.0) == (word == "night")


def test_a_cell_that_is_without_supply_on_its_way_up_is_limited_all_the_same() -> None:
    """Frost ends the first day, on which the cell has become fuller than it ever was."""
    low = varied(LIT, {"cell.soc": 0.3})
    light = [200.0] * 18 + [0.0] * 6
    warmth = [21.0] * 18 + [-30.0] * 6 + [21.0] * 24
    series = WorldSeries(np.array(light * 2), np.array(warmth))
    (one,) = size(low, series, [Design(18.0, 1.0, 4700.0, 7200)])
    assert one.limited_by == "cold"
    assert one.reports_share_pct < 100.0


def test_a_cell_that_only_gets_fuller_is_limited_by_its_start() -> None:
    low = varied(DESCRIPTION, {"cell.soc": 0.2})
    light = WorldSeries(np.full(48, 20.0), np.full(48, 25.0))
    (one,) = size(low, light, [Design(45.0, 12.0, 4700.0, 7200)])
    assert (one.limited_by, one.lowest_day, one.lowest_soc_pct) == ("start", 0.0, 20.0)
    # What it takes in the dark, out of a fifth of its film.
    assert one.dark_hours == pytest.approx(0.2 * 16.11 * 45.0 / one.own_uah_day * 24, rel=0.06)


def test_a_full_cell_whose_charge_never_falls_is_not_limited_by_the_cold() -> None:
    """It leaks by less than a millionth, in 22 degC for ever."""
    full = varied(DESCRIPTION, {"cell.soc": 1.0})
    light = WorldSeries(np.full(480, 60.0), np.full(480, 22.0))
    (one,) = size(full, light, [Design(20.0, 1.0, 4700.0, 7200)])
    assert (one.limited_by, round(one.lowest_soc_pct, 1)) == ("start", 100.0)


@pytest.mark.parametrize(
    "harvester",
    [
        {},
        {"kind": "constant", "power_uw": 50.0},
        {"kind": "charger", "power_uw": 50.0},
        {"kind": "thermoelectric", "uw_per_k2": 2.0},
    ],
)
def test_the_measured_power_of_a_piece_is_that_of_a_piece(tmp_path, harvester) -> None:
    """Whatever the described harvester would give: 5 uW from one, 15 from three."""
    (tmp_path / "piece.csv").write_text("time_s,power_uw\n0,5\n172800,5\n")
    place = world_from({"name": "x", "trace": [{"file": "piece.csv", "quantity": "power_uw"}]})
    node = varied(DESCRIPTION, {"harvester": harvester})
    series = hourly(place, node.harvester, 48 / 8760, tmp_path)
    assert [each.harvester_cm2 for each in design_grid(node, of_pieces=series.of_pieces)] == [1.0]
    assert harvester_unit(node, series.of_pieces) == "pieces"
    designs = grid((45.0,), (1.0, 3.0), (4700.0,), (7200,))
    by_hand = [WorldSeries(count * np.full(48, 5.0), np.full(48, 22.0)) for count in (1.0, 3.0)]
    wanted = [
        size(DESCRIPTION, each, [Design(45.0, 1.0, 4700.0, 7200)])[0].lowest_soc_pct
        for each in by_hand
    ]
    assert [each.lowest_soc_pct for each in size(node, series, designs)] == wanted
    assert wanted[0] < wanted[1]


def test_bands_hold_what_is_nominal_and_grow_with_what_is_not_known(office, outcomes) -> None:
    chosen = [smallest(outcomes, 100.0)[0]]
    (one,) = bands(DESCRIPTION, office, chosen, Sureness(nodes=60, seed=5))
    low, high = one.figures["lowest_soc_pct"]
    assert low < chosen[0].lowest_soc_pct < high
    assert "capacity_10y_pct" not in one.figures
    assert 5.0 < one.nodes_that_meet_pct < 100.0


def test_a_design_has_the_same_nodes_whatever_stands_beside_it(office, outcomes) -> None:
    living = smallest(outcomes, 100.0)[:2]
    both = bands(DESCRIPTION, office, living, Sureness(nodes=5))
    assert bands(DESCRIPTION, office, living[1:], Sureness(nodes=5)) == both[1:]


def test_the_smallest_that_are_sure_are_larger_than_those_that_just_live(office) -> None:
    """As the definition says, of every design that lives with all its drawn nodes."""
    wish = Sureness(nodes=10, least_nodes_pct=90.0)
    designs = grid((60.0, 100.0, 150.0), (30.0, 45.0, 60.0), (4700.0,), (7200,))
    nominal = size(DESCRIPTION, office, designs)
    done: list[float] = []
    found = smallest_sure(DESCRIPTION, office, nominal, wish, progress=done.append)
    living = [each for each in nominal if each.meets(100.0)]
    every = bands(DESCRIPTION, office, living, wish)
    sure = [each.nominal for each in every if each.nodes_that_meet_pct >= 90.0]
    assert [each.nominal for each in found] == smallest(sure, 100.0)
    assert smallest(living, 100.0)[0].design.is_no_larger(found[0].nominal.design)
    assert smallest(living, 100.0)[0] not in sure
    assert done == sorted(done)
    assert done[-1] <= 1.0


def test_a_year_cycles_and_fades_as_published_and_assumed() -> None:
    year = hourly(OFFICE, DESCRIPTION.harvester, 1.0, FOLDER)
    (one,) = size(DESCRIPTION, year, [Design(80.0, 30.0, 4700.0, 7200)])
    assert (one.capacity_5y_pct, one.capacity_10y_pct) == (None, None)
    # Slow cycles let it grow by 14 % in 1500, and time takes 0.5 % a year at 25 degC, of which
    # 0.4 are left at 22.
    growth_pct = 14.0 * (1.0 - np.exp(-one.cycles_year / 1500.0))
    assert one.capacity_1y_pct == pytest.approx(100.0 + growth_pct - 0.4, abs=0.15)
    # What it takes and charges in a year, from its budget: nights, weekends, and back.
    dark_h = 365 * 24 - 261 * 10
    wanted = one.own_uah_day / 24.0 * dark_h / (16.11 * 80.0)
    assert one.cycles_year == pytest.approx(wanted, rel=0.05)


def test_what_cannot_be_sized_is_refused(office) -> None:
    usb = load_scenario("bench").node[0].description
    with pytest.raises(ValueError, match="supply must be"):
        size(usb, office, [Design(1.0, 1.0, 1.0, 60)])
    with pytest.raises(ValueError, match="area_cm2"):
        size(DESCRIPTION, office, [Design(5000.0, 1.0, 4700.0, 7200)])
    for report_s, sentence in (
        (7201, "report_s must be a multiple of intervals.sample_s, 600, not 7201"),
        (600 * 1441, "report_every"),
        (0, "report_every"),
    ):
        with pytest.raises(ValueError, match=sentence):
            size(DESCRIPTION, office, [Design(45.0, 12.0, 4700.0, report_s)])
    for changes, report_s, sentence in (
        ({"intervals.report_every_most": 24}, 36_000, "report_every_most must be above"),
        ({"harvester": {}}, 7200, "harvester.power_uw needs kind"),
    ):
        other = varied(DESCRIPTION, changes)
        check_description(other)
        with pytest.raises(ValueError, match=sentence):
            size(other, office, [Design(45.0, 12.0, 4700.0, report_s)])
    # Through 1.9 ohm 5 mW at 1.8 V lift the terminals by 5 mV, and 60 mW by 63 mV.
    weak = varied(DESCRIPTION, {"capacitor.series_ohm": 1.9})
    sun = WorldSeries(np.full(2, 1000.0), np.full(2, 25.0))
    size(weak, sun, [Design(45.0, 5.0, 4700.0, 7200)])
    with pytest.raises(ValueError, match="series_ohm of the capacitor must be at most"):
        size(weak, sun, [Design(45.0, 60.0, 4700.0, 7200)])
    with pytest.raises(ValueError, match="at most 100000 designs"):
        grid(range(1, 100), range(1, 100), range(1, 100), [600])
