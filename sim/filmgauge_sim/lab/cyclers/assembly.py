"""From the columns that were read to a recording: one of each, with time, signs and counts."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filmgauge_sim.lab.cyclers.agreement import (
    check_against_dates,
    check_alike,
    check_power,
    check_times,
)
from filmgauge_sim.lab.cyclers.clock import longest_s
from filmgauge_sim.lab.cyclers.column_reader import ReadColumn, ReadRows
from filmgauge_sim.lab.cyclers.counts import net_of_one, net_of_two
from filmgauge_sim.lab.cyclers.matching import Column
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign
from filmgauge_sim.lab.cyclers.quantities import Quantity, Values
from filmgauge_sim.lab.cyclers.recording import (
    CellRecording,
    filled,
    from_dates,
    from_step_times,
    measured_c,
)
from filmgauge_sim.lab.cyclers.signs import signed_by_state, signed_by_voltage

_TIMES = (Quantity.TIME, Quantity.UNIX_TIME)
_COUNTS = (Quantity.COUNT, Quantity.CHARGED, Quantity.DISCHARGED)


@dataclass(frozen=True, slots=True)
class ReadTable:
    """What was read of one table, by which format, and a column of dates to compare with.

    `day_first`: in the dates that the time was read from, as far as they have slashes.
    """

    source: str
    rows: ReadRows
    dates: Column | None = None
    day_first: bool = False


class Assembly:
    """Puts the tables of one file together. Raises ValueError where they contradict."""

    def __init__(
        self,
        name: str,
        tables: Sequence[ReadTable],
        options: ReadingOptions,
        area_cm2: float | None,
    ) -> None:
        self._name = name
        self._tables = tables
        self._options = options
        self._area_cm2 = area_cm2
        self._remarks: list[str] = []
        self._columns: dict[Quantity, list[ReadColumn]] = {}
        for read in _joined(tables):
            if options.ignore_count and read.column.quantity in _COUNTS:
                continue
            self._columns.setdefault(read.column.quantity, []).append(read)

    def recording(self) -> CellRecording:
        """The whole. Raises ValueError."""
        if not any(len(read.values) for each in self._columns.values() for read in each):
            raise ValueError("has no rows of numbers below the names of its columns.")
        for each in self._columns.values():
            for read in each:
                self._without_area(read)
        self._check()
        step = self._filled(Quantity.STEP) or self._levels()
        found = CellRecording(self._name, self._tables[0].source, self._time_s(step))
        found.columns = {q: self._columns[q][0].column for q in Quantity if q in self._columns}
        found.step = step
        found.cycle = self._filled(Quantity.CYCLE)
        temperature_c = self._first(Quantity.TEMPERATURE)
        if temperature_c is not None:
            found.temperature_c = filled(measured_c(temperature_c))
        found.voltage_v = self._first(Quantity.VOLTAGE)
        found.power_w = self._first(Quantity.POWER)
        found.state = self._first(Quantity.STATE)
        found.current_a = self._current_a(found)
        if found.current_a is not None:
            found.charge_ah = self._charge_ah(found.current_a, step)
        left_out = sum(table.rows.left_out for table in self._tables)
        if left_out:
            lines = (
                "1 line without numbers is"
                if left_out == 1
                else f"{left_out} lines without numbers are"
            )
            self._remarks.append(f"{lines} left out")
        if any(table.rows.cut_off for table in self._tables):
            self._remarks.append("the last line is cut off and left out")
        found.remarks = self._remarks
        return found

    def _first(self, quantity: Quantity) -> Values | None:
        each = self._columns.get(quantity)
        return each[0].values if each else None

    def _filled(self, quantity: Quantity) -> Values | None:
        values = self._first(quantity)
        return None if values is None else filled(values)

    def _levels(self) -> Values | None:
        return self._tables[0].rows.levels or None

    def _time_s(self, step: Values | None) -> Values:
        for quantity in _TIMES:
            values = self._first(quantity)
            if values is not None:
                return values
        values = self._first(Quantity.STEP_TIME)
        if values is not None:
            self._remarks.append("the times of the steps are added up")
            return from_step_times(values, step)
        dates = self._first(Quantity.DATE)
        assert dates is not None
        by_day = ", of dates with the day before the month" * self._tables[0].day_first
        self._remarks.append(f"the time is that since the first date{by_day}")
        return from_dates(dates)

    def _without_area(self, read: ReadColumn) -> None:
        unit = read.column.unit
        if unit is None or not unit.per_cm2:
            return
        if self._area_cm2 is None:
            raise ValueError(
                f"has {read.column.name!r} in {unit.name}: give --area, the area of the film in"
                f" cm2."
            )
        read.values = array("d", [self._area_cm2 * value for value in read.values])

    def _check(self) -> None:
        """The rows must be of one cell, and what says the same must agree."""
        self._check_channels()
        for quantity in (Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER):
            first, *others = self._columns.get(quantity, ()) or (None,)
            for other in others:
                assert first is not None
                check_alike(first, other)
        first, *others = [r for q in _TIMES for r in self._columns.get(q, ())] or (None,)
        for other in others:
            assert first is not None
            check_times(first, other)
        if first is not None:
            self._check_dates(first)
        power = self._columns.get(Quantity.POWER)
        current = self._columns.get(Quantity.CURRENT)
        if power and current:
            voltage = self._columns.get(Quantity.VOLTAGE)
            check_power(power[0], current[0], voltage[0] if voltage else None)

    def _check_channels(self) -> None:
        for read in self._columns.get(Quantity.CHANNEL, ()):
            count = len({value for value in read.values if value == value})
            if count > 1:
                raise ValueError(
                    f"has rows of {count} channels by column {read.column.name!r}: give a file"
                    f" with the rows of one cell."
                )

    def _check_dates(self, time: ReadColumn) -> None:
        dates, rows = self._tables[0].dates, self._tables[-1].rows
        first_row, last_row = self._tables[0].rows.first_row, rows.last_row
        if dates is None or min(len(first_row), len(last_row)) <= dates.index:
            return
        # A date that nobody can read tells nothing.
        passed_s = longest_s(first_row[dates.index], last_row[dates.index])
        check_against_dates(time, passed_s, dates.name)

    def _current_a(self, found: CellRecording) -> Values | None:
        current = self._first(Quantity.CURRENT)
        if self._options.sign is Sign.DISCHARGES:
            if found.power_w is not None:
                found.power_w = array("d", [-value for value in found.power_w])
            return None if current is None else array("d", [-value for value in current])
        if current is None:
            return None
        if self._options.sign is Sign.BY_VOLTAGE:
            if found.voltage_v is None:
                raise ValueError("must have a voltage in a column for --sign by-voltage.")
            return signed_by_voltage(current, found.voltage_v, found.step)
        if found.state is not None:
            signed = signed_by_state(current, found.state)
            if signed is not None:
                column = self._columns[Quantity.STATE][0].column
                self._remarks.append(f"the current has the sign that {column.name!r} says")
                return signed
        return current

    def _charge_ah(self, current_a: Values, step: Values | None) -> Values | None:
        charged, discharged = (
            self._filled(Quantity.CHARGED),
            self._filled(Quantity.DISCHARGED),
        )
        if charged is not None and discharged is not None:
            return net_of_two(charged, discharged)
        count = self._filled(Quantity.COUNT)
        if count is None:
            return None
        discharges = self._options.sign is Sign.DISCHARGES
        net, signed = net_of_one(count, current_a, step, rises_with_discharge=discharges)
        if signed:
            column = self._columns[Quantity.COUNT][0].column
            self._remarks.append(f"the count {column.name!r} has the sign of the current")
        return net


def _joined(tables: Sequence[ReadTable]) -> Iterator[ReadColumn]:
    """The columns of the first table, with the rows of the others behind."""
    for k, read in enumerate(tables[0].rows.columns):
        for other in tables[1:]:
            read.values.extend(other.rows.columns[k].values)
        yield read
