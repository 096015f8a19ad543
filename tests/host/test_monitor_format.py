from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_nodes import record

from filmgauge_host.telemetry.report import Report
from filmgauge_host.terminal import monitor_format as written
from filmgauge_host.terminal.monitor_detail import curves, node_time
from filmgauge_host.terminal.monitor_table import columns


@given(st.integers(-(10**10), 10**10), st.integers(1, 6))
def test_amounts_are_rounded_to_the_nearest(value, digits):
    keep = digits - 1
    shown = Fraction(written.amount(value, digits, keep))
    assert abs(shown - Fraction(value, 10**digits)) <= Fraction(1, 2 * 10**keep)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (-3, "0s"), (59.9, "59s"), (310, "5m10s"), (11220, "3h07m"), (187200, "2d04h")],
)
def test_span(seconds, text):
    assert written.span(seconds) == text


@given(st.integers(0, 1_000_000))
def test_the_bar_always_has_its_width(ppm):
    bar = written.bar(ppm, 6)
    assert len(bar) == 6
    assert " " not in bar


def test_unknown_values_are_dashes():
    report = Report("bench", record(1), 0)
    assert written.state_of_charge(report) == "81.2 ± 0.4"
    assert written.charge(report) == "- / -"
    assert written.current(report) == "-"


@given(st.integers(40, 250), st.integers(1, 32))
def test_the_columns_fit(width, longest):
    shown = columns(width, ["n" * longest])
    assert shown[0].title == "node"
    assert sum(column.width + 2 for column in shown) <= width


@pytest.mark.parametrize(("width", "height"), [(50, 11), (90, 15), (20, 3), (0, 0)])
def test_curves_fill_their_place_exactly(width, height):
    history = [Report("bench", record(seq, soc_ppm=500_000 + seq), 0) for seq in range(50)]
    lines = curves(history, width, height).plain.splitlines()
    assert len(lines) == height
    assert {len(line) for line in lines} <= {width}


def test_node_time_goes_on_over_boots():
    history = [
        Report("bench", record(seq, boot=boot, up_s=up_s), 0)
        for boot, seq, up_s in ((1, 0, 10), (1, 1, 70), (2, 2, 5), (2, 3, 25))
    ]
    assert node_time(history) == [-85, -25, -20, 0]
