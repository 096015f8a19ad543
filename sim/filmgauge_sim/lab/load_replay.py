"""Replay of a recorded load: current or power over time, from CSV or Battery Data Format.

Each row holds from its own time to that of the next row; the last row only ends the one before.
"""

from dataclasses import dataclass
from pathlib import Path

from filmgauge_sim.lab import bdf
from filmgauge_sim.lab.cycler import Channel, rising_root
from filmgauge_sim.lab.specimen import Specimen, window_v

# A row that lasts this long is recorded in so many parts.
_LONG_S, _PARTS = 10.0, 20


@dataclass(frozen=True, slots=True)
class Load:
    """A constant load: current in uA of the whole cell, or power in uW; positive charges."""

    duration_s: float
    value: float
    is_power: bool
    temperature_c: float | None


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What became of the cell: how far it came and what it passed."""

    time_s: float
    charged_uah: float
    discharged_uah: float
    final_v: float
    lowest_v: float
    highest_v: float
    # Rows in which the cell came to an end of its window and rested for what was left of them.
    cut_rows: int
    # When and at which end ("low", "high") the first of them was.
    first_cut_s: float | None
    first_cut_at: str | None


def read_loads(path: Path) -> list[Load]:
    """Read a load. Raises ValueError with file, line and column for what cannot be used."""
    table = bdf.Table(path)
    time = table.needed(bdf.TIMES, "a time")
    factors = bdf.CURRENTS | bdf.POWERS
    load = table.needed(factors, "a current or a power")
    temperature = table.first_of(bdf.TEMPERATURES)
    times = table.numbers(time, bdf.TIMES[time])
    values = table.numbers(load, factors[load])
    degc = [None] * len(table) if temperature is None else table.numbers(temperature)
    loads: list[Load] = []
    for k in range(len(table) - 1):
        duration = times[k + 1] - times[k]
        if duration < 0.0:
            raise ValueError(f"{path.name} line {k + 3}: {time} must not fall.")
        loads.append(Load(duration, values[k], load in bdf.POWERS, degc[k]))
    if not loads:
        raise ValueError(f"{path.name} must have two rows of data or more.")
    return loads


def replay(channel: Channel, loads: list[Load]) -> ReplayResult:
    """Let every load act, none left out however short.

    At an end of the window the load is cut off for the rest of its row, as a protection would.
    A power is a current that is chosen at the start of its row. Rows without a temperature have
    that of the channel.
    """
    cell, temperature_c = channel.cell, channel.temperature_c
    empty_v, full_v = window_v(cell)
    time_s = charged = discharged = 0.0
    cuts: list[tuple[float, str]] = []
    voltage = channel.voltage_v()
    lowest = highest = voltage
    for load in loads:
        degc = temperature_c if load.temperature_c is None else load.temperature_c
        channel.temperature_c = degc
        current = load_current_ua(cell, load, degc)
        lower = empty_v if current < 0.0 else None
        upper = full_v if current > 0.0 else None
        found = cell.next_crossing(current, degc, load.duration_s, lower, upper)
        lasts = load.duration_s if found is None else found.time_s
        start_v = cell.voltage_v(current, degc)
        _act(channel, current, lasts)
        voltage = cell.voltage_v(current, degc)
        lowest, highest = min(lowest, start_v, voltage), max(highest, start_v, voltage)
        charged += max(current, 0.0) * lasts / 3600.0
        discharged += max(-current, 0.0) * lasts / 3600.0
        if found is not None:
            cuts.append((time_s + lasts, found.bound))
            _act(channel, 0.0, load.duration_s - lasts)
            voltage = channel.voltage_v()
        time_s += load.duration_s
    first_s, first_at = cuts[0] if cuts else (None, None)
    return ReplayResult(
        time_s, charged, discharged, voltage, lowest, highest, len(cuts), first_s, first_at
    )


def _act(channel: Channel, current_ua: float, duration_s: float) -> None:
    """One constant current, recorded at its start and at its end, and between if it is long:
    densely at the beginning, where the voltage moves."""
    parts = _PARTS if duration_s >= _LONG_S else 1
    shares = [(part / parts) ** 3 for part in range(1, parts + 1)]
    channel.pass_step(current_ua / channel.cell.area_cm2, duration_s, shares)


def load_current_ua(cell: Specimen, load: Load, temperature_c: float) -> float:
    """The current of a load now, uA. Raises ValueError when the cell cannot give the power."""
    if not load.is_power or not load.value:
        return load.value if not load.is_power else 0.0

    def excess_uw(current: float) -> float:
        return current * max(cell.voltage_v(current, temperature_c), 0.0) - load.value

    near = load.value / max(cell.voltage_v(0.0, temperature_c), 0.1)
    try:
        return rising_root(excess_uw, near, 1e-9 * abs(load.value))
    except ValueError:
        raise ValueError(f"the cell cannot give {-load.value:g} uW.") from None
