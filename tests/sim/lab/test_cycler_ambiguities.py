"""What a file does not say is found out or refused, never guessed without a word."""

import datetime
from dataclasses import replace

import pytest
from cycler_layouts import commas, table, text
from cycler_samples import rows

from filmgauge_sim.lab.cycler_data import read_cycler_data

ROWS = rows(4)


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"])
def test_a_midnight_is_not_a_month(form, tmp_path):
    """Days up to the twelfth may stand first or second."""
    start = datetime.datetime(2026, 3, 4, 20)
    dates = [start + datetime.timedelta(seconds=r.time_s) for r in ROWS]
    assert dates[-1].day == 5
    body = [
        [d.strftime(form), r.voltage_v, 1e3 * r.current_a]
        for d, r in zip(dates, ROWS, strict=True)
    ]
    path = tmp_path / "dates.csv"
    text(path, table(["Date", "U (V)", "I (mA)"], body))
    data = read_cycler_data(path, 1.0)
    assert data.time_h[-1] == pytest.approx(ROWS[-1].time_s / 3600.0)
    by_day = any("with the day before the month" in remark for remark in data.remarks)
    assert by_day == form.startswith("%d")


def test_a_month_by_the_clock_is_not_a_day_by_the_dates(tmp_path):
    """Dates beside a time do not refuse it while one way to read them allows it."""
    start = datetime.datetime(2026, 3, 4)
    slower = 31 * 86400.0 / ROWS[-1].time_s
    body = []
    for r in ROWS:
        date = start + datetime.timedelta(seconds=slower * r.time_s)
        moment = date.strftime("%m/%d/%Y %H:%M:%S")
        body.append([slower * r.time_s, r.voltage_v, 1e3 * r.current_a, moment])
    path = tmp_path / "month.csv"
    text(path, table(["t/s", "U (V)", "I (mA)", "Date"], body))
    assert read_cycler_data(path, 1.0).time_h[-1] == pytest.approx(31 * 24.0)


def test_a_point_in_another_column_is_no_decimal_point(tmp_path):
    """1,250 mA is not 1250 mA because a column of versions has a point."""
    body = [[f"{r.time_s:.0f}", f"{r.voltage_v:.3f}", f"{1e3 * r.current_a:.3f}"] for r in ROWS]
    lines = commas(table(["t/s", "U/V", "I/mA"], body, ";"))
    path = tmp_path / "versions.csv"
    text(path, [lines[0] + ";program", *(f"{line};2.1" for line in lines[1:])])
    data = read_cycler_data(path, 1.0)
    assert data.current_ua_cm2 == pytest.approx([1e6 * r.current_a for r in ROWS], abs=0.51)


@pytest.mark.parametrize("column", ["Channel", "channel_index", "Cell ID"])
def test_rows_of_two_cells_are_no_cell(column, tmp_path):
    other = [replace(r, voltage_v=r.voltage_v + 0.1) for r in ROWS]
    body = [
        [name, r.time_s, r.voltage_v, 1e3 * r.current_a]
        for pair in zip(ROWS, other, strict=True)
        for name, r in zip(("1-1", "1-2"), pair, strict=True)
    ]
    path = tmp_path / "two.csv"
    text(path, table([column, "t/s", "U/V", "I/mA"], body))
    with pytest.raises(ValueError, match=f"^two.csv has rows of 2 channels by column '{column}'"):
        read_cycler_data(path, 1.0)
    text(path, table([column, "t/s", "U/V", "I/mA"], body[::2]))
    assert len(read_cycler_data(path, 1.0).time_h) == len(ROWS)


def test_a_line_of_units_is_none_that_is_left_out_and_names_again_are(tmp_path):
    body = [[r.time_s, r.voltage_v, 1e3 * r.current_a] for r in ROWS]
    path = tmp_path / "units.csv"
    lines = table(["Time", "Voltage", "Current"], [["s", "V", "mA"], *body])
    text(path, lines)
    assert read_cycler_data(path, 1.0).remarks == ()
    text(path, [*lines[:50], lines[0], *lines[50:]])
    assert read_cycler_data(path, 1.0).remarks == ("1 line without numbers is left out",)


