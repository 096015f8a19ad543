"""The reader on anything: it reads what stands there, or says one sentence."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from cycler_layouts import LAYOUTS
from cycler_samples import rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.cyclers.layout import LOAD
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign, parse_columns
from filmgauge_sim.lab.cyclers.quantities import Quantity
from filmgauge_sim.lab.cyclers.reader import read_recording

NAMES = (
    *("Test Time / s", "time/s", "TestTime", "Total Time", "Date_Time", "t-Step[h]", "Time"),
    *("Voltage / V", "Ewe/V", "U[mV]", "Volts", "Current / A", "<I>/mA", "mAmps", "I (uA/cm2)"),
    *("Power / W", "Capacity/mAh", "Q charge/mA.h", "State", "Step", "Temperature (°C)", "", "x"),
)
CELLS = st.one_of(
    st.floats(allow_nan=True).map(str),
    st.integers(-5, 10**7).map(str),
    st.sampled_from(
        (
            *("", "1,5", "1,234.5", "00:01:00", "0d 00:00:10.5", "2026-03-02 09:30:00"),
            *("C", "CC DChg", "-9999", "1e400", "nan", "٣", '"', "1_0", "02.03.2026 9:30:00"),
        )
    ),
    st.text(max_size=6),
)
TABLES = st.builds(
    lambda separator, names, body, end: end.join(
        separator.join(cells) for cells in (names, *body)
    ),
    st.sampled_from((",", ";", "\t", " ")),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=7),
    st.lists(st.lists(CELLS, max_size=8), max_size=8),
    st.sampled_from(("\n", "\r\n", "\r")),
)
CONTENTS = st.one_of(
    TABLES.map(lambda text: text.encode("utf-8", "surrogatepass")),
    TABLES.map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=200),
    st.binary(max_size=60).map(lambda tail: b"BIO-LOGIC MODULAR FILE\x1a".ljust(52, b"\0") + tail),
)
SUFFIXES = st.sampled_from(
    (".csv", ".txt", ".mpt", ".bdf.csv", ".csv.gz", ".xlsx", ".mpr", ".ndax", ".json", ".071", "")
)
COLUMNS = st.dictionaries(
    st.sampled_from(list(Quantity)), st.sampled_from((*NAMES[:-2], "1", "2:mA", "3:V")), max_size=3
)


def check_sentence(path, read):
    """What is read is numbers; what is not read is said in one sentence with the file's name."""
    sentence = None
    try:
        times = read()
    except ValueError as error:
        sentence = str(error)
    if sentence is None:
        assert np.isfinite(times).all()
    else:
        assert sentence.startswith(path.name)
        assert "\n" not in sentence
        assert len(sentence) < 1000


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(CONTENTS, SUFFIXES, COLUMNS, st.sampled_from(list(Sign)))
def test_anything_is_read_or_refused_in_one_sentence(content, suffix, columns, sign):
    options = ReadingOptions(parse_columns([f"{q}={name}" for q, name in columns.items()]), sign)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{suffix}"
        path.write_bytes(content)
        for read in (
            lambda: read_cycler_data(path, 1.0, options, 16.0).time_h,
            lambda: read_recording(path, LOAD, options).time_s,
        ):
            check_sentence(path, read)


NUMBERS = st.lists(
    st.tuples(st.floats(0.0, 1e4), st.floats(-1e3, 1e3), st.floats(0.5, 4.5)),
    min_size=3,
    max_size=30,
)
FORMS = {
    ",": ("{:.6f}", "Test Time / s,Current / µA,Voltage / mV"),
    ";": ("{:.6f}", "Test Time / s;Current / μA;Voltage / mV"),
    "\t": ("{:+.9E}", "time/s\tI/uA\tEwe/mV"),
}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(NUMBERS, st.sampled_from(list(FORMS)), st.booleans(), st.sampled_from(("utf-8", "utf-16")))
def test_numbers_come_back_however_they_are_written(numbers, separator, comma, encoding):
    form, header = FORMS[separator]
    numbers.sort()
    lines = [*["made by nobody", ""][: len(numbers) % 3], header]
    for time, current, volts in numbers:
        cells = [form.format(value) for value in (time, current, 1e3 * volts)]
        line = separator.join(cells)
        lines.append(line.replace(".", ",") if comma and separator != "," else line)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.csv"
        path.write_text("\n".join(lines), encoding=encoding)
        found = read_recording(path, LOAD)
    assert list(found.time_s) == pytest.approx([n[0] for n in numbers], abs=1e-4)
    assert 1e6 * np.array(found.current_a) == pytest.approx([n[1] for n in numbers], abs=1e-5)
    assert list(found.voltage_v) == pytest.approx([n[2] for n in numbers], abs=1e-5)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([each for each in LAYOUTS if not each.name.endswith((".xlsx", ".parquet"))]),
    st.data(),
)
def test_a_file_that_is_cut_or_scratched_never_gives_a_crash(layout, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / layout.name
        layout.write(path, rows(1))
        content = bytearray(path.read_bytes())
        content = content[: data.draw(st.integers(0, len(content)))]
        for _ in range(data.draw(st.integers(0, 3))):
            if content:
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
                    st.integers(0, 255)
                )
        path.write_bytes(bytes(content))
        options = ReadingOptions(parse_columns(layout.columns))
        check_sentence(path, lambda: read_cycler_data(path, 2.0, options).time_h)
