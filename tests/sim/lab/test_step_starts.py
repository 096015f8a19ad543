"""When a step began to flow, where a logger leaves out its first row or the end of a rest."""

from itertools import groupby, pairwise

import pytest
from cycler_data import AREA_CM2, OTHER, truths

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.cycling import charge, discharge
from filmgauge_sim.lab.fit import fit
from filmgauge_sim.lab.row_checks import checked
from filmgauge_sim.lab.segments import SegmentKind, cut, unlogged_rests
from filmgauge_sim.lab.trace import Trace

FLOW, REST, PAUSE = SegmentKind.FLOW, SegmentKind.REST, SegmentKind.PAUSE
EVERY_S, REST_S = 60.0, 1800.0


@pytest.fixture(scope="module")
def samples():
    """Charges with a hold and discharges, a rest behind each, with more rows than are logged."""
    trace = Trace(400)
    channel = Channel(FilmCell(OTHER, 1.0, 0.0, hysteresis=-1.0), 25.0, trace)
    for current in (2.0, 8.0):
        charge(channel, current)
        channel.pass_step(0.0, REST_S)
        discharge(channel, current)
        channel.pass_step(0.0, REST_S)
    return trace.samples


def steps_of(samples):
    return [list(own) for _, own in groupby(samples, key=lambda sample: sample.step)]


def logged(samples, *, first_rows, rest_ends=True, rests=True):
    """What a cycler logs that writes once a minute, and the last row of every flow."""
    found = []
    for own in steps_of(samples):
        resting = not own[0].current_ua_cm2
        if resting and not rests:
            continue
        kept_s = own[0].time_s
        for k, sample in enumerate(own):
            starts, ends = not k and first_rows, k == len(own) - 1
            if starts or (ends and not resting) or sample.time_s - kept_s >= EVERY_S:
                if not (resting and ends and not rest_ends):
                    found.append(sample)
                kept_s = sample.time_s
        if resting and not rest_ends:
            found = [s for s in found if s.step != own[0].step or own[-1].time_s - s.time_s > 40.0]
    return found


def read(path, found, *, counted):
    trace = Trace()
    trace.samples = found
    text = trace.to_bdf(AREA_CM2)
    if not counted:
        text = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
    path.write_text(text)
    return read_cycler_data(path, AREA_CM2)


def true_hours(samples, resting):
    """How long each flow of constant current, or each rest, lasted."""
    return [
        (own[-1].time_s - own[0].time_s) / 3600.0
        for own in steps_of(samples)
        if own[0].current_ua_cm2 == own[-1].current_ua_cm2
        and (not own[0].current_ua_cm2) == resting
    ]


def hours(steps, kind):
    return [step.duration_h for step in steps if step.kind is kind]


@pytest.mark.parametrize("first_rows", [True, False])
@pytest.mark.parametrize("rest_ends", [True, False])
def test_a_count_tells_when_a_current_began(samples, first_rows, rest_ends, tmp_path):
    found = logged(samples, first_rows=first_rows, rest_ends=rest_ends)
    data = read(tmp_path / "cell.bdf.csv", found, counted=True)
    steps = cut(checked(data), 25.0)
    assert hours(steps, FLOW)[1:] == pytest.approx(true_hours(samples, False)[1:], abs=1e-4)
    # Of the last rest nobody logs the end.
    assert hours(steps, REST)[:-1] == pytest.approx(true_hours(samples, True)[:-1], abs=1e-3)
    assert not hours(steps, PAUSE)


@pytest.mark.parametrize(("counted", "within"), [(True, 1e-6), (False, 6e-3)])
def test_a_hold_whose_first_row_is_late_has_the_charge_of_its_first_minute(
    samples, counted, within, tmp_path
):
    """At 8 uA/cm2 its first row without that minute's fade would leave out 0.011 uAh/cm2."""
    data = read(tmp_path / "cell.bdf.csv", logged(samples, first_rows=False), counted=counted)
    held = [step for step in cut(checked(data), 25.0) if step.kind is SegmentKind.HOLD]
    truth = [
        sum(
            0.5 * (a.current_ua_cm2 + b.current_ua_cm2) * (b.time_s - a.time_s) / 3600.0
            for a, b in pairwise(own)
        )
        for own in steps_of(samples)
        if own[0].current_ua_cm2 != own[-1].current_ua_cm2
    ]
    assert [step.charge_uah_cm2 for step in held] == pytest.approx(truth, abs=within)


def test_without_a_count_a_voltage_that_has_not_left_its_start_tells_it(samples, tmp_path):
    """A discharge of a full film falls by a volt in its first minute; charges begin alike."""
    found = logged(samples, first_rows=True, rest_ends=False)
    steps = cut(checked(read(tmp_path / "cell.bdf.csv", found, counted=False)), 25.0)
    assert hours(steps, FLOW) == pytest.approx(true_hours(samples, False), abs=1e-4)


def test_without_a_count_an_interval_longer_than_those_of_the_step_is_not_all_flow(
    samples, tmp_path
):
    """Rests logged seldom: what began the flow is a minute before its first row at most."""
    found = [
        sample
        for sample in logged(samples, first_rows=False, rest_ends=False)
        if sample.current_ua_cm2 or sample.time_s % 7.0 < 1.0
    ]
    steps = cut(checked(read(tmp_path / "cell.bdf.csv", found, counted=False)), 25.0)
    late = [
        now.time_s - before.time_s
        for before, now in pairwise(found)
        if not before.current_ua_cm2 and now.current_ua_cm2
    ]
    assert max(late) > 3.0 * EVERY_S
    assert hours(steps, FLOW)[1:] == pytest.approx(true_hours(samples, False)[1:], abs=0.01)


@pytest.mark.parametrize("counted", [True, False])
def test_a_rest_of_which_no_row_is_logged_is_none_of_the_flow_behind_it(
    samples, counted, tmp_path
):
    found = logged(samples, first_rows=True, rests=False)
    data = read(tmp_path / "cell.bdf.csv", found, counted=counted)
    steps = cut(checked(data), 25.0)
    assert hours(steps, PAUSE) == pytest.approx([0.5] * 3, abs=1e-4)
    assert hours(steps, FLOW) == pytest.approx(true_hours(samples, False), abs=1e-4)
    (said,) = unlogged_rests("cell.bdf.csv", steps)
    assert said == "cell.bdf.csv: 3 rests between two steps without a row, of 0.5 h at most"


def test_the_cell_is_found_from_a_file_without_the_rows_of_its_rests(samples, tmp_path):
    found = logged(samples, first_rows=True, rests=False)
    fitted = fit(OTHER, [read(tmp_path / "cell.bdf.csv", found, counted=False)], 25.0)
    truth = truths(fitted.parameters.plateau_current_ua_cm2)
    assert fitted.parameters.plateau_gap_v == pytest.approx(truth["plateau_gap_v"], abs=2e-3)
    assert fitted.parameters.kinetic_share == pytest.approx(truth["kinetic_share"], abs=5e-3)
    assert fitted.rms(charge=False) < 2e-3
    assert any("3 rests between two steps without a row" in remark for remark in fitted.remarks)
