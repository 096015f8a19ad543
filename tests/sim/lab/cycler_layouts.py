"""Writes one test in the layouts of many cyclers' files, as their programs export them.

Every layout is a function of path and rows, registered by the file name that it is written under.
What a program writes beside the data (remarks, protocols, summaries) is made up here.
"""

# ruff: noqa: RUF005  a row is written as groups of columns

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass

import openpyxl
import pyarrow.parquet
from mpr_file import write_mpr
from neware_file import CHARGE, DISCHARGE, REST, write_ndax


@dataclass(frozen=True)
class Layout:
    """How a file is written, and what must be found in it."""

    name: str
    source: str
    write: Callable
    # What the file does not have or round off: names of CyclerData.
    without: frozenset = frozenset()
    # How well times and currents are told, s and A.
    time_s: float = 1e-3
    current_a: float = 2e-8
    columns: tuple = ()
    sign: str = "as-written"
    remark: str = ""


LAYOUTS = []


def layout(name, source, *, without=(), **known):
    """Register the function below as the writer of a file of this name."""

    def register(write):
        LAYOUTS.append(Layout(name, source, write, frozenset(without), **known))
        return write

    return register


def text(path, lines, *, encoding="utf-8", end="\r\n"):
    path.write_bytes("".join(line + end for line in lines).encode(encoding))


