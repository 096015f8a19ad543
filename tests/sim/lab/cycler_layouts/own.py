"""Tables of somebody's own."""

# ruff: noqa: RUF005  a row is written as groups of columns

from .writing import commas, layout, table, text

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
