"""Open-circuit voltage by titration (GITT), and pulses: current for a while, then a rest."""

from collections.abc import Iterator
from dataclasses import dataclass

from filmgauge_sim.lab.cycler import Channel, NeverEnds
from filmgauge_sim.lab.specimen import window_v

# Share of the capacity that a portion must move; the command allows no smaller ones.
_LEAST_PROGRESS = 1e-6
_HIGHEST_V = 5.5


@dataclass(frozen=True, slots=True)
class RestedPoint:
    """The voltage after one portion of charge and a rest, on one branch."""

    branch: str
    stoichiometry: float
    loaded_v: float
    rested_v: float


def titrate(
    channel: Channel, *, current_ua_cm2: float, pulse_s: float, rest_s: float
) -> Iterator[RestedPoint]:
    """Discharge the cell in portions with a rest after each, then charge it the same way.

    Raises NeverEnds when a rest takes back what a portion brought, as a shuttle does.
    """
    cell = channel.cell
    empty_v, full_v = window_v(cell)
    for branch, sign, limit in (("discharge", -1.0, empty_v), ("charge", 1.0, full_v)):
        while True:
            current, before = sign * current_ua_cm2, cell.stoichiometry
            lasted = channel.run_current(current, until_v=limit, longest_s=pulse_s)
            loaded = channel.voltage_v(current)
            channel.pass_step(0.0, rest_s)
            yield RestedPoint(branch, cell.stoichiometry, loaded, channel.voltage_v())
            if lasted < pulse_s:
                break
            if (cell.stoichiometry - before) * sign < _LEAST_PROGRESS:
                raise NeverEnds(
                    f"the {branch} by titration never ends: at {current_ua_cm2:g} uA/cm2 a rest of"
                    f" {rest_s / 60.0:g} min takes back what a portion brings."
                )


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pulse: voltage before, at once after the step, at its end, and after the rest."""

    before_v: float
    at_once_v: float
    end_v: float
    rested_v: float
    current_ua_cm2: float

    @property
    def at_once_ohm_cm2(self) -> float:
        """Voltage step over current: what shows at once."""
        return (self.at_once_v - self.before_v) / self.current_ua_cm2 * 1e6

    @property
    def end_ohm_cm2(self) -> float:
        """Voltage change over current at the end of the pulse."""
        return (self.end_v - self.before_v) / self.current_ua_cm2 * 1e6


def pulses(
    channel: Channel, *, current_ua_cm2: float, pulse_s: float, rest_s: float, count: int
) -> Iterator[Pulse]:
    """Pulses of a signed current (negative discharges) with a rest after each.

    Raises ValueError when a pulse takes the voltage out of 0 to 5.5 V, where LiPON is stable.
    """
    for _ in range(count):
        before, at_once = channel.voltage_v(), channel.voltage_v(current_ua_cm2)
        channel.pass_step(current_ua_cm2, pulse_s)
        end = channel.voltage_v(current_ua_cm2)
        if not 0.0 <= end <= _HIGHEST_V:
            raise ValueError(
                f"a pulse of {current_ua_cm2:g} uA/cm2 for {pulse_s:g} s ends at {end:.3g} V,"
                f" beyond 0 to {_HIGHEST_V:g} V."
            )
        channel.pass_step(0.0, rest_s)
        yield Pulse(before, at_once, end, channel.voltage_v(), current_ua_cm2)
