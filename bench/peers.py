"""The simulator beside pybamm and thevenin, in one run.

The runs of all three take turns, so that what else the machine does hits all of them, and the
best of each counts. What a package prepares once (models, compilation, imports) is not timed.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

from bench.circuit import BURSTS, EquivalentCircuit, circuit, cycling, day
from bench.figures import Figure
from bench.film_day import film_node, pass_day
from filmgauge_sim.cell import FilmCell, LifeState, load_parameters
from filmgauge_sim.lab.cycler import Channel

_WORKERS = Path(__file__).parent / "workers"
_PYTHON = Path("build/peers/bin/python")
_DAY_RATIO, _CYCLES_RATIO, _AGREEMENT_MV = 40.0, 20.0, 1.0
_DAYS, _CYCLINGS = 12, 5
_THEVENIN_CYCLES = 5  # of all, because it takes so long
_OURS_PER_TURN = 5
_SAMPLE_OFFSETS_S = (0.5, 0.99, 10.0, 299.0)


class Peer(Popen[str]):
    """A package in its own environment: a worker that answers tasks.

    It stays alive, so that imports and compilation count once, until the end of its context.
    """

    def __init__(self, name: str) -> None:
        command = [str(_PYTHON), str(_WORKERS / f"{name}_worker.py")]
        super().__init__(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True)
        self.name = name

    def ask(self, task: str, **given: Any) -> dict[str, Any]:
        """Do a task once and return its answer. Raises RuntimeError when the worker is gone."""
        assert self.stdin is not None
        assert self.stdout is not None
        print(json.dumps({"task": task, **given}), file=self.stdin, flush=True)
        for line in self.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self.name} gave no answer to {task}")


def are_installed() -> bool:
    """Whether the peers have their environment; says so where they have not."""
    if _PYTHON.exists():
        return True
    print("pybamm and thevenin are not there: make bench installs them")
    return False


def report() -> Iterator[Figure]:
    """Yield times, their ratios, and how far the voltages are apart."""
    if not are_installed():
        return
    with Peer("pybamm") as pybamm, Peer("thevenin") as thevenin:
        yield from _days(pybamm, thevenin)
        yield from _agreement(pybamm, thevenin)
        yield from _cycles(pybamm, thevenin)


def _days(pybamm: Peer, thevenin: Peer) -> Iterator[Figure]:
    given = {"spec": circuit(), "load": day([86_399.0])}
    ours, watched, unwatched = [], [], []
    for _ in range(_DAYS):
        for _ in range(_OURS_PER_TURN):
            world = film_node()
            ours.append(_seconds(lambda world=world: pass_day(world)))
        watched.append(pybamm.ask("day", **given)["seconds"])
        unwatched.append(pybamm.ask("day-unwatched", **given)["seconds"])
    steps = min(thevenin.ask("day", **given)["seconds"] for _ in range(2))
    yield Figure(
        f"24 h, {2 * BURSTS} loads: cell, capacitor and harvester",
        f"{1e3 * min(ours):.2f} ms; the cell alone in pybamm {1e3 * min(watched):.0f} ms,"
        f" in thevenin {1e3 * steps:.0f} ms",
    )
    yield _ratio("the day", min(watched) / min(ours), _DAY_RATIO)
    # Ours watches cutoffs, brown-out and thresholds throughout.
    yield Figure(
        "the day against pybamm with its cutoffs taken out, which then misses them",
        f"{min(unwatched) / min(ours):.0f} times faster ({1e3 * min(unwatched):.0f} ms)",
    )


def _agreement(pybamm: Peer, thevenin: Peer) -> Iterator[Figure]:
    spec = circuit()
    load = day([start + offset for start in day([])["starts_s"] for offset in _SAMPLE_OFFSETS_S])
    best_s = min(_seconds(lambda: _our_voltages(spec, load)) for _ in range(_OURS_PER_TURN))
    value = f"{1e3 * best_s:.2f} ms with all samples"
    yield Figure("the same equivalent circuit in all three, 24 h: ours", value)
    ours = _our_voltages(spec, load)
    for peer in (pybamm, thevenin):
        theirs = peer.ask("day", spec=spec, load=load)["voltages"]
        worst_mv = 1e3 * max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        what = f"its {len(ours)} voltages in {peer.name} and ours, apart"
        yield Figure(what, f"{worst_mv:.3f} mV", f"{_AGREEMENT_MV:g} mV")


def _our_voltages(spec: dict[str, Any], load: dict[str, Any]) -> list[float]:
    """Voltages of our equivalent circuit at the sample times."""
    cell, now_s, voltages = EquivalentCircuit(spec), 0.0, []
    for stop_s, current_ua, sampled in load["stops"]:
        cell.advance(current_ua, stop_s - now_s)
        now_s = stop_s
        if sampled:
            voltages.append(cell.voltage_v(current_ua))
    return voltages


def _cycles(pybamm: Peer, thevenin: Peer) -> Iterator[Figure]:
    spec, given = circuit(), cycling()
    ours, theirs, answer = [], [], {}
    for _ in range(_CYCLINGS):
        ours += [_seconds(lambda: _our_cycles(given["cycles"])) for _ in range(_OURS_PER_TURN)]
        answer = pybamm.ask("cycles", spec=spec, cycling=given)
        theirs.append(answer["seconds"])
    few = thevenin.ask("cycles", spec=spec, cycling={**given, "cycles": _THEVENIN_CYCLES})
    yield Figure(
        f"{given['cycles']} full cycles of the ageing film",
        f"{1e3 * min(ours):.0f} ms; in pybamm {1e3 * min(theirs):.0f} ms;"
        f" in thevenin {1e3 * few['seconds']:.0f} ms for {_THEVENIN_CYCLES} of them",
    )
    yield _ratio("the cycles", min(theirs) / min(ours), _CYCLES_RATIO)
    missed = {
        "ours": _our_cycles(2),
        "pybamm": abs(answer["ends_v"][-1] - spec["high_v"]),
        "thevenin": abs(few["ends_v"][-1] - spec["high_v"]),
    }
    texts = (f"{name} {1e3 * volts:.2g} mV" for name, volts in missed.items())
    yield Figure("the upper cutoff of a cycle is missed by", ", ".join(texts), "ours 0.1 mV")


def _our_cycles(count: int) -> float:
    """Full cycles of an ageing film; returns how far the last cutoff was missed, V."""
    film = FilmCell(load_parameters("pre-li"), 1.0, 0.0, hysteresis=-1.0, life=LifeState.formed())
    channel = Channel(film, 25.0)
    for _ in range(count):
        channel.run_current(-6.32, until_v=1.0)
        channel.run_current(6.32, until_v=4.0)
    return abs(film.voltage_v(6.32, 25.0) - 4.0)


def _seconds(what: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    what()
    return time.perf_counter() - began_s


def _ratio(what: str, ratio: float, bound: float) -> Figure:
    against = f"{what} against pybamm, cutoffs watched by both"
    return Figure(against, f"{ratio:.0f} times faster", f"{bound:.0f} times")
