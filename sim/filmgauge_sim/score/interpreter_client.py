"""A gauge server on a real MicroPython interpreter, a process of its own."""

import subprocess
import sys
from pathlib import Path

from filmgauge_sim.board.executable import own_interpreter
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.cell.compiled import CompiledProfile

_SERVER = Path(__file__).with_name("gauge_server.py")
_PACKAGED = "import sys, micropython_module as m; sys.exit(m.run_main(['', *sys.argv[1:]]))"


def interpreter() -> list[str]:
    """Return the command of a MicroPython interpreter, to which a script is added.

    Raises InterpreterError when there is none.
    """
    own = own_interpreter()
    return [own] if own else [sys.executable, "-c", _PACKAGED]


class InterpreterClient:
    """Answers as GaugeServer does, from the other side of a pipe. `close` ends the process."""

    def __init__(self, profile: CompiledProfile, shunt_mohm: int) -> None:
        self._process = subprocess.Popen(
            [*interpreter(), str(_SERVER), str(rom(users=[_SERVER.read_text()]) / "app")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._send(f"{profile.to_bytes().hex()}\n{shunt_mohm}")

    def call(self, command: str, *numbers: int) -> list[int | None]:
        """Let it obey a command. Raises RuntimeError with the interpreter's words where the gauge
        has raised there, OSError or ValueError where the process has ended."""
        self._send(" ".join(map(str, (command, *numbers))))
        back = self._process.stdout
        assert back is not None
        answer = back.readline().strip()
        if not answer or answer.startswith("!"):
            raise RuntimeError(answer[2:] or "the interpreter has ended")
        return [None if word == "-" else int(word) for word in answer.split()]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _send(self, text: str) -> None:
        to = self._process.stdin
        assert to is not None
        to.write(text + "\n")
        to.flush()
