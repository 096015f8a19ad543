"""The open-circuit voltage that a gauge without hysteresis believes in: the mean of both ways."""

from bisect import bisect_right

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.open_circuit import OpenCircuit


class Table:
    """The mean curve in equal steps of the state of charge, straight lines between them."""

    def __init__(self, parameters: CellParameters, points: int) -> None:
        curve = OpenCircuit(parameters)
        self.socs = [index / (points - 1) for index in range(points)]
        self.volts = [curve.voltage_v(soc) for soc in self.socs]

    def soc(self, voltage_v: float) -> float:
        """State of charge at a voltage; 0 or 1 beyond the ends."""
        volts, socs = self.volts, self.socs
        if voltage_v <= volts[0]:
            return 0.0
        if voltage_v >= volts[-1]:
            return 1.0
        at = bisect_right(volts, voltage_v)
        share = (voltage_v - volts[at - 1]) / (volts[at] - volts[at - 1])
        return socs[at - 1] + share * (socs[at] - socs[at - 1])

    def voltage_v(self, soc: float) -> tuple[float, float]:
        """Voltage and its slope (V per unit of state of charge) at a state of charge."""
        last = len(self.socs) - 1
        at = min(max(int(soc * last), 0), last - 1)
        slope = (self.volts[at + 1] - self.volts[at]) * last
        return self.volts[at] + slope * (soc - self.socs[at]), slope
