"""Exports of Basytec."""

from .writing import layout, text

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
