"""Counts of charge with a sign and without: which one a file has, and what has passed by it."""

from array import array
from itertools import accumulate, pairwise

import pytest
from cycler_layouts import table, text
from cycler_samples import rows

from filmgauge_sim.lab.cyclers.counts import net_of_one, net_of_two
from filmgauge_sim.lab.cyclers.layout import MEASUREMENT
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign
from filmgauge_sim.lab.cyclers.reader import read_recording

# Charges and discharges without a rest between them, after a cycler that rests nowhere.
ROWS = [row for row in rows(3) if row.kind != "rest"]


def per_step(given):
    return [row.step_ah for row in given]


def throughput(given):
    passed = [abs(now.net_ah - before.net_ah) for before, now in pairwise(given)]
    return list(accumulate(passed, initial=0.0))


def with_a_sign(given):
    return [row.net_ah for row in given]


def charge_ah(path, given, counts, sign=Sign.AS_WRITTEN):
    """What is read as the count of a file without a count of steps, from its first row."""
    way = -1.0 if sign is Sign.DISCHARGES else 1.0
    body = [
        [row.time_s, row.voltage_v, way * 1e3 * row.current_a, 1e3 * count]
        for row, count in zip(given, counts, strict=True)
    ]
    text(path, table(["time / s", "voltage / V", "current / mA", "capacity / mAh"], body))
    found = read_recording(path, MEASUREMENT, ReadingOptions(sign=sign)).charge_ah
    assert found is not None
    return [value - found[0] for value in found]


@pytest.mark.parametrize("sign", [Sign.AS_WRITTEN, Sign.DISCHARGES])
@pytest.mark.parametrize("count", [per_step, throughput, with_a_sign])
@pytest.mark.parametrize("given", [ROWS, rows(3)], ids=["no rests", "rests"])
def test_a_count_of_each_kind_gives_the_net_charge(given, count, sign, tmp_path):
    counts = count(given)
    # The count of a file of the other convention has that of its currents, if it has a sign.
    if count is with_a_sign and sign is Sign.DISCHARGES:
        counts = [-each for each in counts]
    net = [row.net_ah - given[0].net_ah for row in given]
    assert charge_ah(tmp_path / "cell.csv", given, counts, sign) == pytest.approx(net, abs=1e-12)


@pytest.mark.parametrize("count", [per_step, throughput, with_a_sign])
def test_charges_alone_show_no_sign_and_go_up(count, tmp_path):
    given = [row for row in ROWS if row.step == ROWS[0].step]
    net = [row.net_ah - given[0].net_ah for row in given]
    read = charge_ah(tmp_path / "cell.csv", given, count(given), Sign.DISCHARGES)
    assert read == pytest.approx(net, abs=1e-12)


def test_a_count_that_falls_as_its_step_changes_has_no_sign_by_that():
    """Two steps of one way: of the first, more has passed."""
    current, step = [-1.0] * 6, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    net, signed = net_of_one(array("d", [8.0, 8.1, 8.2, 5.0, 5.1, 5.2]), current, step)
    assert signed
    assert list(net) == pytest.approx([0.0, -0.1, -0.2, -5.2, -5.3, -5.4])


def test_a_count_begins_anew_above_half_of_what_it_was_too():
    """Where the first row of a step is logged late."""
    charged, none = array("d", [0.0, 0.15, 0.3, 0.2, 0.4, 0.6]), array("d", [0.0] * 6)
    assert net_of_two(charged, none)[-1] == pytest.approx(0.9)
    assert net_of_two(none, charged)[-1] == pytest.approx(-0.9)


def test_a_count_that_is_rounded_does_not_begin_anew():
    charged, none = array("d", [0.0, 5.0, 10.0, 9.999, 10.0]), array("d", [0.0] * 5)
    assert net_of_two(charged, none)[-1] == pytest.approx(10.0)
    net, signed = net_of_one(array("d", [0.0, 5.0, 10.0, 9.999, 10.0]), [-1.0] * 5)
    assert signed
    assert net[-1] == pytest.approx(-10.0)
