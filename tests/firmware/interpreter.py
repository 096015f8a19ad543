"""Runs a test file on MicroPython and keeps what became of each function."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from filmgauge_sim.board.executable import InterpreterError, own_interpreter

HERE = Path(__file__).parent
_FIRMWARE = HERE.parents[1] / "firmware"
_HEAP = "76wK"  # of a 32-bit board: less than the virtual ESP32s have
_TIMEOUT_S = 120
_PACKAGED = (
    "import sys, micropython_module as m; sys.exit(m.run_main(['micropython', *sys.argv[1:]]))"
)


class MicroPythonFailure(AssertionError):
    """A test failed on MicroPython, or did not get as far."""


@dataclass
class Results:
    """What the interpreter said: passed functions, tracebacks of the failed, all its output."""

    passed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    output: str = ""

    def check(self, function: str) -> None:
        """Raise MicroPythonFailure unless the function has passed."""
        if function in self.failed:
            raise MicroPythonFailure(self.failed[function])
        if function not in self.passed:
            raise MicroPythonFailure(f"MicroPython did not get to {function}:\n{self.output}")


def run_file(path: Path, functions: tuple[str, ...]) -> Results:
    """Run the functions of a test file in one interpreter process."""
    try:
        command = _command()
    except InterpreterError as error:
        return Results(output=str(error))
    arguments = ["-X", f"heapsize={_HEAP}", str(HERE / "run_on_board.py")]
    arguments += [path.stem, *functions]
    environment = {**os.environ, "MICROPYPATH": f"{path.parent}:{HERE}:{_FIRMWARE}:.frozen"}
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            output, _ = process.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0] + f"stopped after {_TIMEOUT_S} s\n"
    return _understood(output)


def _command() -> list[str]:
    own = own_interpreter()
    return [own] if own else [sys.executable, "-c", _PACKAGED]


def _understood(output: str) -> Results:
    results = Results(output=output)
    failing = ""
    for line in output.splitlines():
        word, _, name = line.partition(" ")
        if word == "PASS":
            results.passed.add(name)
        elif word == "FAIL":
            failing = name
            results.failed[name] = ""
        elif failing and line.startswith("| "):
            results.failed[failing] += line[2:] + "\n"
    return results
