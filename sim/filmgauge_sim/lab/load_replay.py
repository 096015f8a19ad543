"""Replay of a recorded load: current or power over time.

Each row holds from its own time to that of the next row; the last row only ends the one before.
Where a recorded voltage shows that a cycler held the cell, the current moves as the hold wants it
(recorded_interval.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.cell.constant_current import QUADRATURE
from filmgauge_sim.lab.current_search import rising_root
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.recorded_interval import Interval, Piece, pieces
from filmgauge_sim.lab.specimen import Specimen, window_v

# A row that lasts this long is recorded in so many parts.
_LONG_S, _PARTS = 10.0, 20
# Two means of the voltage that are the same, and what is not halved any more where it leaps.
_SAME_MEAN_V, _LEAST_HALF_S = 1e-6, 1e-6
# A constant power is followed in steps of constant current, in which the voltage moves by less.
_MOST_MOVED_V = 0.01
_FIRST_POWER_S, _LEAST_POWER_S = 1.0, 1e-4


@dataclass(frozen=True, slots=True)
class Load:
    """A constant load: current in uA of the whole cell, or power in uW; positive charges.

    recorded: of a current whose voltage was measured.
    """

    duration_s: float
    value: float
    is_power: bool
    temperature_c: float | None
    recorded: Interval | None = None


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What became of the cell: how far it came, and what it passed in charge and energy."""

    time_s: float
    charged_uah: float
    discharged_uah: float
    charged_uwh: float
    discharged_uwh: float
    final_v: float
    # Of the loads that flowed.
    lowest_v: float
    highest_v: float
    # Rows in which the cell came to an end of its window and rested for what was left of them.
    cut_rows: int
    # When and at which end ("low", "high") the first of them was.
    first_cut_s: float | None
    first_cut_at: str | None


def replay(channel: Channel, loads: Iterable[Load]) -> ReplayResult:
    """Let every load act, none left out however short.

    At an end of the window the load is cut off for the rest of its row, as a protection would; so
    is a power that the cell cannot give within its window. Rows without a temperature have that of
    the channel.
    """
    run = _Replay(channel)
    for load in loads:
        run.act(load)
    return run.result()


