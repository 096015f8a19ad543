"""The cycler: limits met, voltages held, charge balanced, steps read as they are written."""

from dataclasses import replace
from itertools import pairwise

import pytest
from cycler_data import finely_held
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.cell.liquid import LiquidCell, load_liquid
from filmgauge_sim.lab.current_search import rising_root
from filmgauge_sim.lab.cycler import Channel, NeverEnds, StepEnd
from filmgauge_sim.lab.cycling import cycles
from filmgauge_sim.lab.experiment import Current, Experiment, ExperimentStep, StepError, StepFault
from filmgauge_sim.lab.trace import Trace

PRE = load_parameters("pre-li")


def film(**options):
    return FilmCell(PRE, 0.19, 0.0, hysteresis=-1.0, **options)


@pytest.mark.parametrize("current", [0.5, 6.32, 40.0])
@pytest.mark.parametrize("temperature", [0.0, 25.0, 60.0])
def test_cutoffs_are_met(current, temperature):
    cell = film()
    for signed, limit in ((current, 4.0), (-current, 1.0)):
        Channel(cell, temperature).run_current(signed, until_v=limit)
        shown = cell.voltage_v(signed * 0.19, temperature)
        assert shown == pytest.approx(limit, abs=1e-4)


@pytest.mark.parametrize(
    "text", ["discharge at 0.8 uA/cm2 to 1.0 V", "discharge at 0.8 uA/cm2 for 99 h"]
)
def test_a_step_that_ends_where_the_voltage_leaps_is_recorded_to_its_limit(text):
    _, channel = done(text, FilmCell(load_parameters("pre-li-boundary"), 1.0, 0.1))
    assert channel.trace.samples[-1].voltage_v == 1.0


def test_a_hold_keeps_the_voltage_while_the_current_fades():
    cell, trace = film(), Trace()
    channel = Channel(cell, 25.0)
    channel.run_current(8.0, until_v=4.0)
    channel.trace = trace
    before = cell.stoichiometry
    passed = channel.hold_voltage(4.0, until_ua_cm2=0.08, from_ua_cm2=8.0)
    currents = [sample.current_ua_cm2 for sample in trace.samples]
    assert currents == sorted(currents, reverse=True)
    assert currents[0] == 8.0
    assert currents[-1] == pytest.approx(0.08, rel=1e-3)
    assert all(abs(sample.voltage_v - 4.0) < 1e-4 for sample in trace.samples)
    gained = (cell.stoichiometry - before) * PRE.capacity_uah_cm2
    assert gained == pytest.approx(passed * PRE.charge_acceptance, rel=1e-3)
    # The surface is full, so the film is, but for the last of the current.
    assert cell.stoichiometry == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("name", ["evp-li", "evp-li-variable", "evp-li-boundary"])
@pytest.mark.parametrize(("rate", "until"), [(1.0, 0.5), (0.2, 0.05)])
def test_a_hold_passes_what_a_fine_one_does(name, rate, until):
    """Up to what its steps err by: half as long ones tell how much that is."""
    parameters = load_parameters(name)
    capacity = parameters.capacity_uah_cm2
    cell = FilmCell(parameters, 0.19, 0.0, hysteresis=-1.0)
    trace = Trace()
    Channel(cell, 25.0).run_current(rate * capacity, until_v=4.0)
    currents = {"from_ua_cm2": rate * capacity, "until_ua_cm2": until * capacity}
    coarse, fine = (finely_held(cell.clone(), 4.0, **currents, parts=n) for n in (1, 2))
    step = Channel(cell, 25.0, trace).hold_step(4.0, **currents)
    assert step.charge_uah_cm2 == pytest.approx(2.0 * fine[0] - coarse[0], abs=3e-4 * capacity)
    assert step.seconds == pytest.approx(2.0 * fine[1] - coarse[1], rel=5e-3)
    assert step.final_ua_cm2 == pytest.approx(until * capacity, rel=1e-3)
    # A row has the current at its time, so that the charge is the area under the rows.
    area = sum(
        0.5 * (a.current_ua_cm2 + b.current_ua_cm2) * (b.time_s - a.time_s) / 3600.0
        for a, b in pairwise(trace.samples)
    )
    assert area == pytest.approx(step.charge_uah_cm2, rel=1e-9)


@pytest.mark.parametrize("before", ["", "charge at 0.1 uA/cm2 for 10 min, "])
@pytest.mark.parametrize("until", ["C/100", "1 nA/cm2"])
def test_a_hold_begins_with_whatever_its_voltage_takes(before, until):
    """Thousands of times what flowed before it: of its own fading that says nothing."""
    cycle, channel = done(f"{before}hold at 4.0 V until {until}")
    hold = cycle.steps[-1]
    assert hold.end is StepEnd.CURRENT
    assert hold.charge_uah_cm2 == pytest.approx(PRE.capacity_uah_cm2, rel=0.01)
    held = channel.trace.samples[-1]
    assert held.voltage_v == pytest.approx(4.0, abs=1e-4)


