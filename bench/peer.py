"""A package that is measured against, running in its own environment."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

_WORKERS = Path(__file__).parent / "workers"
ENVIRONMENT = Path("build/peers")


class PeerError(RuntimeError):
    """A peer gave no answer."""


class Peer:
    """A worker that answers tasks; it stays alive so that imports and compilation count once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [str(ENVIRONMENT / "bin/python"), str(_WORKERS / f"{name}_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, task: str, **given: Any) -> dict[str, Any]:
        """Do a task once and return its answer. Raises PeerError when the worker is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"task": task, **given}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerError(f"{self.name} could not begin {task}") from None
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise PeerError(f"{self.name} gave no answer to {task}")
