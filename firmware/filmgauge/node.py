"""The wake cycle: sense, gauge, store, report, sleep.

What not every wake needs is loaded where it is used. A board that boots anew after its sleep goes
further: it loads the parts of a wake one after the other (sensors, gauge, protection, uplink) and
lets each go when it has done its work, since all together would not fit into its heap. One that
keeps its memory lets gauge and protection go before a report where too little is free for it, and
then what only a report needs, for these to come back.
"""

import time

from filmgauge.compat import const, free_bytes, unload
from filmgauge.record import (
    FAULT_CLOCK,
    FAULT_EXCEPTION,
    FAULT_GAP,
    FAULT_MEMORY,
    FAULT_PROFILE,
)
from filmgauge.state import MOST_MEMORY_RESETS, State
from filmgauge.state_store import StateStore
from filmgauge.wake_schedule import WakeSchedule

_WATCHDOG_MS = const(120000)  # longer than every deadline of one wake together
_USUAL_LOAD = const(20)  # 1C over this one, for the available charge
_TYPICAL_CDEG = const(2500)  # for the film model while no temperature is known
_PARTS = const(("_charge", "_gauge", "_protection", "_reporter"))
# Modules (compat.unload)
_SENSING = const(  # and the journal, which has told what it knows
    ".sensors .charge.sampler .charge.switched_sampler .charge.released .charge.reading_check"
    " .charge.counting_sampler .store.journal"
)
_UNATTENDED = const(".unattended .store.page_pair crash")
_GAUGING = const(".gauge .record")
_PROTECTING = const(".control")
_JUDGING = const(".gauge .control .record.gauge_fields")
_REPORTING = const(".reporting .record .readings .uplink")
_BEFORE_REPORT = const(".gauge .charge .store.journal")


