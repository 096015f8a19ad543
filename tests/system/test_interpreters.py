"""The same run on every interpreter; one of 32 bits has a heap in true bytes, as on a board.

What an interpreter may change is how often it reads the flash: its file system is its own. Then a
wake takes other microseconds and the sensors convert at other moments, with other noise.
"""

from dataclasses import replace
from functools import cache
from unittest.mock import patch

import pytest

import filmgauge_sim as fg
from filmgauge.record.record import Record, fields
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.nodes.boards import BOARDS

BOOTS_ANEW = "bench"
BENCH_FOR = "7h"  # charge, rest and discharge, and the zero of its sensor behind the switch
KEEP_MEMORY = ["window", "implant"]


@cache
def records(
    name: str, runtime: RuntimeName, single: bool = False, roomy: bool = True
) -> list[list]:
    """Return what the node of a scenario made, in a day if it keeps its memory: values in the
    order of the format.

    roomy: in twice the heap of its board. In its own a node that keeps its memory may let go of
    what it has to read again, with other microseconds.
    """
    larger = {key: replace(kind, heap_kb=2 * kind.heap_kb) for key, kind in BOARDS.items()}
    with patch.dict(BOARDS, larger if roomy else {}):
        duration = BENCH_FOR if name == BOOTS_ANEW else "1d"
        result = fg.run(fg.Scenario(name), duration, runtime, single=single)
    assert not result.stopped
    (node,) = result.nodes.values()
    return [record.values() for record in node.records]


@pytest.mark.parametrize("name", [BOOTS_ANEW, *KEEP_MEMORY])
def test_a_run_is_the_same_in_every_integer(name: str) -> None:
    made = records(name, "micropython32", roomy=name != BOOTS_ANEW)
    assert len(made) >= 11
    assert made == records(name, "cpython")


@pytest.mark.parametrize("name", KEEP_MEMORY)
def test_a_day_fits_the_heap_of_its_board(name: str) -> None:
    names = [key for _, key, *_ in fields()]
    made = records(name, "micropython32", roomy=False)
    usual = records(name, "cpython")
    at = {key: names.index(key) for key in ("boot", "seq", "faults", "soc_pct", "soc_sigma_pct")}
    for key in ("boot", "seq", "faults"):
        assert [each[at[key]] for each in made] == [each[at[key]] for each in usual]
    for one, two in zip(made, usual, strict=True):
        assert abs(one[at["soc_pct"]] - two[at["soc_pct"]]) < 0.1 * two[at["soc_sigma_pct"]]


def test_single_precision_moves_nothing_but_what_is_made_of_floats() -> None:
    """The resistance is a quotient of floats, 32.8 million in milliohm where a single has 24 bits,
    and the available charge a share of them: it may round to the next nAh, and so may the time
    for which it lasts. A sigma is a root of floats and may round to the next ppm."""
    names = [key for _, key, *_ in fields()]
    moved: dict[str, float] = {}
    double = records("window", "micropython32")
    for one, other in zip(double, records("window", "micropython32", True), strict=True):
        for name, x, y in zip(names, one, other, strict=True):
            if name == "soc_sigma_pct":
                assert abs(x - y) <= 1
            elif x != y:
                moved[name] = max(moved.get(name, 0.0), abs(x / y - 1.0))
    of_floats = {"available_uah", "time_to_empty_s", "resistance_ohm", "resistance_sigma_ohm"}
    assert set(moved) <= of_floats
    assert max(moved.values(), default=0.0) < 1e-5


@pytest.mark.parametrize("read_us", [0, 48])
def test_a_file_system_that_reads_more_or_less_moves_noise_alone(
    read_us: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = bench_records(_protocol.READ_US)
    monkeypatch.setattr(_protocol, "READ_US", read_us)
    other = bench_records(read_us)
    assert [(each.boot, each.seq) for each in other] == [(each.boot, each.seq) for each in usual]
    assert [each.values() for each in other] != [each.values() for each in usual]
    for one, two in zip(usual, other, strict=True):
        assert abs(one.soc_ppm - two.soc_ppm) < 0.05 * one.soc_sigma_ppm
        assert abs(one.temperature_cdeg - two.temperature_cdeg) <= 5


@cache
def bench_records(read_us: int) -> list[Record]:
    assert read_us == _protocol.READ_US
    (node,) = fg.run(fg.Scenario("bench"), "6h").nodes.values()
    return node.records
