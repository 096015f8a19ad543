"""Files of other programs: Neware's by fastnda, Battery Data Format both ways with batterydf."""

import json
import sys

import numpy as np
import pytest
from cycler_data import AREA_CM2, PRE, cycled
from cycler_layouts import LAYOUTS
from cycler_samples import rows
from neware_file import CHARGE, DISCHARGE, HOLD, REST, write_ndax

from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.fit import fit
from filmgauge_sim.lab.row_checks import checked
from filmgauge_sim.lab.segments import SegmentKind, cut

COLUMNS = ("time_h", "current_ua_cm2", "voltage_v", "charge_uah_cm2")


@pytest.fixture(scope="module")
def trace():
    return cycled([1.0, 8.0], rest_in_the_middle=True)


@pytest.fixture
def written(trace, tmp_path):
    path = tmp_path / "Lab__Cell__20260101_001.bdf.csv"
    path.write_text(trace.to_bdf(AREA_CM2))
    return path


def kind_of(samples):
    currents = [sample.current_ua_cm2 for sample in samples]
    if not any(currents):
        return REST
    if min(currents) > 0.0 and max(currents) > 1.5 * min(currents):
        return HOLD
    return CHARGE if currents[0] > 0.0 else DISCHARGE


def ndax(trace, path):
    steps = [[s for s in trace.samples if s.step == k] for k in range(1, trace.step + 1)]
    rows = [
        (s.time_s, s.voltage_v, s.current_ua_cm2 * AREA_CM2, s.step)
        for step in steps
        for s in step
    ]
    write_ndax(path, rows, [(step[0].cycle, kind_of(step)) for step in steps])


@pytest.mark.filterwarnings("error")  # fastnda warns of versions it does not know
def test_a_neware_file_gives_what_battery_data_format_gives(trace, written, tmp_path):
    path = tmp_path / "cell.ndax"
    ndax(trace, path)
    neware, table = (read_cycler_data(p, AREA_CM2) for p in (path, written))
    assert np.allclose(neware.time_h, table.time_h, atol=1e-6)
    assert np.allclose(neware.current_ua_cm2, table.current_ua_cm2, rtol=1e-6, atol=1e-9)
    assert np.allclose(neware.voltage_v, table.voltage_v, atol=2e-6)
    charges = [
        [step.charge_uah_cm2 for step in cut(checked(each), 25.0)] for each in (neware, table)
    ]
    assert charges[0] == pytest.approx(charges[1], rel=1e-3, abs=1e-4)
    one, two = (fit(PRE, [each], 25.0).parameters for each in (neware, table))
    assert one.capacity_uah_cm2 == pytest.approx(two.capacity_uah_cm2, rel=1e-3)
    assert one.plateau_gap_v == pytest.approx(two.plateau_gap_v, abs=1e-3)


def test_a_broken_neware_file_is_named(tmp_path):
    path = tmp_path / "cell.ndax"
    path.write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"cell\.ndax is not a file of Neware: .*zip"):
        read_cycler_data(path, 1.0)


