"""Replay: no burst is missed, powers become currents, bad files are named; and BDF goes round."""

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.liquid import LiquidCell, load_liquid
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.load_file import read_loads
from filmgauge_sim.lab.load_replay import Load, replay
from filmgauge_sim.lab.specimen import specimen
from filmgauge_sim.lab.titration import pulses, titrate
from filmgauge_sim.lab.trace import Trace

EVP = load_parameters("evp-li")


def written(tmp_path, text):
    path = tmp_path / "load.csv"
    path.write_text(text)
    return path


def test_no_burst_of_a_millisecond_is_missed(tmp_path):
    """A day with a burst of 1 ms every five minutes, and nothing else."""
    rows = ["time_s,current_ua"]
    for k in range(288):
        rows += [f"{300 * k},0", f"{300 * k + 10},-400", f"{300 * k + 10.001:.3f},0"]
    rows.append("86400,0")
    loads = read_loads(written(tmp_path, "\n".join(rows)))
    cell = FilmCell(EVP, 10.0, 0.5)
    found = replay(Channel(cell, 25.0), loads)
    assert found.discharged_uah == pytest.approx(288 * 400 * 1e-3 / 3600, rel=1e-6)
    assert found.time_s == pytest.approx(86400)
    # Every burst shows in the lowest voltage: by the reaction's share at least.
    assert found.lowest_v < cell.voltage_v(0.0, 25.0) - 0.2


def test_a_burst_of_a_millisecond_that_crosses_the_limit_is_cut_short():
    cell = FilmCell(EVP, 1.0, 0.02)
    loads = [Load(3600.0, 0.0, False, None), Load(1e-3, -9e4, False, None)]
    found = replay(Channel(cell, 25.0), [*loads, Load(3600.0, 0.0, False, None)])
    assert (found.cut_rows, found.first_cut_at) == (1, "low")
    assert found.first_cut_s is not None
    assert 3600.0 <= found.first_cut_s < 3600.001
    assert found.time_s == pytest.approx(7200.001)


def test_no_voltage_behind_the_limit_is_shown_where_it_leaps():
    """A discharge comes to where the charge before it began: the front behind lies at the back."""
    channel = Channel(FilmCell(load_parameters("pre-li-boundary"), 1.0, 0.0), 25.0, Trace())
    loads = [Load(7200.0, 0.8, False, None), Load(12_800.0, -0.8, False, None)]
    found = replay(channel, [*loads, Load(100.0, 0.0, False, None)])
    assert (found.cut_rows, found.first_cut_at) == (1, "low")
    assert found.lowest_v == 1.0
    assert min(sample.voltage_v for sample in channel.trace.samples) == 1.0


def test_power_is_voltage_times_current(tmp_path):
    path = written(tmp_path, "time_h,power_mw\n0,-0.02\n1e-6,0\n2e-6,0\n")
    cell = FilmCell(EVP, 10.0, 0.5)
    trace = Trace()
    replay(Channel(cell, 25.0, trace), read_loads(path))
    first = trace.samples[0]
    assert first.voltage_v * first.current_ua_cm2 * 10.0 == pytest.approx(-20.0, rel=1e-5)


@pytest.mark.parametrize("cell", ["film", "liquid"])
def test_a_power_is_the_same_energy_however_it_is_cut_into_rows(cell):
    """A full cell: its voltage falls by two volts within seconds, so that the first current is
    half of the later ones."""
    found = []
    for rows in (1, 7, 40):
        whole = FilmCell(EVP, 1.0, 1.0) if cell == "film" else LiquidCell(load_liquid(), 1.0, 1.0)
        found.append(replay(Channel(whole, 25.0), [Load(20000.0 / rows, -2.0, True, None)] * rows))
    for each in found:
        assert each.cut_rows == 0
        assert each.discharged_uwh == pytest.approx(2.0 * 20000.0 / 3600.0, rel=1e-6)
        assert each.discharged_uah == pytest.approx(found[0].discharged_uah, rel=1e-4)
    mean_v = found[0].discharged_uwh / found[0].discharged_uah
    assert found[0].final_v < mean_v < found[0].highest_v


