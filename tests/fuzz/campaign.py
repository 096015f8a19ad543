"""A campaign against every door of node and host, led by coverage where atheris is installed.

python tests/fuzz/campaign.py --cases 1000000 --output build/fuzz.jsonl

Prints a line of JSON for each door: cases, accepted, crashes. Exits with 1 after a crash, whose
input is in its line. A door that costs much gets its share of the time, not of the cases.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from mutations import mutated
from target import Target

_INSTRUMENTED = ["filmgauge", "filmgauge_host", "filmgauge_sim"]
_TRIED = 300  # cases from which the cost of a door is known
_SHOWN = 200  # bytes of an input


class Counts:
    """What became of the cases of one door. `let_in` never raises."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.cases = self.accepted = 0
        self.crashes: dict[str, str] = {}

    def let_in(self, data: bytes) -> None:
        """Count one case."""
        self.cases += 1
        try:
            self.accepted += self._target.run(data)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno}"
            self.crashes.setdefault(where, data[:_SHOWN].hex())

    def line(self) -> dict[str, Any]:
        """Return what is printed."""
        return {
            "door": self._target.name,
            "cases": self.cases,
            "accepted": self.accepted,
            "crashes": self.crashes,
        }


def _targets() -> list[Target]:
    from host_targets import host_targets
    from node_targets import node_targets

    return [*node_targets(), *host_targets()]


def _one_door(name: str, cases: int, seed: int) -> None:
    """Let `cases` into a door and print what became of them; does not return with atheris."""
    try:
        import atheris
    except ImportError:
        atheris = None
    if atheris is None:
        target = next(each for each in _targets() if each.name == name)
        counts = Counts(target)
        for data in mutated(target, cases, seed):
            counts.let_in(data)
        print(json.dumps(counts.line()))
        return
    with atheris.instrument_imports(include=_INSTRUMENTED):
        target = next(each for each in _targets() if each.name == name)
    counts = Counts(target)
    for data in (*target.seeds(), *mutated(target, cases // 4, seed)):
        counts.let_in(data)
    with tempfile.TemporaryDirectory(prefix="filmgauge-fuzz-") as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(target.seeds()):
            (corpus / str(number)).write_bytes(data)
        words = Path(scratch) / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*target.words, b"\xff")))

        def let_in(data: bytes) -> None:
            counts.let_in(data)
            if counts.cases >= cases:  # the fuzzer itself never returns
                print(json.dumps(counts.line()), flush=True)
                shutil.rmtree(scratch)
                os._exit(0)

        options = [f"-seed={seed}", "-max_len=4096", "-verbosity=0", f"-dict={words}"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], let_in)
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _shares(cases: int) -> dict[str, int]:
    """Return how many cases each door gets: as many as would take each the same time, and a
    hundredth of all at least."""
    costs = {}
    for target in _targets():
        begun_s = time.process_time()
        for data in mutated(target, _TRIED, seed=0):
            target.run(data)
        costs[target.name] = (time.process_time() - begun_s) / _TRIED
    least = cases // 100
    rest = cases - least * len(costs)
    speeds = {name: 1 / max(cost, 1e-5) for name, cost in costs.items()}
    return {
        name: least + 1 + int(rest * speed / sum(speeds.values()))
        for name, speed in speeds.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--door", help="one of them, in this process")
    asked = parser.parse_args()
    if asked.door:
        _one_door(asked.door, asked.cases, asked.seed)
        return 0
    lines = []
    for name, cases in _shares(asked.cases).items():
        command = [sys.executable, __file__, "--door", name, "--cases", str(cases)]
        command += ["--seed", str(asked.seed)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        printed = [line for line in done.stdout.splitlines() if line.startswith('{"door"')]
        ended = {"door": name, "cases": 0, "crashes": {f"ended with {done.returncode}": ""}}
        lines += printed or [json.dumps(ended)]
        print(lines[-1], flush=True)
    if asked.output:
        asked.output.write_text("".join(f"{line}\n" for line in lines))
    return int(any(json.loads(line)["crashes"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
