"""The gauge of the firmware on a real MicroPython interpreter, a process of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from filmgauge.gauge.ledger import CORRECTED
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.board.launcher import own_interpreter
from filmgauge_sim.cell.compiled import CompiledProfile
from filmgauge_sim.score.sensor_model import Reading, ReadingKind

_SERVER = Path(__file__).with_name("interpreter_server.py")
_PACKAGED = "import sys, micropython_module as m; sys.exit(m.run_main(['', *sys.argv[1:]]))"


class RemoteFuelGauge:
    """Answers as FuelGauge does, from the other side of a pipe. `close` ends the process.

    Raises RuntimeError with the interpreter's words where the gauge has raised there.
    """

    def __init__(self, profile: CompiledProfile, shunt_mohm: int) -> None:
        own = own_interpreter()
        command = [own] if own else [sys.executable, "-c", _PACKAGED]
        self._process = subprocess.Popen(
            [*command, str(_SERVER), str(rom() / "firmware")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._send(f"{profile.to_bytes().hex()}\n{shunt_mohm}")
        self.ledger = self
        self._results: list[Any] = [0, 0, 0]

    def open(self, soc_ppm: int, sigma_ppm: int, new_cell: int = 0) -> None:
        """As FuelGauge.open."""
        self._results = self._ask("open", soc_ppm, sigma_ppm, new_cell)

    def feed(self, reading: Reading) -> None:
        """Use the reading of one wake."""
        if reading.kind is ReadingKind.LOST:
            self._results = self._ask("lost")
            return
        self._results = self._ask(
            "read",
            int(reading.kind is ReadingKind.OPEN),
            reading.counts,
            reading.elapsed_ms,
            reading.temperature_cdeg,
            reading.drained_pc,
            reading.voltage_uv,
            reading.current_code,
            reading.drain_pa,
        )

    def soc_ppm(self) -> int:
        """As FuelGauge.soc_ppm."""
        return self._results[0]

    def sigma_ppm(self) -> int:
        """As FuelGauge.sigma_ppm."""
        return self._results[1]

    def full_nah(self) -> int:
        """As FuelGauge.full_nah."""
        return self._results[2]

    def line_pc(self, line: int) -> int:
        """As Ledger.line_pc, for lines from CORRECTED on."""
        return self._results[3 + line - CORRECTED]

    def available_nah(self, load_pa: int, temperature_cdeg: int) -> int:
        """As FuelGauge.available_nah."""
        return self._ask("forecast", load_pa, temperature_cdeg)[0]

    def time_to_empty_s(self, temperature_cdeg: int) -> int | None:
        """As FuelGauge.time_to_empty_s."""
        return self._ask("forecast", 1, temperature_cdeg)[1]

    def resistance_mohm(self) -> int | None:
        """As FuelGauge.resistance_mohm."""
        return self._ask("forecast", 1, 2500)[2]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, word: str, *numbers: int) -> list[Any]:
        self._send(" ".join(map(str, (word, *numbers))))
        back = self._process.stdout
        assert back is not None
        answer = back.readline().strip()
        if not answer or answer.startswith("!"):
            raise RuntimeError(answer[2:] or "the interpreter has ended")
        return [None if word == "-" else int(word) for word in answer.split()]

    def _send(self, text: str) -> None:
        to = self._process.stdin
        assert to is not None
        to.write(text + "\n")
        to.flush()
