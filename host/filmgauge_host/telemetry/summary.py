"""What is left of many records: of each quantity how many, least, mean, greatest and last.

hour = Summary.of_records(rows)
day = Summary.merged([hour, later])
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from filmgauge_host.telemetry.downsampling import Range
from filmgauge_host.telemetry.store_tables import STATISTICS, SUMMARISED

_WIDTH = len(STATISTICS)


@dataclass(slots=True)
class QuantitySummary:
    """One quantity, in a store's integer units; n 0: nothing is known, the rest is None."""

    n: int = 0
    least: int | None = None
    mean: float | None = None
    greatest: int | None = None
    last: int | None = None

    def add(self, later: "QuantitySummary") -> None:
        """Count what came later."""
        if later.mean is None:
            return
        mean = later.mean if self.mean is None else self.mean
        total = self.n + later.n
        self.mean = mean + (later.mean - mean) * later.n / total
        self.n = total
        self.least = min(_given(self.least, later.least))
        self.greatest = max(_given(self.greatest, later.greatest))
        self.last = later.last

    @property
    def range(self) -> Range:
        """Its extremes: first the one from which it went to where it was last."""
        if self.least is None or self.greatest is None or self.last is None:
            return None
        rose = self.greatest - self.last <= self.last - self.least
        return (self.least, self.greatest) if rose else (self.greatest, self.least)


@dataclass(slots=True)
class Summary:
    """Of an hour or a day. quantities: in the order of SUMMARISED."""

    records: int
    quantities: list[QuantitySummary]

    @classmethod
    def of_records(cls, rows: Iterable[Sequence[int | None]]) -> "Summary":
        """Return that of records in the order of time; each the values of SUMMARISED."""
        records = 0
        sums = [0] * len(SUMMARISED)
        found = [QuantitySummary() for _ in SUMMARISED]
        for row in rows:
            records += 1
            for at, value in enumerate(row):
                if value is None:
                    continue
                each = found[at]
                sums[at] += value
                if each.least is None or value < each.least:
                    each.least = value
                if each.greatest is None or value > each.greatest:
                    each.greatest = value
                each.n, each.last = each.n + 1, value
        for total, each in zip(sums, found, strict=True):
            each.mean = total / each.n if each.n else None
        return cls(records, found)

    @classmethod
    def of_row(cls, row: Sequence) -> "Summary":
        """Return that of the columns of `hourly` or `daily` from `records` on."""
        records, *values = row
        parts = [values[at : at + _WIDTH] for at in range(0, len(values), _WIDTH)]
        return cls(int(records), [QuantitySummary(*part) for part in parts])

    @classmethod
    def merged(cls, summaries: Iterable["Summary"]) -> "Summary":
        """Return that of several, each later than the one before."""
        found = cls(0, [QuantitySummary() for _ in SUMMARISED])
        for each in summaries:
            found.records += each.records
            for one, later in zip(found.quantities, each.quantities, strict=True):
                one.add(later)
        return found

    def row(self) -> list[float | None]:
        """Return the values of those columns."""
        values: list[float | None] = [self.records]
        for each in self.quantities:
            values += (each.n, each.least, each.mean, each.greatest, each.last)
        return values


def _given(*values: int | None) -> list[int]:
    return [value for value in values if value is not None]