def table(header, body, separator=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(body)
    return out.getvalue().splitlines()


def clock(seconds, form="{:02d}:{:02d}:{:06.3f}"):
    minutes, rest = divmod(seconds, 60.0)
    hours, minutes = divmod(int(minutes), 60)
    return form.format(hours, minutes, rest)


def commas(lines):
    """The rows below a header with decimal commas."""
    return [lines[0], *(line.replace(".", ",") for line in lines[1:])]


# Battery Data Format

BDF = "Battery Data Format"


def _bdf_body(rows):
    return [
        [f"{r.time_s:.3f}", f"{r.voltage_v:.6f}", f"{r.current_a:.9g}", r.cycle, r.step, r.degc]
        + [f"{r.net_ah:.9g}"]
        for r in rows
    ]


@layout("people.bdf.csv", BDF)
def bdf_people(path, rows):
    header = ["Test Time / s", "Voltage / V", "Current / A", "Cycle Count / 1", "Step Count / 1"]
    header += ["Ambient Temperature / degC", "Net Capacity / Ah"]
    text(path, table(header, _bdf_body(rows)))


@layout("machines.bdf.csv", BDF)
def bdf_machines(path, rows):
    header = ["test_time_second", "voltage_volt", "current_ampere", "cycle_count", "step_count"]
    header += ["ambient_temperature_celsius", "net_capacity_ah"]
    text(path, table(header, _bdf_body(rows)), encoding="utf-8-sig")


@layout("units.bdf.csv", BDF, without=["temperature_c", "cycle"])
def bdf_other_units(path, rows):
    header = ["Test Time / h", "Voltage / mV", "Current / mA", "Step Count / 1", "Power / mW"]
    header += ["Charging Capacity / mAh", "Discharging Capacity / mAh"]
    body = [
        [r.time_s / 3600.0, 1e3 * r.voltage_v, 1e3 * r.current_a, r.step]
        + [f"{1e3 * r.voltage_v * r.current_a:.4f}", 1e3 * r.charged_ah, 1e3 * r.discharged_ah]
        for r in rows
    ]
    text(path, table(header, body))


@layout("micro.bdf.csv", BDF, without=["temperature_c", "cycle", "step"])
def bdf_micro_sign(path, rows):
    header = ["Test Time / min", "Voltage / V", "Current / µA", "Net Capacity / µAh"]
    body = [[r.time_s / 60.0, r.voltage_v, 1e6 * r.current_a, 1e6 * r.net_ah] for r in rows]
    text(path, table(header, body), encoding="latin-1")


@layout("mu.bdf.csv", BDF, without=["temperature_c", "cycle", "step"])
def bdf_greek_mu(path, rows):
    header = ["Test Time / ms", "Voltage / V", "Current / \u03bcA", "Step Capacity / nAh"]
    body = [[1e3 * r.time_s, r.voltage_v, 1e6 * r.current_a, 1e9 * r.step_ah] for r in rows]
    text(path, table(header, body, "\t"), encoding="utf-16")


@layout("nano.bdf.csv", BDF, without=["temperature_c", "cycle", "step", "charge_uah_cm2"])
def bdf_semicolons(path, rows):
    header = ["Test Time / s", "Unix Time / s", "Voltage / V", "Current / nA"]
    start = rows[0].date.timestamp()
    body = [[r.time_s, start + r.time_s, r.voltage_v, 1e9 * r.current_a] for r in rows]
    text(path, commas(table(header, body, ";")))


@layout("packed.bdf.csv.gz", BDF)
def bdf_packed(path, rows):
    bdf_people(path, rows)
    path.write_bytes(gzip.compress(path.read_bytes()))


@layout("columns.bdf.parquet", BDF, without=["temperature_c", "cycle", "step", "charge_uah_cm2"])
def bdf_parquet(path, rows):
    columns = {
        "Test Time / s": [r.time_s for r in rows],
        "Voltage / V": [r.voltage_v for r in rows],
        "Current / mA": [1e3 * r.current_a for r in rows],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


# Landt

LANDT = "Landt"
_LANDT_STATES = {"charge": "CC_C", "rest": "Rest", "discharge": "CC_D"}


def _landt_record(r):
    return [
        *(r.index, clock(r.time_s, "{:02d}:{:02d}:{:02.0f}"), clock(r.step_time_s)),
        *(f"{r.voltage_v:.4f}", f"{1e6 * abs(r.current_a):.2f}", f"{1e6 * r.step_ah:.3f}"),
        *(f"{1e3 * r.step_ah / 0.002:.3f}", r.date.strftime("%Y-%m-%d %H:%M:%S")),
        _LANDT_STATES[r.kind],
    ]


@layout(
    "landt.txt",
    LANDT,
    without=["temperature_c", "cycle", "step"],
    remark="the current has the sign that 'State' says",
)
def landt_text(path, rows):
    header = ["Index", "TestTime", "StepTime", "Voltage/V", "Current/uA", "Capacity/uAh"]
    header += ["SCapacity/mAh/g", "SysTime", "State"]
    text(path, table(header, map(_landt_record, rows), "\t"))


@layout("landt_seconds.txt", LANDT, without=["temperature_c"])
def landt_seconds(path, rows):
    header = ["Record", "CycleNo", "StepNo", "TestTime/Sec.", "StepTime/Sec.", "Voltage/V"]
    header += ["Current/mA", "Capacity/mAh", "Energy/mWh", "StepStatus"]
    states = {"charge": "CCC", "rest": "R", "discharge": "CCD"}
    body = [
        [r.index, r.cycle, r.step, r.time_s, r.step_time_s, f"{r.voltage_v:.4f}"]
        + [1e3 * abs(r.current_a), 1e3 * r.step_ah, 0.0, states[r.kind]]
        for r in rows
    ]
    text(path, table(header, body, "\t"))


@layout("landt_new.csv", LANDT, without=["temperature_c", "charge_uah_cm2"])
def landt_new(path, rows):
    header = ["channel_index", "cycle_index", "step_index", "date_time_iso_string"]
    header += ["test_time_s", "step_time_s", "current_a", "voltage_v"]
    body = [
        [3, r.cycle, r.step, r.date.isoformat(), r.time_s, r.step_time_s, r.current_a, r.voltage_v]
        for r in rows
    ]
    text(path, table(header, body))


@layout("landt_chinese.csv", LANDT, without=["temperature_c"])
def landt_chinese(path, rows):
    header = ["循环序号", "步骤序号", "测试时间/Sec.", "步骤时间/Sec.", "电压/V", "电流/mA"]
    header += ["容量/mAh", "状态"]
    states = {"charge": "恒流充电", "rest": "静置", "discharge": "恒流放电"}
    body = [
        [r.cycle, r.step, r.time_s, r.step_time_s, r.voltage_v, 1e3 * abs(r.current_a)]
        + [1e3 * r.step_ah, states[r.kind]]
        for r in rows
    ]
    text(path, table(header, body), encoding="gb18030")


@layout("landt.xlsx", LANDT, without=["temperature_c", "cycle", "step"])
def landt_workbook(path, rows):
    book = openpyxl.Workbook()
    book.active.title = "Cycle-Tab"
    book.active.append(["CycleNo", "Capacity/mAh"])
    book.active.append([1, 1.0])
    sheet = book.create_sheet("Record-Tab")
    sheet.append(
        ["Record", "TestTime/Sec", "Voltage/V", "Current/mA", "Capacity/mAh", "StepStatus"]
    )
    for r in rows:
        state = {"charge": "CCC", "rest": "R", "discharge": "CCD"}[r.kind]
        sheet.append(
            [r.index, r.time_s, r.voltage_v, 1e3 * abs(r.current_a), 1e3 * r.step_ah, state]
        )
    book.save(path)


# Neware

NEWARE = "Neware"
_NEWARE_STATES = {"charge": "CC Chg", "rest": "Rest", "discharge": "CC DChg"}
_BTSDA = ["DataPoint", "Cycle Index", "Step Index", "Step Type", "Time", "Total Time"]
_BTSDA += ["Current(A)", "Voltage(V)", "Capacity(Ah)", "Spec. Cap.(mAh/g)", "Chg. Cap.(Ah)"]
_BTSDA += ["DChg. Cap.(Ah)", "Energy(Wh)", "Date", "Power(W)"]


def _btsda_record(r):
    return [
        *(r.index, r.cycle, r.step, _NEWARE_STATES[r.kind], clock(r.step_time_s, "{}:{}:{:.0f}")),
        *(clock(r.time_s, "{}:{}:{:.0f}"), f"{r.current_a:.8f}", f"{r.voltage_v:.4f}"),
        *(f"{r.step_ah:.8f}", f"{1e3 * r.step_ah / 0.002:.4f}", f"{r.charged_ah:.8f}"),
        *(f"{r.discharged_ah:.8f}", "0.0", r.date.strftime("%Y-%m-%d %H:%M:%S")),
        f"{r.voltage_v * r.current_a:.4f}",
    ]


@layout("neware_btsda.csv", NEWARE, without=["temperature_c"])
def neware_btsda(path, rows):
    text(path, table(_BTSDA, map(_btsda_record, rows)), encoding="utf-8-sig")


@layout("neware_btsda.xlsx", NEWARE, without=["temperature_c"])
def neware_workbook(path, rows):
    book = openpyxl.Workbook()
    book.active.title = "unit"
    book.active.append(["Start step ID", 1, "Voltage range", "5V"])
    cycles = book.create_sheet("cycle")
    cycles.append(["Cycle Index", "Chg. Cap.(Ah)", "DChg. Cap.(Ah)"])
    cycles.append([1, 0.001, 0.001])
    sheet = book.create_sheet("record")
    sheet.append(_BTSDA)
    for r in rows:
        record = _btsda_record(r)
        sheet.append(record[:6] + [float(cell) for cell in record[6:13]] + record[13:])
    book.save(path)


@layout("neware_layers.csv", NEWARE, without=["temperature_c", "cycle"])
def neware_layers(path, rows):
    """A report in layers: a line for each cycle, under it one for each step, then the records."""
    lines = ["Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh)", ",Step ID,Step Name,Step Time,Capacity(mAh)"]
    header = ["", "", "Record ID", "Time(h:min:s.ms)", "Voltage(V)", "Current(mA)"]
    lines.append(",".join([*header, "Capacity(mAh)", "Realtime"]))
    cycle = step = 0
    for r in rows:
        if r.cycle != cycle:
            lines.append(f"{r.cycle},1.25,1.1")
        if r.step != step:
            lines.append(f",{r.step},{_NEWARE_STATES[r.kind]},0:52:30.000,1.0")
        cycle, step = r.cycle, r.step
        lines.append(
            f",,{r.index},{clock(r.step_time_s, '{}:{:02d}:{:06.3f}')},{r.voltage_v:.4f},"
            f"{1e3 * r.current_a:.5f},{1e3 * r.step_ah:.6f},{r.date:%Y-%m-%d %H:%M:%S}"
        )
    text(path, lines)


@layout("neware_general.txt", NEWARE, remark="the times of the steps are added up")
def neware_general(path, rows):
    header = ["Record ID", "Cycle ID", "Step ID", "Step Type", "Time(h:min:s.ms)", "Voltage(V)"]
    header += ["Current(mA)", "Temperature(℃)", "Capacitance_Chg(mAh)", "Capacitance_DChg(mAh)"]
    body = [
        [r.index, r.cycle, r.step, _NEWARE_STATES[r.kind], clock(r.step_time_s), r.voltage_v]
        + [1e3 * r.current_a, r.degc, 1e3 * r.charged_ah, 1e3 * r.discharged_ah]
        for r in rows
    ]
    text(path, table(header, body, "\t"))


@layout("neware_chinese.csv", NEWARE, without=["temperature_c"])
def neware_chinese(path, rows):
    header = ["循环号", "工步号", "工步类型", "时间(s)", "总时间(s)", "电流(A)", "电压(V)"]
    header += ["充电容量(Ah)", "放电容量(Ah)"]
    body = [
        [r.cycle, r.step, r.kind, r.step_time_s, r.time_s, r.current_a, r.voltage_v]
        + [r.charged_ah, r.discharged_ah]
        for r in rows
    ]
    text(path, table(header, body))


@layout("neware.ndax", NEWARE, without=["temperature_c"])
def neware_binary(path, rows):
    steps = {r.step: (r.cycle, r.kind) for r in rows}
    kinds = {"charge": CHARGE, "rest": REST, "discharge": DISCHARGE}
    write_ndax(
        path,
        [(r.time_s, r.voltage_v, 1e6 * r.current_a, r.step) for r in rows],
        [(cycle, kinds[kind]) for cycle, kind in steps.values()],
    )


# Arbin

ARBIN = "Arbin"
_ARBIN = ["Data_Point", "Test_Time(s)", "Date_Time", "Step_Time(s)", "Step_Index", "Cycle_Index"]
_ARBIN += ["Current(A)", "Voltage(V)", "Charge_Capacity(Ah)", "Discharge_Capacity(Ah)"]
_ARBIN += ["Charge_Energy(Wh)", "Internal_Resistance(Ohm)", "Aux_Temperature_1(C)"]


def _arbin_record(r):
    return [
        *(r.index, round(r.time_s, 4), r.date.strftime("%m/%d/%Y %H:%M:%S.%f"), r.step_time_s),
        *(r.step, r.cycle, r.current_a, r.voltage_v, r.charged_ah, r.discharged_ah, 0.0, 0.03),
        r.degc,
    ]


@layout("arbin.csv", ARBIN)
def arbin_underscores(path, rows):
    text(path, table(_ARBIN, map(_arbin_record, rows)))


@layout("arbin_blanks.CSV", ARBIN)
def arbin_blanks(path, rows):
    text(
        path,
        table(
            [name.replace("_", " ").replace("(", " (") for name in _ARBIN],
            map(_arbin_record, rows),
        ),
    )


@layout("arbin_no_units.csv", ARBIN)
def arbin_without_units(path, rows):
    header = [name.partition("(")[0].replace("Date_Time", "DateTime") for name in _ARBIN]
    text(path, table(header, map(_arbin_record, rows)))


@layout("arbin.xlsx", ARBIN)
def arbin_workbook(path, rows):
    """Arbin goes on in another sheet where one is full."""
    book = openpyxl.Workbook()
    book.active.title = "Global_Info"
    book.active.append([None, None, "TEST REPORT"])
    book.active.append(["Channel", "Start_DateTime", "Schedule_File_Name"])
    book.active.append([6, rows[0].date, "film.sdx"])
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:]), 1):
        sheet = book.create_sheet(f"Channel_1-006_{number}")
        sheet.append(_ARBIN)
        for r in part:
            record = _arbin_record(r)
            sheet.append([*record[:2], r.date, *record[3:]])
    statistics = book.create_sheet("Statistics_1-006")
    statistics.append(_ARBIN[:6])
    book.save(path)


