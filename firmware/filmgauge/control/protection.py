"""What a node does for its cell after each sample: limits, switch, charge and service.

    protection = Protection(board, config, profile)
    protection.check(is_open, state, sampler, soc_ppm, left_ppm, busy)
    protection.limits_word(), protection.period(), protection.report_every()

A node that has nothing to switch and nothing to leave out loads the limits alone.
"""

from filmgauge.compat import const, unload
from filmgauge.control.limits import FAULT, Limits

_REQUEST_ZERO = const(2)  # uplink/peer_context.py
_CHARGE_AT = const(21)  # behind the limits, of what is packed
_SERVICE_AT = const(34)
_DISCONNECT_AT = const(35)
SIZE = const(38)
_CHARGING = const(100)  # a current above this share of 1C (1 / n) charges the cell


class Protection:
    """Limits of the cell of a profile and what follows from them, on the pins of `config`."""

    def __init__(self, board, config, profile):
        self._latch = board.latch
        self._disconnect_pin = config.pin_disconnect
        self._charge_pin = config.pin_charge
        self._full_pc = profile.full_pc()
        self.limits = Limits(profile)
        self._parts = []
        self._add(self.limits, 0)
        for name in ("charge", "disconnect", "service"):
            setattr(self, name, None)  # unless they are wanted
        if config.shed:
            from filmgauge.control.service_level import ServiceLevel

            self.service = ServiceLevel()
            self._add(self.service, _SERVICE_AT)
        if config.pin_disconnect >= 0 or config.pin_charge >= 0:
            self._load_switches(profile, config)

    def _load_switches(self, profile, config):
        from filmgauge.control.charge_control import ChargeControl

        self.charge = ChargeControl(profile)
        self._add(self.charge, _CHARGE_AT)
        if config.pin_disconnect < 0:
            return
        from filmgauge.control.disconnect import Disconnect

        # A sensor that is switched off between samples shows no charge of its zero.
        self.disconnect = Disconnect(config.zero_every if config.pin_sensors < 0 else 0)
        self._add(self.disconnect, _DISCONNECT_AT)

    def _add(self, part, at):
        self._parts.append((part, at))

    def check(
        self,
        is_open: bool,
        state,
        sampler,
        soc_ppm: "int | None",
        left_ppm: "int | None",
        busy: bool,
    ) -> None:
        """Let the sample of a wake count, set the switch for the interval to come, and note in
        `state` how it stands."""
        wants_zero = state.requests & _REQUEST_ZERO
        if wants_zero:
            self.request_zero()
        self.update(is_open, sampler, soc_ppm, left_ppm, busy)
        # The interval that began with this sample is all open only if the sample was, too.
        state.offset_running = 1 if is_open and not state.offset_running else 0
        self.set_switch(state.offset_running)
        state.sees_zero = 1 if self.sees_zero() else 0
        if wants_zero and (state.sees_zero or self._disconnect_pin < 0):
            state.requests &= ~_REQUEST_ZERO  # it is looked for, or never will be

    def update(
        self,
        is_open: bool,
        sampler,
        soc_ppm: "int | None",
        left_ppm: "int | None",
        busy: bool,
    ) -> None:
        """Let a sample count, and decide for the interval to come; print limits that changed.

        A sample behind an open switch saw nothing of the cell. `left_ppm` as in `plan`.
        """
        if is_open:
            self.disconnect.update(self.limits, False, True)
            return
        before = self.limits.word()
        current_pa = sampler.current_pa
        source = self._charge_pin >= 0 or (
            current_pa is not None and current_pa * _CHARGING > self._full_pc // 3600
        )
        uv, cdeg = sampler.voltage_uv, sampler.temperature_cdeg
        self.plan(uv, current_pa, cdeg, soc_ppm, left_ppm, source, busy)
        if self._charge_pin >= 0:
            self._latch(self._charge_pin, 1 if self.charge.current_pa else 0)
        now = self.limits.word()
        if now != before:
            from filmgauge.record.limit_text import limit_text

            print("filmgauge: limits:", limit_text(now))
            limit_text = None
            unload(".record.limit_text")

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
        """Decide for the interval to come, and switch nothing.

        `left_ppm` is what the cell gives for certain, over what it gives when full; `source`
        says that there is something to charge from, `busy` that the node needs the cell.
        """
        worst = self.limits.update(voltage_uv, current_pa, temperature_cdeg)
        if self.service is not None:
            self.service.update(left_ppm, self.limits)
        if self.charge is None:
            return
        if source and worst < FAULT:
            self.charge.update(voltage_uv, soc_ppm, self.limits)
        else:
            self.charge.stop()
        charging = self.charge.current_pa > 0
        if self.disconnect is not None:
            self.disconnect.update(self.limits, charging, busy or charging)

    def set_switch(self, held: int) -> None:
        """Set the switch for the interval to come; open while it is `held` so."""
        if self._disconnect_pin >= 0:
            self._switch(held or self.disconnect.protects())

    def sees_zero(self) -> bool:
        """Return whether the next sample is to see the sensor's zero behind an open switch.

        Otherwise the switch is closed for it, because the voltage is read behind it.
        """
        return self._disconnect_pin >= 0 and self.disconnect.is_zeroing()

    def limits_word(self) -> int:
        """Return all levels in 14 bits."""
        return self.limits.word()

    def service_level(self) -> int:
        """Return the level of service: what the node still does (service_level.py)."""
        return self.service.level if self.service is not None else 0

    def report_every(self, wakes: int) -> int:
        """Return the wakes from one report to the next, 0 for none, where `wakes` are usual."""
        return self.service.report_every(wakes) if self.service is not None else wakes

    def period(self, duration_ms: int) -> int:
        """Return the time from wake to wake where `duration_ms` is usual."""
        return self.service.period(duration_ms) if self.service is not None else duration_ms

    def request_zero(self) -> None:
        """Look at the sensor's zero at the next chance, where there is a switch."""
        if self._disconnect_pin >= 0:
            self.disconnect.request_zero()

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        for part, at in self._parts:
            part.pack_into(buffer, offset + at)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        for part, at in self._parts:
            part.unpack_from(buffer, offset + at)

    def _switch(self, is_open):
        if self._disconnect_pin >= 0:
            self._latch(self._disconnect_pin, 1 if is_open else 0)
