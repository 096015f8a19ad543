"""What somebody recorded of a cell: its instants in stretches without a gap.

    recording = read_recording(Path("bench.bdf.csv"))
    recording.stretches[0][0].voltage_v
    recording.gaps

Of what happened in a gap nothing is known: not that no current flowed either.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TypeAlias

from filmgauge_sim.lab import bdf

# Without numbers of records and a count: a pause that many times as long as usual is a gap; what
# is usual, in the recording or near by: in so many steps before, and as many behind.
_LONG, _NEAR = 10.0, 2
_FRACTIONS = {"Stoichiometry / 1": 1.0, "State of Charge / %": 0.01, "soc_pct": 0.01, "soc": 1.0}
_SIGMAS = {"soc_sigma_pct": 0.01}
_SEQUENCES = ("Sequence / 1", "seq")
_BOOTS = ("Boot / 1", "boot")
_LIVES = ("Life / 1", "life")
_ISO_TIME = "time"
_NODE = "node"
# A recorded state of charge may be beyond 0 and 1 by so much, as an estimate is.
_BEYOND = 0.1
_LEDGER = ("measured_uah", "booked_uah")  # net charge where no cycler has counted it


@dataclass(frozen=True, slots=True)
class Instant:
    """One reading; positive current charges. None: not known.

    soc, sigma: state of charge and its standard deviation as they were recorded, 1 is full.
    charge_uah: net charge counted since whenever. number: (life, boot, seq) of a record.
    """

    time_s: float
    current_ua: float
    voltage_v: float | None = None
    temperature_c: float | None = None
    soc: float | None = None
    sigma: float | None = None
    charge_uah: float | None = None
    number: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class RecordingGap:
    """A time of which nothing was recorded, and how that shows."""

    from_s: float
    to_s: float
    reason: str


Stretch: TypeAlias = Sequence[Instant]


class Recording:
    """Instants in the order of time. Raises ValueError for less than two of them, a time that
    falls, or a boot that comes twice in one second."""

    def __init__(self, instants: Iterable[Instant], unknown_s: Sequence[float] = ()) -> None:
        """unknown_s: times of readings without a current, which make a gap."""
        ordered = list(instants)
        if len(ordered) < 2:
            raise ValueError("a recording must have two readings with a current or more.")
        self.readings = len(ordered)
        self.stretches: list[list[Instant]] = [[ordered[0]]]
        self.gaps: list[RecordingGap] = []
        steps = [b.time_s - a.time_s for a, b in pairwise(ordered)]
        if min(steps) < 0.0:
            at_s = ordered[steps.index(min(steps)) + 1].time_s
            raise ValueError(f"the time of a recording must not fall, as it does to {at_s:g} s.")
        usual_s = median(steps)
        holes = sorted(unknown_s)
        for k, (before, after) in enumerate(pairwise(ordered)):
            near_s = median(steps[max(0, k - _NEAR) : k + _NEAR + 1])
            reason = _gap(before, after, _LONG * max(usual_s, near_s))
            while holes and holes[0] < after.time_s:
                if holes.pop(0) > before.time_s:
                    reason = reason or "current not known"
            if reason:
                self.gaps.append(RecordingGap(before.time_s, after.time_s, reason))
                self.stretches.append([])
            self.stretches[-1].append(after)

    @property
    def duration_s(self) -> float:
        """From the first reading to the last."""
        return self.stretches[-1][-1].time_s - self.stretches[0][0].time_s


def _gap(before: Instant, after: Instant, longest_s: float) -> str:
    """Return why nothing is known of the time between two readings, nothing where it is."""
    if before.number is None or after.number is None:
        if before.charge_uah is not None and after.charge_uah is not None:
            return ""  # what flowed was counted
        return "long pause" if after.time_s - before.time_s > longest_s else ""
    if before.number[:2] != after.number[:2]:
        return "restart"
    return "" if after.number[2] == before.number[2] + 1 else "records missing"


def read_recording(path: Path) -> Recording:
    """Read a recording from a file: Battery Data Format, CSV of `filmgauge export`, or CSV with
    columns such as time_s, current_ua, voltage_v, temperature_c, soc_pct.

    Raises ValueError with file, line and column for what cannot be used, OSError.
    """
    table = bdf.Table(path)
    times = _times(table)
    _check_one_node(table)
    current = table.needed(bdf.CURRENTS, "a current")
    currents = table.known_numbers(current, bdf.CURRENTS[current])
    voltages = _column(table, bdf.VOLTAGES)
    temperatures = _column(table, dict.fromkeys(bdf.TEMPERATURES, 1.0))
    states, sigmas = _states(table), _column(table, _SIGMAS)
    charges, numbers = _charges(table), _numbers(table)
    instants: list[Instant] = []
    unknown: list[float] = []
    for k, current_ua in enumerate(currents):
        if current_ua is None:
            unknown.append(times[k])
            continue
        instants.append(
            Instant(
                times[k],
                current_ua,
                voltages[k],
                temperatures[k],
                states[k],
                sigmas[k],
                charges[k],
                numbers[k],
            )
        )
    try:
        return Recording(instants, unknown)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def _times(table: bdf.Table) -> list[float]:
    name = table.first_of(bdf.TIMES)
    if name is not None:
        return table.numbers(name, bdf.TIMES[name])
    texts = table.texts(table.needed((*bdf.TIMES, _ISO_TIME), "a time"))
    try:
        return [datetime.datetime.fromisoformat(text).timestamp() for text in texts]
    except ValueError as error:
        raise ValueError(f"{table.path.name}: {_ISO_TIME} must be ISO 8601: {error}.") from None


def _check_one_node(table: bdf.Table) -> None:
    """Raises ValueError for an export of several nodes: they have a cell each."""
    if table.first_of((_NODE,)) is None:
        return
    names = sorted(set(table.texts(_NODE)))
    if len(names) > 1:
        raise ValueError(
            f"{table.path.name}: {_NODE} must be one in all rows, not {' and '.join(names[:2])}:"
            " export them one by one."
        )


def _states(table: bdf.Table) -> list[float | None]:
    """The states of charge from 0 to 1. Raises ValueError where one is far beyond them."""
    states = _column(table, _FRACTIONS)
    for line, state in enumerate(states, 2):
        if state is not None and not -_BEYOND <= state <= 1.0 + _BEYOND:
            name = table.first_of(_FRACTIONS) or ""
            low, high = (x / _FRACTIONS[name] for x in (-_BEYOND, 1.0 + _BEYOND))
            raise ValueError(
                f"{table.path.name} line {line}: {name} must be from {low:g} to {high:g},"
                f" not {state / _FRACTIONS[name]:g}."
            )
    return states


def _column(table: bdf.Table, factors: dict[str, float]) -> list[float | None]:
    name = table.first_of(factors)
    return [None] * len(table) if name is None else table.known_numbers(name, factors[name])


def _charges(table: bdf.Table) -> list[float | None]:
    counted = table.first_of(bdf.NET_CHARGES)
    if counted is not None:
        return table.known_numbers(counted, bdf.NET_CHARGES[counted])
    if any(table.first_of((name,)) is None for name in _LEDGER):
        return [None] * len(table)
    lines = [table.known_numbers(name) for name in _LEDGER]
    return [None if None in pair else sum(pair) for pair in zip(*lines, strict=True)]  # type: ignore[arg-type]


def _numbers(table: bdf.Table) -> list[tuple[int, int, int] | None]:
    names = [table.first_of(each) for each in (_LIVES, _BOOTS, _SEQUENCES)]
    if names[1] is None or names[2] is None:
        return [None] * len(table)
    columns = [[0.0] * len(table) if name is None else table.numbers(name) for name in names]
    return [(int(life), int(boot), int(seq)) for life, boot, seq in zip(*columns, strict=True)]