# Maccor

MACCOR = "Maccor"
_MACCOR_STATES = {"charge": "C", "rest": "R", "discharge": "D"}
_MACCOR = ["Rec#", "Cyc#", "Step", "Test (Sec)", "Step (Sec)", "Amp-hr", "Watt-hr", "Amps"]
_MACCOR += ["Volts", "State", "ES", "DPt Time", "Temp 1"]


def _maccor_record(r):
    return [
        *(r.index, r.cycle - 1, r.step, f"{r.time_s:,.2f}", f"{r.step_time_s:,.2f}"),
        *(f"{r.step_ah:.10f}", "0.0", f"{abs(r.current_a):.10f}", f"{r.voltage_v:.8f}"),
        *(_MACCOR_STATES[r.kind], 1, r.date.strftime("%m/%d/%Y %I:%M:%S %p"), r.degc),
    ]


@layout("maccor.txt", MACCOR, remark="the current has the sign that 'State' says")
def maccor_text(path, rows):
    head = ["Today's Date\t03/30/2026", "Date of Test:\t03/02/2026\tFilename:\tfilm", ""]
    text(path, head + table(_MACCOR, map(_maccor_record, rows), "\t"), encoding="latin-1")


@layout("maccor.071", MACCOR)
def maccor_numbered(path, rows):
    head = ["Today's Date 03/30/2026  Date of Test:\t03/02/2026\tFilename:\tCH71.071"]
    text(path, head + table(_MACCOR, map(_maccor_record, rows), "\t"), encoding="latin-1")


