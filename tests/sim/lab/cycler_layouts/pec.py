"""Exports of PEC."""

from .writing import clock, layout, table, text

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
