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
from filmgauge_host.terminal.monitor_detail import curves, detail, node_time
from filmgauge_host.terminal.monitor_table import columns


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
    text = detail(node, [], 0).plain.splitlines()[1:]
    lines = dict(line.split(maxsplit=1) for line in text)
    assert lines["capacity"] == "11.2 ± 0.2 uAh, seen 2d04h ago"
    assert lines["resistance"] == "1234 ± 60 ohm, not seen yet"
    assert lines["efficiency"] == "99.51 ± 0.04 %, not seen yet"
    assert lines["ageing"] == "-0.013 ± 0.004 % a cycle, 123.4 cycles so far, 1200 ± 360 to 80 %"


@given(
    st.fixed_dictionaries(
        {name: st.none() | st.integers(low, high) for name, _, _, low, high in fields()[3:]}
    )
)
def test_any_record_says_the_same_in_both_encodings(values):
    one = Record(boot=1, seq=2, up_s=3, **values)
    assert Record.from_bytes(one.to_bytes()) == one
    assert record_from_json(one.to_json()) == one
    assert len(one.to_json()) <= 1100  # what the client of the node takes, with its topic


@given(st.integers(40, 250), st.integers(1, 32))
def test_the_columns_fit(width, longest):
    shown = columns(width, ["n" * longest])
    assert shown[0].title == "node"
    assert sum(column.width + 2 for column in shown) <= width


@pytest.mark.parametrize(("width", "height"), [(50, 11), (90, 15), (20, 3), (0, 0)])
def test_curves_fill_their_place_exactly(width, height):
    history = [ReceivedRecord("bench", record(seq, soc_ppm=500_000 + seq), 0) for seq in range(50)]
    lines = curves(history, width, height).plain.splitlines()
    assert len(lines) == height
    assert {len(line) for line in lines} <= {width}


def test_node_time_goes_on_over_boots():
    history = [
        ReceivedRecord("bench", record(seq, boot=boot, up_s=up_s), 0)
        for boot, seq, up_s in ((1, 0, 10), (1, 1, 70), (2, 2, 5), (2, 3, 25))
    ]
    assert node_time(history) == [-85, -25, -20, 0]


@given(
    st.integers(0, 2**31 - 1), st.sampled_from(["to_empty_s", "to_full_s"]), st.integers(20, 400)
)
def test_what_lasts_is_never_cut_off(seconds, field, width):
    received = ReceivedRecord("a", record(0, **{field: seconds}), 0)
    text = written.lasts(received)
    for column in columns(width, ["a"]):
        if column.title == "lasts":
            assert len(text) <= column.width
    wide = {column.title: column.width for column in columns(1000, ["a"])}
    assert len(text) <= wide["lasts"]