@layout("maccor.csv", MACCOR)
def maccor_csv(path, rows):
    head = ["Today's Date ,30-Mar-26", "Date of Test:,02-Mar-26", ""]
    header = ["Rec", "Cycle P", "Cycle C", "Step", "Test Time (Hr)", "Step Time (Hr)"]
    header += ["Capacity (AHr)", "Energy (WHr)", "Current (A)", "Voltage (V)", "MD", "DPT Time"]
    header += ["EVTemp (C)"]
    body = [
        [r.index, 0, r.cycle, r.step, r.time_s / 3600.0, r.step_time_s / 3600.0, r.step_ah, 0.0]
        + [abs(r.current_a), r.voltage_v, _MACCOR_STATES[r.kind]]
        + [r.date.strftime("%d-%b-%y %I:%M:%S %p"), r.degc]
        for r in rows
    ]
    text(path, head + table(header, body))


@layout("maccor_german.txt", MACCOR, without=["temperature_c"], time_s=0.01)
def maccor_german(path, rows):
    head = [f"Kommentar {k}: Größe" for k in range(11)] + ["Date of Test:\t02.03.2026"]
    header = ["Rec", "Cycle P", "Cycle C", "Step", "TestTime", "StepTime", "Cap. [Ah]"]
    header += ["Ener. [Wh]", "Current [A]", "Voltage [V]", "Md", "ES", "DPT Time"]
    body = [
        [r.index, 0, r.cycle, r.step, clock(r.time_s, "0d {:02d}:{:02d}:{:05.2f}")]
        + [clock(r.step_time_s, "0d {:02d}:{:02d}:{:05.2f}"), f"{r.step_ah:.10f}", "0.0"]
        + [f"{abs(r.current_a):.9f}", f"{r.voltage_v:.6f}", _MACCOR_STATES[r.kind], 1, ""]
        for r in rows
    ]
    text(path, head + commas(table(header, body, "\t")), encoding="latin-1")


