"""A cell in a notebook: what comes back has the units and names that it says."""

import copy
import pickle
import subprocess
import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import filmgauge_sim as fg

mpl.use("Agg")
ONE_AND_A_HALF: Any = 1.5
TEXT: Any = "2"
CAPACITY_UAH_CM2 = 11.01  # evp-li


def test_a_discharge_gives_the_capacity_in_named_columns():
    result = fg.Cell("evp-li", area_cm2=2).run("discharge at C/5 to 1.0 V")
    current_a = -2 * CAPACITY_UAH_CM2 / 5 * 1e-6
    columns = result.columns
    assert columns["Current / A"] == pytest.approx([current_a] * len(result))
    assert columns["Voltage / V"][-1] == pytest.approx(1.0, abs=1e-6)
    hours = columns["Test Time / s"][-1] / 3600.0
    assert result.capacity_uah == pytest.approx(-current_a * 1e6 * hours)
    assert columns["Net Capacity / Ah"][-1] == pytest.approx(-result.capacity_uah * 1e-6)
    assert {len(column) for column in columns.values()} == {len(result)}
    frame = result.to_dataframe()
    assert list(frame.columns) == list(columns)
    assert len(frame) == len(result)


def test_experiments_act_on_one_cell_one_after_the_other():
    cell = fg.Cell("pre-li", soc=0.0, ages=True)
    first = cell.run(fg.Experiment("charge at C/5 to 4.0 V, discharge at C/5 to 1.0 V, 3 times"))
    assert len(first.cycles) == 3
    assert set(first.columns["Cycle Count / 1"]) == {1, 2, 3}
    twin = cell.copy()
    cell.run("charge at C/10 for 1 h")
    assert cell.soc - twin.soc == pytest.approx(0.1, abs=0.01)
    assert cell.voltage_v() > twin.voltage_v()
    assert twin.run("rest 1 h").capacity_uah == 0.0


SETS = ("evp-li", "pre-li", "evp-li-variable", "pre-li-variable", "evp-li-boundary")
WAYS = {
    "copied": copy.copy,
    "deeply copied": copy.deepcopy,
    "sent to another process": lambda cell: pickle.loads(pickle.dumps(cell)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*SETS, "pre-li-boundary", "liquid-li-s"])
def test_a_cell_that_is_copied_is_in_the_same_state_and_goes_on_by_itself(name, way):
    more = {} if name == "liquid-li-s" else {"ages": True, "seed": 3}
    cell = fg.Cell(name, soc=0.9, **more)
    cell.run("discharge at C/5 for 1 h, charge at C/5 for 30 min")
    before_v = cell.voltage_v(-1.0)  # beyond the turn of the current
    twin = WAYS[way](cell)
    assert type(twin.specimen) is type(cell.specimen)
    assert twin.run("discharge at C/5 for 1 h").columns == (
        cell.copy().run("discharge at C/5 for 1 h").columns
    )
    assert twin.soc < cell.soc
    assert cell.voltage_v(-1.0) == before_v


def test_a_plot_has_a_line_a_charge_and_a_discharge():
    cell = fg.Cell(soc=0.0)
    axes = cell.run("charge at C/2 to 4.0 V, discharge at C/2 to 1.0 V").plot()
    assert len(axes.lines) == 2
    assert cell.run("rest 1 h").plot().get_xlabel() == "time / s"


def test_numbers_of_numpy_are_numbers():
    kinds: list[Any] = [(float, int), (np.float64, np.int64), (np.float32, np.uint8)]
    made = [
        fg.Cell("pre-li", t(2), soc=t(0.25), capacity_factor=t(1.125), seed=whole(3))
        for t, whole in kinds
    ]
    steps = "charge at C/2 to 4.0 V, hold at 4.0 V until C/5"
    first, *others = [
        cell.run(steps, temperature_c=t(25)) for cell, (t, _) in zip(made, kinds, strict=True)
    ]
    assert [each.columns for each in others] == [first.columns] * 2
    assert type(made[1].voltage_v(np.float64(1.0), np.float64(25))) is float


def test_a_cell_as_built_begins_empty_and_its_first_charge_is_not_all_given_back():
    cell = fg.Cell("evp-li", as_built=True)
    assert cell.soc == 0.0
    first = cell.run("charge at C/5 to 4.0 V, discharge at C/5 to 1.0 V").cycles[0]
    assert first.charge_uah_cm2 > 1.02 * first.discharge_uah_cm2 > 0.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fg.Cell("none"), "none is neither a file nor one of the sets"),
        (lambda: fg.Cell(area_cm2=0.0), "area_cm2 must be"),
        (lambda: fg.Cell(seed=ONE_AND_A_HALF), "seed must be a whole number, not 1.5"),
        (lambda: fg.Cell(area_cm2=TEXT), "area_cm2 must be a number, not '2'"),
        (lambda: fg.Cell(soc=1.2), "soc must be from 0 to 1, not 1.2"),
        (lambda: fg.Cell(as_built=True, soc=0.5), "soc must be 0 with as_built, a cell never"),
        (lambda: fg.Cell("liquid-li-s", soc=-0.1), "soc must be from 0 to 1"),
        (lambda: fg.Cell().run("Run  away"), '"Run  away" is not a step'),
        (lambda: fg.Cell().run("rest 1 h", temperature_c=99.0), "temperature_c must be from -40"),
        (lambda: fg.Cell().run("charge at 1e-6 uA/cm2 to 4.9 V"), "4 V is not reached"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize(
    ("missing", "call", "says"),
    [
        ("pandas", "result.to_dataframe()", "to_dataframe() needs pandas.*filmgauge[pandas]"),
        ("matplotlib", "result.plot()", "plot() needs matplotlib.*filmgauge[lab]"),
        ("littlefs", "fg.Scenario('window')", "Scenario needs littlefs.*filmgauge[sim]"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(missing, call, says):
    program = f"""
import sys
sys.modules[{missing!r}] = None
import filmgauge_sim as fg
result = fg.Cell().run("rest 1 min")
try:
    {call}
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    before, after = says.split(".*")
    assert before in done.stdout, done.stderr
    assert f"pip install '{after}'" in done.stdout


def test_the_import_is_light_and_names_what_there_is():
    program = """
import sys
import filmgauge_sim
heavy = {"numpy", "pandas", "matplotlib", "msgspec", "scipy"} & set(sys.modules)
print(sorted(heavy), *filmgauge_sim.__all__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["[]", "Cell", "Experiment", "Node", "Scenario", "run", "size"]
    assert set(fg.__all__) <= set(dir(fg))
    with pytest.raises(AttributeError, match="no attribute 'weigh'"):
        _ = fg.weigh
