"""Names, units, times and pauses of cyclers' files, each by itself."""

import datetime

import numpy as np
import pytest

from filmgauge_sim.lab.cyclers.clock import (
    clock_seconds,
    date_seconds,
    is_day_first,
    longest_s,
)
from filmgauge_sim.lab.cyclers.column_names import readings
from filmgauge_sim.lab.cyclers.counts import net_of_one, net_of_two
from filmgauge_sim.lab.cyclers.formats import formats
from filmgauge_sim.lab.cyclers.gaps import find_gaps
from filmgauge_sim.lab.cyclers.options import parse_columns
from filmgauge_sim.lab.cyclers.quantities import Quantity, unit_of
from filmgauge_sim.lab.cyclers.recording import from_step_times
from filmgauge_sim.lab.cyclers.signs import signed_by_state, signed_by_voltage

Q = Quantity


@pytest.mark.parametrize(
    ("name", "base", "unit"),
    [
        ("Test Time / s", "test time", "s"),
        ("Voltage(V)", "voltage", "V"),
        ("U[mV]", "u", "mV"),
        ("<I>/mA", "i", "mA"),
        ("(Q-Qo)/mA.h", "q qo", "mA.h"),
        ("Current/mA/cm2", "current", "mA/cm2"),
        ("Voltage#V", "voltage", "V"),
        ("U,V", "u", "V"),
        ("TestTime/Sec.", "testtime", "Sec."),
        ("net_capacity_ampere_hour", "net capacity", "ampere_hour"),
        ("current_ua", "current", "ua"),
        ("~Time[h]", "time", "h"),
        ("电压(V)", "电压", "V"),
        ("Rec#", "rec", None),
    ],
)
def test_a_name_is_taken_apart(name, base, unit):
    assert next(readings(name)) == (base, unit)


@pytest.mark.parametrize(
    ("quantity", "text", "factor"),
    [
        *((Q.CURRENT, "A", 1.0), (Q.CURRENT, "mA", 1e-3), (Q.CURRENT, "µA", 1e-6)),
        *((Q.CURRENT, "\u03bcA", 1e-6), (Q.CURRENT, "nA", 1e-9), (Q.CURRENT, "pA", 1e-12)),
        *((Q.CURRENT, "microampere", 1e-6), (Q.CURRENT, "Amps", 1.0), (Q.CURRENT, "mAmps", 1e-3)),
        *((Q.TIME, "h", 3600.0), (Q.TIME, "min", 60.0), (Q.TIME, "ms", 1e-3), (Q.TIME, "Sec.", 1)),
        *((Q.TIME, "Decimal Hours", 3600.0), (Q.TIME, "millisecond", 1e-3), (Q.TIME, "d", 86400)),
        *((Q.VOLTAGE, "mV", 1e-3), (Q.VOLTAGE, "volt", 1.0), (Q.POWER, "uW", 1e-6)),
        *((Q.COUNT, "Ah", 1.0), (Q.COUNT, "mA.h", 1e-3), (Q.COUNT, "mAmp-hr", 1e-3)),
        *((Q.COUNT, "AHr", 1.0), (Q.COUNT, "C", 1 / 3600), (Q.COUNT, "µA·h", 1e-6)),
        *((Q.CURRENT, "mA/g", None), (Q.COUNT, "mAh/g", None), (Q.COUNT, "mWh", None)),
        *((Q.CURRENT, "V", None), (Q.VOLTAGE, "A", None), (Q.TIME, "parsec", None)),
        *((Q.VOLTAGE, "mV/cm2", None), (Q.TIME, "", None), (Q.CURRENT, "kA", None)),
    ],
)
def test_a_unit_has_its_factor(quantity, text, factor):
    found = unit_of(quantity, text)
    assert (found and found.factor) == (factor and pytest.approx(factor))


def test_units_that_are_more_than_a_factor():
    assert unit_of(Q.CURRENT, "mA/cm2").per_cm2
    assert unit_of(Q.COUNT, "uAh cm-2").per_cm2
    assert unit_of(Q.TIME, "Hours in hh:mm:ss.xxx").is_clock
    assert unit_of(Q.TEMPERATURE, "K").offset == pytest.approx(-273.15)


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("00:01:02.5", 62.5),
        ("100:00:00", 360000.0),
        ("1-02:03:04", 93784.0),
        ("  0d 00:00:10.00", 10.0),
        ("2:01:00:00", 176400.0),
        ("00:01:02:500", 62.5),
        (datetime.time(1, 0, 0, 500000), 3600.5),
        (datetime.timedelta(days=2), 172800.0),
        (datetime.datetime(1899, 12, 31, 1), 90000.0),
    ],
)
def test_a_clock_gives_seconds(cell, seconds):
    assert clock_seconds(cell) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "cell", ["", "1:2", "a:b:c", None, 3.0, "2026-03-02", "0:75:00", "0:0:90"]
)
def test_what_is_no_clock_is_refused(cell):
    with pytest.raises(ValueError, match=r"not a time|invalid literal|could not convert"):
        clock_seconds(cell)


def test_dates_of_all_programs_are_one_moment():
    moment = datetime.datetime(2026, 3, 12, 21, 30, 0)
    texts = ["2026-03-12 21:30:00", "2026-03-12T21:30:00Z", "03/12/2026 09:30:00 PM"]
    texts += ["12.03.2026 21:30:00", "2026/03/12 21:30:00", "12-Mar-26 09:30:00 PM"]
    for cell in [moment, *texts]:
        assert date_seconds(cell) == pytest.approx(1773351000.0)


