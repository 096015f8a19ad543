"""The two sensors of a node on their bus: INA228 at the shunt, TMP117 at the cell."""

from filmgauge_sim.circuit.wiring import AS_DRAWN, WiringSection
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.tmp117 import Tmp117


class SensorPair:
    """Both sensors, attached to `bus` as far as `wiring` has them, without supply at time 0.

    `shunt_ohm` is the true resistance of the shunt, whose two leads may be swapped,
    `bus_input_ohm` what the voltage input loads the cell with while the gate connects it.
    """

    def __init__(
        self, ina228: Ina228, tmp117: Tmp117, bus: I2CBus, wiring: WiringSection = AS_DRAWN
    ) -> None:
        self.bus = bus
        self.powered = False
        self.shunt_ohm, self.bus_input_ohm = ina228.shunt_ohm, ina228.bus_input_ohm
        self._ina228 = ina228
        self._tmp117 = tmp117
        self.leads_swapped = wiring.swapped_leads
        self.temperature_error_c = wiring.temperature_error_c
        if wiring.ina228_address != 0:
            bus.attach(ina228)
        if wiring.tmp117_address != 0:
            bus.attach(tmp117)

    @property
    def supply_ua(self) -> float:
        """What both take from their supply now."""
        return self._ina228.supply_ua + self._tmp117.supply_ua if self.powered else 0.0

    def next_change_us(self, never_us: int) -> int:
        """Return when `supply_ua` changes by itself, `never_us` where it does not."""
        if not self.powered:
            return never_us
        changes = (self._ina228.next_change_us, self._tmp117.next_change_us)
        return min((change for change in changes if change is not None), default=never_us)

    def power(self, on: bool, now_us: int) -> None:
        """Switch the supply of both; off forgets everything."""
        self.powered = on
        self._ina228.power(on, now_us)
        self._tmp117.power(on, now_us)

    def advance(
        self,
        until_us: int,
        shunt_ua: float,
        before_v: float,
        after_v: float,
        temperature_c: float,
    ) -> None:
        """Show both what they saw until `until_us`: constant current and temperature, and the
        voltage at their bus input at both ends, V (0 with an open gate). Without supply they
        need not be shown anything."""
        seen_ua = -shunt_ua if self.leads_swapped else shunt_ua
        self._ina228.advance(until_us, seen_ua, before_v, after_v, temperature_c)
        self._tmp117.advance(until_us, temperature_c + self.temperature_error_c)
