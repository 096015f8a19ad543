"""The gauge says the same on CPython, on MicroPython and in single precision.

What a run of a family feeds its gauge is written down and fed again, to the gauge on the real
interpreter and to the gauge in single precision. Every state must agree within 0.1 % of full.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge_sim.board.image import rom
from filmgauge_sim.board.launcher import own_interpreter
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.score import run as score_run
from filmgauge_sim.score.families import FAMILIES
from filmgauge_sim.score.ours import Ours, gauge_maker
from filmgauge_sim.score.run import SHUNT_OHM, run
from filmgauge_sim.score.sensing import Kind, Reading

SHUNT_MOHM = round(SHUNT_OHM * 1000)
EVERY = 50  # samples between two looks
WITHIN = 0.001  # of full
REPLAY = """
def replay(gauge, known, is_new, load_pa, every, readings):
    gauge.open(known[0], known[1], is_new)
    told = []
    for at, (kind, counts, elapsed, cdeg, drained, uv, code, drain) in enumerate(readings):
        if kind == 2:
            gauge.lost()
        else:
            (gauge.zero if kind else gauge.count)(counts, elapsed, cdeg)
            gauge.book(-drained)
            gauge.observe(uv, gauge.scale.pc(code), drain, cdeg)
        if at % every == 0:
            available = gauge.available_nah(load_pa, 2500)
            told.append((gauge.soc_ppm(), gauge.sigma_ppm(), available, gauge.full_nah()))
    return told
"""
ON_BOARD = """
import json, sys
sys.path[:0] = [sys.argv[1]]
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.profile import Profile
with open(sys.argv[2]) as file:
    given = json.loads(file.read())
gauge = FuelGauge(Profile.from_bytes(bytes.fromhex(given["profile"])), given["shunt_mohm"])
print(json.dumps(replay(gauge, *given["replay"])))
"""
KINDS = {Kind.CONNECTED: 0, Kind.OPEN: 1, Kind.LOST: 2}


def numbers(reading: Reading) -> tuple[int, ...]:
    return (
        KINDS[reading.kind],
        reading.counts,
        reading.elapsed_ms,
        reading.temperature_cdeg,
        reading.drained_pc,
        reading.voltage_uv,
        reading.current_code,
        reading.drain_pa,
    )


def recorded(
    name: str, days: float, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], list[str]]:
    """Run a family; return what its gauge was given, and the problems it had."""
    readings: list[tuple[int, ...]] = []
    take: Callable[[Ours, Reading], None] = Ours.take

    def listen(self: Ours, reading: Reading) -> None:
        readings.append(numbers(reading))
        take(self, reading)

    monkeypatch.setattr(Ours, "take", listen)
    monkeypatch.setattr(score_run, "BASELINES", {})
    family = replace(FAMILIES[name], days=days)
    log = run(family, seed=3)
    profile = compile_profile(load_parameters(family.cell_set), family.area_cm2)
    known = [round(family.known[0] * 1e6), round(family.known[1] * 1e6)]
    load_pa = profile.full_pc() // 3600 // 20
    given = {
        "profile": profile.to_bytes().hex(),
        "shunt_mohm": SHUNT_MOHM,
        "replay": [known, int(family.is_new), load_pa, EVERY, readings],
    }
    assert {end for _, end in log.ends}, "the run must reach an end"
    return given, log.tracks["gauge"].problems


def on_board(given: dict[str, Any], folder: Path) -> list[list[int]]:
    """Return what the gauge tells on the real interpreter."""
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "replay.py").write_text(REPLAY + ON_BOARD)
    own = own_interpreter()
    packaged = "import sys, micropython_module as m; sys.exit(m.run_main(['', *sys.argv[1:]]))"
    command = [own] if own else [sys.executable, "-c", packaged]
    arguments = [str(folder / "replay.py"), str(rom() / "firmware"), str(folder / "given.json")]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def in_this_process(given: dict[str, Any], single: bool) -> list[list[int]]:
    from filmgauge.gauge.profile import Profile

    scope: dict[str, Any] = {}
    exec(REPLAY, scope)
    profile = Profile.from_bytes(bytes.fromhex(given["profile"]))
    gauge = gauge_maker(single)(profile, given["shunt_mohm"])
    assert isinstance(gauge, FuelGauge) != single
    return scope["replay"](gauge, *given["replay"])


@pytest.mark.parametrize(("name", "days"), [("lab-25", 4.0), ("outdoor", 12.0), ("fast", 2.0)])
def test_the_same_on_every_runtime(
    name: str, days: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given, problems = recorded(name, days, monkeypatch)
    assert not problems
    plain = in_this_process(given, single=False)
    full_nah = plain[0][3]
    scales = (1e6, 1e6, full_nah, full_nah)
    assert len(plain) > 10
    for told in (on_board(given, tmp_path), in_this_process(given, single=True)):
        assert len(told) == len(plain)
        for one, other in zip(plain, told, strict=True):
            for value, again, scale in zip(one, other, scales, strict=True):
                assert abs(value - again) <= WITHIN * scale