@layout("maccor_milli.txt", MACCOR, without=["temperature_c"], time_s=0.01)
def maccor_milli(path, rows):
    header = ["Rec#", "Cyc#", "Step", "TestTime", "StepTime", "mAmp-hr", "mWatt-hr", "mAmps"]
    header += ["Volts", "State", "ES", "DPt Time"]
    body = [
        [r.index, r.cycle, r.step, clock(r.time_s, "  0d {:02d}:{:02d}:{:05.2f}")]
        + [clock(r.step_time_s, "  0d {:02d}:{:02d}:{:05.2f}"), 1e3 * r.step_ah, 0.0]
        + [1e3 * abs(r.current_a), r.voltage_v, _MACCOR_STATES[r.kind], 1]
        + [r.date.strftime("%m/%d/%Y %I:%M:%S %p")]
        for r in rows
    ]
    text(path, ["Date of Test:\t03/02/2026", "", *table(header, body, "\t"), ""])


# PEC

PEC = "PEC"


def _pec(path, rows, time, volts, milli):
    head = ["#RESULTS CHECK", "Report,made up,1,2,3", "#END RESULTS CHECK", "Test:,1042"]
    head += ["TestRegime Name:,film", "Start Time:,03/02/2026 09:30:00", "", ""]
    header = ["Test", "Rack", "Position Start Time", "Step", "Cycle", f"Total Time ({time})"]
    header += [f"Step Time ({time})", "Real Time", f"Voltage ({volts})", f"Current ({milli}A)"]
    header += ["Charge Capacity (mAh)", "Charge Capacity (mWh)", "Discharge Capacity (mAh)"]
    header += ["Discharge Capacity (mWh)", "Temperature (°C)"]
    hours = "hh" in time
    scale = 1e3 if milli == "m" else 1e6
    body = [
        [1042, "R1", "03/02/2026 09:30:00", r.step, r.cycle]
        + [clock(t) if hours else f"{t:.3f}" for t in (r.time_s, r.step_time_s)]
        + [r.date.strftime("%m/%d/%Y %H:%M:%S"), r.voltage_v * (1e3 if volts == "mV" else 1.0)]
        + [scale * r.current_a, 1e3 * r.charged_ah, 0.0, 1e3 * r.discharged_ah, 0.0, r.degc]
        for r in rows
    ]
    text(path, head + table(header, body))


