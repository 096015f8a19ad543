"""Exports of Novonix."""

# ruff: noqa: RUF005  a row is written as groups of columns

from .writing import layout, table, text

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
