"""The INA228's ADC: conversion windows in time and the mean of what flowed through them.

Source: datasheet SLYS021A, sections 7.3.2 and 7.3.4. One cycle converts the selected channels
one after the other: temperature, shunt, bus (figure 7-2). Each channel sees only its own
window, as on the part. Whole cycles within a constant segment cost one step however many they
are; only the running cycle keeps integrals. Results appear at the end of a cycle (the part
shows each channel at the end of its own window when nothing is averaged).
"""

from filmgauge_sim.parts import ina228_registers as reg
from filmgauge_sim.parts.ina228_engine import FRACTION_BITS, Engine

_HALF = 1 << (FRACTION_BITS - 1)


class Adc:
    """Cycles in true nanoseconds; hands finished cycles to the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.running = False

    def start(
        self, channels: int, window_ns: tuple[int, int, int], delay_ns: int, triggered: bool
    ) -> None:
        """Begin with a fresh cycle after `delay_ns`.

        channels: bits of MODE. window_ns: true length of the temperature, shunt and bus windows.
        triggered: stop after one result.
        """
        temperature, shunt, bus = window_ns
        self._temperature_end = temperature if channels & reg.TEMPERATURE else 0
        self._shunt_end = self._temperature_end + (shunt if channels & reg.SHUNT else 0)
        self._cycle = self._shunt_end + (bus if channels & reg.BUS else 0)
        self._phase = -delay_ns
        self._triggered = triggered
        self._shunt_sum = self._bus_sum = 0
        self._temperature = 0
        self.running = True

    def stop(self) -> None:
        """Drop the cycle in progress."""
        self.running = False

    @property
    def stop_ns(self) -> int | None:
        """True time until a triggered run ends by itself, or None."""
        if not (self.running and self._triggered):
            return None
        return self._cycle * self._engine.cycles_to_result - self._phase

    def run(
        self, elapsed_ns: int, shunt: int, bus_start: int, bus_end: int, temperature: int
    ) -> None:
        """Let `elapsed_ns` pass with a constant shunt code and a straight line of bus codes.

        Codes have FRACTION_BITS more bits than the registers; temperature is a DIETEMP code.
        """
        phase = self._phase
        cycle = self._cycle
        end = phase + elapsed_ns
        slope = (bus_end - bus_start) / elapsed_ns if bus_end != bus_start else 0.0
        if phase:
            stop = end if end < cycle else cycle
            self._gather(phase, stop, shunt, bus_start, slope, temperature)
            self._phase = end
            if end < cycle or self._finish():
                return
            if slope:
                bus_start = round(bus_start + slope * (cycle - phase))
            end -= cycle
        cycles, rest = divmod(end, cycle)
        if cycles and self._whole(cycles, shunt, bus_start, slope, temperature):
            return
        if rest:
            if slope:
                bus_start = round(bus_start + slope * (cycles * cycle))
            self._gather(0, rest, shunt, bus_start, slope, temperature)
        self._phase = rest

    def _gather(
        self, start: int, stop: int, shunt: int, bus: int, slope: float, temperature: int
    ) -> None:
        """Integrals of part of a cycle, from phase `start`, where the bus code is `bus`."""
        if start < self._temperature_end:
            self._temperature = temperature
        low = start if start > self._temperature_end else self._temperature_end
        middle = self._shunt_end
        high = stop if stop < middle else middle
        if high > low:
            self._shunt_sum += shunt * (high - low)
        low = start if start > middle else middle
        if stop > low:
            if slope:
                bus += round(slope * ((low + stop) / 2 - start))
            self._bus_sum += bus * (stop - low)

    def _finish(self) -> bool:
        """Close the running cycle with the means of its windows; True if the run is over."""
        shunt_ns = self._shunt_end - self._temperature_end
        bus_ns = self._cycle - self._shunt_end
        shunt = self._shunt_sum // shunt_ns if shunt_ns else 0
        bus = (self._bus_sum // bus_ns + _HALF) >> FRACTION_BITS if bus_ns else 0
        self._shunt_sum = self._bus_sum = 0
        if self._engine.convert(1, shunt, bus, bus, self._temperature) and self._triggered:
            self.running = False
        return not self.running

    def _whole(
        self, cycles: int, shunt: int, bus_start: int, slope: float, temperature: int
    ) -> bool:
        """Whole cycles from phase 0 in closed form; True if the run is over."""
        if self._triggered:
            cycles = min(cycles, self._engine.cycles_to_result)
        first = last = (bus_start + _HALF) >> FRACTION_BITS
        if slope:
            middle = bus_start + slope * (self._shunt_end + self._cycle) / 2
            first = (round(middle) + _HALF) >> FRACTION_BITS
            middle += slope * self._cycle * (cycles - 1)
            last = (round(middle) + _HALF) >> FRACTION_BITS
        if self._engine.convert(cycles, shunt, first, last, temperature) and self._triggered:
            self.running = False
        return not self.running
