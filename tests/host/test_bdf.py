"""Logs in Battery Data Format: in one piece or in several, and read by another implementation."""

from pathlib import Path

import pytest
from ble_nodes import record
from hypothesis import given
from hypothesis import strategies as st

from filmgauge.record.record import Record
from filmgauge_host import bdf

BOOTS = (1, 1, 2, 2, 2, 5)


def log() -> list[Record]:
    """Return three boots; of the second one the last record has no voltage."""
    made = [record(seq, boot) for seq, boot in enumerate(BOOTS)]
    made[4] = record(4, 2, voltage_uv=None)  # type: ignore[arg-type]
    return made


def rows(records: list[Record]) -> list[list[str]]:
    writer = bdf.LogRows()
    return [line.rstrip().split(",") for line in map(writer.add, records) if line]


def test_time_goes_on_over_boots_and_rows_have_what_the_format_asks_for() -> None:
    # up_s is 60 s times seq: 0, 60 | 120, 180 | 300, behind the last row of the boot before
    assert [row[0] for row in rows(log())] == ["0", "60", "180", "240", "540"]
    assert [row[4:6] for row in rows(log())] == [
        ["1", "0"],
        ["1", "1"],
        ["2", "2"],
        ["2", "3"],
        ["5", "5"],
    ]
    assert rows(log())[0][1:4] == ["2.104000", "-0.000001500000", "21.50"]
    assert rows(log())[0][6] == "81.2345"


@given(st.integers(0, len(BOOTS)))
def test_a_log_that_is_resumed_is_the_same(cut: int) -> None:
    whole = bdf.LogRows()
    lines = [whole.add(each) for each in log()]
    written = [line for line in lines[:cut] if line]
    resumed = bdf.LogRows()
    last = resumed.resume(written)
    cells = written[-1].split(",") if written else ["0"] * 8
    assert last == tuple(int(cells[at]) for at in (7, 4, 5))
    assert [resumed.add(each) for each in log()[cut:]] == lines[cut:]


def test_another_implementation_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "filmgauge__shelf__20260101_001.bdf.csv"
    writer = bdf.LogRows()
    path.write_text(bdf.line(bdf.LOG_COLUMNS) + "".join(writer.add(each) for each in log()))
    import bdf as reference  # it takes two seconds, of those who run this only

    frame = reference.read(path)
    report = reference.validate(frame)
    assert report["ok"], report
    assert len(frame) == 5


@pytest.mark.parametrize("line", ["b", "1,2,3,4,x,0,0", "1,2,3"])
def test_what_is_no_row_of_a_log_is_refused(line: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        bdf.LogRows().resume([line])
