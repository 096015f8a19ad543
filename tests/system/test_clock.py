"""Somebody sets the date of a node's board: mpremote, an editor, a time server."""

import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE_S

import filmgauge_sim as fg
from filmgauge.record import FAULT_CLOCK
from filmgauge.record.record import Record
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.scenario.loading import scenario_from

KINDS = ("esp32-c3", "pico-w", "stm32wb55")
YEARS_S = 26 * 365.25 * 86400
_CYCLER = [
    {"action": "charge", "rate_c": 0.2, "hours": 0.2},
    {"action": "discharge", "rate_c": 0.2, "hours": 0.2},
]


def lived(board: str, *steps: tuple[float, float]) -> list[Record]:
    """Return the records of 24 minutes, one each minute. steps: at_h and step_s of the clock."""
    table = tomllib.loads((files("filmgauge_sim") / "scenarios" / "bench.toml").read_text())
    node = table["node"][0]
    node |= {"board": board, "intervals": {"report_every": 1, "journal_every": 4}}
    node["world"] = {"cycler": _CYCLER, "sensor": {"errors": "ideal"}}
    node["fault"] = [{"kind": "clock", "at_h": at_h, "step_s": s} for at_h, s in steps]
    scenario = fg.Scenario("bench")
    scenario.definition = scenario_from(table)
    (run,) = fg.run(scenario, "24min").nodes.values()
    return sorted(run.records, key=lambda record: record.seq)


@cache  # by whoever compares with it first: not by every process that only collects
def undisturbed(board: str) -> list[Record]:
    """Return the records of a board whose date nobody sets."""
    return lived(board)


leaps_s = st.floats(100, YEARS_S) | st.floats(-YEARS_S, -100)


def check_same(board: str, records: list[Record], leaps: int) -> None:
    """Assert that leaps moved nothing, and that each was told once; a Pico never asks the date."""
    usual = undisturbed(board)
    assert [record.seq for record in records] == [record.seq for record in usual]
    told = [bool(record.faults & FAULT_CLOCK) for record in records]
    assert sum(told) == 0 if board == "pico-w" else 1 <= sum(told) <= leaps
    assert not any(record.faults & FAULT_CLOCK for record in usual)
    for record, other in zip(records, usual, strict=True):
        assert record.boot == other.boot
        assert record.up_s == pytest.approx(other.up_s, abs=2)
        # A wake may come a boot later: 0.02 % of a second at C/5.
        assert record.soc_ppm == pytest.approx(other.soc_ppm, abs=100 * leaps)
        assert record.soc_sigma_ppm == pytest.approx(other.soc_sigma_ppm, abs=50)
        assert record.booked_nah == pytest.approx(other.booked_nah, abs=1)


@pytest.mark.parametrize("board", KINDS)
@pytest.mark.parametrize("step_s", [YEARS_S, -3600, 3600, -YEARS_S])
def test_a_leap_is_told_and_moves_nothing(board: str, step_s: float) -> None:
    check_same(board, lived(board, (0.11, step_s)), 1)


@pytest.mark.parametrize("board", KINDS)
@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 0.36), leaps_s), min_size=1, max_size=3))
def test_leaps_of_any_size_at_any_time(board: str, steps: list[tuple[float, float]]) -> None:
    check_same(board, lived(board, *steps), len(steps))


@pytest.mark.parametrize("board", sorted(BOARDS))
def test_mpremote_sets_the_date(tmp_path: Path, board: str) -> None:
    mpremote = [sys.executable, "-m", "mpremote", "connect"]
    asking = "import time; print(time.gmtime()[:3])"
    with bench_board(board, tmp_path, SerialOptions(speed=20)) as made:
        done = subprocess.run(
            [*mpremote, str(made.port.path), "rtc", "--set", "rtc", "exec", asking],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    assert not done.returncode, done.stdout + done.stderr
    told, time_tuple = done.stdout.splitlines()
    today = datetime.now(UTC).astimezone()
    assert told.startswith(f"({today.year}, {today.month}, ")
    assert time_tuple.startswith(f"({today.year}, {today.month}, ")
