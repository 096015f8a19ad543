"""Recordings through cell and gauge: against closed forms, with gaps, and from files."""

from math import asinh, exp, pi
from pathlib import Path

import pytest

from filmgauge_sim import Cell
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.trace import Trace
from filmgauge_sim.score.recording import Instant, Recording, read_recording
from filmgauge_sim.score.replay import ReplayCell, run_replay

SET = load_parameters("evp-li")
CELL = ReplayCell("evp-li", soc=0.5)
CURRENT_UA = -2.2
TERMS = 2000


def closed_form_v(seconds: float) -> float:
    """Voltage of 1 cm2 at 25 degC from rest at one half on the discharge branch, from a sheet that
    is fed at one face: Carslaw and Jaeger, Conduction of Heat in Solids, section 3.8."""
    tau_s, moved = SET.diffusion_time_h * 3600.0, CURRENT_UA / SET.capacity_uah_cm2 / 3600.0
    terms = sum(exp(-n * n * pi * pi * seconds / tau_s) / (n * n) for n in range(1, TERMS))
    surface = 0.5 + moved * seconds + moved * tau_s * (1 / 3 - 2 / pi**2 * terms)
    curve = SET.plateau_middle_v + SET.plateau_slope_v * (surface - 0.5)
    curve -= SET.empty_fall_v * exp(-surface / SET.empty_width)
    curve += SET.full_rise_v * exp((surface - 1) / SET.full_width)
    static_v = 0.5 * SET.plateau_gap_v * (1 - SET.kinetic_share)
    ohmic_v = CURRENT_UA * 1e-6 * SET.resistance_ohm_cm2
    thermal_v = 2 * 8.617333262e-5 * 298.15
    plateau_v = SET.plateau_current_ua_cm2 * 1e-6 * SET.resistance_ohm_cm2
    reaction_v = 0.5 * SET.plateau_gap_v * SET.kinetic_share - plateau_v
    scale = 2.718281828459045 ** (reaction_v / thermal_v)
    exchange = SET.plateau_current_ua_cm2 / (scale - 1 / scale)  # i / (2 sinh x)
    return curve - static_v + ohmic_v + thermal_v * asinh(CURRENT_UA / (2 * exchange))


def constant(seconds, **more) -> list[Instant]:
    return [Instant(s, CURRENT_UA, closed_form_v(s), 25.0, **more) for s in seconds]


def test_a_constant_current_gives_the_voltage_and_the_charge_of_a_closed_form() -> None:
    # The cell's fourteen modes are within 0.3 % of the series: of a lag of some 0.08, less than
    # 0.3 mV, of which the plateau's slope leaves next to nothing; the ends are far.
    result = run_replay(Recording(constant(range(0, 7200, 60))), CELL)
    assert result.voltage.count == 120
    assert abs(result.voltage.worst) < 3e-4
    passed = CURRENT_UA * 7140 / 3600 / SET.capacity_uah_cm2
    assert result.points[-1].simulated_soc == pytest.approx(0.5 + passed, abs=1e-5)
    assert result.charge.rms is None


def test_another_current_than_the_recorded_one_shows() -> None:
    recorded = [Instant(i.time_s, 1.2 * i.current_ua, i.voltage_v) for i in constant(range(600))]
    assert abs(run_replay(Recording(recorded), CELL).voltage.mean or 0) > 5e-3


def test_the_gauge_follows_what_it_was_told() -> None:
    result = run_replay(Recording(constant(range(0, 7200, 60))), CELL)
    assert abs(result.gauge.worst) < 0.01
    assert result.within_two_sigma == 1.0
    assert result.problems == []


def test_of_a_gap_nothing_is_assumed() -> None:
    # Of two hours nobody knows what flowed: the record says one tenth behind them.
    before = constant(range(0, 3600, 60), soc=0.5)
    after = [Instant(s, CURRENT_UA, None, 25.0, soc=0.1) for s in range(10800, 11400, 60)]
    recording = Recording([*before, *after])
    assert [(gap.from_s, gap.to_s, gap.reason) for gap in recording.gaps] == [
        (3540, 10800, "long pause")
    ]
    result = run_replay(recording, CELL)
    first = result.points[len(before)]
    assert (first.begins, first.simulated_soc) == (True, 0.1)
    assert result.skipped == 0


def test_what_follows_a_gap_without_a_state_of_charge_is_not_compared() -> None:
    seconds = [*range(0, 3600, 60), *range(10800, 11400, 60)]
    result = run_replay(Recording(constant(seconds)), CELL)
    assert (len(result.points), result.skipped) == (60, 10)