@pytest.mark.parametrize(
    ("dates", "by_day"),
    [
        (["03/12/2026 23:00", "03/13/2026 01:00"], False),
        (["12/03/2026 23:00", "13/03/2026 01:00"], True),
        # Two hours, or else a month.
        (["03/04/2026 23:00", "04/04/2026 01:00"], True),
        (["04/03/2026 23:00", "04/04/2026 01:00"], False),
        # A new year, or else backwards.
        (["12/01/2026 23:00", "01/02/2026 01:00"], True),
        (["2026-03-04 23:00", "04.03.2026 01:00"], False),
    ],
)
def test_slashes_do_not_say_whether_the_day_stands_first(dates, by_day):
    assert is_day_first(dates) == by_day


def test_between_dates_lies_what_they_allow_at_most():
    """A test from the fourth of March to the fourth of April is not the longer by its dates."""
    assert longest_s("03/04/2026 23:00", "04/04/2026 01:00") == (31 * 24 - 22) * 3600.0
    assert longest_s("12/03/2026 23:00", "13/03/2026 01:00") == 7200.0
    assert longest_s("soon", "later") < 0.0


def test_a_date_with_slashes_is_read_either_way():
    moment = datetime.datetime(2026, 3, 12, 21, 30, 0)
    assert date_seconds("12/03/2026 21:30:00", day_first=True) == date_seconds(moment)
    assert date_seconds("03/12/2026 21:30:00") == date_seconds(moment)


def test_columns_are_named_with_commas_and_colons_in_them():
    found = parse_columns(["time=t, total:min,current=I:2", "voltage=U:mV"])
    assert (found[Q.TIME].name, found[Q.TIME].unit) == ("t, total", "min")
    assert (found[Q.CURRENT].name, found[Q.CURRENT].unit) == ("I:2", None)
    assert (found[Q.VOLTAGE].name, found[Q.VOLTAGE].unit) == ("U", "mV")


def test_every_table_of_a_format_can_be_used():
    for form in formats():
        assert {Q.TIME, Q.CURRENT, Q.VOLTAGE} <= set(form.columns)
        for quantity, names in form.columns.items():
            for text in [*filter(None, names.values()), *filter(None, [form.units.get(quantity)])]:
                assert unit_of(quantity, text) is not None, (form.name, quantity, text)
    assert formats()[-1].name == "a table"


def test_a_pause_is_a_gap_only_while_a_current_flows():
    time = np.arange(40.0)
    time[30:] += 500.0
    current = np.where(np.arange(40) < 36, 1.0, 0.0)
    assert list(find_gaps(time, current, None)) == [30]
    # In a rest nothing is lost, and between two steps nothing was to be logged.
    assert not find_gaps(time, np.where(np.arange(40) < 20, 1.0, 0.0), None).size
    assert not find_gaps(time, current, np.where(np.arange(40) < 30, 1.0, 2.0)).size
    # Logging by voltage and by time in turn is none.
    uneven = np.cumsum(np.where(np.arange(40) % 3, 0.1, 60.0))
    assert not find_gaps(uneven, current, None).size


def test_counts_begin_anew_and_have_no_sign():
    current = [1.0, 1.0, 0.0, -1.0, -1.0, -1.0, 1.0]
    count, signed = net_of_one(column(0.0, 1.0, 0.0, 0.0, 0.5, 0.7, 0.2), current)
    assert signed
    assert list(np.diff(count)) == pytest.approx([1.0, 0.0, 0.0, -0.5, -0.2, 0.2])
    same, signed = net_of_one(column(0.0, 1.0, 1.0, 0.5, 0.2, 0.1, 0.4), current)
    assert (list(same), signed) == ([0.0, 1.0, 1.0, 0.5, 0.2, 0.1, 0.4], False)


def test_times_of_steps_add_up():
    assert list(from_step_times(column(0, 5, 10, 0, 3, 0, 1))) == [0, 5, 10, 10, 13, 13, 14]


def test_a_longer_step_behind_a_shorter_one_begins_anew_too():
    """A logger that writes no row at the beginning of a step never shows its zero."""
    times, steps = column(5, 10, 30, 60, 30, 60), column(1, 1, 2, 2, 3, 3)
    assert list(from_step_times(times, steps)) == [5, 10, 40, 70, 100, 130]
    # A time that goes on through the steps is not that of a step.
    on, steps = column(0, 10, 20, 30, 40), column(1, 1, 2, 3, 3)
    assert list(from_step_times(on, steps)) == list(on)


def test_counts_of_both_ways_go_on_where_they_begin_anew():
    charged = column(0.0, 1.0, 2.0, 2.0, 2.0, 0.0, 1.0)
    discharged = column(0.0, 0.0, 0.0, -0.5, -1.5, 0.0, 0.0)
    assert list(net_of_two(charged, discharged)) == [0.0, 1.0, 2.0, 1.5, 0.5, 0.5, 1.5]


def test_noise_of_a_rest_is_no_sign():
    """The currents of Maccor have none, and a rest may show less than nothing."""
    current, state = column(1.0, 1.0, -1e-4, 1.0, 1.0), column(1.0, 1.0, 0.0, -1.0, -1.0)
    assert list(signed_by_state(current, state)) == [1.0, 1.0, -1e-4, -1.0, -1.0]
    assert signed_by_state(column(1.0, 1.0, 0.0, -1.0, -1.0), state) is None


def test_a_hold_goes_the_way_of_the_step_before():
    current = column(1.0, 1.0, 0.5, 0.4, 0.0, 1.0, 1.0)
    volts, step = [3.0, 4.0, 4.0, 4.0, 3.9, 3.8, 2.0], [1, 1, 2, 2, 3, 4, 4]
    assert list(signed_by_voltage(current, volts, step)) == [1, 1, 0.5, 0.4, 0, -1, -1]


def column(*values):
    from array import array

    return array("d", values)