def test_a_current_that_swings_about_nothing_takes_no_ever_shorter_steps():
    """A full film takes less than the voltage can be told by."""
    trace = Trace()
    channel = Channel(FilmCell(load_parameters("evp-li-boundary"), 1.0, 1.0), 25.0, trace)
    held = channel.hold_step(4.0, until_ua_cm2=1e-7, from_ua_cm2=5.0, longest_s=3600.0)
    assert held.end in (StepEnd.TIME, StepEnd.CURRENT)
    assert len(trace.samples) < 200


def test_what_was_not_charged_has_no_efficiency():
    cycle, _ = done("discharge at C/5 to 1.0 V", FilmCell(PRE, 1.0, 1.0))
    assert cycle.coulombic_efficiency_pct is None


def test_a_step_without_end_says_so():
    with pytest.raises(NeverEnds, match=r"4\.9 V is not reached"):
        Channel(film(), 25.0).run_current(1e-6, until_v=4.9)


def test_a_record_changes_nothing():
    plain, recorded, trace = film(), film(), Trace()
    one = list(cycles(Channel(plain, 25.0), 6.0, 2))
    two = list(cycles(Channel(recorded, 25.0, trace), 6.0, 2))
    for a, b in zip(one, two, strict=True):
        assert b.charge_uah_cm2 == pytest.approx(a.charge_uah_cm2, rel=1e-6)
        assert b.discharge_uah_cm2 == pytest.approx(a.discharge_uah_cm2, rel=1e-6)
    net = sum(c.charge_uah_cm2 - c.discharge_uah_cm2 for c in two)
    assert trace.charge_uah_cm2 == pytest.approx(net, abs=1e-9)
    times = [sample.time_s for sample in trace.samples]
    assert times == sorted(times)


def test_charge_balance_over_many_ageing_cycles():
    cell = film(life=LifeState.as_built())
    done = list(cycles(Channel(cell, 25.0), 10.0, 60))
    passed = 0.19 * sum(c.charge_uah_cm2 - c.discharge_uah_cm2 for c in done)
    through = 0.19 * sum(c.charge_uah_cm2 + c.discharge_uah_cm2 for c in done)
    stored = cell.stoichiometry * cell.capacity_uah
    assert abs(stored + cell.lost_uah - passed) < 1e-12 * through


@given(st.floats(-50.0, 50.0), st.floats(-50.0, 50.0))
def test_the_root_of_a_rising_function(near, root):
    found = rising_root(lambda x: (x - root) ** 3 + 0.1 * (x - root), near, 1e-9)
    assert found == pytest.approx(root, abs=1e-6)


# Steps as text


def test_steps_as_a_cycler_user_writes_them():
    text = (
        "Charge at 6.32 uA/cm2 to 4.0 V, hold at 4.0 V until 60 nA/cm2,\n"
        "rest 10 min, discharge at 0.01 mA/cm2 to 1.0 V for 2 h; 300 times"
    )
    experiment = Experiment(text)
    assert experiment.times == 300
    assert experiment.steps == (
        ExperimentStep("charge", Current(6.32), 4.0, None),
        ExperimentStep("hold", Current(pytest.approx(0.06)), 4.0, None),
        ExperimentStep("rest", None, None, 600.0),
        ExperimentStep("discharge", Current(10.0), 1.0, 7200.0),
    )


