"""A record whose wake was cut short is in flash once, wherever the cut was."""

from pathlib import Path

import pytest

from filmgauge import sent_record
from filmgauge.compat import Namespace
from filmgauge.interrupted import after_cut_short, is_stale
from filmgauge.record import FAULT_RESET, FAULT_STORE
from filmgauge.record.record import Record
from filmgauge.reporting import Reporter
from filmgauge.state import State
from filmgauge.store.backlog import Backlog

TAIL = 128
EARLIER = Record(life=5, boot=2, seq=8, up_s=60).to_bytes()
SENT = Record(life=5, boot=2, seq=9, up_s=120).to_bytes()


@pytest.fixture
def flash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = str(tmp_path / "backlog")
    monkeypatch.setattr("filmgauge.store.backlog.PATH", path)
    return path


@pytest.mark.parametrize("stored", [(), (EARLIER,), (EARLIER, SENT), (SENT,), (EARLIER, b"")])
def test_a_record_that_was_being_sent_is_stored_once(
    flash: str, stored: tuple[bytes, ...]
) -> None:
    backlog = Backlog(flash, 16)
    for data in stored:
        backlog.add(data)
    state = State(TAIL)
    sent_record.write(state, SENT)
    for _ in range(2):  # the second time there is nothing left to do
        after_cut_short(state, True, 16)
        found = Backlog(flash, 16)
        kept = [found.read(name) for name in found.names(16)]
        assert kept.count(SENT) == 1
        assert [data for data in kept if data not in (SENT, b"")] == [
            data for data in stored if data not in (SENT, b"")
        ]
        assert sent_record.read(state) == b""
    assert state.faults == FAULT_RESET
    assert state.resets == 2


class FailingUplink:
    """A way out on which the heap becomes too small."""

    stores_first = acknowledges = False
    peer = guard = None
    error, taken_nj = "", 0

    def send(self, *_: object) -> bool:
        raise MemoryError


def test_a_record_is_stored_once_that_an_exception_meets_on_its_way(flash: str) -> None:
    state = State(TAIL)
    reporter = Reporter(FailingUplink(), 16, state)
    fields = Namespace()
    fields.life, fields.boot, fields.seq, fields.up_s, fields.faults = 5, 2, 9, 120, FAULT_RESET
    state.seq, state.faults = 9, FAULT_RESET | FAULT_STORE
    with pytest.raises(MemoryError):
        reporter.report(fields, None, 0)
    found = Backlog(flash, 16)
    (name,) = found.names(16)
    assert Record.from_bytes(found.read(name)).seq == 9
    assert (state.seq, state.faults) == (10, FAULT_STORE)  # what was told is not told again


def test_memory_of_an_earlier_boot_is_stale() -> None:
    class Saved:
        def __init__(self, life: int, boot: int, wakes: int, last_ms: int = 0) -> None:
            self._state = State()
            self._state.life, self._state.boot, self._state.wakes = life, boot, wakes
            self._state.last_ms = last_ms
            self._state.pack()

        def load(self, buffer: bytearray) -> bool:
            buffer[:] = self._state.buffer
            return True

    state = State(TAIL)
    state.life, state.boot, state.wakes = 5, 2, 9
    assert not is_stale(state, Saved(5, 2, 9))
    assert not is_stale(state, Saved(5, 1, 90))
    assert is_stale(state, Saved(5, 2, 10))
    assert is_stale(state, Saved(5, 2, 9, last_ms=1))  # saved in the wake that was cut short
    assert is_stale(state, Saved(5, 3, 0))
    assert is_stale(state, Saved(6, 1, 0))
