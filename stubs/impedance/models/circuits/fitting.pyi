from collections.abc import Callable
from typing import Any

def wrapCircuit(circuit: str, constants: dict[str, float]) -> Callable[..., Any]: ...