@pytest.mark.parametrize(
    ("name", "current_ua", "begin", "total_s"),
    [
        ("pre-li", -1.0, 1.0, 56_480.0),
        ("pre-li", 1.0, 0.0, 56_765.0),
        ("pre-li-variable", -1.0, 1.0, 50_000.0),
        ("pre-li-boundary", -1.0, 1.0, 50_000.0),
        ("evp-li", -13.46, 1.0, 1470.0),
        ("liquid-li-s", -1.0, 1.0, 30_000.0),
    ],
)
def test_a_current_is_the_same_energy_however_it_is_cut_into_rows(
    name, current_ua, begin, total_s
):
    found = [
        replay(
            Channel(specimen(name, 1.0, begin), 25.0),
            [Load(total_s / rows, current_ua, False, None)] * rows,
        )
        for rows in (1, 2, 9, 400)
    ]
    mean_v = [
        (each.discharged_uwh + each.charged_uwh) / (each.discharged_uah + each.charged_uah)
        for each in found
    ]
    assert not any(each.cut_rows for each in found)
    assert mean_v[:3] == pytest.approx([mean_v[3]] * 3, abs=2e-5)


def test_a_power_that_the_cell_cannot_give_is_cut_off_and_shows_no_voltage():
    """Nor does a current that would pull the cell below its window at once."""
    for is_power in (True, False):
        cell = FilmCell(EVP, 1.0, 0.5)
        rest_v = cell.voltage_v(0.0, 25.0)
        found = replay(Channel(cell, 25.0), [Load(1.0, -9e5, is_power, None)])
        assert (found.cut_rows, found.first_cut_s, found.first_cut_at) == (1, 0.0, "low")
        assert found.discharged_uah == 0.0
        assert found.lowest_v == pytest.approx(rest_v, abs=1e-3)
        assert found.final_v == pytest.approx(rest_v, abs=1e-3)


def test_a_power_ends_at_the_window():
    cell = FilmCell(EVP, 1.0, 0.5)
    found = replay(Channel(cell, 25.0), [Load(1e6, -2.0, True, None)])
    assert (found.cut_rows, found.first_cut_at) == (1, "low")
    assert found.lowest_v == pytest.approx(1.0, abs=1e-4)
    assert found.discharged_uwh == pytest.approx(2.0 * found.first_cut_s / 3600.0, rel=1e-6)


def test_a_trace_written_as_bdf_is_read_again(tmp_path):
    cell, trace = FilmCell(EVP, 2.5, 0.8), Trace(points=20)
    given = list(
        titrate(Channel(cell, 25.0, trace), current_ua_cm2=1.0, pulse_s=1800.0, rest_s=600.0)
    )
    assert {point.branch for point in given} == {"charge", "discharge"}
    path = tmp_path / "test.bdf.csv"
    path.write_text(trace.to_bdf(2.5))
    twin = FilmCell(EVP, 2.5, 0.8)
    found = replay(Channel(twin, 25.0), read_loads(path))
    assert found.discharged_uah > 5.0
    assert twin.stoichiometry == pytest.approx(cell.stoichiometry, abs=2e-3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a time and a current or a power in a column"),
        ("time_s,volts\n0,1\n1,1\n", "a current or a power in a column"),
        ("time_s,current_ua\n0,1\n", "two rows"),
        ("time_s,current_ua\n0,1\n1,x\n2,1\n", "line 3: current_ua must be a number"),
        ("time_s,current_ua\n0,1\n1,nan\n2,1\n", "line 3: current_ua must be a number"),
        ("time_s,current_ua\n5,1\n1,1\n", "time must not fall, as it does in row 2"),
        ("time_s,current_ua\n0\n1,1\n", "line 2: current_ua must be a number"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        read_loads(written(tmp_path, text))


def test_a_pulse_shows_ohm_and_reaction_at_once():
    cell = FilmCell(EVP, 1.0, 0.5, hysteresis=-1.0)
    (one,) = pulses(Channel(cell, 25.0), current_ua_cm2=-1.12, pulse_s=1.0, rest_s=1.0, count=1)
    assert one.before_v - one.at_once_v == pytest.approx(0.35 * EVP.kinetic_share, abs=1e-6)
    assert one.end_v < one.at_once_v
