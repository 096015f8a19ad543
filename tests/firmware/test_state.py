"""What a node remembers: everything comes back, with a profile and without."""

from cell_profiles import cell

from filmgauge.control.report_plan import SIZE as PLAN_SIZE
from filmgauge.gauge import ledger
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import MEASURED, OPENING
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.state import BLOCK, NO_RESETS, PLAN_AT, PLANNED_SIZE, SIZE, State
from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal, unseal
from filmgauge.store.page_store import SLOTS_AT, STATE_AT

LARGEST = {
    "boot": 2**32 - 1,
    "seq": 2**32 - 2,
    "wakes": 2**32 - 3,
    "base_ms": 2**63,
    "last_ms": 1900000000123,
    "awake_ms": 65535,
    "faults": 0xFFFF,
    "memory_resets": 31,
    "refused": 65534,
    "restarts": 65533,
    "requests": 63,
    "life": 2**32 - 1,
    "resets": 254,
    "info_sent": 1,
    "offset_running": 1,
    "sees_zero": 1,
    "profile_crc": 2**32 - 5,
    "cell_number": 65535,
    "cell_changed": 1,
    "closed_nah": (-(2**31), 2**31 - 1, -7),
}
SHUNT_MOHM = 999983


def filled(gauge):
    """Return a State of the largest values, packed with a gauge that has counted."""
    gauge.open(700000, 30000)
    gauge.count(-12345, 60000, 2500)
    gauge.book(-777)
    state = State()
    for name, value in LARGEST.items():
        setattr(state, name, value)
    state.pack(gauge)
    return state


def read(state, gauge):
    """Return a State read from the buffer of another one."""
    again = State()
    again.buffer[:] = state.buffer
    again.unpack(gauge)
    return again


def lines(gauge):
    return [gauge.ledger.line_pc(n) for n in range(ledger.GAP + 1)]


def test_the_block_fits_into_retained_memory():
    assert BLOCK == SIZE + OVERHEAD == len(State().buffer)
    planned = State(planned=1)
    assert len(planned.buffer) == planned.size + OVERHEAD == PLANNED_SIZE + OVERHEAD
    assert PLAN_AT + PLAN_SIZE == HEAD_SIZE + PLANNED_SIZE
    assert len(planned.buffer) <= 2048 - 160  # RTC memory of the ESP32, with its tail


def test_a_new_state_is_zero():
    state = State()
    for name in LARGEST:
        assert getattr(state, name) == {"closed_nah": (0, 0, 0), "resets": NO_RESETS}.get(name, 0)


def test_round_trip_with_a_profile():
    gauge, again = FuelGauge(cell(), SHUNT_MOHM), FuelGauge(cell(), SHUNT_MOHM)
    state = read(filled(gauge), again)
    for name, value in LARGEST.items():
        assert getattr(state, name) == value
    assert lines(again) == lines(gauge)
    assert again.soc_ppm() == gauge.soc_ppm()
    assert again.sigma_ppm() == gauge.sigma_ppm()


def test_round_trip_without_a_profile():
    gauge, again = LedgerOnly(), LedgerOnly()
    state = read(filled(gauge), again)
    for name, value in LARGEST.items():
        assert getattr(state, name) == value
    assert lines(again) == lines(gauge)
    assert lines(again)[MEASURED] == -12345


def test_a_wake_without_profile_keeps_the_judgement():
    gauge = FuelGauge(cell(), SHUNT_MOHM)
    blind = LedgerOnly()
    state = read(filled(gauge), blind)
    blind.count(1000, 60000, 2500)
    state.pack(blind)
    again = FuelGauge(cell(), SHUNT_MOHM)
    read(state, again)
    again.open(0, 0)  # has no effect: something is known already
    widened_ppm = (gauge.sigma_ppm() ** 2 + 100000**2) ** 0.5  # for what has passed uncounted
    assert abs(again.sigma_ppm() - widened_ppm) <= 5
    assert lines(again)[OPENING] == lines(gauge)[OPENING]
    assert lines(again)[MEASURED] == (1000 - 12345)


def test_a_profile_that_comes_late_finds_a_gauge_that_knows_nothing_yet():
    state = filled(LedgerOnly())
    gauge = FuelGauge(cell(), SHUNT_MOHM)
    read(state, gauge)
    gauge.open(400000, 50000)
    assert gauge.soc_ppm() == 400000
    assert lines(gauge)[MEASURED] == -12345


def test_packing_leaves_room_for_the_seal():
    state = filled(FuelGauge(cell(), SHUNT_MOHM))
    assert state.buffer[:HEAD_SIZE] == bytes(HEAD_SIZE)
    assert state.buffer[HEAD_SIZE + SIZE :] == bytes(OVERHEAD - HEAD_SIZE)


def test_every_flipped_bit_of_a_sealed_state_is_refused():
    state = filled(FuelGauge(cell(), SHUNT_MOHM))
    seal(state.buffer, SIZE, 9)
    for bit in range(8 * BLOCK):
        state.buffer[bit >> 3] ^= 1 << (bit & 7)
        assert unseal(state.buffer, SIZE) is None
        state.buffer[bit >> 3] ^= 1 << (bit & 7)
    assert unseal(state.buffer, SIZE) == 9


def test_a_state_has_room_in_a_page_before_its_records():
    assert STATE_AT + BLOCK <= SLOTS_AT
    # That of a node that plans its reports has the room of the last one as well.
    assert STATE_AT + len(State(planned=1).buffer) <= SLOTS_AT + 144