@pytest.mark.parametrize(
    ("second", "reason"),
    [((7, 1, 4), "records missing"), ((7, 2, 0), "restart"), ((8, 1, 3), "restart")],
)
def test_numbers_of_records_show_a_gap_and_a_pause_is_none(second, reason) -> None:
    numbers = [(7, 1, 1), (7, 1, 2), second]
    made = [Instant(60.0 * k, -1.0, number=number) for k, number in enumerate(numbers)]
    assert [gap.reason for gap in Recording(made).gaps] == [reason]
    slept = [Instant(t, -1.0, number=(7, 1, k)) for k, t in enumerate((0, 60, 120, 86400))]
    assert Recording(slept).gaps == []


def test_a_pause_in_which_charge_was_counted_is_no_gap() -> None:
    # An hour in which as much flowed as in an hour of the constant current.
    seconds = [*range(0, 1200, 60), *range(4800, 5400, 60)]
    counted = [
        Instant(s, CURRENT_UA, closed_form_v(s), charge_uah=CURRENT_UA * s / 3600.0)
        for s in seconds
    ]
    recording = Recording(counted)
    assert recording.gaps == []
    result = run_replay(recording, CELL)
    assert (result.voltage.count, result.skipped) == (30, 0)
    assert abs(result.voltage.worst) < 3e-4


def test_a_pause_is_long_by_those_near_it() -> None:
    # A cycler that logs each second, and each ten minutes while it rests.
    times = [*range(100), *range(699, 6700, 600), *range(6700, 6800)]
    made = [Instant(float(t), 0.0) for t in times]
    assert Recording(made).gaps == []
    without = [each for each in made if not 200 < each.time_s < 6600]
    assert [gap.from_s for gap in Recording(without).gaps] == [99.0]


def test_one_reading_between_two_long_pauses_has_a_gap_on_either_side() -> None:
    times = [*range(0, 600, 60), 7800, *range(15000, 15600, 60)]
    made = [Instant(float(t), 0.0) for t in times]
    assert [gap.from_s for gap in Recording(made).gaps] == [540.0, 7800.0]


def test_a_reading_without_a_current_is_a_gap() -> None:
    made = [Instant(0, -1.0), Instant(60, -1.0), Instant(180, -1.0)]
    assert [gap.reason for gap in Recording(made, [120.0]).gaps] == ["current not known"]


def test_counted_charge_is_believed_more_than_two_currents() -> None:
    def made(charges) -> Recording:
        return Recording([Instant(3600.0 * k, 0.0, charge_uah=q) for k, q in enumerate(charges)])

    result = run_replay(made([0.0, -1.101, -2.202]), CELL)
    assert [round(p.simulated_soc, 4) for p in result.points] == [0.5, 0.4, 0.3]


def test_a_cell_at_the_end_of_its_window_is_cut_off() -> None:
    made = [Instant(3600.0 * k, -2.2) for k in range(6)]
    result = run_replay(Recording(made), ReplayCell("evp-li", soc=0.3))
    assert result.cut == 4
    assert result.points[-1].simulated_soc > 0


def test_an_experiment_written_to_a_file_is_replayed_as_it_was(tmp_path: Path) -> None:
    # Two constant currents from rest, densely recorded. A change of the current between two
    # readings is dated wrong by less than half their distance: here that is nothing.
    cell = Cell("evp-li", soc=0.5)
    trace = Trace()
    channel = Channel(cell.specimen, 25.0, trace)
    for current_ua in (-2.0, 1.5):
        channel.pass_step(current_ua, 3600.0)
    path = tmp_path / "lab.bdf.csv"
    path.write_text(trace.to_bdf(1.0))
    result = run_replay(read_recording(path), CELL)
    # to the six decimals of the file, and where its seconds end
    assert abs(result.voltage.worst) < 1e-4
    assert result.points[-1].simulated_soc == pytest.approx(cell.soc, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time_s,current_ua\n0,1\n", "x.csv: a recording must have two readings"),
        ("time_s,current_ua\n0,1\n9,1\n5,1\n", "must not fall, as it does to 5 s"),
        ("time_s,voltage_v\n0,1\n", "x.csv must have a current in a column"),
        ("current_ua\n1\n", "x.csv must have a time in a column"),
        ("time_s,current_ua\n0,1\n1,x\n", "x.csv line 3: current_ua must be a number"),
        ("time,current_ua\n0,1\nx,2\n", "x.csv: time must be ISO 8601"),
        (
            "node,time_s,current_ua\nb,0,1\na,9,1\n",
            "x.csv: node must be one in all rows, not a and b",
        ),
        ("time_s,current_ua,soc\n0,1,0.8\n9,1,80\n", "x.csv line 3: soc must be from -0.1 to 1.1"),
        ("time_s,current_ua,soc_pct\n0,1,-20\n", "soc_pct must be from -10 to 110, not -20"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, text, sentence) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_recording(path)


def test_a_recording_without_a_state_of_charge_needs_one() -> None:
    made = Recording([Instant(0, 1.0), Instant(60, 1.0)])
    with pytest.raises(ValueError, match="--soc"):
        run_replay(made, ReplayCell("evp-li"))
