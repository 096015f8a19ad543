"""The wake cycle: sense, gauge, store, report, sleep.

What not every wake needs is loaded where it is used, and a board that boots anew after its sleep
lets the gauge go before it reports: both together would not fit into 64 KB.
"""

import sys
import time

from filmgauge.board import this_board
from filmgauge.compat import const, unload
from filmgauge.record import (
    FAULT_BACKLOG,
    FAULT_EXCEPTION,
    FAULT_PROFILE,
    FAULT_STORE,
)

_CONFIG = const("/config.json")
_PROFILE = const("/profile.bin")
_JOURNAL = const("/state")
_BACKLOG = const("/backlog")
_WATCHDOG_MS = const(120000)  # longer than every deadline of one wake together
_AFTER_FAILURE_MS = const(60000)
_SHORTEST_SLEEP_MS = const(50)
_USUAL_LOAD = const(20)  # 1C over this one, for the available charge
_TYPICAL_CDEG = const(2500)  # for the film model while no temperature is known
_READING = const(("filmgauge.config", "filmgauge.gauge.profile_format"))  # modules
_CHANGING = const(("filmgauge.cell_change",))
_GAUGING = const(
    (
        "filmgauge.gauge",
        "filmgauge.charge",
        "filmgauge.sensors",
        "filmgauge.record.gauge_fields",
        "filmgauge.store.journal",
    )
)


class Namespace:
    """Names with values: settings without the tables by which they were checked, and what a
    record will have (the record itself has room only where the gauge had it)."""

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)


