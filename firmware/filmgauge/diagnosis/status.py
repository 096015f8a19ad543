"""Tells what a node is, what it reads now, and what it remembers."""

import gc
import os
import sys

from filmgauge import VERSION
from filmgauge.board import this_board
from filmgauge.control.protection import Protection, Unprotected
from filmgauge.diagnosis.bench import Bench
from filmgauge.diagnosis.tell import attempt, read_config, read_profile, tell
from filmgauge.gauge.fuel_gauge import FuelGauge, LedgerOnly
from filmgauge.gauge.ledger import LINES
from filmgauge.state import SIZE, State
from filmgauge.store.backlog import Backlog
from filmgauge.store.journal import Journal
from filmgauge.store.retained import Retained

_SHOWN = (
    "node",
    "sample_s",
    "report_every",
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
    """Tell one thing a line."""
    board = this_board()
    _tell_system(board)
    config, wrong = attempt(read_config)
    shown = None if config is None else {name: getattr(config, name) for name in _SHOWN}
    tell({"configuration": shown, "configuration_wrong": wrong})
    profile, wrong = attempt(read_profile)
    name = None if profile is None else [profile.name, profile.full_pc() // 3600000]
    tell({"profile": name, "profile_wrong": wrong})
    if config is None:
        return
    tell({"waiting": Backlog("/backlog", config.backlog).count()})
    _tell_state(board, config, profile)
    _tell_readings(board, config)


def _tell_system(board):
    gc.collect()
    block, _, blocks, free = os.statvfs("/")[:4]
    tell(
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


def _tell_state(board, config, profile):
    state = State()
    if profile is None:
        gauge, protection = LedgerOnly(config.shunt_mohm), Unprotected()
    else:
        gauge = FuelGauge(profile, config.shunt_mohm)
        protection = Protection(board, config, profile)
    source = "memory"
    if not Retained(board.retained, SIZE).load(state.buffer):
        source = "journal"
        if not Journal("/state", SIZE).load(state.buffer):
            tell({"state": None, "state_wrong": "the node remembers nothing yet"})
            return
    if not state.unpack(gauge, protection):
        tell({"state": None, "state_wrong": "what the node remembers is of another version"})
        return
    tell(
        {
            "state": source,
            "boot": state.boot,
            "seq": state.seq,
            "wakes": state.wakes,
            "faults": state.faults,
            "limits": protection.word(),
            "soc_ppm": gauge.soc_ppm(),
            "sigma_ppm": gauge.sigma_ppm(),
            "stored_nah": gauge.stored_nah(),
            "full_nah": gauge.full_nah(),
            "ledger_nah": [gauge.ledger.line_nah(line) for line in range(LINES)],
        }
    )


def _tell_readings(board, config):
    bench = Bench(board, config)
    try:
        tell({"parts": bench.scan()})
        code = voltage_uv = None
        _, wrong = attempt(bench.use, config.ina228_address)
        if wrong is None:
            code, wrong = attempt(bench.current_code)
        if wrong is None:
            voltage_uv, wrong = attempt(bench.bus_uv, 1)
        tell({"code": code, "voltage_uv": voltage_uv, "running": bench.running})
        tell({"current_wrong": wrong})
        cdeg, wrong = attempt(bench.temperature_cdeg, config.tmp117_address)
        tell({"temperature_cdeg": cdeg, "temperature_wrong": wrong})
    finally:
        bench.off()
