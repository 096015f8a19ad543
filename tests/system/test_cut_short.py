"""A record whose wake was cut short is in flash once, wherever the cut was."""

from pathlib import Path

import pytest

from filmgauge import sent_record
from filmgauge.interrupted import after_cut_short
from filmgauge.record import FAULT_RESET
from filmgauge.record.record import Record
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
    sent_record.write(state.buffer, SENT)
    for _ in range(2):  # the second time there is nothing left to do
        after_cut_short(state, True, 16)
        found = Backlog(flash, 16)
        kept = [found.read(name) for name in found.names(16)]
        assert kept.count(SENT) == 1
        assert [data for data in kept if data not in (SENT, b"")] == [
            data for data in stored if data not in (SENT, b"")
        ]
        assert sent_record.read(state.buffer) == b""
    assert state.faults == FAULT_RESET
    assert state.resets == 2
