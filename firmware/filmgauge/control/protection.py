"""What a node does for its cell after each sample: limits, switch, charge and service.

    protection = Protection(board, config, profile)
    is_open = protection.begin(held)        # the switch as the sample needs it
    protection.update(is_open, sampler, current_pa, gauge, busy)
    protection.set_switch(held)                 # the switch as the interval to come needs it
    protection.limits_word(), protection.period(), protection.report_every()

The switch is closed while a sample is taken, because the voltage is read behind it; only where
the sensor's zero is looked for it stays open from one sample to the next one's end. A node that
has nothing to switch loads no planner.
"""

from filmgauge.compat import const
from filmgauge.gauge.limits import Limits

SIZE = const(38)  # as a planner's; limits alone take fewer
_SELDOM = const(4)  # reports at SAVING: one in so many
_HIBERNATING = const(6)  # wakes at HIBERNATE: one in so many
_CHARGING = const(100)  # a current above this share of 1C (1 / n) charges the cell
_SAVING = const(1)
_QUIET = const(2)
_HIBERNATE = const(3)


class Protection:
    """Limits of the cell of a profile and what follows from them, on the pins of `config`."""

    def __init__(self, board, config, profile):
        self._latch = board.latch
        self._disconnect_pin = config.pin_disconnect
        self._charge_pin = config.pin_charge
        self._sheds = config.shed
        self._full_pc = profile.full_pc()
        self._planner = None
        if config.pin_disconnect >= 0 or config.pin_charge >= 0 or config.shed:
            from filmgauge.control.planner import Planner

            # A sensor that is switched off between samples shows no charge of its zero.
            sees_zero = config.pin_disconnect >= 0 and config.pin_sensors < 0
            self._planner = Planner(profile, 0, config.zero_every if sees_zero else 0)
            self._limits = self._planner.limits
        else:
            self._limits = Limits(profile)

    def begin(self, held: int) -> bool:
        """Set the switch for the sample, open where the zero is to be seen or `held` so since the
        last one; return whether it is."""
        planner = self._planner
        if planner is None:
            return False
        is_open = bool(held) or planner.disconnect.is_zeroing()
        self._switch(is_open)
        return is_open

    def update(self, is_open: bool, sampler, current_pa: "int | None", gauge, busy: bool) -> None:
        """Let a sample count, and decide for the interval to come; tell limits that changed.

        A sample behind an open switch saw nothing of the cell.
        """
        planner = self._planner
        if is_open and planner is not None:
            planner.disconnect.update(self._limits, False, True)
            return
        before = self._limits.word()
        voltage_uv, cdeg = sampler.voltage_uv, sampler.temperature_cdeg
        if planner is None:
            self._limits.update(voltage_uv, current_pa, cdeg)
        else:
            soc_ppm = gauge.soc_ppm()
            left_ppm = max(0, soc_ppm - gauge.sigma_ppm()) if self._sheds else None
            source = self._charge_pin >= 0 or (
                current_pa is not None and current_pa * _CHARGING > self._full_pc // 3600
            )
            planner.plan(voltage_uv, current_pa, cdeg, soc_ppm, left_ppm, source, busy)
            if self._charge_pin >= 0:
                self._latch(self._charge_pin, 1 if planner.charge.current_pa else 0)
        now = self._limits.word()
        if now != before:
            from filmgauge.record.limit_text import limit_text

            print("filmgauge: limits:", limit_text(now))

    def set_switch(self, held: int) -> None:
        """Set the switch for the interval to come; open while it is `held` so."""
        planner = self._planner
        if planner is not None:
            self._switch(held or planner.disconnect.protects())

    def limits_word(self) -> int:
        """Return all levels in 14 bits."""
        return self._limits.word()

    def report_every(self, wakes: int) -> int:
        """Return the wakes from one report to the next, 0 for none, where `wakes` are usual."""
        level = self._level()
        if level >= _QUIET:
            return 0
        return wakes * _SELDOM if level == _SAVING else wakes

    def service_level(self) -> int:
        """Return the level of service: what the node still does (service_level.py)."""
        return self._level()

    def request_zero(self) -> None:
        """Look at the sensor's zero at the next chance."""
        if self._planner is not None:
            self._planner.disconnect.request_zero()

    def period(self, duration_ms: int) -> int:
        """Return the time from wake to wake where `duration_ms` is usual."""
        return duration_ms * _HIBERNATING if self._level() == _HIBERNATE else duration_ms

    def pack_into(self, buffer, offset: int) -> None:
        """Write at most SIZE bytes."""
        (self._planner or self._limits).pack_into(buffer, offset)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        (self._planner or self._limits).unpack_from(buffer, offset)

    def _level(self):
        planner = self._planner
        return planner.service.level if self._sheds and planner is not None else 0

    def _switch(self, is_open):
        if self._disconnect_pin >= 0:
            self._latch(self._disconnect_pin, 1 if is_open else 0)


class Unprotected:
    """A node without a profile knows no limits of its cell."""

    def begin(self, held: int) -> bool:
        """Nothing is switched."""
        return False

    def update(self, is_open: bool, sampler, current_pa: "int | None", gauge, busy: bool) -> None:
        """Nothing is known."""

    def set_switch(self, held: int) -> None:
        """Nothing is switched."""

    def limits_word(self) -> None:
        """Return None: nobody knows."""

    def report_every(self, wakes: int) -> int:
        """Return `wakes`."""
        return wakes

    def service_level(self) -> int:
        """Return the whole of it."""
        return 0

    def request_zero(self) -> None:
        """Nothing is switched."""

    def period(self, duration_ms: int) -> int:
        """Return `duration_ms`."""
        return duration_ms

    def pack_into(self, buffer, offset: int) -> None:
        """Leave what another boot has written."""

    def unpack_from(self, buffer, offset: int) -> None:
        """Read nothing."""
