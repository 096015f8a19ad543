"""What a file must not be taken for is refused before anything is computed, with what to give."""

from dataclasses import replace

import pytest
from cycler_layouts import table, text
from cycler_layouts.arbin import arbin_underscores
from cycler_layouts.digatron import digatron_hashes
from cycler_layouts.maccor import maccor_milli
from cycler_layouts.own import own_table
from cycler_samples import rows

from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign, parse_columns

ROWS = rows(2)
YEARS = 42.0 * 365.25 * 86400.0


def own(path, header, body, separator=","):
    text(path, table(header, body, separator))


def reset_time(path):
    own(path, ["Time (s)", "I (mA)", "U (V)"], [[r.step_time_s, 1.0, r.voltage_v] for r in ROWS])


def long_test(path):
    factor = YEARS / ROWS[-1].time_s
    own_table(path, [replace(r, time_s=factor * r.time_s) for r in ROWS])


def milliseconds(path):
    digatron_hashes(path, ROWS)
    lines = path.read_text().splitlines()
    for k, line in enumerate(lines[1:], 1):
        cells = line.split(",")
        cells[3] = str(1000.0 * float(cells[3]))
        lines[k] = ",".join(cells)
    path.write_text("\n".join(lines))


def millivolts(path):
    maccor_milli(path, [replace(r, voltage_v=1e3 * r.voltage_v) for r in ROWS])


def reversed_sign(path):
    own_table(path, [replace(r, current_a=-r.current_a) for r in ROWS])


def unsigned(path):
    own_table(path, [replace(r, current_a=abs(r.current_a)) for r in ROWS])


def thousandfold(path):
    own_table(path, [replace(r, current_a=1e3 * r.current_a) for r in ROWS])


def thousandfold_counted(path):
    arbin_underscores(path, [replace(r, current_a=1e3 * r.current_a) for r in ROWS])


def no_current(path):
    own_table(path, [replace(r, current_a=0.0) for r in ROWS])


def twice(first, second, factor):
    def write(path):
        body = [[r.time_s, r.voltage_v, 1e3 * r.current_a, factor * r.current_a] for r in ROWS]
        own(path, ["time / s", "Voltage / V", first, second], body)

    return write


def two_times(path):
    body = [[r.time_s, 1.7e9 + 3.0 * r.time_s, r.voltage_v, r.current_a] for r in ROWS]
    own(path, ["Test Time / s", "Unix Time / s", "Voltage / V", "Current / A"], body)


def unix_milliseconds(path):
    body = [[1.7e12 + 1e3 * r.time_s, r.voltage_v, r.current_a] for r in ROWS]
    own(path, ["Unix Time / s", "Voltage / V", "Current / A"], body)


def parquet(*names):
    def write(path):
        import pyarrow.parquet

        columns = zip(*[(r.time_s, r.voltage_v, 1e3 * r.current_a) for r in ROWS], strict=True)
        table = pyarrow.table(dict(zip(names, map(list, columns), strict=True)))
        pyarrow.parquet.write_table(table, path)

    return write


def power_differs(path):
    body = [[r.time_s, r.voltage_v, r.current_a, 5.0 * r.current_a * r.voltage_v] for r in ROWS]
    own(path, ["Test Time / s", "Voltage / V", "Current / A", "Power / W"], body)


def two_electrodes(path):
    body = [[r.time_s, r.voltage_v, r.voltage_v - 0.4, 1e3 * r.current_a] for r in ROWS]
    own(path, ["time/s", "Ewe/V", "Ecell/V", "I/mA"], body, "\t")


def per_cm2(path):
    body = [[r.time_s, r.voltage_v, 1e3 * r.current_a] for r in ROWS]
    own(path, ["time/s", "U/V", "I (A/kg)"], body, "\t")


def no_unit(path):
    own(path, ["time/s", "U/V", "Current"], [[r.time_s, r.voltage_v, 1.0] for r in ROWS])


def bare_names(path):
    own(path, ["Test Time", "Voltage", "Current"], [[r.time_s, r.voltage_v, 1.0] for r in ROWS])


def unknown_names(path):
    own(path, ["Zeitpunkt", "Wert 1", "Wert 2"], [[r.time_s, 2.0, 1.0] for r in ROWS])


def own_numbers_alone(path):
    text(path, [f"{r.time_s}\t{r.voltage_v}\t{r.current_a}" for r in ROWS])