@layout("pec.csv", PEC)
def pec_seconds(path, rows):
    _pec(path, rows, "Seconds", "mV", "m")


@layout("pec_hours.csv", PEC)
def pec_clock(path, rows):
    _pec(path, rows, "Hours in hh:mm:ss.xxx", "V", "µ")


# Basytec

BASYTEC = "Basytec"


def _basytec(rows, separator, date):
    head = ["~Resultfile from Basytec Battery Test System", "~Date and Time of Data Converting: x"]
    head += ["~Start of Test: 02.03.2026 09:30:00", "~", "~Name of Test: film 1.25 mA, 3 cycles"]
    names = ["~Time[h]", "DataSet", *(["DateTime"] if date else []), "t-Step[h]", "Line"]
    names += ["Command", "U[V]", "I[A]", "Ah[Ah]", "T1[°C]", "Cyc-Count", "State"]
    commands = {"charge": "Charge", "rest": "Pause", "discharge": "Discharge"}
    lines = [separator.join(names)]
    for r in rows:
        cells = [f"{r.time_s / 3600.0:.8f}", r.index]
        cells += [r.date.strftime("%d.%m.%Y %H:%M:%S")] if date else []
        cells += [f"{r.step_time_s / 3600.0:.8f}", r.step, commands[r.kind], f"{r.voltage_v:.5f}"]
        cells += [f"{r.current_a:.8f}", f"{r.net_ah:.9f}", r.degc, r.cycle, 0]
        lines.append(separator.join(map(str, cells)))
    return head + lines


@layout("basytec.txt", BASYTEC)
def basytec_tabs(path, rows):
    text(path, _basytec(rows, "\t", date=False), encoding="latin-1")


@layout("basytec_blanks.txt", BASYTEC)
def basytec_blanks(path, rows):
    text(path, _basytec(rows, " ", date=True), encoding="latin-1")


# Novonix

NOVONIX = "Novonix"


@layout("novonix.csv", NOVONIX)
def novonix(path, rows):
    head = ["[Summary]", "Novonix UHPC Cycling Data", "Started: 2026-03-02 9:30:00 AM", "Mass: 1"]
    head += ["[End Summary]", "", "[Protocol]"]
    head += [f"   Step {k}: 'Set_Current at 1.25 mA, limit 4 V'" for k in range(300)]
    head += ["[End Protocol]", "", "[Data]"]
    header = ["Date and Time", "Cycle Number", "Step Type", "Run Time (h)", "Step Time (h)"]
    header += ["Current (A)", "Potential (V)", "Capacity (Ah)", "Temperature (°C)"]
    header += ["Circuit Temperature (°C)", "Energy (Wh)", "dVdt (I/h)", "Step Number"]
    body = [
        [r.date.strftime("%Y-%m-%d %I:%M:%S %p"), r.cycle, r.step % 4, r.time_s / 3600.0]
        + [r.step_time_s / 3600.0, r.current_a, r.voltage_v, r.step_ah, r.degc, 31.0, 0.0, 0.0]
        + [r.step]
        for r in rows
    ]
    text(path, head + table(header, body), encoding="utf-8-sig")