@pytest.mark.parametrize("text", ["C/5", "c / 5", "0.2C", "0.2 c"])
def test_a_rate_is_over_the_capacity_of_the_set(text):
    experiment = Experiment(f"discharge at {text} to 1.0 V, hold at 1.0 V until C/50")
    assert experiment.steps[0].current == Current(0.2, is_rate=True)
    assert experiment.steps[1].current == Current(0.02, is_rate=True)
    cell = FilmCell(replace(PRE, capacity_uah_cm2=10.0), 3.0, life=LifeState(cycles=1500.0))
    trace = Trace()
    list(Experiment(f"discharge at {text} to 1.0 V").cycles(Channel(cell, 25.0, trace)))
    assert trace.samples[0].current_ua_cm2 == -2.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no step"),
        ("300 times", "no step"),
        ("charge to 4 V", "charge to 4 V"),
        ("charge at 6 uA/cm2", "must say where it ends"),
        ("charge at 0 uA/cm2 to 4 V", "above 0"),
        ("charge at 6 A to 4 V", "is not a step"),
        ("charge at C/0 to 4 V", "a rate above 0"),
        ("charge at 20000C to 4 V", "up to 10000 C"),
        ("2 times, rest 1 s", '"2 times" is not a step'),
        ("rest 1 s, 0 times", "from 1 to 1000000"),
    ],
)
def test_what_is_not_a_step_is_quoted(text, says):
    with pytest.raises(StepError, match=says):
        Experiment(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    try:
        Experiment(text)
    except StepError:
        pass


def test_steps_do_what_they_say():
    cell, trace = film(), Trace()
    text = "charge at 2 uA/cm2 for 2 h, rest 30 min, discharge at 4 uA/cm2 for 15 min"
    (cycle,) = Experiment(text).cycles(Channel(cell, 25.0, trace))
    assert cycle.charge_uah_cm2 == pytest.approx(4.0)
    assert cycle.discharge_uah_cm2 == pytest.approx(1.0)
    assert trace.time_s == pytest.approx(2.75 * 3600)
    assert {sample.step for sample in trace.samples} == {1, 2, 3}


# What ends a step


def done(text, cell=None, **options):
    """The results of the steps of an experiment that is done once, and its record."""
    channel = Channel(cell or film(), 25.0, Trace())
    (cycle,) = Experiment(text).cycles(channel, **options)
    return cycle, channel


def test_a_step_by_time_ends_at_the_window():
    cycle, channel = done("discharge at 1 uA/cm2 for 1000 h", FilmCell(PRE, 1.0, 1.0))
    (step,) = cycle.steps
    assert step.end is StepEnd.WINDOW
    assert "at the lower end of the window, 1 V" in step.remark
    assert cycle.discharge_uah_cm2 < PRE.capacity_uah_cm2
    assert min(sample.voltage_v for sample in channel.trace.samples) == pytest.approx(1.0)
    # So does one whose own voltage lies beyond.
    (step,) = done("charge at 1 uA/cm2 to 4.4 V")[0].steps
    assert "at the upper end of the window, 4 V" in step.remark


def test_every_step_says_what_ended_it():
    cycle, _ = done(
        "charge at 6 uA/cm2 to 4.0 V, hold at 4.0 V until 0.6 uA/cm2, rest 1 min,"
        " discharge at 6 uA/cm2 to 1.0 V for 6 min, hold at 1.6 V until 1 nA/cm2 for 1 min"
    )
    ends = [step.end for step in cycle.steps]
    assert ends == [
        StepEnd.VOLTAGE,
        StepEnd.CURRENT,
        StepEnd.TIME,
        StepEnd.TIME,
        StepEnd.TIME,
    ]
    assert not any(step.remark for step in cycle.steps)
    assert cycle.charge_uah_cm2 == sum(max(step.charge_uah_cm2, 0.0) for step in cycle.steps)
    assert sum(step.seconds for step in cycle.steps[2:4]) == pytest.approx(420.0)


@pytest.mark.parametrize(
    ("text", "end", "says"),
    [
        ("charge at 6 uA/cm2 to 4.0 V, hold at 2.0 V until 0.06 uA/cm2", "WRONG_WAY", "discharge"),
        ("discharge at 6 uA/cm2 to 1.0 V, hold at 4.0 V until 6 nA/cm2", "WRONG_WAY", "charge"),
        ("charge at 6 uA/cm2 to 4.0 V, hold at 4.0 V until 7 uA/cm2", "CURRENT", "begin with 6"),
        ("hold at 4.2 V until 6 nA/cm2", "WINDOW", "the window of the cell is 1 to 4 V"),
        ("charge at 6 uA/cm2 to 4.0 V, discharge at 6 uA/cm2 to 4.0 V", "PAST_LIMIT", "already"),
        ("discharge at 6 μA/cm2 for 1 h", "PAST_LIMIT", "the cell is at 0."),
    ],
)
def test_a_step_that_does_nothing_says_so_and_is_not_recorded(text, end, says):
    cycle, channel = done(text)
    *before, step = cycle.steps
    assert step.end is StepEnd[end]
    assert step.seconds == step.charge_uah_cm2 == 0.0
    assert step.remark.startswith(f'"{text.rpartition(", ")[2]}" does nothing')
    assert says in step.remark
    assert channel.trace.time_s == sum(each.seconds for each in before)
    with pytest.raises(StepFault, match=r"cycle 1, step [12]: .* does nothing"):
        done(text, strict=True)


def test_a_hold_that_never_fades_ends_where_its_current_stands():
    """A shuttle takes what the hold brings."""
    liquid = LiquidCell(load_liquid(), 1.0, 0.0)
    cycle, _ = done("charge at 1 uA/cm2 to 2.45 V, hold at 2.45 V until 0.1 uA/cm2", liquid)
    step = cycle.steps[1]
    assert step.end is StepEnd.NEVER_FADES
    assert step.seconds < 24 * 3600
    assert 0.1 < step.final_ua_cm2 < 1.0
    assert f"{step.final_ua_cm2:.3g} uA/cm2 go on flowing" in step.remark


@pytest.mark.parametrize("micro", ["u", "µ", "μ"])
def test_each_letter_of_a_millionth_is_read(micro):
    (step,) = Experiment(f"charge at 6 {micro}A/cm² to 4.0 V").steps
    assert step.current == Current(6.0)
