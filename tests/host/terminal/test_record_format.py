from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_nodes import record

from filmgauge.decoding.record_json import record_from_json
from filmgauge.record.record import Record, fields
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written
from filmgauge_host.terminal.monitor_curves import HEIGHT, curves, node_time, stretches
from filmgauge_host.terminal.monitor_detail import detail
from filmgauge_host.terminal.monitor_table import Moment, columns, row


@given(st.integers(-(10**10), 10**10), st.integers(1, 6))
def test_amounts_are_rounded_to_the_nearest(value, digits):
    keep = digits - 1
    shown = Fraction(written.amount(value, digits, keep))
    assert abs(shown - Fraction(value, 10**digits)) <= Fraction(1, 2 * 10**keep)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-3, "0s"),
        (59.9, "59s"),
        (310, "5m10s"),
        (11220, "3h07m"),
        (187200, "2d04h"),
        (11059200, "128d"),
    ],
)
def test_span(seconds, text):
    assert written.span(seconds) == text


@given(st.integers(0, 1_000_000))
def test_the_bar_always_has_its_width(ppm):
    bar = written.bar(ppm, 6)
    assert len(bar) == 6
    assert " " not in bar


def test_unknown_values_are_dashes():
    report = ReceivedRecord("bench", record(1), 0)
    assert written.state_of_charge(report) == "81.2 ± 0.4"
    assert written.charge(report) == "- / -"
    assert written.current(report) == "-"


def test_health_is_told_with_sigma_and_age():
    values = {
        "full_nah": 11_200,
        "full_sigma_nah": 150,
        "capacity_age_h": 52,
        "resistance_mohm": 1_234_500,
        "resistance_sigma_mohm": 60_400,
        "efficiency_ppm": 995_130,
        "efficiency_sigma_ppm": 420,
        "trend_ppm": -134,
        "trend_sigma_ppm": 40,
        "mcycles": 123_400,
        "cycles_left": 1200,
        "cycles_left_sigma": 360,
    }
    node = NodeSnapshot("bench", latest=ReceivedRecord("bench", record(1, **values), 0))
    text = detail(node, [], 0, 0, 90).plain.splitlines()
    lines = dict(line.split(maxsplit=1) for line in text if " " in line)
    assert lines["capacity"] == "11.2 ± 0.2 uAh, seen 2d04h ago"
    assert lines["resistance"] == "1234 ± 60 ohm, not seen yet"
    assert lines["efficiency"] == "99.51 ± 0.04 %, not seen yet"
    assert lines["trend"] == "-0.013 ± 0.004 % a cycle"
    assert lines["cycles"] == "123.4 so far"
    assert lines["projection"] == "1200 ± 360 cycles to 80 %"


ANY_VALUES = st.fixed_dictionaries(
    {name: st.none() | st.integers(low, high) for name, _, _, low, high in fields()[3:]}
)


@given(ANY_VALUES, st.sampled_from([78, 108, 178]))
def test_the_view_of_a_node_has_every_word_at_every_width(values, width):
    latest = ReceivedRecord("bench", Record(boot=1, seq=2, up_s=3, **values), 0)
    node = NodeSnapshot("bench", latest, 0.0)
    text = detail(node, [], 0, 0, width).plain
    assert max(map(len, text.splitlines())) <= width
    narrow = detail(node, [], 0, 0, 95).plain  # one column
    assert Counter(text.split()) == Counter(narrow.split())


@given(ANY_VALUES, st.integers(40, 250))
def test_columns_show_the_whole_of_any_record_or_are_left_out(values, width):
    latest = ReceivedRecord("bench", Record(boot=1, seq=2, up_s=3, **values), 0)
    cells = row(NodeSnapshot("bench", latest, 0.0), Moment(0.0))
    shown = columns(width, {title: len(cell.text) for title, cell in cells.items()})
    assert sum(wide + 2 for _, wide in shown) <= width + 2
    assert all(len(cells[column.title].text) <= wide for column, wide in shown)
    assert shown[0][0].title == "node"


@given(ANY_VALUES)
def test_any_record_says_the_same_in_both_encodings(values):
    one = Record(boot=1, seq=2, up_s=3, **values)
    assert Record.from_bytes(one.to_bytes()) == one
    assert record_from_json(one.to_json()) == one
    assert len(one.to_json()) <= 1100  # what the client of the node takes, with its topic


@pytest.mark.parametrize(("width", "times"), [(78, 3), (108, 2), (178, 1), (10, 3)])
def test_curves_fill_their_place_exactly(width, times):
    history = [
        ReceivedRecord("bench", record(seq, soc_ppm=500_000 + seq, current_pa=seq), 0)
        for seq in (*range(20), *range(30, 50))
    ]
    lines = curves(history, width).plain.splitlines()
    assert len(lines) == HEIGHT * times
    assert max(map(len, lines)) <= width


def test_a_curve_breaks_where_records_are_missing_and_where_a_boot_begins():
    numbers = ((1, 0), (1, 1), (1, 4), (2, 5), (2, 6))
    history = [ReceivedRecord("bench", record(seq, boot), 0) for boot, seq in numbers]
    assert stretches(history) == [slice(0, 2), slice(2, 3), slice(3, 5)]


def test_node_time_goes_on_over_boots():
    history = [
        ReceivedRecord("bench", record(seq, boot=boot, up_s=up_s), 0)
        for boot, seq, up_s in ((1, 0, 10), (1, 1, 70), (2, 2, 5), (2, 3, 25))
    ]
    assert node_time(history) == [-85, -25, -20, 0]