class Node:
    """A node. Built anew at every boot and after a failure; what it knows is in its State."""

    def __init__(self, board, config, profile, on_trial=False):
        # Small things first: their places must not be sought in a heap that is nearly full.
        self._begun_ms = time.ticks_ms()
        self._board = board
        self._config = config
        self._profile = profile
        self._profile_crc = profile.crc if profile else 0
        self._lasting_faults = 0 if profile else FAULT_PROFILE
        self._loaded = False
        self._slept = False  # since it was loaded last: nothing is known that did not sleep
        self._counted = True  # what the sensors have counted has reached the gauge
        self._on_trial = on_trial
        self.waits_for_peer = False  # on trial: all is well, and nobody has come so far
        self.reported = None  # the record that ends it
        self.has_reported = False  # a record was sent or stored
        self._unattended = None  # what the safe mode has counted, until it is booked
        self._unattended_booked = False  # and not saved so far
        self._charge_lost = False  # what flowed since the last sample
        self._limits = None
        self._service_level = 0
        self._soc_ppm = self._left_ppm = None  # as the gauge sees the cell now
        self._ledger = None  # of the gauge, for a peer: it stays when the gauge is let go
        self._unix_s = 0  # that of the peer's clock, which outlives the reporter
        self._load_pa = config.load_na * 1000
        if profile and not self._load_pa:
            self._load_pa = max(1, profile.full_pc() // 3600 // _USUAL_LOAD)
        # By the budget of a node that switches its sensors, in shares of a cell that is known.
        self._plans = bool(config.report_most and profile and config.pin_sensors >= 0)
        self._state = State(board.TAIL, config.report_most)
        self._schedule = WakeSchedule(board, config, self._state, self._plans, on_trial)
        self._store = StateStore(board, self._state, config.backlog)
        for name in _PARTS:
            setattr(self, name, None)  # until it is used

    def wake(self) -> int:
        """Live through one wake; return how long to sleep in ms."""
        slept = self._loaded  # with its memory kept
        if slept:
            self._begun_ms = time.ticks_ms()
            self._load_gauge()  # it may have made room for a peer
            self._load_protection()
        watchdog = self._board.watchdog(_WATCHDOG_MS)
        self._load_state()
        state = self._state
        if slept and self._can_skip_sample():
            state.wakes += 1
            return self._schedule.sleep_ms()
        is_open = self._set_switch_for_sample()
        self._sample()
        if self._board.clock_leapt(state.last_ms):
            state.faults |= FAULT_CLOCK
        now_ms = self._board.clock_ms()
        self._count(now_ms)
        known = self._finish_gauging()
        self._protect(is_open)
        schedule = self._schedule
        reports = self._reports(state.wakes) and not state.offset_running
        saves = schedule.saves(state.wakes) or state.cell_changed or self._unattended_booked
        if schedule.puts_off(saves, reports):
            saves = reports = False
        self._read_protection(reports)
        fields = self._record_fields(now_ms, known) if reports else None
        if self._plans:
            schedule.plan(fields, self._charge.is_charging)  # pyright: ignore
        if reports and not self._board.boots_anew:
            self._open_reporter()
        if saves or fields is not None:  # before the radio, which may cost the supply
            with_record = fields and self._store.pages and self._reporter.uplink.stores_first
            self._save_state(to_flash=saves and not with_record)
        saves = False
        if fields is not None:
            watchdog.feed()
            saves = self._report(fields)
        schedule.is_calm = False
        state.wakes += 1
        state.awake_ms = time.ticks_diff(time.ticks_ms(), self._begun_ms)
        self._save_state(to_flash=saves)
        if not schedule.put_off:
            self._forget_unattended()
        if fields is not None:
            self._finish_report()
        return schedule.sleep_ms()

    def fail(
        self, short_of_memory: bool = False, resets: bool = False
    ) -> "tuple[int, int, int] | None":
        """Note that this wake ended in an exception, for the next report to tell. Return boot, seq
        and the time in s at which it did, None where nobody knows. resets: the board boots."""
        self._release_pins()
        if not self._loaded:
            return None  # what is remembered must not be overwritten with nothing
        first = self._state.wakes == 0
        self._state.faults |= FAULT_MEMORY if short_of_memory else FAULT_EXCEPTION
        self._state.count_restart()
        self._state.wakes += 1
        # No record may leave before its boot is in the journal; and RAM does not outlive a reset.
        # Where the supply does not cover a write, neither is worth it; but what was booked once
        # must not be booked again.
        writes = (first or resets) and not self._schedule.put_off
        self._save_state(to_flash=writes or self._unattended_booked)
        self._forget_unattended()
        state = self._state
        return state.boot, state.seq, max(0, self._board.clock_ms() - state.base_ms) // 1000

    def _release_pins(self):
        """Let no charge go on that nobody looks at, nor the cell be away from the node because its
        sensor's zero was looked for."""
        config, state = self._config, self._state
        if config.pin_charge >= 0:
            self._board.latch(config.pin_charge, 0)
        if config.pin_disconnect >= 0 and (state.offset_running or state.sees_zero):
            self._board.latch(config.pin_disconnect, 0)
            state.offset_running = state.sees_zero = 0

    def count_memory_reset(self) -> None:
        """Note that the board boots anew because its heap was too small time and again."""
        self._load_state()
        self._release_pins()
        state = self._state
        state.faults |= FAULT_MEMORY
        is_new = state.memory_resets < MOST_MEMORY_RESETS
        if is_new:
            state.memory_resets += 1
        print("filmgauge: out of memory, reset", state.memory_resets)
        self._save_state(to_flash=is_new)  # flash is not worn for ever

    def _load_state(self):
        """Load the state: retained memory after a sleep, the journal after a power-on."""
        if self._loaded:
            return
        from filmgauge.state_loading import StateLoader

        loader = StateLoader(self._board, self._config, self._profile, self._state)
        store, gauge, save = self._store, self._new_gauge, self._save_state
        loader.load(store.retained, store.pages, store.journal, gauge, save)
        self._slept, self._charge = loader.slept, loader.charge
        self._unattended = loader.unattended
        self._charge_lost = loader.charge_lost
        on_trial = self._schedule.on_trial
        self._schedule.is_calm = loader.was_reset and not on_trial
        if on_trial:
            self._state.info_sent = 0  # it says which version it is
        self._loaded = True
        loader = None
        unload(".state_loading")
        self._charge.sampler.on_restart = self._save_restart  # pyright: ignore

    def _forget_unattended(self):
        """Forget what the safe mode has counted: it is in the state, and that is saved."""
        if self._unattended_booked:
            from filmgauge.unattended import finish

            self._unattended_booked = False
            finish(self._board)
            unload(_UNATTENDED)

    def _new_gauge(self):
        """Return a gauge that knows nothing yet; without a profile it only counts."""
        if not self._profile:
            from filmgauge.gauge.ledger_only import LedgerOnly

            return LedgerOnly()
        from filmgauge.gauge.fuel_gauge import FuelGauge

        return FuelGauge(self._profile, self._config.shunt_mohm)

    def _load_gauge(self):
        """Let the gauge be what it was when the state was saved."""
        if self._gauge is not None:
            return
        self._ledger = None  # of the gauge that was let go: its module would be there twice
        config = self._config
        if self._board.boots_anew and self._may_report():
            # Before the gauge: behind it there is no such place for it.
            import filmgauge.gauge.available_charge
            import filmgauge.record.gauge_fields  # noqa: F401
        self._gauge = self._new_gauge()
        self._state.unpack_parts(gauge=self._gauge)
        if not self._slept:
            self._gauge.rest()
            self._slept = True
        self._gauge.open(config.initial_soc_ppm, config.initial_sigma_ppm, config.cell_new)

    def _load_protection(self):
        """Let the protection be what it was; without a profile there is nothing to check."""
        if self._protection is not None:
            return
        if self._profile:
            from filmgauge.control.protection import Protection

            self._protection = Protection(self._board, self._config, self._profile)
        else:
            from filmgauge.control.unprotected import Unprotected

            self._release_pins()
            self._protection = Unprotected()
        self._state.unpack_parts(protection=self._protection)

    def _can_skip_sample(self):
        """Return whether a look at the current is all that this wake needs."""
        state, schedule = self._state, self._schedule
        wakes = state.wakes
        if schedule.needs_sample(wakes):
            return False
        elapsed_ms = max(0, self._board.clock_ms() - state.last_ms)
        reports = self._reports(wakes) and not schedule.put_off  # that would only empty it further
        return not reports and self._charge.quick_check(state, self._gauge, elapsed_ms)

    def _set_switch_for_sample(self):
        """Set the disconnect switch as the sample needs it; return whether it is open."""
        pin = self._config.pin_disconnect
        if pin < 0 or not self._profile:
            return False
        is_open = bool(self._state.offset_running or self._state.sees_zero)
        self._board.latch(pin, 1 if is_open else 0)
        return is_open

    def _sample(self):
        """Read the sensors."""
        self._counted = False  # what they have counted since is not the gauge's yet
        state = self._state
        # Of this boot: else nobody knows how long it was without power, or without anybody.
        known = state.wakes > 0 and not self._unattended
        elapsed_ms = max(0, self._board.clock_ms() - state.last_ms) if known else None
        self._charge.sample(elapsed_ms)
        if self._board.boots_anew:
            self._charge.release_sensors()
            self._store.release()
            unload(_SENSING)

    def _count(self, now_ms):
        """Book what has passed since the last sample and let the voltage speak."""
        self._load_gauge()
        state, gauge, charge = self._state, self._gauge, self._charge
        sampler = charge.sampler
        celsius = self._cdeg()
        if self._charge_lost:
            gauge.add_gap()
            state.faults |= FAULT_GAP
            self._charge_lost = False
        elapsed_ms = max(0, now_ms - state.last_ms)
        if self._unattended:
            from filmgauge.unattended import book

            faults, more_ms = book(self._unattended, gauge, celsius)
            state.faults |= faults
            elapsed_ms += more_ms
        gap = charge.count(state, gauge, elapsed_ms, celsius)
        self._counted = True
        if self._unattended:
            self._unattended, self._unattended_booked = None, True
        state.faults |= sampler.faults | gap
        gauge.book(-sampler.drained_pc)
        voltage_uv, current_pa = sampler.voltage_uv, charge.current_for_voltage()
        if voltage_uv is not None and current_pa is not None:
            gauge.observe(voltage_uv, current_pa, sampler.drain_pa, celsius)
        state.last_ms = now_ms

    def _finish_gauging(self):
        """Note what the protection asks of the gauge. Where its room is needed, let it go, and
        return what a record of this wake would say of it."""
        soc_ppm = self._soc_ppm = self._gauge.soc_ppm()
        if self._config.shed and soc_ppm is not None:
            # A profile that may be another cell's is no reason to say less.
            self._left_ppm = max(0, soc_ppm - self._gauge.described_sigma_ppm())  # pyright: ignore
        may_report = self._may_report()
        if not self._board.boots_anew:
            self._ledger = self._gauge.ledger
            needed = self._board.report_bytes(self._config, self._reporter is not None)
            if not may_report or free_bytes() >= needed:
                return None
        if self._protection is not None:  # it comes back when the gauge is gone
            self._state.pack(None, self._protection)
            self._unload(("_protection",), _PROTECTING)
        known = self._gauge_fields() if may_report else None
        self._state.pack(self._gauge, None, self._charge.memory)
        self._unload(("_gauge",), _GAUGING)
        return known

    def _protect(self, is_open):
        """Check the limits of the cell, and set the switch for the interval to come."""
        try:
            self._load_protection()
        except MemoryError:
            # An old call's place on the stack can keep the gauge that was let go, till it is used.
            self._unload(("_protection",), _PROTECTING)
            self._load_protection()
        # A report needs the cell behind its capacitor. Where each wake makes one, one waits.
        state, schedule = self._state, self._schedule
        every = self._protection.report_every(schedule.usual_every)
        busy = schedule.reports(state.wakes + 1, every if every != 1 else 0)
        sampler, soc_ppm = self._charge.sampler, self._soc_ppm
        self._protection.check(is_open, state, sampler, soc_ppm, self._left_ppm, busy)

    def _read_protection(self, reports):
        """Note what is reported of the protection; where its room is needed, let it go."""
        protection, schedule = self._protection, self._schedule
        schedule.period_ms = protection.period(self._config.sample_s * 1000)
        schedule.every = protection.report_every(schedule.usual_every)
        self._limits, self._service_level = protection.limits_word(), protection.service_level()
        if reports and self._gauge is None:
            self._state.pack(None, protection)
            protection = None
            self._unload(("_protection",), _PROTECTING)

    def _make_room(self):
        """Let go of what the rest of this wake does not need: a peer has come, and serving it
        takes as much room."""
        self._save_state(to_flash=False)
        self._unload(("_gauge", "_protection"), _JUDGING)

    def _unload(self, names, packages):
        """Make room: what they know is in the state."""
        for name in names:
            setattr(self, name, None)
        unload(packages)

    def _reports(self, wakes):
        """Return whether a wake reports, as often as service allows."""
        schedule = self._schedule
        return schedule.reports(wakes, self._protection.report_every(schedule.usual_every))

    def _may_report(self):
        """Return whether this wake reports where service allows all."""
        schedule = self._schedule
        return schedule.reports(self._state.wakes, schedule.usual_every)

    def _cdeg(self):
        celsius = self._charge.sampler.model_cdeg
        return _TYPICAL_CDEG if celsius is None else celsius

    def _gauge_fields(self):
        """Return what the gauge says in a record."""
        from filmgauge.record.gauge_fields import gauge_fields

        load_pa = None if self._lasting_faults else self._load_pa
        return gauge_fields(self._gauge, load_pa, self._cdeg())

    def _record_fields(self, now_ms, fields):
        """Return the values of the next record, with the next seq and the faults so far.
        `fields` are those of the gauge, None where it is still there."""
        fields = fields or self._gauge_fields()
        from filmgauge.readings import add_readings

        add_readings(fields, self._state, self._charge.sampler, now_ms, self._lasting_faults)
        fields.limits = self._limits  # pyright: ignore
        return fields

    def _save_state(self, to_flash):
        if self._counted:
            charge = self._charge
            memory = None if charge is None else charge.memory
            self._state.pack(self._gauge, self._protection, memory)
        else:  # what a gauge has counted in part is counted anew
            self._state.pack()
        self._store.save(to_flash)

    def _save_restart(self):
        """Note that the sensor's count has begun anew, which it tells nobody a second time."""
        self._state.pack(None, None, self._charge.memory)  # pyright: ignore
        self._store.save(to_flash=False)

    def _report(self, fields):
        """Send a record now, or store it for later; return whether it has closed a ledger, which
        is not to be told again."""
        state = self._state
        self._schedule.clear_request()
        if self._board.boots_anew:
            self._store.release()
            self._unload(("_charge",), _BEFORE_REPORT)
            self._open_reporter()
            self._profile = None  # the rest of this boot does without
        reporter = self._reporter
        reporter.uplink.next_s = self._schedule.next_report_s()
        is_safe = reporter.report(fields, self._ledger, self._service_level)
        self.has_reported = self.has_reported or is_safe
        if self._on_trial:
            passed = reporter.passes_trial(not state.wakes)
            self.waits_for_peer = passed is None
            self._schedule.on_trial = passed is False
            if passed:
                self.reported = reporter.record
                self._on_trial = False
        return is_safe and state.reported_change()

    def _open_reporter(self):
        if self._reporter is not None:
            return
        from filmgauge.uplink import open_uplink

        board, config, state, store = self._board, self._config, self._state, self._store
        make_room = None if board.boots_anew else self._make_room
        # Its buffer first: what is loaded leaves no such place.
        uplink = open_uplink(board, config, self._profile, state.requests, self._unix_s, make_room)
        from filmgauge.reporting import Reporter

        retained = board.TAIL and store.retained
        self._reporter = Reporter(uplink, config.backlog, state, store.pages, retained)

    def _finish_report(self):
        """Do what a peer has asked for. Let go of what only reports need where the gauge had to
        make room for it, but for a counter of messages: a new one skips what was reserved."""
        asked = self._reporter.apply_requests()
        if asked is not None:
            saves, resets = asked
            self._save_state(to_flash=saves)
            if resets:
                self._board.reset()
        if self._gauge is None and not self._board.boots_anew and not self._config.ble_key:
            peer = self._reporter.uplink.peer
            if peer is not None:
                self._unix_s = peer.clock_unix_s
            peer = None
            self._unload(("_reporter",), _REPORTING)
