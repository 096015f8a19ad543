"""What to do until the next wake: charge, service and switch, from one sample and its gauge.

    planner = Planner(profile, zero_every=60)
    planner.plan(voltage_uv, current_pa, temperature_cdeg, soc_ppm, left_ppm, source, busy)
    planner.charge.current_pa, planner.service.level, planner.disconnect.is_open()

It decides and does nothing: pins are the node's. Its state packs into SIZE bytes.
"""

from filmgauge.compat import const
from filmgauge.control import charge_control as charge
from filmgauge.control import disconnect, service_level
from filmgauge.control.charge_control import ChargeControl
from filmgauge.control.disconnect import Disconnect
from filmgauge.control.service_level import ServiceLevel
from filmgauge.gauge import limits
from filmgauge.gauge.limits import FAULT, Limits

SIZE = const(38)  # of limits, charge, service and disconnect


class Planner:
    """Limits and the three decisions that follow from them.

    `most_pa` bounds the charging current (0: by the area of the cell), `zero_every` is the
    number of wakes between two looks at the sensor's zero (0: never).
    """

    def __init__(self, profile, most_pa: int = 0, zero_every: int = 0):
        self.limits = Limits(profile)
        self.charge = ChargeControl(profile, most_pa)
        self.service = ServiceLevel()
        self.disconnect = Disconnect(zero_every)
        self._parts = (self.limits, self.charge, self.service, self.disconnect)
        self._sizes = (limits.SIZE, charge.SIZE, service_level.SIZE, disconnect.SIZE)

    def plan(
        self,
        voltage_uv: "int | None",
        current_pa: "int | None",
        temperature_cdeg: "int | None",
        soc_ppm: "int | None",
        left_ppm: "int | None",
        source: bool,
        busy: bool,
    ) -> None:
        """Decide for the interval to come.

        `left_ppm` is what the cell gives for certain, over what it gives when full; `source`
        says that there is something to charge from, `busy` that the node needs the cell.
        """
        worst = self.limits.update(voltage_uv, current_pa, temperature_cdeg)
        if source and worst < FAULT:
            self.charge.update(voltage_uv, soc_ppm, self.limits)
        else:
            self.charge.stop()
        charging = self.charge.current_pa > 0
        self.service.update(left_ppm, self.limits)
        self.disconnect.update(self.limits, charging, busy or charging)

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        for i in range(len(self._parts)):
            self._parts[i].pack_into(buffer, offset)
            offset += self._sizes[i]

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        for i in range(len(self._parts)):
            self._parts[i].unpack_from(buffer, offset)
            offset += self._sizes[i]
