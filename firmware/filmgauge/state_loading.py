"""The beginning of a node: what it remembers, from wherever that is, and let go.

Retained memory has it after a sleep, the journal after a power-on; another version's is migrated,
another cell begins anew, and what a reset has cut short, or the safe mode has counted, is added.
"""

from filmgauge.board import DEEP_SLEEP, POWER_ON, WATCHDOG
from filmgauge.charge import charge_source
from filmgauge.charge.charge_memory import clear_other
from filmgauge.compat import const, exists, unload
from filmgauge.state import CHARGE_AT

_JOURNAL = const("/state")
_SAFE = const("/safe")
_CHANGING = const(".cell_change .gauge")
_INTERRUPTED = const(".interrupted .sent_record .store.backlog .store.record_search")
_UNATTENDED = const(".unattended .store.page_pair crash")


class StateLoader:
    """Fills `state` for a node of `config` and `profile` on `board`.

    pages: what is journal and backlog at once, None where those are files; journal: a function
    that returns it; gauge: one that returns a new gauge; save: one that saves the state, to flash
    where it is told True. Afterwards slept: whether retained memory had it; charge: the charge of
    the node; charge_lost: whether what flowed since the last sample is lost, because it is counted
    in another way than before; unattended: what the safe mode has counted, None for nothing;
    was_reset: whether the board was reset rather than put to sleep.
    """

    def __init__(self, board, config, profile, state):
        self._board = board
        self._config = config
        self._profile = profile
        self._state = state
        self.slept = self.was_reset = self.charge_lost = False
        self.unattended = None

    def load(self, retained, pages, journal, gauge, save) -> None:
        """Load the state."""
        state, config, board = self._state, self._config, self._board
        profile_crc = self._profile.crc if self._profile else 0
        cause = board.boot_cause()
        known = retained.load(state.buffer) and state.unpack()
        if known and cause in (POWER_ON, WATCHDOG):
            from filmgauge.interrupted import is_stale

            known = not is_stale(state, journal())
        self.slept = known
        if not known:
            known = self._after_power_on(pages, journal())
        if not known:
            state.clear_parts()
        elif not state.is_of_cell(profile_crc, config.cell_number):
            self._change_cell(gauge())
        state.life = state.life or random_life()
        # A host that has brought other keys resets the board, which retained memory outlives.
        if (not self.slept or cause not in (0, DEEP_SLEEP)) and (
            config.ble_key or config.command_key
        ):
            self._check_counters(pages)
        state.profile_crc = profile_crc or state.profile_crc
        state.cell_number = config.cell_number
        tail = board.TAIL
        self.charge_lost = clear_other(state.buffer, CHARGE_AT, config)
        if cause != DEEP_SLEEP and (pages or exists(_SAFE)):
            from filmgauge.unattended import adopt

            self.unattended = adopt(board, state, config, save)
            unload(_UNATTENDED)
        self.charge = charge_source(board, config, self._profile)
        state.unpack_parts(charge=self.charge.memory)
        if cause == POWER_ON and not self.slept:
            state.resets = 0
        elif cause in (POWER_ON, WATCHDOG) or (tail and state.buffer[-tail]):
            from filmgauge.interrupted import after_cut_short

            self.was_reset = cause in (POWER_ON, WATCHDOG)
            after_cut_short(state, self.was_reset, config.backlog)
            unload(_INTERRUPTED)

    def _after_power_on(self, pages, journal):
        """Load the state from flash, whatever version left it; return whether there was any."""
        state = self._state
        known = (journal.load(state.buffer) and state.unpack()) or self._migrate(pages)
        newest = pages and pages.newest()
        if newest and newest[0] == state.life:  # no record that waits may come twice
            state.boot = max(state.boot, newest[1])
        state.boot += 1
        state.seq = state.wakes = state.info_sent = 0
        state.offset_running = state.sees_zero = 0
        state.base_ms = state.last_ms = self._board.clock_ms()
        return known

    def _migrate(self, pages):
        """Fill the state from what another version has left; return whether there was any."""
        from filmgauge.migration import migrate

        found = migrate(self._state, self._config, self._board.retained(), pages, _JOURNAL)
        unload(".migration")
        return found

    def _check_counters(self, pages):
        """Find out whether messages may go on under the keys of the configuration."""
        from filmgauge.counter_check import check_counters

        check_counters(self._state, self._config, pages, self.slept)
        unload(".counter_check .store.counters")

    def _change_cell(self, gauge):
        """Close the ledger of the cell before."""
        from filmgauge.cell_change import close_ledger

        state, config = self._state, self._config
        close_ledger(state, gauge.offset)
        gauge.open(config.initial_soc_ppm, config.initial_sigma_ppm, config.cell_new)
        state.clear_parts()
        state.pack(gauge)
        gauge = None
        unload(_CHANGING)


def random_life() -> int:
    """Return a number that no other life of a node has."""
    from os import urandom

    return int.from_bytes(urandom(4), "little") or 1
