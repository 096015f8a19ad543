"""Exports of Maccor."""

# ruff: noqa: RUF005  a row is written as groups of columns

from .writing import clock, commas, layout, table, text

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
