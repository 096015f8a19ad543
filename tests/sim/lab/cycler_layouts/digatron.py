"""Exports of Digatron."""

# ruff: noqa: RUF005  a row is written as groups of columns

from .writing import clock, layout, table, text

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