@layout("novonix_no_probe.csv", NOVONIX, without=["temperature_c", "cycle", "step"])
def novonix_without_probe(path, rows):
    header = ["Date and Time", "Run Time (h)", "Current (mA)", "Potential (V)", "Capacity (mAh)"]
    body = [
        [r.date.strftime("%Y-%m-%d %H:%M:%S"), r.time_s / 3600.0, 1e3 * r.current_a, r.voltage_v]
        + [1e3 * r.net_ah, -9999]
        for r in rows
    ]
    head = ["[Summary]", "Novonix UHPC", "[End Summary]", "[Data]"]
    text(path, head + table([*header, "Temperature (°C)"], body))


# BioLogic

BIOLOGIC = "BioLogic"
_BIOLOGIC = ["mode", "ox/red", "error", "Ns changes", "Ns", "time/s", "control/V/mA", "Ewe/V"]
_BIOLOGIC += ["I/mA", "dQ/mA.h", "(Q-Qo)/mA.h", "cycle number", "P/W"]


def _biologic(rows):
    before = 0.0
    for r in rows:
        yield [
            *(1, int(r.current_a > 0.0), 0, 0, r.step, f"{r.time_s:.6E}", 1.25),
            *(
                f"{r.voltage_v:.7E}",
                f"{1e3 * r.current_a:.7E}",
                f"{1e3 * (r.net_ah - before):.6E}",
            ),
            *(f"{1e3 * r.net_ah:.9E}", r.cycle, f"{r.voltage_v * r.current_a:.4E}"),
        ]
        before = r.net_ah


def _mpt(lines):
    head = ["", "Galvanostatic Cycling with Potential Limitation", "", "User : ", "Ns    0    1"]
    head += [
        "Is    1.250    -1.250",
        "unit Is    mA    mA",
        "Electrode surface area : 1,000 cm²",
        "",
    ]
    return ["EC-Lab ASCII FILE", f"Nb header lines : {len(head) + 3}", *head, *lines]


@layout("biologic.mpt", BIOLOGIC, without=["temperature_c"], time_s=0.05)
def biologic_comma(path, rows):
    text(path, _mpt(commas(table(_BIOLOGIC, _biologic(rows), "\t"))), encoding="latin-1")


@layout("biologic_point.mpt", BIOLOGIC, without=["temperature_c"], time_s=0.05)
def biologic_point(path, rows):
    names = [name.replace("I/mA", "<I>/mA").replace("Ewe", "Ecell") for name in _BIOLOGIC]
    text(path, _mpt(table(names, _biologic(rows), "\t")), encoding="latin-1")


@layout("biologic.txt", BIOLOGIC, without=["cycle", "step"])
def biologic_export(path, rows):
    header = ["time/s", "Ecell/V", "<I>/mA", "Q charge/mA.h", "Q discharge/mA.h", "Temperature/°C"]
    body = [
        [
            r.time_s,
            r.voltage_v,
            1e3 * r.current_a,
            1e3 * r.charged_ah,
            1e3 * r.discharged_ah,
            r.degc,
        ]
        for r in rows
    ]
    text(path, table(header, body, "\t"), encoding="latin-1")


@layout("biologic.mpr", BIOLOGIC, without=["temperature_c"])
def biologic_binary(path, rows):
    write_mpr(path, rows)


@layout("biologic_1150.mpr", BIOLOGIC, without=["temperature_c"])
def biologic_binary_new(path, rows):
    write_mpr(path, rows, since_1150=True)


# Digatron

DIGATRON = "Digatron"


@layout("digatron.csv", DIGATRON)
def digatron_hashes(path, rows):
    header = ["Step", "Status", "Timestamp", "Program Duration#s", "Step Duration#s", "Cycle"]
    header += ["Voltage#V", "Current#A", "AhCha#AH", "AhDch#Ah", "T1#degC"]
    states = {"charge": "CHA", "rest": "PAU", "discharge": "DCH"}
    body = [
        [r.step, states[r.kind], f"{r.date.isoformat(' ')}+00:00", r.time_s, r.step_time_s]
        + [r.cycle, r.voltage_v, r.current_a, r.charged_ah, r.discharged_ah, r.degc]
        for r in rows
    ]
    text(path, table(header, body))


