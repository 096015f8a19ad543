"""A cell that passes everything on to another: what a truth begins with that changes a part."""

from copy import copy
from typing import Self

from filmgauge_sim.cell import CellParameters, Crossing, SteppedCell


class WrappedCell:
    """A SteppedCell around another."""

    def __init__(self, inner: SteppedCell) -> None:
        self._inner = inner

    @property
    def parameters(self) -> CellParameters:
        return self._inner.parameters

    @property
    def area_cm2(self) -> float:
        return self._inner.area_cm2

    @property
    def stoichiometry(self) -> float:
        return self._inner.stoichiometry

    @property
    def capacity_uah(self) -> float:
        return self._inner.capacity_uah

    def clone(self) -> Self:
        return self._around(self._inner.clone())

    def full(self) -> Self:
        return self._around(self._inner.full())

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        self._inner.advance(*self._inside(current_ua, temperature_c), duration_s)

    def voltage_v(self, current_ua: float, temperature_c: float) -> float:
        return self._inner.voltage_v(*self._inside(current_ua, temperature_c))

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None:
        inside = self._inside(current_ua, temperature_c)
        return self._inner.next_crossing(*inside, duration_s, low_v, high_v)

    def _inside(self, current_ua: float, temperature_c: float) -> tuple[float, float]:
        """Return the current and the temperature of the cell within."""
        return current_ua, temperature_c

    def _around(self, inner: SteppedCell) -> Self:
        twin = copy(self)
        twin._inner = inner
        return twin
