"""What a file does not say is found out or refused, never guessed without a word."""

from dataclasses import replace

import pytest
from cycler_layouts import commas, table, text
from cycler_samples import rows

from filmgauge_sim.lab.cycler_data import read_cycler_data

ROWS = rows(4)


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
