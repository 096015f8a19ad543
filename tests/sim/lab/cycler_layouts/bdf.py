"""Battery Data Format, as people and as machines write it."""

# ruff: noqa: RUF005  a row is written as groups of columns

import gzip

from .writing import commas, layout, table, text

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
    import pyarrow.parquet

    columns = {
        "Test Time / s": [r.time_s for r in rows],
        "Voltage / V": [r.voltage_v for r in rows],
        "Current / mA": [1e3 * r.current_a for r in rows],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
