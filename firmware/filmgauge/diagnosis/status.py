"""Emits what a node is and what it remembers."""

import gc
import os
import sys
from binascii import hexlify

from filmgauge import VERSION
from filmgauge.board import this_board
from filmgauge.diagnosis.backlog import open_backlog
from filmgauge.diagnosis.output import attempt, emit, read_config, read_profile
from filmgauge.store.retained import Retained

_SHOWN = (
    "node",
    "sample_s",
    "report_every",
    "report_most",
    "shunt_mohm",
    "ina228_address",
    "tmp117_address",
    "pin_scl",
    "pin_sda",
    "pin_gate",
    "pin_disconnect",
    "pin_sensors",
    "backlog",
)


def status() -> None:
    """Emit one thing a line."""
    board = this_board()
    _emit_system(board)
    emit({"crashes": _crashes(board)})
    config, wrong = attempt(read_config)
    shown = None if config is None else {name: getattr(config, name) for name in _SHOWN}
    emit({"configuration": shown, "configuration_wrong": wrong})
    profile, wrong = attempt(read_profile)
    name = None if profile is None else [profile.name, profile.full_pc() // 3600000]
    emit({"profile": name, "profile_wrong": wrong})
    if config is None:
        return
    from filmgauge.state import State

    state, pages = State(0, config.report_most), board.pages()
    waiting = open_backlog(pages, state.buffer)
    emit({"waiting": waiting.count()})
    _emit_state(board, state, waiting if pages else None)


def _crashes(board):
    """Return what has failed and waits to be reported, as JSON texts."""
    try:
        from crash import waiting
    except ImportError:  # a version before it was kept
        return []
    return [text for _, text in waiting(board.pages(True))]


def _emit_system(board):
    gc.collect()
    block, _, blocks, free = os.statvfs("/")[:4]
    emit(
        {
            "firmware": VERSION,
            "board": board.name,
            "interpreter": [int(number) for number in sys.implementation.version[:3]],
            "machine": os.uname()[4],
            "heap_free": gc.mem_free(),
            "heap_used": gc.mem_alloc(),
            "flash_free": block * free,
            "flash_size": block * blocks,
        }
    )


def _emit_state(board, state, pages):
    """Emit the block that the node remembers; the host knows what is in it."""
    from filmgauge.store.journal import Journal

    source = "memory"
    if not Retained(board.retained, state.size).load(state.buffer):
        source = "journal"
        if not (pages or Journal("/state", state.size)).load(state.buffer):
            emit({"state": None, "state_wrong": "the node remembers nothing yet"})
            return
    emit({"state": source, "block": hexlify(bytes(state.buffer)).decode()})
