"""A real Home Assistant beside a test: see home_assistant_program.py."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

from filmgauge_host.telemetry.address import parse_address

# Another release than the one of `make test`: `make homeassistant`.
_USUAL = Path(__file__).parents[2] / "build" / "homeassistant"
_FOLDER = Path(os.environ.get("FILMGAUGE_HOME_ASSISTANT", _USUAL))
_PROGRAM = Path(__file__).with_name("home_assistant_program.py")


class HomeAssistant:
    """Use as a context; in the same folder again it is a restart."""

    def __init__(self, folder: Path, broker_url: str) -> None:
        self._command = [str(_FOLDER / "bin/python"), "-I", str(_PROGRAM), str(folder)]
        self._command.append(str(parse_address(broker_url).port))
        folder.mkdir(exist_ok=True)

    @property
    def knows_devices(self) -> bool:
        """Whether this release has device discovery."""
        return self._ask("devices")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it is set up."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"

    def stop(self) -> None:
        """Stop in good order."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def entities(self) -> dict[str, dict[str, Any]]:
        """Return the entities by unique id."""
        return self._ask("state")["entities"]

    def discovered(self, node: str) -> list[tuple[str, str]]:
        """Return platform and key of a node's entities."""
        start = f"filmgauge_{node}_"
        return [
            (entity["entity_id"].partition(".")[0], key.removeprefix(start))
            for key, entity in self.entities().items()
            if key.startswith(start)
        ]

    def states(self, node: str) -> dict[str, str | None]:
        """Return the states of a node's entities by key."""
        start = f"filmgauge_{node}_"
        found = self.entities().items()
        return {key.removeprefix(start): e["state"] for key, e in found if key.startswith(start)}

    def complaints(self) -> list[str]:
        """Return what it has logged as warnings and errors."""
        return self._ask("state")["complaints"]

    def _ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