class _Replay:
    """A replay that goes on."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._temperature_c = channel.temperature_c
        self._empty_v, self._full_v = window_v(channel.cell)
        self._time_s = 0.0
        # Charged and discharged, in uA s and uW s.
        self._charges, self._energies = [0.0, 0.0], [0.0, 0.0]
        self._cuts: list[tuple[float, str]] = []
        self._voltage = self._lowest = self._highest = channel.voltage_v()
        self._power_step_s = _FIRST_POWER_S
        self._parts = _PARTS

    def act(self, load: Load) -> None:
        degc = load.temperature_c
        self._channel.temperature_c = self._temperature_c if degc is None else degc
        if load.recorded is not None:
            self._act_recorded(load.recorded)
            return
        is_power = load.is_power and load.value != 0.0
        # The steps of a power are short enough to be recorded as they are.
        self._parts = 1 if is_power else _PARTS
        act = self._act_power if is_power else self._act_current
        acted_s, cut_at = act(load.value, load.duration_s)
        if cut_at is not None:
            self._cuts.append((self._time_s + acted_s, cut_at))
            self._rest(load.duration_s - acted_s)
        self._time_s += load.duration_s

    def _act_current(self, current_ua: float, longest_s: float) -> tuple[float, str | None]:
        """Let a current flow until the window ends it; returns how long, and at which end."""
        if not current_ua:
            self._rest(longest_s)
            return longest_s, None
        limits_v = {"low": self._empty_v, "high": self._full_v}
        lower = self._empty_v if current_ua < 0.0 else None
        upper = self._full_v if current_ua > 0.0 else None
        cell, degc = self._channel.cell, self._channel.temperature_c
        met = cell.next_crossing(current_ua, degc, longest_s, lower, upper)
        lasts_s = longest_s if met is None else met.time_s
        # A load that is cut off at once does not flow, and its voltage is nobody's.
        if lasts_s > 0.0:
            before_v = cell.voltage_v(current_ua, degc)
            volt_seconds = _volt_seconds(cell, current_ua, degc, lasts_s)
            self._energies[current_ua < 0.0] += volt_seconds * abs(current_ua)
            self._pass(current_ua, lasts_s, None if met is None else limits_v[met.bound])
            self._show(before_v)
        return lasts_s, None if met is None else met.bound

    def _act_recorded(self, interval: Interval) -> None:
        """Let a recorded current act, and be held where the recorded cell was."""
        if not interval.is_held:
            interval = replace(interval, last_ua=interval.first_ua)
        self._parts = _PARTS
        for piece in pieces(self._channel.cell, interval, self._channel.temperature_c):
            if piece.change_ua:
                self._act_even(piece)
            else:
                self._act_current(piece.mean_ua, piece.duration_s)
            if piece.is_cut:
                limit = "low" if interval.mean_ua < 0.0 else "high"
                self._cuts.append((self._time_s, limit))
            self._time_s += piece.duration_s

    def _act_even(self, piece: Piece) -> None:
        """Let a current move evenly, under which the voltage hardly moves."""
        channel, mean_ua = self._channel, piece.mean_ua
        cell, degc, area_cm2 = channel.cell, channel.temperature_c, channel.cell.area_cm2
        before_v = cell.voltage_v(mean_ua - 0.5 * piece.change_ua, degc)
        channel.pass_even(mean_ua / area_cm2, piece.change_ua / area_cm2, piece.duration_s)
        self._voltage = cell.voltage_v(mean_ua + 0.5 * piece.change_ua, degc)
        charge_uas = abs(mean_ua) * piece.duration_s
        self._charges[mean_ua < 0.0] += charge_uas
        self._energies[mean_ua < 0.0] += 0.5 * (before_v + self._voltage) * charge_uas
        self._show(before_v, self._voltage)

    def _act_power(self, power_uw: float, longest_s: float) -> tuple[float, str | None]:
        """As ``_act_current``, in steps in which the voltage hardly moves.

        The current of each gives the power at the voltage in its middle.
        """
        done_s = 0.0
        while done_s < longest_s:
            step_s = min(self._power_step_s, longest_s - done_s)
            current_ua, moved_v = self._power_current(power_uw, step_s)
            if moved_v > _MOST_MOVED_V and step_s > _LEAST_POWER_S:
                self._power_step_s = max(0.5 * step_s, _LEAST_POWER_S)
                continue
            if current_ua is None:
                return done_s, "low" if power_uw < 0.0 else "high"
            acted_s, cut_at = self._act_current(current_ua, step_s)
            done_s += acted_s
            if cut_at is not None:
                return done_s, cut_at
            if moved_v < 0.5 * _MOST_MOVED_V and step_s == self._power_step_s:
                self._power_step_s *= 1.5
        return done_s, None

    def _power_current(self, power_uw: float, step_s: float) -> tuple[float | None, float]:
        """The current of a power for a time, and by how much the voltage moves in it.

        None where the cell cannot give the power for so long.
        """
        cell, degc = self._channel.cell, self._channel.temperature_c

        def excess_uw(current: float) -> float:
            return current * max(_mean_voltage_v(cell, current, degc, step_s), 0.0) - power_uw

        near = power_uw / max(self._voltage, 0.1)
        try:
            current = rising_root(excess_uw, near, 1e-9 * abs(power_uw))
        except ValueError:
            return None, inf
        twin = cell.clone()
        twin.advance(current, degc, step_s)
        return current, abs(twin.voltage_v(current, degc) - cell.voltage_v(current, degc))

    def _rest(self, duration_s: float) -> None:
        """Let nothing flow, also for no time: what shows is the voltage of a cell at rest."""
        self._pass(0.0, duration_s)

    def _pass(self, current_ua: float, duration_s: float, met_v: float | None = None) -> None:
        """Let a current flow for a time, at the end of which it meets a limit if any."""
        channel = self._channel
        if duration_s > 0.0:
            _act(channel, current_ua, duration_s, self._parts, met_v)
        if met_v is None:
            met_v = channel.cell.voltage_v(current_ua, channel.temperature_c)
        self._voltage = met_v
        self._charges[current_ua < 0.0] += abs(current_ua) * duration_s
        self._show(self._voltage)

    def _show(self, *volts: float) -> None:
        self._lowest, self._highest = min(self._lowest, *volts), max(self._highest, *volts)

    def result(self) -> ReplayResult:
        first_s, first_at = self._cuts[0] if self._cuts else (None, None)
        hours = [each / 3600.0 for each in (*self._charges, *self._energies)]
        return ReplayResult(
            self._time_s,
            hours[0],
            hours[1],
            hours[2],
            hours[3],
            self._voltage,
            self._lowest,
            self._highest,
            len(self._cuts),
            first_s,
            first_at,
        )


def _volt_seconds(
    cell: Specimen, current_ua: float, temperature_c: float, duration_s: float
) -> float:
    """The integral of the voltage over a time of a current: its mean by a quadrature, once that
    of both halves is the same."""
    half_s = 0.5 * duration_s
    later = cell.clone()
    later.advance(current_ua, temperature_c, half_s)
    whole_v = _mean_voltage_v(cell, current_ua, temperature_c, duration_s)
    halves_v = [_mean_voltage_v(each, current_ua, temperature_c, half_s) for each in (cell, later)]
    mean_v = 0.5 * sum(halves_v)
    if abs(mean_v - whole_v) <= _SAME_MEAN_V or half_s < _LEAST_HALF_S:
        return mean_v * duration_s
    return sum(_volt_seconds(each, current_ua, temperature_c, half_s) for each in (cell, later))


def _mean_voltage_v(
    cell: Specimen, current_ua: float, temperature_c: float, duration_s: float
) -> float:
    """The mean voltage of a current over a time above 0."""
    if isinstance(cell, FilmCell):
        return cell.mean_voltage_v(current_ua, temperature_c, duration_s)
    mean_v = 0.0
    for share, weight in QUADRATURE:
        twin = cell.clone()
        twin.advance(current_ua, temperature_c, share * duration_s)
        mean_v += weight * twin.voltage_v(current_ua, temperature_c)
    return mean_v


def _act(
    channel: Channel, current_ua: float, duration_s: float, parts: int, met_v: float | None
) -> None:
    """One constant current, recorded at its start and at its end, and between if it is long:
    densely at the beginning, where the voltage moves."""
    parts = parts if duration_s >= _LONG_S else 1
    shares = [(part / parts) ** 3 for part in range(1, parts + 1)]
    channel.pass_step(current_ua / channel.cell.area_cm2, duration_s, shares, met_v)