class Node:
    """A node. Built anew at every boot and after a failure; what it knows is in its State."""

    def __init__(self, board, config, profile, on_trial=False):
        # Only now, when the configuration has been read: its garbage lies below them.
        from filmgauge.charge import charge_source
        from filmgauge.state import SIZE, State
        from filmgauge.store.retained import Retained

        self._begun_ms = time.ticks_ms()
        self._board = board
        self._config = config
        self._profile_crc = profile.crc if profile else 0
        self._faults = 0
        self._lasting_faults = 0 if profile else FAULT_PROFILE
        self._loaded = False
        self._on_trial = on_trial  # it reports with every wake, and says so on the console
        self.reported = None  # on trial: the first record, once it was sent or stored
        self._state = State()
        self._period_ms = config.sample_s * 1000
        self._build(board, config, profile)
        self._load_pa = config.load_na * 1000
        if profile and not self._load_pa:
            self._load_pa = max(1, profile.full_pc() // 3600 // _USUAL_LOAD)
        self._size = SIZE
        self._retained = Retained(board.retained, SIZE)
        self._journal = self._backlog = None  # until they are used
        self._pages = board.pages()  # both in one, where the file system is no place for them
        self._charge = charge_source(board, config)
        self._uplink = board.uplink(config, profile)
        self._reports_next = False

    def _build(self, board, config, profile):
        """Make what judges the cell: without a profile nothing does."""
        from filmgauge.control.protection import Protection, Unprotected
        from filmgauge.gauge.fuel_gauge import FuelGauge, LedgerOnly

        self._gauge = FuelGauge(profile, config.shunt_mohm) if profile else LedgerOnly()
        self._protection = Protection(board, config, profile) if profile else Unprotected()

    def wake(self) -> int:
        """Live through one wake; return how long to sleep in ms."""
        slept = self._loaded  # with its memory kept
        if slept:
            self._begun_ms = time.ticks_ms()
        watchdog = self._board.watchdog(_WATCHDOG_MS)
        self._load_state()
        state = self._state
        if slept and self._can_skip_sample():
            state.wakes += 1
            return self._sleep_ms()
        is_open = self._protection.begin(state.offset_running)
        self._charge.sampler.sample()
        now_ms = self._board.clock_ms()
        self._count(now_ms)
        self._protect(is_open)
        wakes = state.wakes
        reports = self._reports(wakes)
        saves = state.cell_changed or wakes % self._config.journal_every == 0
        self._read_protection(reports)
        fields = self._record_fields(now_ms) if reports else None
        if saves or fields is not None:  # before the radio, which may cost the supply
            with_record = fields is not None and self._pages and self._uplink.stores_first
            self._save_state(to_flash=saves and not with_record)
        saves = False
        if fields is not None:
            watchdog.feed()
            saves = self._report(fields)
        state.wakes += 1
        state.awake_ms = time.ticks_diff(time.ticks_ms(), self._begun_ms)
        self._save_state(to_flash=saves)
        if fields is not None and self._uplink.peer is not None:
            self._apply_requests(self._uplink.peer)
        return self._sleep_ms()

    def fail(self) -> None:
        """Note that this wake ended in an exception, for the next report to tell."""
        if not self._loaded:
            return  # what is remembered must not be overwritten with nothing
        first = self._state.wakes == 0
        self._state.faults |= FAULT_EXCEPTION
        self._state.wakes += 1
        self._save_state(to_flash=first)  # no record may leave before its boot is in the journal

    def _load_state(self):
        """Load the state: retained memory after a sleep, the journal after a power-on."""
        if self._loaded:
            return
        state, config = self._state, self._config
        if not (self._retained.load(state.buffer) and self._unpack()):
            if self._open_journal().load(state.buffer):
                self._unpack()
            state.boot += 1
            state.seq = state.wakes = state.info_sent = state.offset_running = 0
            state.base_ms = state.last_ms = self._board.clock_ms()
            self._gauge.rest()
        state.profile_crc = self._profile_crc or state.profile_crc
        state.cell_number = config.cell_number
        self._gauge.open(config.initial_soc_ppm, config.initial_sigma_ppm, config.cell_new)
        self._loaded = True

    def _unpack(self):
        """Read the block that was loaded; return whether it is one that this version wrote."""
        state, crc = self._state, self._profile_crc
        if not state.unpack():
            return False
        if state.cell_number != self._config.cell_number or (
            crc and state.profile_crc and crc != state.profile_crc
        ):
            from filmgauge.cell_change import close_ledger

            close_ledger(state, self._gauge.offset)
            unload(_CHANGING)
        else:
            state.unpack(self._gauge, self._protection, self._charge.memory)
        return True

    def _can_skip_sample(self):
        """Return whether a look at the current is all that this wake needs."""
        state, config = self._state, self._config
        wakes = state.wakes
        if not wakes % config.look_every or not wakes % config.journal_every:
            return False
        elapsed_ms = max(0, self._board.clock_ms() - state.last_ms)
        return not self._reports(wakes) and self._charge.quick_check(
            state, self._gauge, elapsed_ms
        )

    def _count(self, now_ms):
        """Book what has passed since the last sample and let the voltage speak."""
        state, gauge, charge = self._state, self._gauge, self._charge
        sampler = charge.sampler
        celsius = self._cdeg()
        gap = charge.count(state, gauge, max(0, now_ms - state.last_ms), celsius)
        self._faults = self._lasting_faults | sampler.faults | gap
        gauge.book(-sampler.drained_pc)
        voltage_uv, current_pa = sampler.voltage_uv, charge.current_for_voltage()
        if voltage_uv is not None and current_pa is not None:
            gauge.observe(voltage_uv, current_pa, sampler.drain_pa, celsius)
        state.last_ms = now_ms

    def _protect(self, is_open):
        """Check the limits of the cell, and set the switch for the interval to come."""
        state = self._state
        busy = self._reports(state.wakes + 1)  # a report needs the cell behind its capacitor
        self._protection.update(is_open, self._charge.sampler, self._gauge, busy)
        # The interval that began with this sample is all open only if the sample was, too.
        state.offset_running = 1 if is_open and not state.offset_running else 0
        self._protection.set_switch(state.offset_running)

    def _read_protection(self, reports):
        """Note what is reported of the protection; where its room is needed, let it go."""
        protection = self._protection
        self._period_ms = protection.period(self._config.sample_s * 1000)
        self._limits, self._service_level = protection.limits_word(), protection.service_level()
        if reports and self._board.boots_anew:
            self._state.pack(None, protection)
            protection = None
            self._unload(("_protection",), ("filmgauge.control",))

    def _unload(self, names, packages):
        """Make room: what they know is in the state, and the board boots anew after its sleep."""
        for name in names:
            setattr(self, name, None)
        unload(packages)

    def _reports(self, wakes):
        """Return whether a wake reports: the first always, others as often as service allows."""
        every = self._protection.report_every(self._config.report_every)
        asked = not wakes or self._reports_next or self._on_trial
        return asked or (every > 0 and wakes % every == 0)

    def _cdeg(self):
        celsius = self._charge.sampler.temperature_cdeg
        return _TYPICAL_CDEG if celsius is None else celsius

    def _record_fields(self, now_ms):
        """Return the values of the next record; it takes the next seq and the faults so far."""
        from filmgauge.record import gauge_fields

        state, sampler = self._state, self._charge.sampler
        fields = Namespace(
            boot=state.boot,
            seq=state.seq,
            up_s=(now_ms - state.base_ms) // 1000,
            voltage_uv=sampler.voltage_uv,
            current_pa=sampler.current_pa,
            temperature_cdeg=sampler.temperature_cdeg,
            faults=state.faults | self._faults,
            awake_ms=min(state.awake_ms, 65534),
            limits=self._limits,
        )
        gauge_fields.add_ledger_fields(fields, self._gauge)
        if state.cell_changed:
            gauge_fields.add_closed_ledger(fields, state)
        if not self._lasting_faults:
            gauge_fields.add_gauge_fields(fields, self._gauge, self._load_pa, self._cdeg())
        state.seq += 1
        state.faults = 0
        return fields

    def _save_state(self, to_flash):
        charge = self._charge
        self._state.pack(self._gauge, self._protection, None if charge is None else charge.memory)
        if to_flash:
            try:
                self._open_journal().save(self._state.buffer)
            except OSError as error:
                self._state.faults |= FAULT_STORE
                print("filmgauge: journal:", error)
        self._retained.save(self._state.buffer)

    def _open_journal(self):
        """Return the journal."""
        if self._journal is None:
            if self._pages:
                self._journal = self._open_pages()
            else:
                from filmgauge.store.journal import Journal

                self._journal = Journal(_JOURNAL, self._size)
        return self._journal

    def _open_backlog(self):
        """Return the backlog."""
        if self._backlog is None:
            if self._pages:
                self._backlog = self._open_pages()
            else:
                from filmgauge.store.backlog import Backlog

                self._backlog = Backlog(_BACKLOG, self._config.backlog)
        return self._backlog

    def _open_pages(self):
        """Open what is journal and backlog at once."""
        from filmgauge.store.page_store import PageStore

        store = PageStore(self._pages, self._state.buffer, self._config.backlog)
        self._journal = self._backlog = store
        return store

    def _report(self, fields):
        """Send a record now, or store it for later; return whether it has closed a ledger, which
        is not to be told again."""
        state, uplink = self._state, self._uplink
        ledger = self._gauge.ledger
        self._reports_next = False
        if self._board.boots_anew:  # what the gauge knows is in the state, and it needs much room
            ledger = None
            self._unload(("_gauge", "_charge", "_journal"), _GAUGING)
        from filmgauge.record.record import Record

        backlog = self._open_backlog()
        record = Record(backlog=backlog.count(), **fields.__dict__)
        stored = uplink.stores_first and self._store_record(record)
        sent = uplink.send(record, backlog, not state.info_sent, ledger, self._service_level)
        if sent:
            state.info_sent = 1
        else:
            print("filmgauge: record %d waits: %s" % (fields.seq, uplink.error))
            stored = stored or self._store_record(record)
        if self._on_trial and (sent or (stored and not uplink.acknowledges)):
            self.reported = record
            self._on_trial = False
        state.transmitted(uplink.taken_nj)
        return bool(sent or stored) and state.reported_change()

    def _apply_requests(self, peer):
        """Do what a peer has asked for."""
        requests, peer.requests = peer.requests, 0
        if not requests:
            return
        from filmgauge.uplink.peer_context import REQUEST_REBOOT, REQUEST_REPORT, REQUEST_ZERO

        self._reports_next = bool(requests & REQUEST_REPORT)
        if requests & REQUEST_ZERO:
            self._protection.request_zero()
        if requests & REQUEST_REBOOT:
            self._save_state(to_flash=True)
            self._board.reset()

    def _store_record(self, record):
        """Store a record for later; return whether flash took it."""
        try:
            if self._open_backlog().add(record.to_bytes()):
                self._state.faults |= FAULT_BACKLOG
        except OSError as error:
            self._state.faults |= FAULT_STORE
            print("filmgauge: backlog:", error)
            return False
        return True

    def _sleep_ms(self):
        """Return the time to the next wake: wakes keep to a grid that begins at power-on."""
        period_ms = self._period_ms
        past_ms = (self._board.clock_ms() - self._state.base_ms) % period_ms
        left_ms = period_ms - past_ms
        return left_ms if left_ms >= _SHORTEST_SLEEP_MS else left_ms + period_ms


def run(trial=None) -> None:
    """Run the node for ever. Only a developer's Ctrl-C reaches the prompt."""
    board = this_board()
    node = None
    while True:
        node, sleep_ms = _one_wake(board, node, trial is not None)
        if trial is not None and node is not None and node.reported:
            trial.passed(node.reported.to_json())
            trial = None
        board.sleep(sleep_ms)  # does not return where the board boots anew
        if trial is not None:
            trial.count_wake()


def _one_wake(board, node, on_trial):
    """Live through one wake, whatever happens; return the node, None after a failure, and how
    long to sleep in ms."""
    try:
        if node is None:
            config, profile = _read_config(), _read_profile()
            unload(_READING)
            node = Node(board, config, profile, on_trial)
        return node, node.wake()
    except Exception as error:
        sys.print_exception(error)
    try:
        if node is not None:
            node.fail()
    except Exception as error:
        sys.print_exception(error)
    return None, _AFTER_FAILURE_MS


def _read_config():
    from filmgauge.config import Config

    with open(_CONFIG, "rb") as file:
        return Namespace(**Config.from_json(file.read()).__dict__)


def _read_profile():
    """Return the cell profile, None when it cannot be read: the node then only counts."""
    from filmgauge.gauge.profile import Profile

    try:
        with open(_PROFILE, "rb") as file:
            return Profile.from_bytes(file.read())
    except (OSError, ValueError) as error:
        print("filmgauge: no profile:", error)
        return None