@pytest.mark.parametrize("clock", ["{:d}:{:02d}:{:06.3f}", "0d {:02d}:{:02d}:{:04.1f}"])
def test_a_first_row_whose_time_is_a_clock_is_no_line_of_units(clock, tmp_path):
    body = [
        [
            clock.format(*(int(x) for x in divmod(r.time_s // 60, 60)), r.time_s % 60),
            r.voltage_v,
            1e3 * r.current_a,
        ]
        for r in ROWS
    ]
    path = tmp_path / "clock.csv"
    lines = table(["Time (h:m:s)", "U/V", "I/mA"], body)
    text(path, lines)
    data = read_cycler_data(path, 1.0)
    assert (data.remarks, len(data.time_h)) == ((), len(ROWS))
    text(path, [*lines[:50], "paused,,", *lines[50:]])
    assert read_cycler_data(path, 1.0).remarks == ("1 line without numbers is left out",)


@pytest.mark.parametrize(
    "again",
    [
        ["time / s", "voltage / V", "current / uA"],
        ["time / s", "current / mA", "voltage / V"],
        ["time / s", "I (mA)", "voltage / V"],
        ["step", "time / s", "voltage / V", "current / mA"],
    ],
)
def test_names_that_change_among_the_rows_are_refused(again, tmp_path):
    """The rows below them have other units, or another order."""
    body = [[r.time_s, r.voltage_v, 1e3 * r.current_a] for r in ROWS]
    path = tmp_path / "again.csv"
    lines = table(["time / s", "voltage / V", "current / mA"], body)
    text(path, [*lines[:50], ",".join(again), *lines[50:]])
    with pytest.raises(ValueError, match=r"^again.csv: line 51: must name the columns as line 1"):
        read_cycler_data(path, 1.0)


def test_units_that_change_among_the_rows_are_refused(tmp_path):
    body = [[r.time_s, r.voltage_v, 1e3 * r.current_a] for r in ROWS]
    path = tmp_path / "units.csv"
    lines = table(["Time", "Voltage", "Current"], [["s", "V", "mA"], *body])
    text(path, [*lines[:50], *lines[:2], *lines[50:]])
    assert read_cycler_data(path, 1.0).remarks == ("2 lines without numbers are left out",)
    text(path, [*lines[:50], lines[0], "s,V,uA", *lines[50:]])
    with pytest.raises(ValueError, match="line 52: must name the columns as line 1 does"):
        read_cycler_data(path, 1.0)


def test_a_remark_of_two_words_is_none_of_a_header(tmp_path):
    body = [[r.time_s, r.voltage_v, 1e3 * r.current_a] for r in ROWS]
    path = tmp_path / "remark.csv"
    lines = table(["time / s", "voltage / V", "current / mA"], body)
    text(path, [*lines[:50], "voltage,limit", *lines[50:]])
    assert read_cycler_data(path, 1.0).remarks == ("1 line without numbers is left out",)


@pytest.mark.parametrize(
    "way", ["plain", "decimal commas", "quoted commas", "thousands", "kelvin"]
)
def test_a_missing_sensor_is_no_temperature(way, tmp_path):
    """-9999 in the first row and in some others."""
    missing = "-9,999.0" if way == "thousands" else "-9999.0"
    warm = "310.15" if way == "kelvin" else "37.0"
    unit = "K" if way == "kelvin" else "degC"
    names = ["time / s", "voltage / V", "current / mA", f"temperature / {unit}"]
    body = [
        [
            f"{r.time_s:.1f}",
            f"{r.voltage_v:.3f}",
            f"{1e3 * r.current_a:.3f}",
            warm if k % 3 else missing,
        ]
        for k, r in enumerate(ROWS)
    ]
    lines = table(names, body, ";" if way == "decimal commas" else ",")
    if way == "decimal commas":
        lines = commas(lines)
    if way == "quoted commas":
        quoted = [",".join(f'"{cell}"'.replace(".", ",") for cell in row) for row in body]
        lines = [lines[0], *quoted]
    path = tmp_path / "warm.csv"
    text(path, lines)
    found = read_cycler_data(path, 1.0).temperature_c
    assert found == pytest.approx([37.0] * len(ROWS))


def test_a_missing_sensor_of_a_table_in_columns_is_no_temperature(tmp_path):
    import pyarrow.parquet

    table_of = {
        "Test Time / s": [r.time_s for r in ROWS],
        "Voltage / V": [r.voltage_v for r in ROWS],
        "Current / A": [r.current_a for r in ROWS],
        "Ambient Temperature / degC": [37.0 if k % 3 else -9999.0 for k in range(len(ROWS))],
    }
    path = tmp_path / "warm.parquet"
    pyarrow.parquet.write_table(pyarrow.table(table_of), path)
    assert read_cycler_data(path, 1.0).temperature_c == pytest.approx([37.0] * len(ROWS))
