"""A network that keeps a node waiting: names that nobody looks up, answers that come late."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filmgauge_sim as fg
from filmgauge.record import FAULT_RESET
from filmgauge_sim.scenario.loading import scenario_from

WITH_WIFI = pytest.mark.parametrize("board", ["esp32-c3", "esp32-s3", "pico-w"])
MINUTES = 24


def lived(
    board: str, *faults: dict[str, Any], report_every: int = 1, **network: Any
) -> tuple[Any, list[tuple[int, int, int]]]:
    """Return a node after 24 minutes with a wake each minute, and the keys of what arrived."""
    table = tomllib.loads((files("filmgauge_sim") / "scenarios" / "bench.toml").read_text())
    node = table["node"][0]
    node |= {"board": board, "fault": list(faults)}
    node["intervals"] = {"report_every": report_every, "journal_every": 4}
    table["network"] = network
    scenario = fg.Scenario("bench")
    scenario.definition = scenario_from(table)
    (run,) = fg.run(scenario, f"{MINUTES}min").nodes.values()
    return run, sorted((record.life, record.boot, record.seq) for record in run.records)


def check_all_arrived(run: Any, keys: list[tuple[int, int, int]]) -> None:
    """Assert that no number is missing, and that each reset is told once and counted."""
    assert len(set(keys)) == len(keys)
    assert len({life for life, _, _ in keys}) == 1
    by_boot: dict[int, list[int]] = {}
    for _, boot, seq in keys:
        by_boot.setdefault(boot, []).append(seq)
    for seqs in by_boot.values():
        assert seqs == list(range(len(seqs)))
    records = sorted(run.records, key=lambda record: (record.boot, record.seq))
    resets = [record.resets for record in records]
    assert resets == sorted(resets)
    told = [record for record in records if record.faults & FAULT_RESET]
    assert len({record.resets for record in told}) == len(told) <= resets[-1]
    assert bool(told) == bool(resets[-1])


@WITH_WIFI
@pytest.mark.parametrize("delay_s", [0, 3, 10])
def test_a_look_up_that_fails_or_hangs_from_the_beginning_costs_no_record(
    board: str, delay_s: float
) -> None:
    fault = {"kind": "lookup", "delay_s": delay_s, "for_h": 0.1}
    run, keys = lived(board, fault)
    check_all_arrived(run, keys)
    watchdog_s = 8.388 if board == "pico-w" else 120
    assert (run.records[-1].resets > 0) == (delay_s == 0 or delay_s > watchdog_s)
    assert run.records[-1].resets <= 6 * 60 / (60 + min(watchdog_s, delay_s or watchdog_s)) + 1
    assert len(keys) >= MINUTES - 2 - (6 if delay_s == 0 else 0)


@WITH_WIFI
def test_an_address_that_has_worked_needs_no_look_up(board: str) -> None:
    run, keys = lived(board, {"kind": "lookup", "delay_s": 0, "at_h": 0.05})
    check_all_arrived(run, keys)
    assert run.records[-1].resets == 0
    assert len(keys) == MINUTES


@WITH_WIFI
def test_an_address_that_has_worked_outlives_a_loss_of_power(board: str) -> None:
    run, keys = lived(
        board,
        {"kind": "lookup", "delay_s": 0, "at_h": 0.05},
        {"kind": "power", "off_s": 30, "at_h": 0.1},
    )
    check_all_arrived(run, keys)
    assert {boot for _, boot, _ in keys} == {1, 2}
    assert run.records[-1].resets == 0


@WITH_WIFI
@settings(max_examples=5, deadline=None)
@given(
    delay_s=st.sampled_from([0.0, 0.5, 8.0, 9.0, 30.0]),
    at_h=st.floats(0, 0.2),
    for_h=st.floats(0.001, 0.1),
    report_every=st.integers(1, 3),
)
def test_a_look_up_may_fail_at_any_time(
    board: str, delay_s: float, at_h: float, for_h: float, report_every: int
) -> None:
    fault = {"kind": "lookup", "delay_s": delay_s, "at_h": at_h, "for_h": for_h}
    check_all_arrived(*lived(board, fault, report_every=report_every))


@WITH_WIFI
def test_many_slow_answers_do_not_wake_the_watchdog(board: str) -> None:
    run, keys = lived(
        board,
        {"kind": "latency", "ms": 4000, "at_h": 0.19},
        outages=[{"begin_h": 0.01, "end_h": 0.2}],
    )
    check_all_arrived(run, keys)
    assert run.records[-1].resets == 0
