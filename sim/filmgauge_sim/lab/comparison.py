"""The solid film beside the liquid comparison cell: profiles, rest, coulombic efficiency."""

from dataclasses import dataclass

from filmgauge_sim.lab.cycling import charge, cycles, discharge
from filmgauge_sim.lab.specimen import LIQUID, specimen
from filmgauge_sim.lab.trace import Trace

FILM = "pre-li"
_ROOM_C = 25.0
_CHARGE_UA_CM2, _DISCHARGE_UA_CM2 = 8.0, 1.0
_DAYS = [0.1 * k for k in range(101)]
CURRENTS_UA_CM2 = (1.0, 2.0, 4.0, 8.0, 12.0)


@dataclass(frozen=True, slots=True)
class OneCell:
    """One of the two: its profiles, (days, stored %) at rest, (uA/cm2, efficiency %)."""

    profiles: Trace
    stored: list[tuple[float, float]]
    efficiency: list[tuple[float, float]]


def compare() -> dict[str, OneCell]:
    """Both cells by the name of their set."""
    return {name: _one(name) for name in (FILM, LIQUID)}


def _one(name: str) -> OneCell:
    cell, trace = specimen(name, stoichiometry=0.0), Trace()
    charge(cell, _CHARGE_UA_CM2, _ROOM_C, trace=trace)
    discharge(cell, _DISCHARGE_UA_CM2, _ROOM_C, trace=trace)
    return OneCell(trace, _stored(name), [(i, _efficiency(name, i)) for i in CURRENTS_UA_CM2])


def _stored(name: str) -> list[tuple[float, float]]:
    cell, days = specimen(name), 0.0
    found: list[tuple[float, float]] = []
    for until in _DAYS:
        cell.advance(0.0, _ROOM_C, 86400.0 * (until - days))
        days = until
        found.append((days, 100.0 * cell.stoichiometry))
    return found


def _efficiency(name: str, current_ua_cm2: float) -> float:
    """That of the second cycle; the first begins with an empty cell."""
    cell = specimen(name, stoichiometry=0.0)
    *_, last = cycles(cell, current_ua_cm2, _ROOM_C, 2)
    return last.coulombic_efficiency_pct
