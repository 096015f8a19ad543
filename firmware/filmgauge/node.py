"""The wake cycle: sense, gauge, store, report, sleep."""

import sys
import time

from filmgauge.board import this_board
from filmgauge.compat import const
from filmgauge.config import Config
from filmgauge.gauge.estimator import Estimator
from filmgauge.gauge.film import Film
from filmgauge.gauge.ledger import BOOKED, CORRECTED, MEASURED, CountScale, Ledger
from filmgauge.gauge.profile import Profile
from filmgauge.report import publisher
from filmgauge.report.record import (
    FAULT_BACKLOG,
    FAULT_EXCEPTION,
    FAULT_GAP,
    FAULT_PROFILE,
    FAULT_STORE,
    Record,
)
from filmgauge.sampler import Sampler
from filmgauge.sensors.ina228 import charge_moved
from filmgauge.state import SIZE, State
from filmgauge.store.backlog import Backlog
from filmgauge.store.journal import Journal
from filmgauge.store.retained import Retained

_CONFIG = "/config.json"
_PROFILE = "/profile.bin"
_JOURNAL = "/state"
_BACKLOG = "/backlog"
_WATCHDOG_MS = const(120000)  # longer than every deadline of one wake together
_AFTER_FAILURE_MS = const(60000)
_SHORTEST_SLEEP_MS = const(50)
_GAP_SIGMA_PPM = const(100000)  # assumed: what an uncounted stretch may have moved
_TYPICAL_CDEG = const(2500)  # for the film model while no temperature is known


