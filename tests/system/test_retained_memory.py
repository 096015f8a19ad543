"""RTC memory that a brown-out has left: spoilt, of another version or of an earlier boot. None of
it is believed; a node goes on from its flash. `make soak` tries a million cases."""

import os
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from saving_node import saving_node, wake

from filmgauge.record import FAULT_GAP
from filmgauge.state import BLOCK, LAYOUT, SIZE, State
from filmgauge.store.block import HEAD_SIZE, seal
from filmgauge.store.retained import Retained
from filmgauge_sim.nodes.flash_reader import backlog, journal_state, state_in, stored_record

CASES = 1_000_000 if os.environ.get("FILMGAUGE_SOAK") else 12_000
TAIL = 192


def saved_memory(seed: int, layout: int = LAYOUT) -> bytes:
    """Return RTC memory of a node, and what is behind its state there."""
    rng = random.Random(seed)
    state = State(TAIL)
    state.life, state.boot, state.seq, state.wakes = rng.getrandbits(32), 7, 9, 11
    state.pack()
    for at in range(HEAD_SIZE + 80, BLOCK - 4):
        state.buffer[at] = rng.randrange(256)
    state.buffer[HEAD_SIZE] = layout
    seal(state.buffer, SIZE, 0)
    return bytes(state.buffer)


def is_believed(memory: bytes) -> bool:
    state = State(TAIL)
    return Retained(lambda: memory, SIZE).load(state.buffer) and state.unpack()


def flipped(memory: bytes, rng: random.Random) -> bytes:
    """Turn one bit, or a few dozen, of what is sealed."""
    spoilt = bytearray(memory)
    for at in rng.sample(range(BLOCK * 8), rng.choice((1, 2, 3, 50))):
        spoilt[at // 8] ^= 1 << at % 8
    return bytes(spoilt)


def faded(memory: bytes, rng: random.Random) -> bytes:
    """Let a stretch fall to zeros, ones or noise."""
    begin = rng.randrange(BLOCK)
    end = rng.randint(begin + 1, BLOCK)
    fill = rng.choice((bytes(end - begin), b"\xff" * (end - begin), rng.randbytes(end - begin)))
    return memory[:begin] + fill + memory[end:]


SPOILERS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "random": lambda memory, rng: rng.randbytes(len(memory)),
    "flipped": flipped,
    "faded": faded,
    "short": lambda memory, rng: memory[: rng.randrange(BLOCK)],
    "mixed": lambda memory, rng: (
        memory[: BLOCK // 2] + saved_memory(rng.getrandbits(16))[BLOCK // 2 :]
    ),
}


@pytest.mark.parametrize("how", SPOILERS)
def test_spoilt_memory_is_never_believed(how: str) -> None:
    rng = random.Random(how)
    memories = [saved_memory(seed) for seed in range(8)]
    assert all(map(is_believed, memories))
    for _ in range(CASES // len(SPOILERS)):
        memory = rng.choice(memories)
        spoilt = SPOILERS[how](memory, rng)
        assert spoilt[:BLOCK] == memory[:BLOCK] or not is_believed(spoilt)


def test_memory_of_another_version_is_never_believed() -> None:
    assert [is_believed(saved_memory(1, layout)) for layout in range(256)] == [
        layout == LAYOUT for layout in range(256)
    ]


def of_boot_before(whole: bytes, older: bytes) -> bytes:
    return older


def of_other_version(whole: bytes, older: bytes) -> bytes:
    memory = bytearray(whole)
    memory[HEAD_SIZE] = LAYOUT + 1
    seal(memory, SIZE, 0)
    return bytes(memory)


def noise(whole: bytes, older: bytes) -> bytes:
    return random.Random(3).randbytes(len(whole))


@pytest.mark.parametrize("leave", [of_boot_before, of_other_version, noise])
def test_a_node_goes_on_from_flash(tmp_path: Path, leave: Callable[[bytes, bytes], bytes]) -> None:
    with closing(saving_node(tmp_path, "esp32-c3")) as node:
        wake(node, 3)
        older = node.board.rtc_memory
        node.cut_power()
        wake(node, 4)
        saved = journal_state(node.flash)
        memory = leave(node.board.rtc_memory, older)
        assert saved is not None
        assert saved.boot == 2
        node.cut_power(memory=memory)
        node.step()
        found = state_in(node.board.rtc_memory)
        newest = stored_record(node.flash, backlog(node.flash)[-1])
    assert found is not None
    assert (found.life, found.boot, found.wakes) == (saved.life, 3, 1)
    assert (newest.boot, newest.seq) == (3, 0)
    assert newest.faults & FAULT_GAP


def test_memory_that_is_whole_is_gone_on_with(tmp_path: Path) -> None:
    with closing(saving_node(tmp_path, "esp32-c3")) as node:
        wake(node, 4)
        node.cut_power(memory=node.board.rtc_memory)
        wake(node, 4)
        found = state_in(node.board.rtc_memory)
    assert found is not None
    assert (found.boot, found.resets) == (1, 1)