def test_without_fastnda_it_is_asked_for(trace, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastnda", None)
    ndax(trace, tmp_path / "cell.ndax")
    with pytest.raises(ValueError, match=r"needs fastnda.*'filmgauge\[cyclers\]'"):
        read_cycler_data(tmp_path / "cell.ndax", 1.0)


@pytest.mark.filterwarnings("error")
def test_our_battery_data_format_is_read_by_its_own_package(trace, written):
    import bdf  # it takes two seconds, of those who run this only

    frame = bdf.read(written)
    report = bdf.validate(frame)
    assert (report["ok"], report["missing"], report["extras"]) == (True, [], [])
    last = trace.samples[-1]
    assert frame["Test Time / s"].iloc[-1] == pytest.approx(last.time_s)
    assert frame["Voltage / V"].iloc[-1] == pytest.approx(last.voltage_v, abs=1e-6)
    ampere = 1e-6 * AREA_CM2 * last.current_ua_cm2
    assert frame["Current / A"].iloc[-1] == pytest.approx(ampere, rel=1e-6)


@pytest.mark.parametrize("human", [True, False])
def test_its_files_are_read_by_us(written, tmp_path, human):
    import bdf.io

    again = tmp_path / "again.bdf.csv"
    bdf.io.save(bdf.read(written), again, human=human)
    assert ("Voltage / V" in again.read_text()) == human
    one, two = read_cycler_data(written, AREA_CM2), read_cycler_data(again, AREA_CM2)
    for name in COLUMNS:
        assert np.allclose(getattr(one, name), getattr(two, name))
    assert two.temperature_c is not None
    assert set(two.temperature_c) == {25.0}


OTHERS = ["people.bdf.csv", "landt_new.csv", "arbin.csv", "novonix.csv", "biologic.mpt"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*OTHERS, "digatron.csv"])
def test_another_hand_reads_the_same(name, tmp_path):
    """Of the layouts that the package of the Battery Data Format reads right."""
    import bdf

    path = tmp_path / name
    next(layout for layout in LAYOUTS if layout.name == name).write(path, rows())
    ours, theirs = read_cycler_data(path, AREA_CM2), bdf.read(path)
    time_s = theirs["Test Time / s"].to_numpy(float)
    assert np.allclose(3600.0 * ours.time_h, time_s - time_s[0], atol=1e-2)
    assert np.allclose(ours.voltage_v, theirs["Voltage / V"].to_numpy(float))
    amperes = 1e-6 * AREA_CM2 * ours.current_ua_cm2
    assert np.allclose(amperes, theirs["Current / A"].to_numpy(float), atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_other_containers_of_the_format_are_read(tmp_path):
    """Variables of MATLAB with a file that says what they are, and lines of JSON."""
    import scipy.io

    made = rows()
    columns = {"t": [r.time_s / 3600.0 for r in made], "U": [r.voltage_v for r in made]}
    scipy.io.savemat(tmp_path / "cell.mat", {**columns, "I": [1e3 * r.current_a for r in made]})
    fields = {
        "test_time_second": {"source": "t", "source_unit": "h"},
        "voltage_volt": {"source": "U"},
        "current_ampere": {"source": "I", "source_unit": "mA"},
    }
    (tmp_path / "cell.map.json").write_text(json.dumps({"fields": fields}))
    names = "Test Time / s", "Voltage / V", "Current / A"
    lines = [
        json.dumps(dict(zip(names, (r.time_s, r.voltage_v, r.current_a), strict=True)))
        for r in made
    ]
    (tmp_path / "cell.json").write_text("\n".join(lines))
    for name in ("cell.mat", "cell.json"):
        data = read_cycler_data(tmp_path / name, AREA_CM2)
        assert np.allclose(data.time_h, columns["t"])
        assert np.allclose(data.voltage_v, columns["U"])
        assert np.allclose(1e-6 * AREA_CM2 * data.current_ua_cm2, [r.current_a for r in made])


def test_steps_are_told_apart_without_a_count_of_steps(trace, tmp_path):
    path = tmp_path / "plain.csv"
    rows = ["time_s,current_ua,voltage_v"]
    rows += [f"{s.time_s},{s.current_ua_cm2},{s.voltage_v}" for s in trace.samples]
    path.write_text("\n".join(rows))
    flow, hold, rest = SegmentKind.FLOW, SegmentKind.HOLD, SegmentKind.REST
    steps = cut(checked(read_cycler_data(path, 1.0)), 25.0)
    assert [step.kind for step in steps] == [flow, hold, flow, rest, flow] * 2
    # Each discharge is one of 5 uAh/cm2 and, after a rest, the remaining one.
    assert steps[2].charge_uah_cm2 == pytest.approx(-5.0, rel=1e-3)
    assert steps[2].limit_v is None
    assert steps[4].limit_v == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time_s,current_ua\n0,1\n1,1\n", "a voltage in a column"),
        ("time_s,current_ua,voltage_v\n0,1,2\n", "three rows"),
        ("time_s,current_ua,voltage_v\n0,1,2\n2,1,2\n1,1,2\n", "the time must not fall"),
        ("time_s,current_ua,voltage_v\n0,1,2\n1,x,2\n2,1,2\n", "line 3: current_ua must be"),
        ("", "a time, a current and a voltage in a column"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, text, says):
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"data\.csv.*{says}"):
        read_cycler_data(path, 1.0)