class Node:
    """One node between two sleeps. Built anew at every boot; what it knows is in its State."""

    def __init__(self, board, config):
        self._board = board
        self._config = config
        self._faults = 0
        self._recalled = False
        self._scale = CountScale(config.shunt_mohm)
        self._state = State()
        self._ledger = Ledger()
        self._profile = self._read_profile()
        self._film = self._gauge = None
        if self._profile is not None:
            self._film = Film(self._profile)
            full_pc = self._profile.full_pc()
            self._gauge = Estimator(self._ledger, self._film, full_pc, config.shunt_mohm)
        self._retained = Retained(board.retained, SIZE)
        self._journal = Journal(_JOURNAL, SIZE)
        self._backlog = Backlog(_BACKLOG, config.backlog)
        self._sampler = Sampler(board, config)
        self._begun_ms = time.ticks_ms()

    def wake(self) -> int:
        """Live through one wake; return how long to sleep in ms."""
        watchdog = self._board.watchdog(_WATCHDOG_MS)
        self._recall()
        self._sampler.sample()
        now_ms = self._board.clock_ms()
        self._count(now_ms)
        watchdog.feed()
        due = self._state.wakes % self._config.report_every == 0
        record = self._record(now_ms) if due else None
        self._remember(to_flash=self._state.wakes % self._config.journal_every == 0)
        if record is not None:
            self._report(record)
            watchdog.feed()
        self._state.wakes += 1
        self._state.awake_ms = time.ticks_diff(time.ticks_ms(), self._begun_ms)
        self._remember(to_flash=False)
        return self._until_next_ms()

    def fail(self) -> None:
        """Note that this wake ended in an exception, for the next report to tell."""
        if not self._recalled:
            return  # what is remembered must not be overwritten with nothing
        self._state.faults |= FAULT_EXCEPTION
        self._state.wakes += 1
        self._remember(to_flash=False)

    def _read_profile(self):
        try:
            with open(_PROFILE, "rb") as file:
                return Profile.from_bytes(file.read())
        except (OSError, ValueError) as error:
            print("filmgauge: no profile:", error)
            self._faults |= FAULT_PROFILE
            return None

    def _recall(self):
        """Load the state: retained memory after a sleep, the journal after a power-on."""
        state = self._state
        if self._retained.load(state.buffer):
            state.unpack(self._ledger, self._gauge)
        else:
            self._power_on()
        self._recalled = True
        if self._film is not None:
            self._film.slow_lag_ppm = state.slow_lag_ppm
            if not state.opened:
                self._gauge.start(self._config.initial_soc_ppm, self._config.initial_sigma_ppm)
                state.opened = 1

    def _power_on(self):
        state = self._state
        if self._journal.load(state.buffer):
            state.unpack(self._ledger, self._gauge)
        state.boot += 1
        state.seq = state.wakes = state.told = 0
        state.slow_lag_ppm = 0
        state.base_ms = state.last_ms = self._board.clock_ms()

    def _count(self, now_ms):
        """Book what has passed since the last sample and let the voltage speak."""
        state = self._state
        sampler = self._sampler
        self._faults |= sampler.faults
        elapsed_ms = max(0, now_ms - state.last_ms)
        moved_pc = self._moved_pc()
        self._ledger.add_pc(BOOKED, -sampler.drained_pc)
        if self._gauge is not None:
            self._gauge.count(moved_pc, elapsed_ms)
            self._follow(moved_pc, elapsed_ms)
            state.slow_lag_ppm = self._film.slow_lag_ppm
        state.last_ms = now_ms

    def _moved_pc(self):
        """Add what the accumulator counted to the ledger and return it; note a gap instead."""
        state = self._state
        sensor = self._sampler.current
        if self._sampler.current_code is None:
            return 0
        if self._sampler.restarted and state.counting:
            self._faults |= FAULT_GAP
            if self._gauge is not None:
                self._gauge.widen(_GAP_SIGMA_PPM)
        if self._sampler.restarted:  # it began again at zero
            state.charge_high = state.charge_low = 0
        elif not state.counting:  # it ran before this node first looked
            state.charge_high, state.charge_low = sensor.charge_high, sensor.charge_low
        counts = charge_moved(
            sensor.charge_high, sensor.charge_low, state.charge_high, state.charge_low
        )
        self._ledger.add_counts(MEASURED, counts, self._scale)
        state.charge_high, state.charge_low = sensor.charge_high, sensor.charge_low
        state.counting = 1
        return self._scale.pc(counts)

    def _follow(self, moved_pc, elapsed_ms):
        sampler = self._sampler
        cdeg = sampler.temperature_cdeg
        if cdeg is None:
            cdeg = _TYPICAL_CDEG
        if elapsed_ms:
            self._film.step(moved_pc * 1000 // elapsed_ms, cdeg, elapsed_ms)
        if sampler.voltage_uv is not None:
            self._gauge.observe(sampler.voltage_uv, self._current_pa(), cdeg)

    def _current_pa(self):
        code = self._sampler.current_code
        return None if code is None else self._scale.pc(code)

    def _record(self, now_ms):
        """Return the next record; it takes the next seq and the faults told so far."""
        state = self._state
        gauge = self._gauge
        ledger = self._ledger
        record = Record(
            boot=state.boot,
            seq=state.seq,
            up_s=(now_ms - state.base_ms) // 1000,
            soc_ppm=gauge.soc_ppm() if gauge else None,
            soc_sigma_ppm=gauge.sigma_ppm() if gauge else None,
            stored_nah=(ledger.stored_pc() + 1800000) // 3600000 if gauge else None,
            full_nah=self._profile.full_pc() // 3600000 if gauge else None,
            measured_nah=ledger.line_nah(MEASURED),
            booked_nah=ledger.line_nah(BOOKED),
            corrected_nah=ledger.line_nah(CORRECTED),
            voltage_uv=self._sampler.voltage_uv,
            current_pa=self._current_pa(),
            temperature_cdeg=self._sampler.temperature_cdeg,
            faults=state.faults | self._faults,
            awake_ms=min(state.awake_ms, 65534),
            backlog=self._backlog.count(),
        )
        state.seq += 1
        state.faults = 0
        return record

    def _remember(self, to_flash):
        self._state.pack(self._ledger, self._gauge)
        if to_flash:
            try:
                self._journal.save(self._state.buffer)
            except OSError as error:
                self._state.faults |= FAULT_STORE
                print("filmgauge: journal:", error)
        self._retained.save(self._state.buffer)

    def _report(self, record):
        """Send the record now, or keep it for later."""
        config = self._config
        link = publisher.Publisher(config)
        told = None
        if not self._state.told:
            told = publisher.info(config, self._profile, self._board.name)
        sent = False
        if self._board.connect(config.wifi_ssid, config.wifi_password, config.wifi_timeout_ms):
            sent = link.send(record, self._backlog, told)
        self._board.disconnect()
        if sent:
            self._state.told = 1
            return
        print("filmgauge: record %d waits: %s" % (record.seq, link.error or "no network"))
        try:
            if self._backlog.add(record.to_bytes()):
                self._state.faults |= FAULT_BACKLOG
        except OSError as error:
            self._state.faults |= FAULT_STORE
            print("filmgauge: backlog:", error)

    def _until_next_ms(self):
        """Return the time to the next wake: wakes keep to a grid that begins at power-on."""
        period_ms = self._config.sample_s * 1000
        past_ms = (self._board.clock_ms() - self._state.base_ms) % period_ms
        left_ms = period_ms - past_ms
        return left_ms if left_ms >= _SHORTEST_SLEEP_MS else left_ms + period_ms


def run() -> None:
    """Run the node for ever. Only a developer's Ctrl-C reaches the prompt."""
    board = this_board()
    while True:
        board.sleep(_one_wake(board))


def _one_wake(board):
    node = None
    try:
        with open(_CONFIG, "rb") as file:
            config = Config.from_json(file.read())
        node = Node(board, config)
        return node.wake()
    except Exception as error:
        sys.print_exception(error)
    try:
        if node is not None:
            node.fail()
    except Exception as error:
        sys.print_exception(error)
    return _AFTER_FAILURE_MS
