"""Rows that are not what they seem: an odd value, a pause of the logger, a count that lies."""

import re
from dataclasses import replace

import numpy as np
import pytest
from cycler_data import AREA_CM2, cycled

from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.row_checks import checked
from filmgauge_sim.lab.segments import SegmentKind, cut


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A charge with a hold and a discharge, at 2 and at 8 uA/cm2."""
    path = tmp_path_factory.mktemp("rows") / "cell.bdf.csv"
    path.write_text(cycled([2.0, 8.0]).to_bdf(AREA_CM2))
    return read_cycler_data(path, AREA_CM2)


def capacities(data, **options):
    """What the discharges that met the lower limit gave, uAh/cm2."""
    steps = cut(checked(data, **options), 25.0)
    assert {round(step.limit_v, 3) for step in steps if step.kind is SegmentKind.HOLD} == {4.0}
    return [-s.charge_uah_cm2 for s in steps if not s.charging and s.limit_v is not None]


def changed(data, name, rows, value):
    values = getattr(data, name).copy()
    values[rows] = value
    return replace(data, **{name: values})


def middle_of_a_discharge(data):
    falling = np.flatnonzero(data.current_ua_cm2 < 0.0)
    return int(falling[len(falling) // 4])


def paused(data, hours, *, counted):
    """The logger, and the cycler with it, stood for some hours within a discharge."""
    time = data.time_h.copy()
    time[middle_of_a_discharge(data) :] += hours
    return replace(data, time_h=time, charge_uah_cm2=data.charge_uah_cm2 if counted else None)


@pytest.mark.parametrize("voltage", [0.0, 6.5535, 3.9])
def test_one_odd_voltage_is_left_out_and_said(data, voltage):
    row = middle_of_a_discharge(data)
    odd = changed(data, "voltage_v", row, voltage)
    (remark,) = checked(odd).remarks
    assert f"1 row left out, whose voltage or current fits neither neighbour: {voltage:.4g} V" in (
        remark
    )
    assert f"in row {row + 1} of the data" in remark
    assert len(checked(odd).data.time_h) == len(data.time_h) - 1
    assert capacities(odd) == pytest.approx(capacities(data))


def test_one_odd_current_is_left_out(data):
    odd = changed(data, "current_ua_cm2", middle_of_a_discharge(data), 0.0)
    assert "1 row left out" in checked(odd).remarks[0]
    assert capacities(odd) == pytest.approx(capacities(data))


def test_data_as_they_should_be_stay_as_they_are(data):
    found = checked(data)
    assert found.remarks == ()
    assert len(found.data.time_h) == len(data.time_h)
    assert not found.pause_h.any()
    assert len(capacities(data)) == 2


@pytest.mark.parametrize("hours", [2.0, 72.0])
@pytest.mark.parametrize("counted", [True, False])
def test_a_pause_within_a_step_is_no_current(data, hours, counted):
    found = checked(paused(data, hours, counted=counted))
    (remark,) = found.remarks
    assert f"1 pause of the logger within a step, of {hours:.2g}" in remark
    assert ("its count of charge" if counted else "current and time") in remark
    assert found.pause_h.sum() == pytest.approx(hours, abs=1e-6 if counted else 0.2)
    steps = cut(found, 25.0)
    (pause,) = [k for k, step in enumerate(steps) if step.kind is SegmentKind.PAUSE]
    one, other = steps[pause - 1], steps[pause + 1]
    assert one.limit_v is None
    assert other.limit_v == pytest.approx(1.0, abs=1e-3)
    whole = capacities(data)[0]
    assert -(one.charge_uah_cm2 + other.charge_uah_cm2) == pytest.approx(whole, rel=0.03)


def test_a_pause_behind_an_odd_row_that_began_the_step_ends_nothing(data):
    """With the odd row left out, a rest is what stands before the pause."""
    row = next(k for k in range(1, len(data.step)) if data.current_ua_cm2[k] < 0.0)
    time = data.time_h.copy()
    time[row + 1 :] += 3.0
    at_rest = changed(data, "current_ua_cm2", row - 1, 0.0)
    odd = changed(replace(at_rest, time_h=time, gaps=np.array([row + 1])), "voltage_v", row, 0.0)
    assert len(checked(odd).data.time_h) == len(time) - 1


def test_a_count_that_goes_on_tells_that_a_pause_was_of_the_logger_alone(data):
    row = middle_of_a_discharge(data)
    flown = data.current_ua_cm2[row] * 1.0
    later = paused(data, 1.0, counted=True)
    counted = later.charge_uah_cm2.copy()
    counted[row:] += flown
    found = checked(replace(later, charge_uah_cm2=counted))
    assert found.remarks == ()
    assert not found.pause_h.any()


def test_rows_logged_by_the_change_of_voltage_have_no_pauses(data):
    """Dense at the ends of a step and hours apart on its plateau."""
    keep, last = [0], data.voltage_v[0]
    for k, volts in enumerate(data.voltage_v):
        turned = data.step[k] != data.step[keep[-1]]
        if abs(volts - last) >= 0.004 or turned:
            keep.append(k)
            last = volts
    few = replace(
        data,
        **{
            name: getattr(data, name)[keep]
            for name in ("time_h", "current_ua_cm2", "voltage_v", "temperature_c", "step")
        },
        charge_uah_cm2=None,
        cycle=None,
    )
    intervals = np.diff(few.time_h)
    assert intervals.max() > 20 * np.median(intervals)
    assert not checked(few).pause_h.any()


@pytest.mark.parametrize("factor", [2.0, -1.0, 1000.0])
def test_a_count_that_is_not_the_current_is_refused(data, factor):
    wrong = replace(data, charge_uah_cm2=factor * data.charge_uah_cm2)
    with pytest.raises(ValueError, match=re.escape(f"counts is {factor:.3g} times what 'Cur")):
        checked(wrong)
    assert capacities(wrong, ignore_count=True) == pytest.approx(capacities(data), rel=0.01)


@pytest.mark.parametrize(("way", "does"), [(1.0, "charges"), (-1.0, "discharges")])
def test_a_count_that_is_wrong_one_way_is_refused(data, way, does):
    moves = np.diff(data.charge_uah_cm2, prepend=data.charge_uah_cm2[0])
    moves[data.current_ua_cm2 * way > 0.0] *= 2.0
    with pytest.raises(ValueError, match=f"counts is 2 times what .* while it {does}"):
        checked(replace(data, charge_uah_cm2=np.cumsum(moves)))


def test_a_count_that_begins_anew_with_every_step_is_believed(data):
    counted = data.charge_uah_cm2.copy()
    for step in np.unique(data.step):
        own = data.step == step
        counted[own] -= counted[own][0]
    assert capacities(replace(data, charge_uah_cm2=counted)) == pytest.approx(capacities(data))


def test_one_discharge_that_went_too_far_hides_no_other(data):
    """The lowest voltage of a file is no limit of every discharge."""
    last = np.flatnonzero(data.current_ua_cm2 < 0.0)[-1]
    assert len(capacities(changed(data, "voltage_v", last, 0.6))) >= 1
    first = next(
        k
        for k in range(len(data.step))
        if data.current_ua_cm2[k] < 0.0 <= data.current_ua_cm2[k + 1]
    )
    ended = capacities(changed(data, "voltage_v", first, 0.6))
    assert ended[0] == pytest.approx(capacities(data)[0])
