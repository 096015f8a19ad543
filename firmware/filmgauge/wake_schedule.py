"""When a node wakes next, and what of a wake is due: sample, report, save.

    schedule = WakeSchedule(board, config, state, plans, on_trial)
    schedule.reports(wakes, schedule.usual_every)   # whether that wake reports
    schedule.puts_off(saves, reports)               # whether what it would write must wait
    schedule.sleep_ms()

All that outlives a boot is in the state.
"""

from filmgauge.compat import const, unload
from filmgauge.record import FAULT_STORE

_PLANNING = const(".control.report_plan")  # and report_planner
_SHORTEST_SLEEP_MS = const(50)
_REQUEST_REPORT = const(1)  # uplink/peer_context.py


class WakeSchedule:
    """usual_every: wakes from report to report as configured; every: as planned and as service
    allows, 0 for none; period_ms: from wake to wake; is_calm: this wake follows a reset, which a
    report may have caused; on_trial: every wake reports; put_off: wakes since a save that the
    supply did not cover."""

    def __init__(self, board, config, state, plans, on_trial):
        self._board = board
        self._config = config
        self._state = state
        self._plans = plans
        self.usual_every = self.every = config.report_every
        self.period_ms = config.sample_s * 1000
        self.is_calm = False
        self.on_trial = on_trial
        self.put_off = 0

    def needs_sample(self, wakes) -> bool:
        """Return whether a wake samples however little the current has changed: others may do
        with a look at it."""
        config = self._config
        return not wakes % config.look_every or not wakes % config.journal_every

    def reports(self, wakes, every) -> bool:
        """Return whether a wake reports where one in `every` does, 0 for none: the first always,
        and one that somebody has asked for."""
        if self.is_calm:
            return False
        state = self._state
        asked = not wakes or self.on_trial or self.put_off > 0
        asked = asked or bool(state.requests & _REQUEST_REPORT)
        if self._plans:  # a level of service may silence it, but not make it rarer still
            return asked or (every > 0 and state.is_due(wakes))
        return asked or (every > 0 and wakes % every == 0)

    def plan(self, fields, is_charging: int) -> None:
        """Plan the next report behind the one of `fields`, None in a wake without one."""
        if fields is not None:
            from filmgauge.control.report_plan import plan_report

            self.every = plan_report(self._state, self._config, fields, is_charging, self.every)
            plan_report = None
            unload(_PLANNING)
        self.slow_down(is_charging)

    def slow_down(self, is_charging: int) -> None:
        """Wake as rarely as is planned, until light comes."""
        if not is_charging:
            usual_ms = 1000 * self._config.sample_s
            self.period_ms = max(self.period_ms, usual_ms * self._state.planned_step())

    def clear_request(self) -> None:
        """Note that the report that somebody has asked for is being made."""
        self._state.requests &= ~_REQUEST_REPORT

    def next_report_s(self) -> int:
        """Return the time from this report to the next one, 0 for none."""
        # In the wake to come the cell is away, and so is the record where each wake makes one.
        wakes = self.every + (self._state.sees_zero if self.every == 1 else 0)
        return wakes * self.period_ms // 1000

    def saves(self, wakes) -> bool:
        """Return whether a wake writes the state to flash."""
        return bool(self.put_off or wakes % self._config.journal_every == 0)

    def puts_off(self, saves, reports) -> bool:
        """Return whether what this wake would write must wait: power that goes in an erase may
        cost more than the record. It is told where it has waited for long."""
        config = self._config
        measures = config.pin_supply >= 0 and hasattr(self._board, "analog")
        if not (measures and (saves or reports)):
            return False
        if self._board.analog(config.pin_supply) >= config.save_level:
            self.put_off = 0
            return False
        self.put_off += 1
        if self.put_off > config.journal_every // config.look_every:
            self._state.faults |= FAULT_STORE
        return True

    def sleep_ms(self) -> int:
        """Return the time to the next wake: wakes keep to a grid that begins at power-on."""
        period_ms = self.period_ms
        past_ms = (self._board.clock_ms() - self._state.base_ms) % period_ms
        left_ms = period_ms - past_ms
        return left_ms if left_ms >= _SHORTEST_SLEEP_MS else left_ms + period_ms