@layout("digatron_lines.csv", DIGATRON)
def digatron_line_of_units(path, rows):
    header = ["Step", "Status", "Step Time", "Prog Time", "Cycle", "Voltage", "Current"]
    header += ["AhAccu", "LogTemp001"]
    body = [["", "", "", "", "", "[V]", "[A]", "[Ah]", "[°C]"]]
    states = {"charge": "CHA", "rest": "PAU", "discharge": "DCH"}
    body += [
        [r.step, states[r.kind], clock(r.step_time_s), clock(r.time_s), r.cycle]
        + [r.voltage_v, r.current_a, r.net_ah, r.degc]
        for r in rows
    ]
    text(path, table(header, body))


# Tables of somebody's own

OWN = "a table"


@layout("own.csv", OWN, without=["temperature_c", "cycle", "step", "charge_uah_cm2"])
def own_table(path, rows):
    body = [[r.time_s, 1e6 * r.current_a, r.voltage_v] for r in rows]
    text(path, table(["time_s", "current_ua", "voltage_v"], body), end="\n")


@layout("own_commas.csv", OWN, without=["cycle", "step", "charge_uah_cm2"])
def own_commas_in_names(path, rows):
    header = ["Time,s", "Test step", "I,A", "P,W", "Temp,C", "U,V"]
    body = [
        [r.time_s, r.kind, f"{r.current_a:.8f}", f"{r.voltage_v * r.current_a:.8f}", r.degc]
        + [r.voltage_v]
        for r in rows
    ]
    text(path, commas(table(header, body, ";")))


@layout("own_autolab.txt", OWN, without=["temperature_c", "cycle", "step", "charge_uah_cm2"])
def own_autolab(path, rows):
    header = ["Time (s)", "WE(1).Current (A)", "WE(1).Potential (V)", "Index"]
    body = [[r.time_s, r.current_a, r.voltage_v, r.index] for r in rows]
    header[2] = "Potential (V)"
    text(path, table(header, body, "\t"))


@layout(
    "own_names.csv",
    OWN,
    without=["temperature_c", "cycle", "step", "charge_uah_cm2"],
    columns=("time=Zeitpunkt:min,current=Messwert A:mA,voltage=Messwert B:mV",),
)
def own_names(path, rows):
    header = ["Zeitpunkt", "Messwert A", "Messwert B", "Bemerkung"]
    body = [[r.time_s / 60.0, 1e3 * r.current_a, 1e3 * r.voltage_v, "gut"] for r in rows]
    text(path, commas(table(header, body, ";")), encoding="latin-1")


@layout(
    "own_numbers.dat",
    OWN,
    without=["temperature_c", "cycle", "step", "charge_uah_cm2"],
    columns=("time=1:s", "current=3:A", "voltage=2:V"),
)
def own_numbers(path, rows):
    text(path, [f"{r.time_s:.3f}\t{r.voltage_v:.6f}\t{r.current_a:.9f}" for r in rows])


@layout(
    "own_dated.csv",
    OWN,
    without=["temperature_c", "cycle", "step", "charge_uah_cm2"],
    columns=("time=3:s,current=6:mA,voltage=4:V",),
)
def own_dated(path, rows):
    """No names, and rows that are not numbers alone."""
    body = [
        [r.date.isoformat(" "), r.kind, f"{r.time_s:.1f}", f"{r.voltage_v:.5f}", "step 7"]
        + [f"{1e3 * r.current_a:.6f}"]
        for r in rows
    ]
    lines = table(["x"], body, ";")
    text(path, [line.replace(".", ",") for line in lines[1:]])


@layout(
    "own_unsigned.csv",
    OWN,
    without=["temperature_c", "cycle", "charge_uah_cm2"],
    sign="by-voltage",
)
def own_unsigned(path, rows):
    body = [[r.time_s, 1e3 * abs(r.current_a), r.voltage_v, r.step] for r in rows]
    text(path, table(["time/s", "I/mA", "U/V", "step"], body))


@layout(
    "own_discharge_positive.csv",
    OWN,
    without=["temperature_c", "cycle", "step", "charge_uah_cm2"],
    sign="positive-discharges",
)
def own_discharge_positive(path, rows):
    body = [[r.time_s, -1e3 * r.current_a, r.voltage_v] for r in rows]
    text(path, table(["Time [s]", "Current [mA]", "Voltage [V]"], body))