def two_kinds_of_comma(path):
    rows_ = [[r.time_s, r.voltage_v, f"{r.current_a:.8f}"] for r in ROWS]
    lines = [";".join(map(str, row)).replace(".", ",").replace(";", ",") for row in rows_]
    text(path, ["time/s,U/V,I/A", *lines])


def spectrum(path):
    own(path, ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"], [[1e3, 100.0, 20.0]] * 20, "\t")


def one_wrong_cell(path):
    own_table(path, ROWS)
    lines = path.read_text().splitlines()
    lines[1500 % len(lines)] = "1,bad,2"
    path.write_text("\n".join(lines))


def junk(path):
    path.write_bytes(bytes(range(256)) * 40)


def half_utf16(path):
    path.write_bytes("time_s,current_ua,voltage_v\n0,1,2\n".encode("utf-16") + b"\x00\xd8\x00")


def null_in_text(path):
    path.write_bytes(b"time_s,current_ua,voltage_v\n0,1,2\n\x000,1,2\n")


def refused(name, write, says, columns=""):
    """A file written under a name, what is said of it, and the --columns it is read with."""
    return pytest.param(name, write, says, columns, id=name)


CASES = [
    refused("r.csv", reset_time, "time must not fall.*row 41.*--columns step_time='Time .s.'"),
    refused("l.csv", long_test, "lasts 42 years by column 'time_s'.*--columns time='time_s:ms'"),
    refused("d.csv", milliseconds, "'Program Duration#s'.*--columns time='Program Duration#s:ms'"),
    refused("m.txt", millivolts, "around 2... V in column 'Volts'.*voltage='Volts:mV'"),
    refused(
        "s.csv", reversed_sign, "falls while column 'current_ua' charges: .*--sign positive-d"
    ),
    refused(
        "u.csv", unsigned, "no discharge by column 'current_ua'.*--columns state=NAME.*by-volt"
    ),
    refused("t.csv", thousandfold, "times the 1000 uAh of such a cell; .*current='current_ua:nA'"),
    # Two charges of 1219 uAh and between them a discharge of 1094.
    refused(
        "a.csv", thousandfold_counted, "counted 1344 uAh: .*time='Test_Time.s.:ms' or current='Cur"
    ),
    refused("n.csv", no_current, "no current but zero in column 'current_ua'"),
    refused(
        "c.csv",
        twice("Current / mA", "Current / uA", 1e3),
        "'Current / mA' and 'Current / uA' that say the same and differ, first in row 1 .*"
        "--columns current='Current / mA' or current='Current / uA'",
    ),
    refused(
        "c2.csv", twice("I / mA", "I / mA", 1.0), "differ.*--columns current='3' or current='4'"
    ),
    refused(
        "c3.csv",
        twice("I / mA", "I / mA", 1.0),
        "2 columns 'I'.*--columns current=3",
        columns="current=I",
    ),
    refused(
        "x.csv", two_times, "'Test Time / s' and 'Unix Time / s'.*time='Test.*or unix_time='Un"
    ),
    refused(
        "y.csv", unix_milliseconds, "begins 5.39e.04 years after 1970.*unix_time='Unix Time / s:ms"
    ),
    refused(
        "u.parquet",
        parquet("Test Time / s", "Voltage / V", "Current"),
        "the unit of column 'Current': give --columns current='Current:uA'",
    ),
    refused(
        "n.parquet",
        parquet("Test Time / s", "Voltage / V", "Current / mA"),
        "does not have all the columns 'Strom' that --columns names; it has Test Time / s, Vol",
        columns="current=Strom",
    ),
    refused(
        "p.csv", power_differs, "'Current / A' and 'Power / W'.*current='Cur.*or power='Power"
    ),
    refused(
        "e.txt", two_electrodes, "'Ewe/V' and 'Ecell/V'.*voltage='Ewe/V' or voltage='Ecell/V'"
    ),
    refused(
        "k.txt", per_cm2, r"a current in a column, and of the names in line 1 \(time/s, U/V, I"
    ),
    refused("q.csv", no_unit, "the unit of column 'Current': give --columns current='Current:uA'"),
    refused(
        "z.csv", unknown_names, "in line 1 .Zeitpunkt, Wert 1, Wert 2.*time=NAME,current=NAME,"
    ),
    refused(
        "z2.csv",
        unknown_names,
        "no line with the columns 'Zeit' that --columns names",
        columns="time=Zeit",
    ),
    refused("f.txt", spectrum, "is a spectrum, by its frequencies: filmgauge lab eis --fit reads"),
    refused(
        "bare.csv", bare_names, "unit of column 'Test Time': give --columns time='Test Time:s"
    ),
    refused(
        "num.dat", own_numbers_alone, "no names of columns: give --columns time=1:UNIT,current="
    ),
    refused("cc.csv", two_kinds_of_comma, "6 cells in each line below the 3 names of line 1: a"),
    refused("b.csv", one_wrong_cell, r"line \d+: current_ua must be a number, not 'bad'"),
    refused("j.csv", junk, "is not a text file"),
    refused("h.csv", half_utf16, "is not text in UTF-16"),
    refused("o.csv", null_in_text, "is not a text file"),
    refused(
        "empty.csv", lambda path: path.write_text(""), "must have a time, a current and a volt"
    ),
    refused("head.csv", lambda path: own_table(path, []), "no rows of numbers below the names"),
    refused("x.res", junk, "a format that is not read: export it from MITS Pro as .xlsx or .csv"),
    refused("x.xls", junk, "a format that is not read: save it as .xlsx or .csv"),
    refused("x.xlsx", junk, "is not a workbook"),
    refused("x.mpr", junk, "is not a file of BioLogic: .*magic"),
    refused("x.ndax", junk, "is not a file of Neware"),
    refused("x.nda", junk, "is not a file of Neware"),
    refused("x.parquet", junk, "is not a file that the Battery Data"),
    refused("x.mat", junk, r"write x\.map\.json beside it"),
    refused("x.csv.gz", junk, "is not"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "write", "says", "columns"), CASES)
def test_a_file_is_refused_with_what_to_give(name, write, says, columns, tmp_path):
    path = tmp_path / name
    write(path) if write not in (own_table,) else write(path, ROWS)
    options = ReadingOptions(parse_columns([columns] if columns else []), Sign.AS_WRITTEN)
    with pytest.raises(ValueError, match=says) as raised:
        read_cycler_data(path, 1.0, options, 1000.0)
    sentence = str(raised.value)
    assert sentence.startswith(name)
    assert "\n" not in sentence


def test_a_last_line_that_was_being_written_is_left_out(tmp_path):
    path = tmp_path / "running.csv"
    own_table(path, ROWS)
    whole = path.read_text()
    path.write_text(whole[: whole.rstrip().rindex(",")])
    data = read_cycler_data(path, 1.0)
    assert len(data.time_h) == len(ROWS) - 1
    assert data.remarks == ("the last line is cut off and left out",)
    # Within the file such a line is a fault.
    path.write_text(path.read_text() + "\n" + whole.partition("\n")[2])
    with pytest.raises(ValueError, match=r"line \d+: voltage_v must be a number"):
        read_cycler_data(path, 1.0)


def test_what_is_given_is_what_makes_it_right(tmp_path):
    """Each of the sentences above names what makes the file readable."""
    given = {
        millivolts: ("m.txt", "voltage='Volts:mV'"),
        milliseconds: ("d.csv", "time='Program Duration#s:ms'"),
        two_times: ("x.csv", "time='Test Time / s'"),
        power_differs: ("p.csv", "current='Current / A'"),
        two_electrodes: ("e.txt", "voltage='Ecell/V'"),
        unknown_names: ("z.csv", "time=1:s,current=3:mA,voltage='Wert 1:V'"),
    }
    for write, (name, columns) in given.items():
        path = tmp_path / name
        write(path)
        found = parse_columns([columns.replace("'", "")])
        data = read_cycler_data(path, 1.0, ReadingOptions(found))
        assert data.time_h[-1] == pytest.approx(ROWS[-1].time_s / 3600.0, rel=1e-3)
    for write, sign in ((reversed_sign, Sign.DISCHARGES), (unsigned, Sign.BY_VOLTAGE)):
        path = tmp_path / "sign.csv"
        write(path)
        data = read_cycler_data(path, 1.0, ReadingOptions(sign=sign))
        truth = [1e6 * r.current_a for r in ROWS]
        assert data.current_ua_cm2 == pytest.approx(truth, abs=0.1)
