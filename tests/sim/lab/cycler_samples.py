"""A short test of a made-up cell, as the rows that every layout of a cycler's file writes."""

import datetime
from dataclasses import dataclass

# Of the whole cell.
CURRENT_A = 1.25e-3
_START = datetime.datetime(2026, 3, 2, 9, 30, 0)
_CHARGE, _REST, _DISCHARGE = "charge", "rest", "discharge"
_PROGRAM = ((_CHARGE, 40), (_REST, 8), (_DISCHARGE, 36), (_REST, 8))
_EVERY_S = {_CHARGE: 90.0, _REST: 60.0, _DISCHARGE: 90.0}


@dataclass(frozen=True)
class Row:
    """One row: s, V, A, Ah and degC; steps and cycles from 1; positive charges."""

    index: int
    time_s: float
    step_time_s: float
    voltage_v: float
    current_a: float
    step: int
    cycle: int
    kind: str
    net_ah: float
    # Passed in this step, without a sign.
    step_ah: float
    # Passed in this cycle so far.
    charged_ah: float
    discharged_ah: float
    degc: float

    @property
    def date(self):
        return _START + datetime.timedelta(seconds=self.time_s)


def rows(cycles=3):
    """The rows of a test of some cycles."""
    found, time, net, step, k = [], 0.0, 0.0, 0, 0
    for cycle in range(1, cycles + 1):
        charged = discharged = 0.0
        for kind, count in _PROGRAM:
            step += 1
            way = {_CHARGE: 1.0, _REST: 0.0, _DISCHARGE: -1.0}[kind]
            for n in range(count):
                # A cycler writes the first row of a step when it begins.
                every = _EVERY_S[kind] if n else 0.0
                passed = CURRENT_A * every / 3600.0 if way else 0.0
                time, net = time + every, net + way * passed
                charged += passed if way > 0.0 else 0.0
                discharged += passed if way < 0.0 else 0.0
                share, k = n / (count - 1), k + 1
                found.append(
                    Row(
                        index=k,
                        time_s=time,
                        step_time_s=n * _EVERY_S[kind],
                        voltage_v=_voltage(kind, share),
                        current_a=way * CURRENT_A * (1.0 + 0.001 * (k % 3)),
                        step=step,
                        cycle=cycle,
                        kind=kind,
                        net_ah=net,
                        step_ah=n * passed,
                        charged_ah=charged,
                        discharged_ah=discharged,
                        degc=25.0 + 0.5 * (k % 5),
                    )
                )
    return found


def _voltage(kind, share):
    if kind == _CHARGE:
        return 2.2 + 0.3 * share + 1.3 * share**6
    if kind == _DISCHARGE:
        return 2.1 - 0.2 * share - 0.8 * share**8
    return 2.5 + 0.05 * share
